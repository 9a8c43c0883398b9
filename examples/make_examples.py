"""Draw the example pictures anew: the pen writes, the script adds paper, lines, light and colour. No photo is involved.

python examples/make_examples.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from digitlab.data import strokes
from digitlab.data.hands import Hand, Pen

HERE = Path(__file__).parent
NOTES = {"Rent": "20461", "Water": "73958", "Bread": "1904", "Paper": "68235", "Ink": "50717"}  # of page.jpg


def placed(label: int, seed: int, shape: tuple[int, int], height: int) -> np.ndarray:
    """One digit somewhere near the middle: (H, W) float, 0 to 1."""
    rng = np.random.default_rng(seed)
    digit = strokes.draw(label, rng, height) / 255
    ink = np.zeros(shape)
    top = int((shape[0] - digit.shape[0]) * rng.uniform(0.3, 0.6))
    left = int((shape[1] - digit.shape[1]) * rng.uniform(0.35, 0.6))
    ink[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return ink


def page(seed: int, shape: tuple[int, int], height: int) -> tuple[np.ndarray, np.ndarray]:
    """A sheet of notes by one hand, a word and a number a line: ink and rulings, each (H, W) float, 0 to 1."""
    rng = np.random.default_rng(seed)
    hand, pen = Hand.random(rng), Pen.random(rng)
    ink, lines = np.zeros(shape), np.zeros(shape)
    pitch = shape[0] // (len(NOTES) + 1)
    for row, (word, number) in enumerate(NOTES.items()):
        base = round(pitch * (row + 1.15))
        lines[base + 4 : base + 6] = 1
        x = round(0.05 * shape[1])
        written = strokes.write(list(word), np.random.default_rng(seed + 1), height) / 255
        put(ink, written, x, base - height)
        x = round(0.5 * shape[1] + rng.uniform(-10, 10))
        for label in number:
            digit = strokes.draw(int(label), rng, round(height * rng.uniform(0.92, 1.08)), hand, pen) / 255
            put(ink, digit, x, base - digit.shape[0] + round(rng.uniform(-4, 8)))  # some cross the line
            x += digit.shape[1] + round(height * rng.uniform(0.12, 0.28))
    return ink, lines


def put(ink: np.ndarray, piece: np.ndarray, left: int, top: int) -> None:
    """Lay a piece of ink, (h, w), on the ink of a page, in place."""
    where = np.s_[top : top + piece.shape[0], left : left + piece.shape[1]]
    ink[where] = np.maximum(ink[where], piece)


def light(shape: tuple[int, int], fall: float, angle: float) -> np.ndarray:
    """A lamp from one side: (H, W, 1), at most 1."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] / max(shape) - 0.5
    return (1 - fall * (0.5 + x * np.cos(angle) + y * np.sin(angle)) - 0.25 * fall * (x**2 + y**2))[..., None]


def grain(shape: tuple[int, int], amount: float, seed: int) -> np.ndarray:
    """Paper: coarse fibres and fine noise, (H, W, 1)."""
    noise = np.random.default_rng(seed).normal(0, amount, shape)
    return (0.7 * noise + 2.5 * cv2.GaussianBlur(noise, (0, 0), 2))[..., None]


def saved(page: np.ndarray, name: str) -> None:
    """Write an RGB or RGBA picture beside this script."""
    pixels = np.clip(np.rint(page), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(HERE / name, optimize=True, quality=88)
    print(name, pixels.shape)


def painted(ink: np.ndarray, pen: tuple[int, int, int], paper: tuple[int, int, int]) -> np.ndarray:
    """Ink of one colour on paper of another: (H, W, 3)."""
    return np.array(paper) + ink[..., None] * (np.array(pen, float) - paper)


def main() -> None:
    """Draw them all."""
    shape = (500, 400)
    seven = painted(placed(7, 0, shape, 270), (32, 42, 105), (244, 240, 230))
    saved(seven * light(shape, 0.3, 0.6) + grain(shape, 2, 0), "seven.png")

    shape = (420, 420)
    chalk = placed(4, 11, shape, 230)
    chalk *= np.clip(0.85 + 0.12 * cv2.GaussianBlur(np.random.default_rng(1).normal(0, 3, shape), (0, 0), 1.2), 0, 1)
    saved(painted(chalk, (226, 228, 222), (44, 62, 56)) + grain(shape, 4, 1), "chalk.png")

    shape = (450, 600)
    two = painted(placed(2, 21, shape, 150), (60, 58, 62), (232, 230, 226))
    y, x = np.mgrid[0:450, 0:600]
    edge = 1 / (1 + np.exp(-(x + 0.4 * y - 520) / 18))  # a hand's soft shadow
    saved(two * light(shape, 0.25, 2.5) * (1 - 0.35 * edge[..., None]) + grain(shape, 3, 2), "shadow.png")

    ink = placed(5, 5, (300, 260), 190)
    drawn = np.zeros((300, 260, 4))
    drawn[..., 3] = 255 * ink  # black ink that is in the transparency alone, as drawing pads save it
    saved(drawn, "transparent.png")

    shape = (640, 900)
    notes, lines = page(7, shape, 58)
    paper = painted(lines, (150, 175, 205), (242, 238, 226))
    sheet = paper + notes[..., None] * (np.array((38, 46, 96), float) - paper)
    y, x = np.mgrid[0:640, 0:900]
    edge = 1 / (1 + np.exp(-(x - 0.5 * y - 480) / 30))
    saved(sheet * light(shape, 0.3, 2.2) * (1 - 0.25 * edge[..., None]) + grain(shape, 3, 4), "page.jpg")


if __name__ == "__main__":
    main()
