"""How figures stand in a table: Markdown, and shares with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digitlab.console import percent

Results = dict[str, Any]


def markdown(columns: Sequence[str], rows: Sequence[Sequence[Any]], left: int = 1) -> str:
    """Return a Markdown table; the first `left` columns are text, the others numbers."""
    rule = ["---" if index < left else "---:" for index in range(len(columns))]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (columns, rule, *rows)) + "\n"


def with_interval(part: Results) -> str:
    """Return "99.1 % (98.2 to 99.6)" of a share with its interval; a dash where there is nothing."""
    if part["share"] is None:
        return "–"
    low, high = (100 * bound for bound in part["interval"])
    return f"{percent(part['share'], 1)} ({low:.1f} to {high:.1f})"
