"""The one place that picks a device and a precision, and tells the machine how it will be used."""

from __future__ import annotations

import ctypes
import platform
import sys

import torch

from digitlab.errors import UsageError


def pick_device(wanted: str = "auto") -> torch.device:
    """Return the device for "auto", "cpu" or "cuda". Raises UsageError where it does not exist."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device {wanted!r} is not known; use auto, cpu or cuda")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device is to be found; use --device cpu, or auto")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def fast_bfloat16(device: torch.device) -> bool:
    """Tell whether matrix work in bfloat16 is faster than in float32 there."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    # torch knows, but under a private name; without it, float32 is always right.
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported and supported())


def describe_hardware(device: torch.device) -> str:
    """Return the processor or graphics card in words, with the threads used."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass  # not Linux: the plain name will do
    return f"{model}, {torch.get_num_threads()} threads"


def keep_memory() -> None:
    """Ask the C library to keep freed memory for the next step instead of giving it back to the system.

    Each training step takes and frees the same few megabytes; fresh pages cost more than the arithmetic on them,
    on virtual machines above all. Does nothing where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # names of mallopt(3)
    mallopt(mmap_threshold, 32 * 2**20)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 64 * 2**20)
