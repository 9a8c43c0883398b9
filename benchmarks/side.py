"""A side of a comparison: a process of its own that is warm and waits for its turn."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digitlab.errors import RunError


class Side:
    """A process that answers each line of JSON with one.

    Attributes:
        facts: what it said when it had come up.
    """

    def __init__(self, line: Sequence[str], log: Path, surroundings: Mapping[str, str] | None = None) -> None:
        """Start it.

        Args:
            line: the command.
            log: where its standard error goes.
            surroundings: environment variables beside those of this process.

        Raises:
            RunError: it does not come up; with the last line that it said.
        """
        self._log = log
        try:
            with open(log, "w") as errors:
                self._process = subprocess.Popen(
                    line,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env={**os.environ, **(surroundings or {})},
                    text=True,
                )
        except OSError as error:
            raise RunError(f"{line[0]} cannot be started ({error.strerror}); name another interpreter") from None
        self.facts: dict[str, Any] = self._answer()

    def ask(self, question: Any) -> Any:
        """Return its answer to a question, both of plain values. Raises RunError if it ends without one."""
        assert self._process.stdin is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """Let the process end by itself: it does once nothing more can be sent."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            last = self._log.read_text().strip().splitlines()[-1:]
            raise RunError(" ".join(last) or "it ended without a message")
        return json.loads(line)
