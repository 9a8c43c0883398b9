"""`Reader`: from pictures to readings, one or many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digitlab.errors import ImageError, ModelError, UsageError
from digitlab.finding.ink import shrunk
from digitlab.jobs import at_once, cores, in_order, side_by_side
from digitlab.reading.asking import Judge, threads_of
from digitlab.reading.memory import keep_freed
from digitlab.reading.open import Document, Opened, Pages, open_document
from digitlab.reading.page import JUDGE, LONGEST, framed_digit, read_page
from digitlab.readings import Line, Reading
from digitlab.recognizer import Recognizer, Verdict

if TYPE_CHECKING:
    from digitlab.reading.expect import Pattern

__all__ = ["LONGEST", "Judge", "Reader", "framed_digit"]

PICTURE = 800  # pixels of the longer side of the picture that a reading keeps
LOSSLESS = 300  # pixels: a kept picture as small as this is a PNG, a larger one a JPEG


_Models = tuple[Judge, Judge]


class Reader:
    """Reads pictures of digits.

    Make one and keep it: loading the recogniser costs more than reading. Safe to use from several threads.
    """

    def __init__(
        self,
        recognizer: Judge | str | Path | None = None,
        judge: Judge | str | Path | None = None,
        *,
        single: bool = False,
        min_confidence: float = 0.0,
        expect: str | int | None = None,
        picture: int = PICTURE,
    ) -> None:
        r"""Make a reader.

        Args:
            recognizer: tells which digit: a `Recognizer`, or the name or path of one; the bundled default if not given.
            judge: tells whether a piece of ink is a digit, likewise; the bundled one if not given.
            single: every picture shows one digit and nothing else: it is read whatever it looks like.
            min_confidence: digits that are less sure than this, 0 to 1, are left out of what is read.
            expect: the form that every line has, as in r"\d{4}-\d{2}", or how many digits; see
                `digitlab.reading.pattern`. Applied to the digits that `min_confidence` leaves.
            picture: the longer side in pixels of the small picture that each reading keeps to draw on; 0 for none.

        Raises:
            ModelError: there is no such recogniser or judge, its file is unusable, or one is given for the other.
            UsageError: `expect` or `min_confidence` makes no sense.
        """
        if not 0 <= min_confidence <= 1:
            raise UsageError(
                f"min_confidence is {min_confidence:g}, but confidence goes from 0 to 1; give one of these"
            )
        self._given = recognizer or "default", judge or JUDGE
        self.single = single
        self.recognizer, self.judge = self._models()
        self.min_confidence = min_confidence
        self.expect: Pattern | None = None
        if expect is not None:
            from digitlab.reading.expect import Pattern

            self.expect = Pattern(str(expect))
        self.picture = picture
        keep_freed()

    def read(self, source: Any) -> Reading:
        """Read one picture, or the first page of a document.

        Args:
            source: a path, bytes, a binary file object, a PIL image or an array; see `digitlab.reading.open_image`.

        Raises:
            ImageError: the picture cannot be opened; the message names it and the fix.
        """
        return self._page(open_document(source), 1, (self.recognizer, self.judge))

    def read_pages(self, source: Any, pages: Pages | None = None) -> Iterator[Reading]:
        """Read the pages of a TIFF or PDF, one after the other; of anything else, the one picture.

        Args:
            source: as for `read`.
            pages: the first and the last page wanted, counted from 1, the last one None for the end; all by default.

        Raises:
            ImageError: as `read`; or there are more than 500 pages, and none were chosen.
        """
        document = open_document(source)
        for number in document.wanted(pages):
            yield self._page(document, number, (self.recognizer, self.judge))

    def read_many(
        self,
        sources: Iterable[Any],
        workers: int | None = None,
        on_error: Callable[[Any, ImageError], None] | None = None,
        pages: Pages | None = None,
    ) -> Iterator[Reading]:
        """Read every page of many pictures: lazily, in order, in bounded memory, on all cores.

        Args:
            sources: as many as there are, each as for `read`; they may be endless.
            workers: how many threads read at once; as many as there are cores by default.
            on_error: called with (source, error), in order, for each source or page that cannot be read; the
                others are read. Without it, the first such error is raised.
            pages: as for `read_pages`, for each source.

        Raises:
            ImageError: a picture cannot be opened, and there is no `on_error`.
        """
        workers = cores() if workers is None else max(1, workers)
        jobs = self._jobs(sources, pages)
        few = list(islice(jobs, 2))
        if len(few) < 2:
            workers = 1  # the only picture gets all cores
        # Several pictures share the cores: models that take them all themselves would only get in their way.
        models = self._models_alone() if workers > 1 else (self.recognizer, self.judge)
        for source, outcome in in_order((partial(job, models) for job in chain(few, jobs)), workers):
            if isinstance(outcome, Reading):
                yield outcome
            elif on_error is None:
                raise outcome
            else:
                on_error(source, outcome)

    def _jobs(
        self, sources: Iterable[Any], pages: Pages | None
    ) -> Iterator[Callable[[_Models], tuple[Any, Reading | ImageError]]]:
        """Yield one job a page, to be given the models to read with.

        Files are fetched and counted here, one after the other; the jobs decode and read.
        """
        for source in sources:
            try:
                document = open_document(source)
                numbers = document.wanted(pages)
            except ImageError as error:
                yield partial(_pair, source, error)
                continue
            for number in numbers:
                yield partial(self._job, source, document, number)

    def _job(self, source: Any, document: Document, number: int, models: _Models) -> tuple[Any, Reading | ImageError]:
        try:
            return source, self._page(document, number, models)
        except ImageError as error:
            return source, error

    def _page(self, document: Document, number: int, models: _Models) -> Reading:
        opened = document.page(number, LONGEST)
        picture, lines = side_by_side(
            lambda: _small(opened, self.picture) if self.picture else None,
            lambda: [self._checked(line) for line in read_page(opened, models[0], self.single, models[1])],
            threads_of(models[1]),
        )
        return Reading(
            tuple(line for line in lines if line is not None),
            opened.file,
            opened.page,
            opened.pages,
            opened.size,
            picture,
        )

    def _models_alone(self) -> _Models:
        """Return recogniser and judge to be called from several threads; what was given loaded stays as it is."""
        recognizer, judge = (
            model.alone() if isinstance(model, Recognizer | _Late) and isinstance(given, str | Path) else model
            for given, model in zip(self._given, (self.recognizer, self.judge), strict=True)
        )
        return recognizer, judge

    def _models(self) -> _Models:
        """Return recogniser and judge, opened where they were given by name; of `single` the judge when it is asked."""
        first, second = self._given
        recognizer: Judge
        judge: Judge
        if self.single:
            recognizer, judge = _model(first), _Late(second)
        else:  # a first picture waits for both
            recognizer, judge = at_once([partial(_model, first), partial(_judge, second)], cores())
        if getattr(recognizer, "channels", 1) != 1:
            raise ModelError(
                f"{_name(recognizer)} is the judge of pieces that finds digits on a page, and does not tell which they"
                " are; read with a recogniser of digits, as --model default is"
            )
        return recognizer, judge

    def _checked(self, line: Line) -> Line | None:
        """Return the line as the reader's options want it, None if nothing is left of it."""
        digits = tuple(digit for digit in line.digits if digit.confidence >= self.min_confidence)
        if not digits:
            return None
        if len(digits) < len(line.digits):
            line = replace(line, digits=digits)  # the line's confidence stays: what was left out may belong to it
        return line if self.expect is None else self.expect.apply(line)


def _pair(source: Any, error: ImageError, models: _Models) -> tuple[Any, Reading | ImageError]:
    return source, error


def _name(model: Judge) -> str:
    return str(getattr(model, "name", "this model"))


def _model(model: Judge | str | Path) -> Judge:
    if not isinstance(model, str | Path):
        return model
    from digitlab.exchange import open_model

    return open_model(model)


def _judge(model: Judge | str | Path) -> Judge:
    judge = _model(model)
    if getattr(judge, "channels", 3) != 3:
        raise ModelError(
            f"{_name(judge)} tells digits apart, but is no judge of pieces; leave the judge out, or train one with:"
            " digitlab train reader"
        )
    return judge


class _Late:
    """A judge that is opened when it is first asked: where a picture is said to show one digit, it rarely is."""

    def __init__(self, given: Judge | str | Path, threads: int | None = None) -> None:
        self._given, self.threads = given, threads or cores()

    @cached_property
    def _opened(self) -> Judge:
        judge = _judge(self._given)
        return judge.alone() if self.threads == 1 and isinstance(judge, Recognizer) else judge

    def judge(self, images: np.ndarray) -> Verdict:
        return self._opened.judge(images)

    def alone(self) -> _Late:
        return _Late(self._given, 1)


def _small(opened: Opened, longest: int) -> bytes:
    """Return the picture as a PNG or JPEG file, its longer side at most this many pixels."""
    import cv2

    pixels = opened.grey if opened.rgb is None else opened.rgb
    pixels = shrunk(pixels, longest, quick=True)
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)  # OpenCV writes blue first
    if max(pixels.shape[:2]) <= LOSSLESS:
        return bytes(cv2.imencode(".png", pixels)[1])
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])
