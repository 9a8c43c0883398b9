"""Documents at the one door: every page of a TIFF or PDF, HEIC and AVIF, and files made to exhaust their reader."""

import contextlib
import io
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from digitlab.errors import ImageError, UsageError
from digitlab.reading import open_image, open_pages, tiff
from digitlab.reading.open import MAX_PAGES, open_document


def picture(level: int, size: tuple[int, int] = (60, 40)) -> Image.Image:
    image = Image.new("L", size, level)
    image.paste(0, (0, 0, 10, 10))  # the upper left corner is black
    return image


def encoded(images: list[Image.Image], kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    images[0].save(file, kind, save_all=True, append_images=images[1:], **options)
    return file.getvalue()


def levels(content: bytes, **options) -> list[int]:
    return [int(page.grey[-1, -1]) for page in open_pages(content, **options)]


def pdf(boxes: list[tuple[float, float]], count: int | None = None) -> bytes:
    """A PDF of empty pages of these sizes in points, each with a black square in the upper left corner."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for width, height in boxes:
        drawing = f"0 {height - 36} 36 36 re f"
        objects.append(f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream")
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {len(objects)} 0 R >>")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {count or len(boxes)} >>"
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


# TIFF


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}], ids=["raw", "lzw", "big"])
def test_all_pages_of_a_tiff_are_opened(options) -> None:
    content = encoded([picture(100), picture(150), picture(200, (30, 90))], "TIFF", **options)
    pages = list(open_pages(content))
    assert [int(page.grey[-1, -1]) for page in pages] == [100, 150, 200]
    assert [(page.page, page.pages) for page in pages] == [(1, 3), (2, 3), (3, 3)]
    assert pages[2].size == (30, 90)
    assert (open_image(content).grey == pages[0].grey).all()


def test_pages_may_be_opened_in_any_order_and_from_several_threads() -> None:
    document = open_document(encoded([picture(level) for level in range(0, 240, 10)], "TIFF"))
    found: dict[int, int] = {}

    def take(numbers) -> None:
        for number in numbers:
            found[number] = int(document.page(number).grey[-1, -1])

    threads = [threading.Thread(target=take, args=(range(start, 25, 3),)) for start in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: 10 * (number - 1) for number in range(1, 25)}


@pytest.mark.parametrize(
    ("pages", "expected"), [((2, 3), [20, 30]), ((3, None), [30, 40]), ((4, 9), [40]), ((1, 1), [10])]
)
def test_pages_are_chosen_by_their_numbers(pages, expected) -> None:
    content = encoded([picture(level) for level in (10, 20, 30, 40)], "TIFF")
    assert levels(content, pages=pages) == expected
    with pytest.raises(ImageError, match="no page 5; its last one is 4"):
        levels(content, pages=(5, None))
    with pytest.raises(UsageError, match="no range"):
        levels(content, pages=(3, 2))


def test_smaller_copies_and_masks_are_no_pages() -> None:
    content = bytearray(encoded([picture(100), picture(150), picture(200)], "TIFF", tiffinfo={254: 0}))
    walk = tiff._Walk(bytes(content), "x")
    second = walk.following(walk.first, len(walk.directory(walk.first)))
    assert struct.unpack_from("<HHI", content, second + 2)[:3] == (254, 4, 1)
    struct.pack_into("<I", content, second + 10, 1)  # NewSubfileType: a reduced-resolution version of another image
    assert levels(bytes(content)) == [100, 200]


def test_a_turned_tiff_is_upright() -> None:
    page = open_image(encoded([picture(200)], "TIFF", tiffinfo={274: 6}))  # its first row is the right-hand side
    assert (page.size, page.grey.shape) == ((40, 60), (60, 40))
    assert page.grey[5, -5] == 0
    assert page.grey[5, 5] == 200


def directory(tags: list[tuple[int, int, int, int]], following: int) -> bytes:
    packed = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return struct.pack("<H", len(tags)) + packed + struct.pack("<I", following)


START = b"II*\0" + struct.pack("<I", 8)  # the first directory follows at once


def basic(data: int, extra: list[tuple[int, int, int, int]] = ()) -> list[tuple[int, int, int, int]]:  # type: ignore[assignment]
    """The tags of an 8 x 8 grey picture whose pixels lie at an offset."""
    values = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: data, 277: 1, 278: 8, 279: 64}
    return sorted([(tag, 4, 1, value) for tag, value in values.items()] + list(extra))


def test_a_chain_of_directories_that_bites_its_tail_ends() -> None:
    pixels = bytes([77]) * 64
    content = b"II*\0" + struct.pack("<I", 72) + pixels + directory(basic(8), 72)
    assert levels(content) == [77]
    both = b"II*\0" + struct.pack("<I", 72) + pixels + directory(basic(8), 186) + directory(basic(8), 72)
    assert levels(both) == [77, 77]


def test_a_page_outside_the_file_is_told_and_those_before_it_are_read() -> None:
    content = b"II*\0" + struct.pack("<I", 72) + bytes([77]) * 64 + directory(basic(8), 9_999)
    pages = open_pages(content)
    assert next(pages).grey[0, 0] == 77
    with pytest.raises(ImageError, match="page 2 of the image is damaged or cut off"):
        next(pages)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"II*\0" + struct.pack("<IH", 8, 65535) + bytes(65535 * 12 + 4), "65,535 tags"),
        (START + directory(basic(8, [(700, 3, 2**31, 8)]), 0) + bytes(99), "millions"),
        (START + directory(basic(8, [(700, 7, 2**31, 8)]), 0) + bytes(99), "larger than"),
        (
            START + directory([(t, 7, 90_000, 8) for t in range(700, 1700)], 0) + bytes(90_000),
            "larger than the file",
        ),
        (
            START
            + directory(basic(8, [(34665, 4, 1, 200)]), 0).ljust(192, b"\0") + struct.pack("<H", 65000) + bytes(10**6),
            "65,000 tags",
        ),
        (START + b"".join(directory([], 8 + 6 * (i + 1)) for i in range(30_000)), "20,000 pages"),
    ],
    ids=["tags", "values", "one long tag", "many long tags", "metadata", "pages"],
)  # fmt: skip
def test_a_tiff_made_to_exhaust_its_reader_is_refused_at_once(content: bytes, words: str) -> None:
    start = time.process_time()
    with pytest.raises(ImageError, match=words):
        open_image(content)
    assert time.process_time() - start < 8  # of minutes


def test_a_tiff_page_with_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    tags = [(t, k, c, 60_000 if t in (256, 257, 278) else v) for t, k, c, v in basic(8)]
    content = b"II*\0" + struct.pack("<I", 72) + bytes(64) + directory(basic(8), 186) + directory(tags, 0)
    pages = open_pages(content)
    next(pages)
    with pytest.raises(ImageError, match=r"page 2 of the image .*(too large|damaged)"):
        next(pages)


def test_more_pages_than_the_cap_need_choosing() -> None:
    content = encoded([Image.new("1", (1, 1))] * (MAX_PAGES + 1), "TIFF")
    with pytest.raises(ImageError, match=rf"{MAX_PAGES + 1} pages.*--pages 1-{MAX_PAGES}"):
        levels(content)
    assert len(levels(content, pages=(2, None))) == MAX_PAGES
    assert open_image(content).pages == MAX_PAGES + 1


@settings(max_examples=150, deadline=None)
@given(data=st.data(), order=st.sampled_from(["<", ">"]))
def test_damaged_tiffs_raise_nothing_but_image_errors(data, order) -> None:
    content = bytearray(encoded([picture(9, (9, 9)), picture(99, (9, 9))], "TIFF"))
    if order == ">":
        content[:4] = b"MM\0*"
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        assert all(page.grey.dtype == np.uint8 for page in open_pages(bytes(content)))


# PDF


def test_pages_of_a_pdf_are_rendered_upright_at_the_size_that_is_wanted() -> None:
    pytest.importorskip("pypdfium2")
    content = pdf([(595, 842), (842, 595)])
    pages = list(open_pages(content, longest=1000))
    assert [page.grey.shape for page in pages] == [(1000, 707), (707, 1000)]
    assert pages[0].size == (1653, 2339)  # at 200 dpi
    assert open_image(content).grey.shape == (2339, 1653)
    for page in pages:
        assert page.grey[10, 10] == 0
        assert page.grey[-10, -10] == 255
        assert page.rgb is None


def test_small_pages_are_not_blown_up() -> None:
    pytest.importorskip("pypdfium2")
    assert open_image(pdf([(72, 36)]), longest=1600).grey.shape == (150, 300)


@pytest.mark.parametrize("side", [10**6, 14_401])
def test_a_page_larger_than_any_paper_is_refused_and_the_others_are_read(side: int) -> None:
    pytest.importorskip("pypdfium2")
    pages = open_pages(pdf([(100, 100), (side, 100)]), longest=500)
    next(pages)
    with pytest.raises(ImageError, match=rf"page 2 of the image is {side:,} x 100 points"):
        next(pages)


def test_a_page_of_too_many_pixels_in_full_is_refused() -> None:
    pytest.importorskip("pypdfium2")
    with pytest.raises(ImageError, match="too large"):
        open_image(pdf([(14_400, 14_400)]))


def test_ten_thousand_pages_need_choosing() -> None:
    pytest.importorskip("pypdfium2")
    content = pdf([(100, 100)] * 10_000)
    with pytest.raises(ImageError, match=r"10,000 pages.*--pages 1-500.*pages=\(1, 500\)"):
        next(open_pages(content, longest=100))
    assert [page.page for page in open_pages(content, longest=100, pages=(9_999, None))] == [9_999, 10_000]


def test_a_pdf_that_claims_more_pages_than_it_has_raises_image_errors_only() -> None:
    pytest.importorskip("pypdfium2")
    with contextlib.suppress(ImageError):
        list(open_pages(pdf([(100, 100)], count=400), longest=100))


def test_a_truncated_pdf_is_told(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    path = tmp_path / "form.pdf"
    for length in (9, 40, 200):
        path.write_bytes(pdf([(100, 100)])[:length])
        with pytest.raises(ImageError, match=r"form\.pdf"):
            open_image(path)


def test_an_encrypted_pdf_is_told() -> None:
    pytest.importorskip("pypdfium2")
    locked = pdf([(100, 100)]).replace(
        b"/Root 1 0 R",
        b"/Root 1 0 R /ID [<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]"
        b" /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>",
    )
    with pytest.raises(ImageError, match="encrypted; save a copy without its password"):
        open_image(locked)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damaged_pdfs_raise_nothing_but_image_errors(data) -> None:
    pytest.importorskip("pypdfium2")
    content = bytearray(pdf([(30, 30), (20, 40)]))
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(5, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        for page in open_pages(bytes(content), longest=60):
            assert page.grey.dtype == np.uint8


def test_pdfs_are_rendered_from_many_threads() -> None:
    pytest.importorskip("pypdfium2")
    content, shapes = pdf([(72, 72)] * 6), []

    def take() -> None:
        for _ in range(5):
            shapes.extend(page.grey.shape for page in open_pages(content, longest=100))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shapes == [(100, 100)] * 120


# HEIC, AVIF, and what is not installed


def test_heic_is_opened_upright() -> None:
    heif = pytest.importorskip("pillow_heif")
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    heif.from_pillow(picture(200, (64, 48))).save(file, exif=exif.tobytes(), quality=95)
    page = open_image(file.getvalue())
    assert page.size in {(64, 48), (48, 64)}
    np.testing.assert_allclose(np.median(page.grey), 200, atol=4)
    for length in (30, 200, len(file.getvalue()) - 200):
        with pytest.raises(ImageError):
            open_image(file.getvalue()[:length])


def test_avif_is_opened() -> None:
    if not features.check("avif"):
        pytest.skip("this Pillow is built without AVIF")
    content = encoded([picture(200)], "AVIF", quality=95)
    np.testing.assert_allclose(open_image(content).grey[-1, -1], 200, atol=4)
    with pytest.raises(ImageError):
        open_image(content[:-100])


@pytest.mark.parametrize(
    ("module", "content", "extra"),
    [
        ("pypdfium2", b"%PDF-1.7", "pdf"),
        ("pillow_heif", b"\0\0\0\x18ftypheic\0\0\0\0", "heic"),
        ("PIL.AvifImagePlugin", b"\0\0\0\x18ftypavif\0\0\0\0", "heic"),
    ],
)
def test_what_is_not_installed_is_named_with_its_install_line(module, content, extra, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    if module == "PIL.AvifImagePlugin":
        monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    (tmp_path / "scan").write_bytes(content)
    with pytest.raises(ImageError, match=rf"scan is .*pip install 'digitlab\[{extra}\]'"):
        open_image(tmp_path / "scan")


# Metadata


def test_odd_metadata_say_nothing_on_standard_error(tmp_path: Path) -> None:
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 9) + b"\x12\x01\x03\0\xff\xff\xff\x7f" * 8
    picture(200).save(tmp_path / "corrupt.jpg", exif=exif)
    picture(200, (9500, 9500)).save(tmp_path / "large.png")  # where Pillow begins to warn of bombs
    (tmp_path / "cut.tif").write_bytes(encoded([picture(9), picture(99)], "TIFF")[:-9])
    odd = encoded([picture(9)], "TIFF").replace(struct.pack("<HHI", 277, 3, 1), struct.pack("<HHI", 277, 3, 9))
    (tmp_path / "odd.tif").write_bytes(odd)
    script = (
        "import sys, contextlib; from digitlab.errors import ImageError; from digitlab.reading import open_pages\n"
        "for name in sys.argv[1:]:\n"
        "    with contextlib.suppress(ImageError): print([page.size for page in open_pages(name)])"
    )
    names = ["corrupt.jpg", "large.png", "cut.tif", "odd.tif"]
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", script, *names], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[:2] == ["[(60, 40)]", "[(9500, 9500)]"]
    assert done.stderr == ""


def test_endless_metadata_are_not_parsed() -> None:
    tags = directory([(t, 7, 3_000_000, 8) for t in range(1000, 5000)], 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + tags + bytes(3_000_000)
    content = encoded([picture(200)], "PNG", exif=exif)
    start = time.process_time()
    assert open_image(content).size == (60, 40)
    assert time.process_time() - start < 8  # of minutes
