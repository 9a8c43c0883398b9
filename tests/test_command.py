"""The installed command: plain words mean what the parser makes of them, and the quick end loses nothing."""

import gc
import os
import subprocess
import sys

import pytest
import typer

from digitlab import cli, cli_read, cli_wishes
from digitlab.cli_wishes import Wishes, plain_wishes

PLAIN = [
    "7.png",
    "7.png 8.png -",
    "7.png --json",
    "--jsonl 7.png",
    "7.png --csv --csv",
    "-r folder --model tiny",
    "-m tiny -m default 7.png --recursive",
    "7.png --single --draw out --min-confidence 0.5",
    "7.png --min-confidence 1e-2 --expect \\d{4} --pages 3-",
    "7.png --draw folder/ --draw 7-drawn.png",
]
NOT_PLAIN = [
    "",
    "--json",
    "--help",
    "7.png --help",
    "7.png --json --csv",
    "7.png --modle tiny",
    "7.png --model=tiny",
    "7.png -mtiny",
    "7.png -rm tiny",
    "7.png --model",
    "7.png --expect -3",
    "7.png --min-confidence much",
    "-- -7.png",
    "7.png --no-json",
]


@pytest.fixture
def parsed(monkeypatch):
    """What the command line's parser makes of words after `read`."""

    def parse(words: list[str]) -> Wishes:
        taken = []
        monkeypatch.setattr(cli_read, "read_images", lambda wishes: taken.append(wishes) or 0)
        monkeypatch.setattr(sys, "argv", ["digitlab", "read", *words])
        with pytest.raises(SystemExit):
            cli.main()
        return taken[0]

    return parse


@pytest.mark.parametrize("line", PLAIN)
def test_plain_words_mean_what_the_parser_makes_of_them(parsed, line: str) -> None:
    assert plain_wishes(line.split()) == parsed(line.split())


@pytest.mark.parametrize("line", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_the_parser(line: str) -> None:
    assert plain_wishes(line.split()) is None


def test_each_option_of_the_parser_is_known_to_plain_words() -> None:
    options = [param for param in typer.main.get_command(cli.app).commands["read"].params if param.name != "images"]
    flags = {name for option in options if option.is_flag for name in option.opts}
    values = {name for option in options if not option.is_flag for name in option.opts}
    assert (flags - {"--help"}, values) == (set(cli_wishes._FLAGS), set(cli_wishes._VALUES))


@pytest.mark.parametrize("words", [["nowhere.png"], ["7.png", "--model", "nowhere"], ["7.png", "--pages", "x"]])
def test_errors_are_told_alike_by_both_roads(run, capsys, monkeypatch, words: list[str]) -> None:
    code, out, err = run("read", *words)
    monkeypatch.setattr(sys, "argv", ["digitlab", "read", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert (end.value.code, *capsys.readouterr()) == (code, out, err)
    assert code == 2
    assert err.startswith("digitlab: ")


def test_garbage_is_collected_again_once_everything_is_imported(run) -> None:
    with cli_wishes.starting():
        assert not gc.isenabled()
    assert gc.isenabled()
    run("read", "nowhere.png")
    assert gc.isenabled()


def test_a_reader_of_the_output_who_goes_away_ends_the_reading_in_silence(tmp_path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "digitlab", "read", "nowhere", "--json"]
    with open(writing, "w") as gone:
        done = subprocess.run(words, cwd=tmp_path, stdout=gone, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_all_output_is_out_when_the_process_ends_at_once(tmp_path) -> None:
    script = (
        "import sys; from digitlab import cli_read, command\n"
        "cli_read.read_images = lambda wishes: print('read', end='') or print('told', end='', file=sys.stderr) or 2\n"
        "sys.argv = ['digitlab', 'read', '7.png']; command.run()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (2, "read", "told")


def test_other_verbs_end_as_python_does() -> None:
    script = (
        "import atexit, sys; from digitlab import command\n"
        "atexit.register(print, 'good-bye')\n"
        "sys.argv = ['digitlab', {verb!r}, '--help']; command.run()"
    )
    for verb, said in (("models", True), ("read", False)):
        done = subprocess.run([sys.executable, "-c", script.format(verb=verb)], capture_output=True, text=True)
        assert done.returncode == 0
        assert ("good-bye" in done.stdout) == said
