"""What the scripts share that train the networks by which digits are found: parter.py and penmap.py."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import record
from digitlab import data, storage
from digitlab.errors import UsageError
from digitlab.networks.unet import UNet, to_onnx
from digitlab.training.cycle import Epoch
from digitlab.training.device import describe_hardware, keep_memory

LIBRARIES = ("torch", "numpy", "onnx", "onnxruntime")
Generate = Callable[..., Any]  # (pages, seed, bank, workers, listen) -> examples
Train = Callable[..., UNet]  # (examples, held out, epochs, seed, listen) -> network
Judge = Callable[..., tuple[float, float]]  # (network, held out) -> loss, share that is right


def parser(story: str | None, file: Path, pages: int, held_out: int, epochs: int) -> argparse.ArgumentParser:
    """Return the options of such a script."""
    options = record.parser(story)
    options.add_argument("--pages", type=int, default=pages)
    options.add_argument("--held-out", type=int, default=held_out, help="pages to judge it by")
    options.add_argument("--epochs", type=int, default=epochs)
    options.add_argument("--seed", type=int, default=0, help="of weights, order and variety")
    options.add_argument("--out", type=Path, default=file, help="where the network goes, its card beside it")
    return options


def make(
    asked: argparse.Namespace, seeds: tuple[int, int], generate: Generate, train: Train, judge: Judge
) -> tuple[UNet, dict[str, str], dict[str, float | int]]:
    """Make examples and train; return the network, how it was made, and its figures.

    Args:
        asked: options of `parser`.
        seeds: of the first page, and of the first that is held out.
        generate, train, judge: see above.
    """
    if min(asked.pages, asked.held_out, asked.epochs) < 1:
        raise UsageError("pages, held-out pages and epochs must be 1 or more")
    keep_memory()
    splits, workers = data.load("mnist"), os.cpu_count() or 1
    start = time.monotonic()
    examples = generate(asked.pages, seeds[0], splits.train, workers, _progress("to learn from", asked.pages))
    held_out = generate(asked.held_out, seeds[1], splits.validation, workers, _progress("held out", asked.held_out))
    made = time.monotonic()
    print(f"{len(examples):,} to learn from, {len(held_out):,} held out", flush=True)
    network = train(examples, held_out, asked.epochs, asked.seed, _show)
    figures = {
        "right": round(judge(network, held_out)[1], 5),
        "held_out": len(held_out),
        "learned": len(examples),
        "parameters": sum(weight.numel() for weight in network.parameters()),
    }
    facts = {
        "command": record.command(sys.argv),
        "learned from": f"{len(examples):,}, of {asked.pages:,} synthetic pages, seeds from {seeds[0]:,}",
        "held out": f"{len(held_out):,}, of {asked.held_out:,} pages, seeds from {seeds[1]:,}",
        "digits": f"of MNIST, {splits.train.digest[:16]}… to learn from, {splits.validation.digest[:16]}… held out",
        "seed": str(asked.seed),
        "epochs": str(asked.epochs),
        "seconds": f"{made - start:.0f} for the pages, {time.monotonic() - made:.0f} for the training",
        "hardware": describe_hardware(torch.device("cpu")),
        "versions": ", ".join(f"{name} {version}" for name, version in record.versions(LIBRARIES).items()),
    }
    return network, facts, figures


def ship(
    asked: argparse.Namespace,
    network: UNet,
    facts: dict[str, str],
    figures: dict[str, float | int],
    card: str,
    height: int | None = None,
    halved: bool = False,
) -> None:
    """Write the network, its card and its results.

    Args:
        asked: options of `parser`.
        network, facts, figures: as `make` gives them.
        card: the page that ships beside it, all but how it was made, which takes the place of `{made}`.
        height: of what it sees, if all has the same.
        halved: whether the file leaves what is said at half of the rows and columns.
    """
    content = to_onnx(network, {"digitlab": json.dumps(facts | {"figures": figures})}, height, halved)
    storage.make_folder(asked.out.parent)
    storage.write_bytes(asked.out, content)
    made = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    storage.write_text(asked.out.with_suffix(".md"), card.replace("{made}", made))
    sha256 = hashlib.sha256(content).hexdigest()
    print(record.write(asked.out.stem, figures | {"sha256": sha256}, libraries=LIBRARIES, results=asked.results))


def _show(epoch: Epoch) -> None:
    print(f"epoch {epoch.number:3d}   loss {epoch.loss:.4f}"
          f"   held out: loss {epoch.held_out_loss:.4f}   right {epoch.right:.2%}", flush=True)  # fmt: skip


def _progress(what: str, pages: int) -> Callable[[int], None]:
    """Return what tells of every thousandth page."""
    return lambda made: print(f"{what}: {made:,} of {pages:,} pages", flush=True) if made % 1000 == 0 else None
