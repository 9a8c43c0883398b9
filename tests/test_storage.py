"""Files are there whole or not at all."""

import errno
import os

import pytest

from digitlab import storage
from digitlab.errors import OutputError


def test_a_file_is_replaced_only_when_the_new_one_is_whole(tmp_path) -> None:
    path = tmp_path / "deep" / "file.txt"
    storage.write_text(path, "old")

    def interrupted() -> None:
        with storage.atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert path.read_text() == "old"
    storage.write_json(path, {"new": 1})
    assert path.read_text() == '{\n  "new": 1\n}\n'
    assert [file.name for file in path.parent.iterdir()] == ["file.txt"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"cannot write .*file\.bin: no space left on device; free space"):
        storage.write_bytes(tmp_path / "file.bin", b"x")
    assert list(tmp_path.iterdir()) == []


def test_files_have_ordinary_permissions(tmp_path) -> None:
    storage.write_bytes(tmp_path / "file", b"x")
    (tmp_path / "usual").write_bytes(b"x")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_file_where_a_folder_should_be_is_told(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write"):
        storage.make_folder(tmp_path / "file" / "folder")


def test_a_folder_is_replaced_only_when_the_new_one_is_whole(tmp_path) -> None:
    with storage.atomic_folder(tmp_path / "place") as folder:
        (folder / "a").write_text("old")

    def interrupted() -> None:
        with storage.atomic_folder(tmp_path / "place", replace=True) as folder:
            (folder / "a").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert (tmp_path / "place" / "a").read_text() == "old"
    with pytest.raises(OutputError, match="not an empty folder"), storage.atomic_folder(tmp_path / "place"):
        pass
    with storage.atomic_folder(tmp_path / "place", replace=True) as folder:
        (folder / "b").write_text("new")
    assert [file.name for file in (tmp_path / "place").iterdir()] == ["b"]
    assert [file.name for file in tmp_path.iterdir()] == ["place"]


def test_what_is_not_moved_out_of_a_temporary_folder_is_removed(tmp_path) -> None:
    with storage.temporary_folder(tmp_path / "deep") as folder:
        (folder / "kept").write_text("x")
        (folder / "left").write_text("x")
        os.replace(folder / "kept", tmp_path / "deep" / "kept")
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["kept"]
