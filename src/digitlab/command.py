"""The installed command. `read` goes straight to its work where it is asked in plain words; all else is `cli.py`'s."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from digitlab import console
from digitlab.cli_wishes import Wishes, plain_wishes, starting


def main() -> NoReturn:
    """Run the command line; every error of ours becomes one sentence and exit code 2.

    Raises:
        SystemExit: always.
    """
    # On Windows words may be patterns, which the command line's parser looks up.
    quick = sys.argv[1:2] == ["read"] and os.name != "nt"
    wishes = plain_wishes(sys.argv[2:]) if quick else None
    if wishes is not None:
        sys.exit(_read(wishes))
    from digitlab import cli

    cli.main()
    sys.exit(0)


def run() -> NoReturn:
    """Run the command line as a process of its own.

    After `read` the process ends as soon as its output is out: Python would take another fifteenth of the time to
    take apart, object by object, what the system takes back at once. Nothing is lost by it: files are whole when they
    are written, and threads have ended. Other verbs may have libraries that want to say good-bye.
    """
    try:
        main()
    except SystemExit as end:
        if sys.argv[1:2] != ["read"] or not isinstance(end.code, int):
            raise
        try:
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
        except (OSError, ValueError):  # Python knows how to tell of it
            raise end from None
        os._exit(end.code)


def _read(wishes: Wishes) -> int:
    """Return the exit code of `read`; whatever stops it is told as the command line's parser would tell it."""
    try:
        with console.errors_told():
            with starting():
                from digitlab.cli_read import read_images
            return read_images(wishes)
    except BrokenPipeError:
        console.let_go()
        return 1
    except KeyboardInterrupt:
        return 130
