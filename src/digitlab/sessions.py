"""Sessions of ONNX Runtime, all opened alike."""

from __future__ import annotations

import os
from typing import Any


def open_session(content: bytes, threads: int = 1, any_size: bool = False) -> Any:
    """Return a session of a file's bytes, which works in the thread that calls it, or in so many.

    What is shown to it may be of `any_size`: then it plans no memory ahead, which would be kept for each size anew.
    What it has used it keeps, since memory that is touched for the first time is slow. Raises what ONNX Runtime raises.
    """
    # It would send what it runs to its maker, unless the user's environment says otherwise; and takes time for it.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # a tenth of a second to import

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads  # with 1, threads take whole batches: less waiting, and no pool to start
    options.enable_mem_pattern = not any_size
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
