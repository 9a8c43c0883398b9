"""Draw README's picture: examples as they are, as the recogniser gets them, and as they are read.

python examples/make_picture.py        # writes docs/figures/reading.png; needs the extra "train"
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

import digitlab
from digitlab import storage
from digitlab.console import sureness
from digitlab.evaluation.canvas import to_png
from digitlab.reading.open import open_image
from digitlab.reading.reader import framed_digit

HERE = Path(__file__).parent
NAMES = ("seven.png", "chalk.png", "shadow.png", "transparent.png")


def main() -> None:
    """Draw the picture."""
    figure = Figure(figsize=(8.4, 4.6), layout="constrained", facecolor="white")
    axes = figure.subplots(2, len(NAMES), height_ratios=(3, 2))
    for name, above, below in zip(NAMES, axes[0], axes[1], strict=True):
        reading = digitlab.read(HERE / name)
        digit = reading.digits[0]
        picture = Image.open(HERE / name).convert("RGBA")
        above.imshow(Image.alpha_composite(_chequered(picture.size), picture))
        left, top, right, bottom = digit.box
        outline = {"fill": False, "edgecolor": "#d1495b", "linewidth": 1.5}
        above.add_patch(_rectangle(left, top, right - left, bottom - top, **outline))
        above.set_title(name, fontsize=9, color="#555555")
        found = framed_digit(open_image(HERE / name))
        if found is not None:
            below.imshow(found[0][0], cmap="gray", vmin=0, vmax=255)
        below.set_xlabel(f"{reading.text}", fontsize=17, fontweight="bold", labelpad=2)
        below.text(0.5, -0.36, sureness(digit.confidence), transform=below.transAxes, ha="center", fontsize=9)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        for side in ax.spines.values():
            side.set_color("#cccccc")
    storage.write_bytes(HERE.parent / "docs" / "figures" / "reading.png", to_png(figure))


def _chequered(size: tuple[int, int]) -> Image.Image:
    """Return the pattern that shows where a picture is transparent."""
    small = Image.new("RGBA", (2, 2), "white")
    small.putpixel((0, 1), (228, 228, 228, 255))
    small.putpixel((1, 0), (228, 228, 228, 255))
    tile = small.resize((24, 24), Image.Resampling.NEAREST)
    board = Image.new("RGBA", size)
    for x in range(0, size[0], 24):
        for y in range(0, size[1], 24):
            board.paste(tile, (x, y))
    return board


def _rectangle(*corner_and_size: float, **style: object) -> object:
    from matplotlib.patches import Rectangle

    left, top, width, height = corner_and_size
    return Rectangle((left, top), width, height, **style)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
