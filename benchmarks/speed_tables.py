"""The tables of what reading costs: many images and one, stages of a picture, growth; `tables.py` fills them in."""

from __future__ import annotations

from typing import Any

from cells import Results, markdown
from digitlab.console import percent

SIDES = {"onnxruntime": "ONNX Runtime, bare", "torch": "torch, eager", "keras": "Keras `predict`, its example"}
NAMES = {"images": "images recognised", "pixels": "pixels of a photo", "digits": "digits on a page",
         "training": "images in an epoch of `lenet50`"}  # fmt: skip
STAGES = {"open": "open", "find": "find ink", "frame": "frame", "judge": "judge", "choose": "choose",
          "label": "label", "keep": "keep", "draw": "draw", "rest": "rest"}  # fmt: skip


def _times(part: Results) -> str:
    return f"{part['median']:.2f} x ({part['least']:.2f} to {part['greatest']:.2f})"


def _cores(count: str) -> str:
    return f"{count} core{'' if count == '1' else 's'}"


def recognition(page: Results) -> str:
    rows: list[tuple[Any, ...]] = []
    for count, part in page["cores"].items():
        for model, row in part["models"].items():
            rate = row["images_per_second"]
            spread = f"{rate['median']:,.0f} ({rate['least']:,.0f} to {rate['greatest']:,.0f})"
            rows.append((f"`{model}`, digitlab", _cores(count), spread, "", percent(row["share_of_matmul"], 0)))
            rows += [
                (f"{name}" + ("" if side == "keras" else f", `{model}`"), _cores(count),
                 f"{row[side]['images_per_second']['median']:,.0f}", _times(row[side]["times"]), "")
                for side, name in SIDES.items() if side in row
            ]  # fmt: skip
    rows += [(f"`{name}`", "", "not yet trained", "", "") for name in page["not_trained"]]
    columns = ("recognition, 28 x 28", "on", "images/s, median", "digitlab is faster by", "share of matmul's peak")
    told = markdown(columns, rows, left=2)
    for name, known in page["models"].items():
        accuracy = "not measured" if known["accuracy"] is None else percent(known["accuracy"])
        told += f"\n`{name}`: {known['parameters']:,} parameters, {known['multiplications'] / 1e6:.1f} million"
        told += f" multiply-adds an image, {accuracy} on MNIST's test images."
    if keras := page["keras"]:
        tried = page["cores"][max(page["cores"], key=int)]["sides"]["keras"]["tried"]
        told += f"\nKeras's example: {keras['parameters']:,} parameters, {percent(keras['accuracy'])} after"
        told += f" {keras['epochs']} epochs; in batches of {min(tried, key=int)}, its default, it recognised"
        told += f" {tried[min(tried, key=int)]:,} a second."
    peaks = (f"{part['matmul_gflops']['median']:.0f} on {_cores(count)}" for count, part in page["cores"].items())
    busy = max(part["others"] for part in page["cores"].values())
    told += (
        f"\nMatmul's peak, float32, GFLOP/s: {', '.join(peaks)}. {page['rounds']} rounds of {page['images']:,} images;"
    )
    return told + f" other processes had up to {percent(busy, 0)} of the processor meanwhile.\n"


def latency(page: Results) -> str:
    part = page["cores"][max(page["cores"], key=int)]
    rows = []
    for model, row in part["models"].items():
        sides = {f"`{model}`, digitlab": row["us"]}
        for side, name in SIDES.items():
            if side in row:
                sides[name + ("" if side == "keras" else f", `{model}`")] = row[side]["us"]
        rows += [(name, f"{us['median']:,.0f}", f"{us['p99']:,.0f}") for name, us in sides.items()]
    return markdown(("one image, warm", "microseconds, median", "99 % within"), rows)


def stages(page: Results) -> str:
    rows = []
    for name, part in page["pictures"].items():
        shown = (f"{part['stages'][stage]:.0f}" for stage in STAGES)
        rows.append((f"{name}, {part['digits']} read", f"{part['ms']['median']:.0f}", *shown))
    return markdown(("milliseconds, median", "read", *STAGES.values()), rows)


def _each(microseconds: float) -> str:
    """Return three digits, however large or small the number is."""
    return f"{microseconds:,.0f}" if microseconds >= 100 else f"{microseconds:.3g}"


def growth(page: Results) -> str:
    told = []
    for kind, name in NAMES.items():
        rows = []
        for row in page[kind]["rows"]:
            ms = row["ms"]["median"]
            rows.append((f"{row['count']:,}", f"{ms:,.1f}", _each(1000 * ms / row["count"])))
        table = markdown((name, "ms, median", "microseconds each"), rows, left=0)
        told.append(table + f"\nExponent: {page[kind]['exponent']:.2f}.\n")
    memory = page["memory"]
    told.append(
        f"Memory over {memory['images']:,} images, a thousand a call: peak {memory['peak_mb']:,.0f} MB,"
        f" {memory['mb_per_1000']:+.3f} MB every 1,000 images.\n"
    )
    return "\n".join(told)
