"""Known forms of what is written: the most probable labels that satisfy a pattern.

A pattern is a small part of regular expressions, over digits alone:

    10            ten digits: a pattern that is nothing but a number counts digits
    \\d            any digit
    7             this digit (in a pattern that is not a bare number)
    [0-57]        one of these digits: 0 to 5, or 7
    (19|20)\\d\\d   one of these
    ?  {3}  {2,4} what stands before it: perhaps, three times, two to four times
    - . / , : space   a gap: dates, sums and codes may be written as they look, nothing need be seen there

The pattern becomes a small automaton, and dynamic programming over its states and the digits of the line
(Viterbi, 1967) finds the best way through: exact, and linear in the line's length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from digitlab.errors import UsageError
from digitlab.readings import Digit, Line

SEPARATORS = "-./,: "
LARGEST = 2000  # digits that a pattern may hold once its repetitions are written out
LONGEST = 200  # characters of a pattern
LEAST = 1e-9  # a probability below this counts as this, so that every digit can become any other at a price

_ALL = frozenset(range(10))

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


# A parsed pattern: "set" of labels, "all of" parts in turn, "one of" parts, or "repeat" a part low to high times.
@dataclass(frozen=True)
class _Node:
    kind: str
    labels: frozenset[int] = frozenset()
    parts: tuple[_Node, ...] = ()
    low: int = 1
    high: int = 1

    @property
    def length(self) -> int:
        """How many digits it holds, repetitions written out; an empty part counts as one, for it costs as much."""
        return max(1, sum(part.length for part in self.parts)) * (self.high if self.kind == "repeat" else 1)


class Pattern:
    """A known form of a line of digits."""

    def __init__(self, text: str) -> None:
        """Parse a pattern. Raises UsageError naming what is wrong in it and where."""
        self.text = text
        node = _Parser(text).parse()
        if node.length > LARGEST:
            raise _wrong(text, f"it stands for more than {LARGEST:,} digits", "make its repetitions smaller")
        self._states = _States()
        start = self._states.new()
        self._end = _build(node, self._states, start)

    def apply(self, line: Line) -> Line:
        """Return the line as this form says that it must be, with `expected` set; see `Line`.

        Labels are changed to alternatives, and digits are left out where there are too many, so that the product
        of the labels' probabilities is largest; leaving out weighs confidence x (1 - confidence): less than keeping
        what was read, and next to nothing for a sure digit. Digits are never invented: a line that is too short is
        unmet, and stays as it is. The confidence of a changed digit is what the picture says for its new label.
        """
        labels = self.best(line.digits)
        if labels is None:
            return replace(line, expected="unmet")
        if labels == [digit.label for digit in line.digits]:
            return replace(line, expected="as read")
        kept = tuple(_relabelled(d, label) for d, label in zip(line.digits, labels, strict=True) if label is not None)
        if not kept:  # a pattern that nothing satisfies too: the line is not made to vanish
            return replace(line, expected="unmet")
        return Line(kept, expected="changed")

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


def _build(node: _Node, states: _States, start: int) -> int:
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


class _Parser:
    """Reads a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def parse(self) -> _Node:
        if not self.text.strip():
            raise _wrong(self.text, "it is empty", r"write \d{4} for four digits, or just 4")
        if len(self.text) > LONGEST:
            raise _wrong(self.text, f"it is longer than {LONGEST} characters", "write it with {n} or {n,m}")
        if self.text.isascii() and self.text.isdigit():
            count = int(self.text) if len(self.text) < 6 else LARGEST + 1
            if not 1 <= count <= LARGEST:
                raise _wrong(self.text, "a bare number counts digits", f"give 1 to {LARGEST:,}, or ({self.text})")
            return _Node("repeat", parts=(_Node("set", _ALL),), low=count, high=count)
        node = self.choice()
        if self.at < len(self.text):
            raise self.error("a ) without its (", "remove it or open it")
        return node

    def choice(self) -> _Node:
        parts = [self.sequence()]
        while self.next() == "|":
            self.at += 1
            parts.append(self.sequence())
        return parts[0] if len(parts) == 1 else _Node("one of", parts=tuple(parts))

    def sequence(self) -> _Node:
        parts = []
        while self.next() not in ("", "|", ")"):
            parts.append(self.repeated(self.single()))
        return _Node("all of", parts=tuple(parts))

    def single(self) -> _Node:
        character = self.take()
        if character == "\\":
            character = self.take()
            if character == "d":
                return _Node("set", _ALL)
            if not character or character not in SEPARATORS + "0123456789":
                raise self.error(f"\\{character} means nothing here", r"only \d does")
        if character in SEPARATORS:
            return _Node("all of")
        if character in "0123456789":
            return _Node("set", frozenset({int(character)}))
        if character == "[":
            return _Node("set", self.labels())
        if character == "(":
            node = self.choice()
            if self.take() != ")":
                raise self.error("a ( without its )", "close it")
            return node
        raise self.error(
            f"{character!r} is no digit", r"use \d, digits, [0-57], {n}, {n,m}, ?, (a|b) and - . / , : space"
        )

    def labels(self) -> frozenset[int]:
        end = self.text.find("]", self.at)
        inside = self.text[self.at : end] if end >= 0 else ""
        labels: set[int] = set()
        rest = inside
        while rest:
            if len(rest) >= 3 and rest[1] == "-" and rest[0] in "0123456789" and rest[2] in "0123456789":
                labels.update(range(int(rest[0]), int(rest[2]) + 1))
                if rest[0] > rest[2]:
                    raise self.error(f"[{inside}] runs backwards", "put the smaller digit first")
                rest = rest[3:]
            elif rest[0] in "0123456789":
                labels.add(int(rest[0]))
                rest = rest[1:]
            else:
                raise self.error(f"[{inside}] holds {rest[0]!r}", "put digits and ranges of them there, as in [0-57]")
        if not labels:
            raise self.error("a [ without digits and its ]", "write one as in [0-57]")
        self.at = end + 1
        return frozenset(labels)

    def repeated(self, node: _Node) -> _Node:
        while self.next() in ("?", "{"):
            if self.take() == "?":
                if (node.kind, node.low, node.high) == ("repeat", 0, 1):
                    continue  # ?? is ?
                node = _Node("repeat", parts=(node,), low=0, high=1)
                continue
            end = self.text.find("}", self.at)
            words = self.text[self.at : end].split(",") if end >= 0 else []
            if not (1 <= len(words) <= 2 and all(w.isascii() and w.isdigit() and len(w) < 6 for w in words)):
                raise self.error("a { without counts and its }", "write {n} or {n,m}")
            low, high = int(words[0]), int(words[-1])
            if low > high or high == 0:
                raise self.error(
                    f"{{{','.join(words)}}} is no range", "put the smaller count first, and 1 at least last"
                )
            self.at = end + 1
            node = _Node("repeat", parts=(node,), low=low, high=high)
            if node.length > LARGEST:
                raise _wrong(self.text, f"it stands for more than {LARGEST:,} digits", "make its repetitions smaller")
        return node

    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        character = self.next()
        self.at += 1
        return character

    def error(self, what: str, fix: str) -> UsageError:
        return _wrong(self.text, f"{what} (character {min(self.at, len(self.text))})", fix)


def _wrong(text: str, what: str, fix: str) -> UsageError:
    shown = text if len(text) <= 60 else text[:57] + "..."
    return UsageError(f"the expected form {shown!r} cannot be used: {what}; {fix}")
