"""A bar on standard error for what takes long to fetch, if that is a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

WORTH = 8 << 20  # bytes from which a bar is worth its line


@contextlib.contextmanager
def progress(name: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how much has come; yield what is told of each piece's length. `total` is None where it is not known."""
    if not sys.stderr.isatty() or (total is not None and total < WORTH):
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=total)
        yield lambda count: bar.advance(task, count)
