"""The tables of what reading is worth: photos, synthetic pages, other systems, speed; `tables.py` fills them in."""

from __future__ import annotations

from typing import Any

from cells import Results, markdown, with_interval
from digitlab.console import percent

SUBSETS = {"all": "all", "clear": "neither hard, tiny nor on lines", "lines": "on lines, in tables"}  # for people


def photos(page: Results) -> str:
    everything, single, none = page["photos"]["all"], page["singles"], page["without_digits"]
    sure = page["calibration"]
    rows = [
        (f"digits right, {everything['images']} photos, {everything['sources']} sources", everything["digits"]),
        *((f"the same, {SUBSETS.get(name, name)}", page["photos"][name]["digits"])
          for name in ("clear", "hard", "lines", "tiny") if name in page["photos"]),
        ("photos exactly right, rows included", everything["exact_rows"]),
        ("pictures of single digits", {"n": single["n"], "share": single["accuracy"], "interval": single["interval"]}),
        ("the same with `--single`", {"n": single["n"], "share": single["told"]["accuracy"], **single["told"]}),
        ("pictures without digits on which one is read", none["digit_read"]),
        ("digits read with confidence of 99 % or more that are right", sure["digits"]["right"]),
        ("lines read with confidence of 99 % or more that are right", sure["lines"]["right"]),
    ]  # fmt: skip
    return markdown(
        ("real photos", "measured (95 % interval)", "of"),
        [(name, with_interval(part), f"{part['n']:,}") for name, part in rows],
    )


def retaken(page: Results) -> str:
    columns = (
        "the same photos", "digits right", "exactly right, rows included", "single digits", "told that (`--single`)",
        "no digit, but read",
    )  # fmt: skip
    rows = [
        (name, percent(way["digits"]["share"], 1), *(f"{way[key]['count']} of {way[key]['n']}"
         for key in ("exact_rows", "singles", "told", "read_without_digits")))
        for name, way in page["ways"].items()
    ]  # fmt: skip
    return markdown(columns, rows)


def strips(page: Results) -> str:
    columns = ("strip, pixels", "digits, pixels high", "digits", "right as one picture", "right in parts", "ms")
    rows = [
        (f"{row['width']:,} x {row['height']:,}", row["tall"], f"{row['parts']['digits']['n']:,}",
         *(percent(row[way]["digits"]["share"], 1) for way in ("whole", "parts")), f"{row['parts']['ms']:,}")
        for row in page["strips"]
    ]  # fmt: skip
    return markdown(columns, rows)


def _photo_row(name: str, part: Results) -> tuple[Any, ...]:
    exact = f"{part['exact_rows']['count']} of {part['images']}"
    return name, part["images"], part["digits"]["n"], with_interval(part["digits"]), exact


def photo_subsets(page: Results) -> str:
    columns = ("photos", "images", "digits", "digits right (95 % interval)", "exactly right, rows included")
    return markdown(columns, [_photo_row(SUBSETS.get(name, name), part) for name, part in page["photos"].items()])


def photo_sources(page: Results) -> str:
    columns = ("source", "images", "digits", "digits right (95 % interval)", "exactly right, rows included")
    rows = [_photo_row(str(number), part) for number, part in enumerate(page["photos_by_source"], 1)]
    mean = page["photos"]["all"]["mean_over_sources"]
    return markdown(columns, rows) + f"\nMean over sources: {percent(mean, 1)} of digits right.\n"


def _page_row(name: str, part: Results) -> tuple[Any, ...]:
    shares = (percent(part[key]["share"], 1) for key in ("precision", "recall"))
    return name, part["pages"], f"{part['digits']:,}", *shares, f"{part['f1']:.3f}", with_interval(part["lines"])


def parter(page: Results) -> str:
    row = (
        "votes for the middle of a digit that fall close to it",
        percent(page["right"]),
        f"{page['held_out']:,} pieces",
    )
    return markdown(("the parter on held-out pieces", "right", "of"), [row]) + _size(page)


def penmap(page: Results) -> str:
    row = "overlap of what is said to be the pen's and what is", percent(page["right"]), f"{page['held_out']:,} crops"
    return markdown(("the map of the pen on held-out crops", "share of the union", "of"), [row]) + _size(page)


def _size(page: Results) -> str:
    return f"\n{page['parameters']:,} parameters, learned from {page['learned']:,}.\n"


def pages(page: Results) -> str:
    columns = ("synthetic pages", "pages", "digits", "precision", "recall", "F1", "lines exactly right")
    rows = [_page_row("all kinds", page["all"]), *(_page_row(*kind) for kind in page["by_kind"].items())]
    rows += [_page_row(f"beside these: {kind}", part) for kind, part in page.get("beside", {}).items()]
    bare = page["without_digits"]["all"]
    n = bare["pages_with_a_digit_read"]["n"]
    told = f"\nOn {n} pages without digits, {bare['digits_read']} are read: {bare['per_20_pages']:.2f} on 20 pages.\n"
    sure = page["calibration"]["digits"]
    return markdown(columns, rows) + told + (
        f"Calibration error of digits: {percent(sure['ece'])}. With confidence of 99 % or more are"
        f" {percent(sure['sure']['coverage'], 1)} of them, and {percent(sure['sure']['right']['share'])} of these are"
        " right.\n"
    )  # fmt: skip


def peers(page: Results) -> str:
    told = []
    sets = {"photos": "photos", "singles": "single digits", "pages": "synthetic pages"}
    for key, name in sets.items():
        if key not in page:
            continue
        rows = [
            (_side(side, page), percent(part["digits"]["share"], 1), percent(part["exact_rows"]["share"], 1),
             f"{part['ms']['median']:.0f}", "–" if side == "digitlab" else f"{part['times_ours']['median']:.1f} x")
            for side, part in page[key].items() if not side.startswith("Tesseract,")
        ]  # fmt: skip
        count = page[key]["digitlab"]["images"]
        columns = (f"{count} {name}", "digits right", "exactly right, with rows", "ms, median", "digitlab is faster by")
        told.append(markdown(columns, rows))
    return "\n".join(told)


def _side(name: str, page: Results) -> str:
    facts = page["sides"].get(name) or page["sides"].get(f"{name}, mode 6", {})
    return f"{name.removesuffix(' 1')} {facts.get('version', '')}".strip()


def reading_speed(page: Results) -> str:
    rows = []
    for name, part in page["pictures"].items():
        whole = page["processes"].get(name)
        process = f"{whole['ms']['median']:.0f}" if whole else "–"
        keeping = max(0.0, part["keep_picture"])  # a difference of medians: below zero it is noise
        times = (part["ms"]["median"], part["ms"]["p95"], part["open"]["median"], part["read"], keeping)
        rows.append((name, *(f"{ms:.0f}" for ms in times), process))
    columns = ("JPEG file", "ms, median", "95 % within", "opening", "reading", "keeping", "whole process")
    folder = page["folder"]
    return markdown(columns, rows) + (
        f"\nA folder of {folder['images']:,} images: {folder['images_per_second']:.1f} images/s on"
        f" {folder['cores']:.1f} cores; peak memory {folder['peak_mb']:,.0f} MB, {folder['mb_per_1000']:+.1f} MB every"
        " 1,000 images.\n"
    )
