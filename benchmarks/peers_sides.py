"""The sides of `peers.py`, each run in a process of its own: digitlab, Tesseract, and two versions of RapidOCR.

A side loads its models, says what it is as a line of JSON, and then answers each line {"file": path} with the rows
that it read there, each row a text, and the seconds it took from the file to the text. Only what a side itself needs
is imported, for RapidOCR lives in another environment, which has no digitlab.

    python benchmarks/peers_sides.py digitlab MODEL
    python benchmarks/peers_sides.py tesseract PAGE_MODE       # 6: one block of text, 11: scattered text
    python benchmarks/peers_sides.py rapidocr                  # RapidOCR 2 and later
    python benchmarks/peers_sides.py rapidocr_onnxruntime      # RapidOCR 1
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageOps

Side = tuple[Callable[[str], list[str]], dict[str, Any]]  # from a file to its rows; facts about the side
Corners = Sequence[Sequence[float]]  # four points (x, y) of a text's box, pixels


def digitlab_side(model: str) -> Side:
    """digitlab, as `digitlab read` does it."""
    from digitlab.reading import Reader

    reader = Reader(model, picture=0)

    def read(file: str) -> list[str]:
        return [line.text for line in reader.read(file).lines]

    return read, {"version": importlib.metadata.version("digitlab"), "threads": "its own choice"}


def tesseract_side(page_mode: str) -> Side:
    """Tesseract's C interface, English, digits whitelisted."""
    name = ctypes.util.find_library("tesseract")
    if not name:
        raise SystemExit("Tesseract is not installed; on Debian: apt-get install tesseract-ocr")
    library = ctypes.CDLL(name)
    library.TessVersion.restype = ctypes.c_char_p
    library.TessBaseAPICreate.restype = ctypes.c_void_p
    library.TessBaseAPIInit3.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    library.TessBaseAPISetVariable.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    library.TessBaseAPISetPageSegMode.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.TessBaseAPISetImage.argtypes = [ctypes.c_void_p, ctypes.c_void_p, *4 * [ctypes.c_int]]
    library.TessBaseAPIGetUTF8Text.argtypes = [ctypes.c_void_p]
    library.TessBaseAPIGetUTF8Text.restype = ctypes.c_void_p
    library.TessDeleteText.argtypes = [ctypes.c_void_p]
    engine = library.TessBaseAPICreate()
    if library.TessBaseAPIInit3(engine, None, b"eng"):
        raise SystemExit("Tesseract has no English; on Debian: apt-get install tesseract-ocr-eng")
    library.TessBaseAPISetVariable(engine, b"tessedit_char_whitelist", b"0123456789")
    library.TessBaseAPISetPageSegMode(engine, int(page_mode))

    def read(file: str) -> list[str]:
        pixels = upright(file)
        height, width, channels = pixels.shape
        library.TessBaseAPISetImage(engine, pixels.ctypes.data, width, height, channels, width * channels)
        text = library.TessBaseAPIGetUTF8Text(engine)
        if not text:
            return []
        try:
            return ctypes.string_at(text).decode().splitlines()
        finally:
            library.TessDeleteText(text)

    return read, {"version": library.TessVersion().decode(), "page_mode": int(page_mode), "threads": "its default"}


def rapidocr_side(package: str) -> Side:
    """RapidOCR with all its defaults; its boxes are put into rows."""
    if package == "rapidocr":
        from rapidocr import RapidOCR

        engine = RapidOCR()

        def boxes(file: str) -> list[tuple[Corners, str]]:
            found = engine(upright(file)[..., ::-1])  # it wants blue first
            return [] if found.boxes is None else list(zip(found.boxes.tolist(), found.txts, strict=True))
    else:
        from rapidocr_onnxruntime import RapidOCR

        engine = RapidOCR()

        def boxes(file: str) -> list[tuple[Corners, str]]:
            found, _ = engine(upright(file)[..., ::-1])  # it wants blue first
            return [(corners, text) for corners, text, _ in found or ()]

    name = package.replace("_", "-")
    return lambda file: rows_of(boxes(file)), {"version": importlib.metadata.version(name), "threads": "its default"}


def upright(file: str) -> np.ndarray:
    """Open a picture as a person sees it, for the sides that would not turn it: (height, width, 3) uint8 RGB."""
    with Image.open(file) as image:
        return np.ascontiguousarray(ImageOps.exif_transpose(image).convert("RGB"))


def rows_of(boxes: Sequence[tuple[Corners, str]]) -> list[str]:
    """Put texts into rows by their boxes, top to bottom, and join those of a row from left to right.

    A text joins the row before it where its middle lies within half the height of the row's texts from theirs.
    """
    placed = []
    for corners, text in boxes:
        digits = "".join(character for character in text if character in "0123456789")
        if digits:
            x, y = zip(*corners, strict=True)
            placed.append(((min(y) + max(y)) / 2, max(y) - min(y), min(x), digits))
    rows: list[list[tuple[float, float, float, str]]] = []
    for text in sorted(placed):
        if rows:
            middle, height = (sum(part[i] for part in rows[-1]) / len(rows[-1]) for i in (0, 1))
            if abs(text[0] - middle) < height / 2:
                rows[-1].append(text)
                continue
        rows.append([text])
    return ["".join(part[3] for part in sorted(row, key=lambda part: part[2])) for row in rows]


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")  # libraries print what they like; that must not mix with answers
    os.dup2(2, 1)
    name, *rest = sys.argv[1:]
    makers: dict[str, Callable[..., Side]] = {
        "digitlab": digitlab_side,
        "tesseract": tesseract_side,
        "rapidocr": lambda: rapidocr_side(name),
        "rapidocr_onnxruntime": lambda: rapidocr_side(name),
    }
    read, facts = makers[name](*rest)
    print(json.dumps(facts), file=answers, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        rows = read(json.loads(line)["file"])
        print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start}), file=answers, flush=True)


if __name__ == "__main__":
    main()
