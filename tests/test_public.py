"""The public names, and what the documents say about them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import digitlab

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", digitlab.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    if name in ("Evaluation", "Run", "compare", "evaluate", "resume", "train"):
        pytest.importorskip("torch")
    assert getattr(digitlab, name).__doc__
    assert name in dir(digitlab)


def test_unknown_names_are_told() -> None:
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        _ = digitlab.reed  # type: ignore[attr-defined]


def test_importing_digitlab_imports_nothing_heavy() -> None:
    script = "import sys, digitlab; print('numpy' in sys.modules, 'cv2' in sys.modules, 'torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).split() == ["False"] * 3


def test_without_the_extra_training_says_how_to_install_it() -> None:
    script = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['digitlab', 'train', 'conv3']\n"
        "from digitlab.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'digitlab[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_readme_reads_the_digit_that_it_shows() -> None:
    readme = (ROOT / "README.md").read_text()
    command = re.search(r"pip install \. && digitlab (read .*)", readme)
    assert command
    words = [sys.executable, "-m", "digitlab", *command[1].split()]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert ": 7 (" in done.stdout


def test_the_readmes_python_works(monkeypatch, tmp_path) -> None:
    import numpy as np

    readme = (ROOT / "README.md").read_text()
    block = re.search(r"^    import digitlab\n(?:    .*\n|\n)*", readme, re.MULTILINE)
    assert block
    code = "\n".join(line[4:] for line in block[0].splitlines())
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"images": np.zeros((2, 28, 28), np.uint8)}
    exec(code, names)
    assert names["page"].text.split() == ["20461", "73958", "1904", "68235", "50717"]
    assert (tmp_path / "drawn.png").exists()
    assert names["recognizer"].is_digit(names["images"]).shape == (2,)
    assert names["reading"].text == "7"
    assert names["digit"].label == 7


def test_every_verb_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    used = set(re.findall(r"^    (?:.*&& )?digitlab (\w+)", readme, re.MULTILINE))
    helped = subprocess.check_output([sys.executable, "-m", "digitlab", "--help"], text=True)
    assert used
    assert all(re.search(rf"\b{verb}\b", helped) for verb in used)
