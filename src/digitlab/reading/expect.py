"""Known forms of what is written: the most probable labels that satisfy a pattern.

The pattern (its language is in `pattern`) becomes a small automaton, and dynamic programming over its states and the
digits of the line (Viterbi, 1967) finds the best way through: exact, and linear in the line's length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from digitlab.reading.pattern import Node, parse
from digitlab.readings import Digit, Line

LEAST = 1e-9  # a probability below this counts as this, so that every digit can become any other at a price

_Path = tuple[int | None, Any] | None  # the last digit's label, None where it is left out, and the path before it
_Best = dict[int, tuple[float, _Path]]  # by state: the best score of any way to it, and that way


@dataclass
class _States:
    """An automaton under construction: moves over one digit, and moves over nothing."""

    moves: list[list[tuple[frozenset[int], int]]] = field(default_factory=list)
    free: list[list[int]] = field(default_factory=list)

    def new(self) -> int:
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1


class Pattern:
    """A known form of a line of digits."""

    def __init__(self, text: str) -> None:
        """Parse a pattern. Raises UsageError naming what is wrong in it and where."""
        self.text = text
        self._states = _States()
        start = self._states.new()
        self._end = _build(parse(text), self._states, start)

    def apply(self, line: Line) -> Line:
        """Return the line as this form says that it must be, with `expected` set; see `Line`.

        Labels are changed to alternatives, and digits are left out where there are too many, so that the product
        of the labels' probabilities is largest; leaving out weighs confidence x (1 - confidence): less than keeping
        what was read, and next to nothing for a sure digit. Digits are never invented: a line that is too short is
        unmet, and stays as it is. A changed digit's confidence is what the picture says for its new label; the
        line's is that all of its labels, and all that was left out, are right.
        """
        labels = self.best(line.digits)
        if labels is None:
            return replace(line, expected="unmet")
        if labels == [digit.label for digit in line.digits]:
            return replace(line, expected="as read")
        kept = tuple(_relabelled(d, label) for d, label in zip(line.digits, labels, strict=True) if label is not None)
        if not kept:  # a pattern that nothing satisfies too: the line is not made to vanish
            return replace(line, expected="unmet")
        dropped = math.prod(1 - d.confidence for d, label in zip(line.digits, labels, strict=True) if label is None)
        return Line(kept, dropped * math.prod(d.confidence for d in kept), "changed")

    def best(self, digits: Iterable[Digit]) -> list[int | None] | None:
        """Return the best label of each digit, None where it is left out; None if nothing satisfies the pattern."""
        best: _Best = {0: (0.0, None)}
        self._settle(best)
        for digit in digits:
            chances = {digit.label: digit.confidence, **dict(digit.alternatives)}
            dropped = math.log(max(digit.confidence * (1 - digit.confidence), LEAST))
            following: _Best = {}
            for state, (score, path) in best.items():
                _improve(following, state, score + dropped, (None, path))
                for labels, target in self._states.moves[state]:
                    offered = [label for label in labels if label in chances]
                    if offered:  # as read before an equally probable other, then the smaller
                        label = max(offered, key=lambda label: (chances[label], label == digit.label, -label))
                        _improve(following, target, score + math.log(max(chances[label], LEAST)), (label, path))
            self._settle(following)
            best = following
        if self._end not in best:
            return None
        path, found = best[self._end][1], []
        while path is not None:
            found.append(path[0])
            path = path[1]
        return found[::-1]

    def _settle(self, best: _Best) -> None:
        """Carry scores over the moves over nothing; these lead to higher states only, so once in order is enough."""
        for state, targets in enumerate(self._states.free):
            if targets and state in best:
                for target in targets:
                    _improve(best, target, *best[state])


def _improve(states: _Best, state: int, score: float, path: _Path) -> None:
    if state not in states or score > states[state][0]:
        states[state] = (score, path)


def _relabelled(digit: Digit, label: int) -> Digit:
    """Return the digit with another of its labels; what was read becomes an alternative."""
    if label == digit.label:
        return digit
    chances = {digit.label: digit.confidence, **dict(digit.alternatives)}
    confidence = chances.pop(label)
    return Digit(label, confidence, digit.box, tuple(sorted(chances.items(), key=lambda c: (-c[1], c[0]))))


def _build(node: Node, states: _States, start: int) -> int:
    """Add a node's states after `start`; return where it ends."""
    if node.kind == "set":
        end = states.new()
        states.moves[start].append((node.labels, end))
        return end
    if node.kind == "all of":
        for part in node.parts:
            start = _build(part, states, start)
        return start
    ways = [start] if node.kind == "repeat" and node.low == 0 else []  # states from which the end is free to reach
    if node.kind == "one of":
        ways = [_build(part, states, start) for part in node.parts]
    else:
        for count in range(1, node.high + 1):
            start = _build(node.parts[0], states, start)
            if count >= node.low:
                ways.append(start)
    end = states.new()  # made last: moves over nothing lead to higher states
    for way in ways:
        states.free[way].append(end)
    return end
