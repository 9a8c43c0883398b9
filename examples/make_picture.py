"""Draw README's picture: the page of the examples with what is read on it.

python examples/make_picture.py        # writes docs/figures/page.jpg
"""

from __future__ import annotations

import io
from pathlib import Path

import digitlab
from digitlab import storage

HERE = Path(__file__).parent


def main() -> None:
    """Draw the picture."""
    reading = digitlab.Reader(picture=1200).read(HERE / "page.jpg")
    file = io.BytesIO()
    reading.draw().convert("RGB").save(file, "JPEG", quality=88)
    storage.write_bytes(HERE.parent / "docs" / "figures" / "page.jpg", file.getvalue())
    print(reading.text)


if __name__ == "__main__":
    main()
