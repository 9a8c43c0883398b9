"""The language of expected forms: a small part of regular expressions, over digits alone.

10            ten digits: a pattern that is nothing but a number counts digits
\\d            any digit
7             this digit (in a pattern that is not a bare number)
[0-57]        one of these digits: 0 to 5, or 7
(19|20)\\d\\d   one of these
?  {3}  {2,4} what stands before it: perhaps, three times, two to four times
- . / , : space   a gap: dates, sums and codes may be written as they look, nothing need be seen there
"""

from __future__ import annotations

from dataclasses import dataclass

from digitlab.errors import UsageError

SEPARATORS = "-./,: "
LARGEST = 2000  # digits that a pattern may hold once its repetitions are written out
LONGEST = 200  # characters of a pattern

_ALL = frozenset(range(10))


@dataclass(frozen=True)
class Node:
    """A parsed pattern: a "set" of labels, "all of" parts in turn, "one of" parts, or "repeat" of one part.

    A set has labels, the others have parts.
    """

    kind: str
    labels: frozenset[int] = frozenset()
    parts: tuple[Node, ...] = ()
    low: int = 1
    high: int = 1

    @property
    def length(self) -> int:
        """How many digits it holds, repetitions written out; an empty part counts as one, for it costs as much."""
        return max(1, sum(part.length for part in self.parts)) * (self.high if self.kind == "repeat" else 1)


def parse(text: str) -> Node:
    """Parse a pattern. Raises UsageError naming what is wrong in it, where, and the fix."""
    node = _Parser(text).parse()
    if node.length > LARGEST:
        raise _wrong(text, f"it stands for more than {LARGEST:,} digits", "make its repetitions smaller")
    return node


class _Parser:
    """Reads a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def parse(self) -> Node:
        if not self.text.strip():
            raise _wrong(self.text, "it is empty", r"write \d{4} for four digits, or just 4")
        if len(self.text) > LONGEST:
            raise _wrong(self.text, f"it is longer than {LONGEST} characters", "write it with {n} or {n,m}")
        if self.text.isascii() and self.text.isdigit():
            count = int(self.text) if len(self.text) < 6 else LARGEST + 1
            if not 1 <= count <= LARGEST:
                raise _wrong(self.text, "a bare number counts digits", f"give 1 to {LARGEST:,}, or ({self.text})")
            return Node("repeat", parts=(Node("set", _ALL),), low=count, high=count)
        node = self.choice()
        if self.at < len(self.text):
            raise self.error("a ) without its (", "remove it or open it")
        return node

    def choice(self) -> Node:
        parts = [self.sequence()]
        while self.next() == "|":
            self.at += 1
            parts.append(self.sequence())
        return parts[0] if len(parts) == 1 else Node("one of", parts=tuple(parts))

    def sequence(self) -> Node:
        parts = []
        while self.next() not in ("", "|", ")"):
            parts.append(self.repeated(self.single()))
        return Node("all of", parts=tuple(parts))

    def single(self) -> Node:
        character = self.take()
        if character == "\\":
            character = self.take()
            if character == "d":
                return Node("set", _ALL)
            if not character or character not in SEPARATORS + "0123456789":
                raise self.error(f"\\{character} means nothing here", r"only \d does")
        if character in SEPARATORS:
            return Node("all of")
        if character in "0123456789":
            return Node("set", frozenset({int(character)}))
        if character == "[":
            return Node("set", self.labels())
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

    def repeated(self, node: Node) -> Node:
        while self.next() in ("?", "{"):
            if self.take() == "?":
                if (node.kind, node.low, node.high) == ("repeat", 0, 1):
                    continue  # ?? is ?
                node = Node("repeat", parts=(node,), low=0, high=1)
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
            node = Node("repeat", parts=(node,), low=low, high=high)
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
