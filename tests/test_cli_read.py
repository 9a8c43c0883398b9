"""`digitlab read`: any input a person has, in any form, drawn, and one sentence for each that fails."""

import contextlib
import csv
import functools
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitlab import cli_inputs
from digitlab.cli_read import page_range
from digitlab.data import strokes
from digitlab.errors import UsageError
from digitlab.reading import reader
from digitlab.readings import Digit, Line


def picture(level: int) -> Image.Image:
    return Image.new("L", (60, 40), level)


@pytest.fixture
def run(run, monkeypatch, tmp_path):
    """Run `digitlab read` in `tmp_path`, where an image's grey level is what is read in it, 0.9 sure a digit."""

    def read_page(opened, recognizer, single=False, judge=None):
        text = str(int(opened.grey[0, 0])) if opened.grey[0, 0] < 255 else ""
        digits = tuple(Digit(int(c), 0.9, (9 * i, 9, 9 * i + 8, 20), ((1, 0.06),)) for i, c in enumerate(text))
        return (Line(digits),) if digits else ()

    monkeypatch.setattr(reader, "read_page", read_page)
    monkeypatch.setattr(reader, "_model", lambda model: None)
    monkeypatch.chdir(tmp_path)
    return functools.partial(run, "read")


@pytest.fixture
def place(tmp_path):
    """A folder `in` with images, hidden files, other files, and folders inside it; a document of three pages."""
    folder = tmp_path / "in"
    (folder / "deep" / "deeper").mkdir(parents=True)
    for name, level in {"b.png": 2, "a.jpg": 1, "deep/c.png": 3, "deep/deeper/d.png": 4, ".e.png": 5}.items():
        picture(level).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    picture(10).save(folder.parent / "form.tif", save_all=True, append_images=[picture(20), picture(30)])
    return folder


def texts(out: str) -> list[str]:
    return [entry["text"] for entry in json.loads(out)]


# What is read


def test_folders_are_read_in_order_and_deeper_when_asked(place, run) -> None:
    assert run("in") == (0, f"in/a.jpg: 1 (90.0 %)\n{'in/b.png'}: 2 (90.0 %)\n", "")
    code, out, _ = run("in", "--recursive", "--json")
    assert (code, texts(out)) == (0, ["1", "2", "3", "4"])


def test_patterns_are_expanded_when_no_shell_did(place, run) -> None:
    assert texts(run("in/*.png", "--json")[1]) == ["2"]
    assert texts(run("in/**/*.png", "--json")[1]) == ["2", "3", "4"]
    picture(7).save(place / "x[1].png")
    assert texts(run("in/x[1].png", "--json")[1]) == ["7"]  # a file's own name comes first
    code, out, err = run("none/*.png", "in/b.png")
    assert (code, out) == (2, "in/b.png: 2 (90.0 %)\n")
    assert "nothing matches none/*.png" in err


def test_every_page_of_a_document_is_read_and_named(place, run) -> None:
    assert run("form.tif")[1] == "".join(f"form.tif, page {n}: {n}0 (81.0 %)\n" for n in (1, 2, 3))
    pages = json.loads(run("form.tif", "--json", "--pages", "2-")[1])
    assert [(page["page"], page["pages"], page["text"]) for page in pages] == [(2, 3, "20"), (3, 3, "30")]


def test_a_file_that_fails_is_told_in_a_line_and_the_others_are_read(place, run) -> None:
    (place / "c.png").write_text("no picture")
    for form in ("--json", "--jsonl", "--csv"):
        code, out, err = run("in", "missing.png", "form.tif", form)
        assert code == 2
        assert [line.split(": ")[0] for line in err.splitlines()] == ["digitlab", "digitlab"]
        assert "c.png is not an image" in err
        assert "missing.png" in err
        assert "30" in out or "3,0" in out.replace("\n", "")


def test_a_folder_without_images_does_not_stop_the_others(place, run) -> None:
    (place / "empty").mkdir()
    code, out, err = run("in/empty", "in/b.png")
    assert (code, out) == (2, "in/b.png: 2 (90.0 %)\n")
    assert "holds no images" in err


def test_page_ranges() -> None:
    assert [page_range(text) for text in ("3", "3-7", "3-")] == [(3, 3), (3, 7), (3, None)]
    for text in ("", "0", "-3", "7-3", "a", "1-b", "1-2-3", "³"):
        with pytest.raises(UsageError, match="--pages"):
            page_range(text)


# How it is printed


def test_json_is_the_documented_list(place, run) -> None:
    code, out, _ = run("in/a.jpg", "in/b.png", "--json")
    entries = json.loads(out)
    assert code == 0
    assert out == json.dumps(entries, indent=2) + "\n"
    assert list(entries[0]) == ["file", "page", "pages", "size", "text", "lines"]
    assert list(entries[0]["lines"][0]) == ["text", "confidence", "expected", "box", "digits"]
    assert list(entries[0]["lines"][0]["digits"][0]) == ["label", "confidence", "box", "alternatives"]


def test_json_lines_are_the_same_entries_one_a_line(place, run) -> None:
    entries = json.loads(run("in", "--json")[1])
    assert [json.loads(line) for line in run("in", "--jsonl")[1].splitlines()] == entries


def test_where_nothing_can_be_read_the_output_is_whole_all_the_same(run) -> None:
    assert run("missing.png", "--json")[:2] == (2, "[]\n")
    assert run("missing.png", "--jsonl")[:2] == (2, "")
    assert run("missing.png", "--csv")[1].startswith("file,line,position,label,")


def test_csv_has_a_row_a_digit(place, run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("form.tif", "--csv")[1])))
    assert [(row["label"], row["page"], row["position"]) for row in rows][:3] == [
        ("1", "1", "1"), ("0", "1", "2"), ("2", "2", "1"),
    ]  # fmt: skip
    assert {row["line_confidence"] for row in rows} == {"0.81"}


def test_an_image_without_digits_says_so(run, tmp_path) -> None:
    picture(255).save(tmp_path / "blank.png")
    assert run("blank.png")[:2] == (0, "blank.png: no digit\n")
    assert texts(run("blank.png", "--json")[1]) == [""]


def test_names_that_are_no_text_are_printed_all_the_same(run, tmp_path) -> None:
    name = os.fsdecode(b"\xff.png")
    try:
        picture(7).save(tmp_path / name)
    except OSError:
        pytest.skip("this disk takes no such name")
    assert run(".")[1].endswith(": 7 (90.0 %)\n")
    assert json.loads(run(".", "--jsonl")[1])["text"] == "7"


def test_expected_forms_are_met_and_told(place, run) -> None:
    code, out, _ = run("form.tif", "in/a.jpg", "--expect", "[13]0")
    told = [line.split(": ")[1] for line in out.splitlines()]
    assert code == 0
    assert told == [
        "10 (81.0 %, as expected)", "10 (5.4 %, changed to what is expected)",
        "30 (81.0 %, as expected)", "1 (90.0 %, not as expected)",
    ]  # fmt: skip
    assert json.loads(run("in/a.jpg", "--expect", "1", "--json")[1])[0]["lines"][0]["expected"] == "as read"


def test_what_is_less_sure_is_left_out(place, run) -> None:
    assert run("in/a.jpg", "--min-confidence", "0.95")[1] == "in/a.jpg: no digit\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--json", "--jsonl"], "choose one"),
        (["--expect", "ab"], "no digit"),
        (["--expect", ""], "empty"),
        (["--min-confidence", "1.5"], "0 to 1"),
        (["--pages", "x"], "--pages"),
        (["--draw", "out.png", "form.tif"], "2 images do not go into one file"),
        (["--draw", "in/b.png"], "would overwrite"),
        (["--draw", "out.gif"], "no format of drawings"),
    ],
)
def test_options_that_make_no_sense_are_told_before_anything_is_read(words, message, place, run) -> None:
    before = (place / "b.png").read_bytes()
    code, out, err = run("in/b.png", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert (place / "b.png").read_bytes() == before


# Drawings


def test_one_image_is_drawn_to_a_file_in_its_format(place, run, tmp_path) -> None:
    for name, kind in {"out.png": "PNG", "new/out.JPG": "JPEG", "out.webp": "WEBP", "out.tif": "TIFF"}.items():
        assert run("in/b.png", "--draw", name)[0] == 0
        assert Image.open(tmp_path / name).format == kind
        assert Image.open(tmp_path / name).size >= (60, 40)


def test_several_are_drawn_into_a_folder_under_their_names_and_pages(place, run, tmp_path) -> None:
    picture(9).save(place / "deep" / "b.png")
    assert run("in", "form.tif", "--recursive", "--draw", "out")[0] == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "a.jpg", "b-2.jpg", "b.jpg", "c.jpg", "d.jpg", "form-page-1.jpg", "form-page-2.jpg", "form-page-3.jpg",
    ]  # fmt: skip


def test_drawing_never_overwrites_what_is_read(place, run) -> None:
    before = (place / "a.jpg").read_bytes()
    assert run("in", "--draw", "in")[0] == 0
    assert (place / "a.jpg").read_bytes() == before
    assert (place / "a-2.jpg").exists()


def test_a_document_does_not_go_into_one_file(place, run, tmp_path) -> None:
    code, _, err = run("form.tif", "--draw", "out.png")
    assert code == 2
    assert "--draw out/" in err
    assert not (tmp_path / "out.png").exists()


def test_a_drawing_that_cannot_be_written_is_told(place, run, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, _, err = run("in/b.png", "--draw", "file/out.png")
    assert code == 2
    assert "cannot write" in err
    assert err.count("\n") == 1


# As a process of its own

SEVEN = 255 - np.pad(strokes.draw(7, np.random.default_rng(7), height=120), 40)


def whole(*words, **options):
    return subprocess.run([sys.executable, "-m", "digitlab", "read", *map(str, words)], capture_output=True, **options)


def test_a_full_disk_is_told_in_a_sentence(tmp_path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no full device")
    Image.fromarray(SEVEN).save(tmp_path / "7.png")
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "digitlab", "read", "7.png", "--single"]
        done = subprocess.run(words, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot write to standard output: no space left" in done.stderr


def test_standard_input_may_be_any_of_the_images(tmp_path) -> None:
    Image.fromarray(SEVEN).save(tmp_path / "7.png")
    content = (tmp_path / "7.png").read_bytes()
    done = whole("7.png", "-", "--jsonl", "--single", cwd=tmp_path, input=content)
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(entry["file"], entry["text"]) for entry in entries] == [("7.png", "7"), ("-", "7")]
    done = whole("-", "--single", cwd=tmp_path, input=b"")
    assert done.returncode == 2
    assert b"empty" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals differ there")
def test_ctrl_c_keeps_what_was_printed_and_exits_130(tmp_path) -> None:
    Image.fromarray(SEVEN).save(tmp_path / "7.png")
    os.mkfifo(tmp_path / "waits")
    script = (
        "import signal, sys, threading, os; from digitlab import cli_inputs, command\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "cli_inputs.StandardInput.read = lambda self, size: open('waits', 'rb').read(size)\n"  # for ever
        "sys.argv = ['digitlab', 'read', *['7.png'] * 20, '-', '--json', '--single']; command.run()"
    )
    with open(tmp_path / "out", "w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", script], cwd=tmp_path, stdout=out, stderr=subprocess.PIPE, text=True
        )
        for _ in range(600):
            if (tmp_path / "out").stat().st_size:  # reading has begun
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err == "stopped; what was printed is right, the rest was not read\n"
    entries = json.loads((tmp_path / "out").read_text())
    assert 1 <= len(entries) <= 20
    assert all(entry["text"] == "7" for entry in entries)


def test_hidden_files_and_links_are_not_followed(place) -> None:
    (place / "deep" / "loop").symlink_to(place)
    found = list(cli_inputs.inputs([str(place)], True, lambda error: None))
    assert [Path(str(name)).name for name in found] == ["a.jpg", "b.png", "c.png", "d.png"]


@pytest.mark.skipif(os.name == "nt", reason="pseudo terminals differ there")
def test_many_images_show_a_progress_bar_on_a_terminal_and_nowhere_else(tmp_path) -> None:
    Image.fromarray(SEVEN).save(tmp_path / "7.png")
    words = [sys.executable, "-m", "digitlab", "read", *["7.png"] * 5, "--jsonl", "--single"]
    terminal, end = os.openpty()
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=end) as process:
        os.close(end)
        shown = b""
        with contextlib.suppress(OSError):  # Linux reports the other end's closing as an error
            while part := os.read(terminal, 65536):
                shown += part
        out = process.stdout.read()
    os.close(terminal)
    assert b"5/5" in shown
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["7"] * 5
    quiet = subprocess.run(words, cwd=tmp_path, capture_output=True)
    assert quiet.stderr == b""
    assert quiet.stdout == out
