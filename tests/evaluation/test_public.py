"""The evaluation stop is cheap to enter: what is heavy is imported when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import digitlab.evaluation


def test_importing_it_brings_no_heavy_library() -> None:
    heavy = "{'torch', 'sklearn', 'scipy', 'matplotlib', 'jinja2', 'PIL', 'cv2'}"
    code = f"import sys, digitlab.evaluation; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_every_public_name_is_there_and_no_other() -> None:
    for name in digitlab.evaluation.__all__:
        assert callable(getattr(digitlab.evaluation, name)), f"{name} is hidden by a module of that name"
    with pytest.raises(AttributeError, match="no attribute 'write_reports'"):
        digitlab.evaluation.write_reports  # noqa: B018
