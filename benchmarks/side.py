"""A side of a comparison: a process of its own that is warm and waits for its turn."""

from __future__ import annotations

import json
import os
import select
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
        self._line, self._log, self._surroundings = line, log, surroundings
        self._start()

    def _start(self) -> None:
        try:
            with open(self._log, "w") as errors:
                self._process = subprocess.Popen(
                    self._line,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env={**os.environ, **(self._surroundings or {})},
                    text=True,
                )
        except OSError as error:
            raise RunError(f"{self._line[0]} cannot be started ({error.strerror}); name another interpreter") from None
        self.facts: dict[str, Any] = self._answer()

    def ask(self, question: Any, patience: float | None = None) -> Any:
        """Return its answer to a question, both of plain values.

        Args:
            question: of plain values.
            patience: seconds to wait; a side that takes longer is started anew. None waits for ever.

        Raises:
            TimeoutError: it took longer; it is up again.
            RunError: it ended without an answer.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        if patience is not None and not select.select([self._process.stdout], [], [], patience)[0]:
            self._process.kill()
            self._process.wait()
            self._start()
            raise TimeoutError
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
