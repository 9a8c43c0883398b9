"""Contact sheets: rows of small pictures of one kind each, with the row's name and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from digitlab.evaluation.canvas import INK, new_axes
from digitlab.evaluation.rejection import Rejection
from digitlab.evaluation.robustness import Robustness

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAP = 2  # pixels of paper around each picture
CELL = 0.42  # of a picture in a figure, inches


def corruption_sheet(robustness: Robustness) -> Figure:
    """Draw the same digits clean and under each corruption, with the accuracy on all digits."""
    names = [in_words(row.name) for row in robustness.rows]
    return contact_sheet(robustness.sheet, names, [f"{100 * row.accuracy:.1f} %" for row in robustness.rows])


def outlier_sheet(rejection: Rejection) -> Figure:
    """Draw some of each set of outliers, with its AUROC."""
    names = [in_words(row.name) for row in rejection.sets]
    return contact_sheet(rejection.sheet, names, [f"AUROC {row.auroc_in_words}" for row in rejection.sets])


def contact_sheet(sheet: np.ndarray, names: Sequence[str], notes: Sequence[str] = ()) -> Figure:
    """Draw rows of pictures, (rows, columns, 28, 28) uint8, ink dark; names stand before them and notes after them."""
    rows, columns = sheet.shape[:2]
    before, after = 1.3, 1.2 if notes else 0.1  # of the pictures, inches
    width, height = CELL * columns + before + after, CELL * rows + 0.2
    figure, (ax,) = new_axes(width, height, arrange=False)
    figure.set_layout_engine("none")
    figure.subplots_adjust(before / width, 0.1 / height, 1 - after / width, 1 - 0.1 / height)
    pixels = np.concatenate([strip(row) for row in sheet])
    ax.imshow(pixels, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    pitch = len(pixels) / rows
    places = [(row + 0.5) * pitch - 0.5 for row in range(rows)]
    ax.set(xticks=[], yticks=places)
    ax.set_yticklabels(names)
    ax.tick_params(length=0)
    for place, note in zip(places, notes, strict=False):
        ax.text(pixels.shape[1] + 6, place, note, va="center", color=INK, fontsize=9)
    return figure


def strip(images: np.ndarray) -> np.ndarray:
    """Return images, (N, 28, 28) uint8, side by side with paper around each: (32, 32 N) uint8."""
    return np.concatenate(list(np.pad(images, ((0, 0), (GAP, GAP), (GAP, GAP)))), axis=1)


def in_words(name: str) -> str:
    """Return the name of a corruption or a set as people write it."""
    return name.replace("_", " ")
