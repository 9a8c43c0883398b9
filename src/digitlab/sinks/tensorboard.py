"""TensorBoard: event files in the run's folder. Look at them with: tensorboard --logdir runs"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from digitlab.errors import MissingExtraError


class TensorBoard:
    """A sink that writes event files. A run that goes on adds a file; what it heard twice counts once."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        """Make ready; raises MissingExtraError."""
        try:
            import tensorboardX
        except ModuleNotFoundError:
            raise MissingExtraError("--log tensorboard", "tensorboard") from None
        self._package, self._folder, self._facts = tensorboardX, folder, facts
        self._writer: Any = None

    def begin(self, epoch: int) -> None:
        """Open a file; of a run that goes on, figures after `epoch` in older files no longer count."""
        self._writer = self._package.SummaryWriter(
            str(self._folder), purge_step=epoch + 1 if epoch else None, filename_suffix=f".after-{epoch}"
        )
        if not epoch:
            for summary in self._package.summary.hparams(self._facts, {"validation_accuracy": None}):
                self._writer.file_writer.add_summary(summary)

    def log(self, figures: dict[str, float], epoch: int) -> None:
        """Add figures of an epoch."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, epoch)
        self._writer.flush()

    def end(self, status: str) -> None:
        """Close the file."""
        self._writer.close()
