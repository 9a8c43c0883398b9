"""Folders are written anywhere, all files or none where the place allows."""

import sys
import types

import pytest

from digitlab import remote
from digitlab.errors import MissingExtraError, OutputError, UsageError


@pytest.fixture
def files():
    """Two files to write."""
    return {"a.txt": b"one", "b.txt": b"two"}


@pytest.mark.parametrize("as_address", [False, True])
def test_a_folder_here_is_made_and_replaced(files, tmp_path, as_address) -> None:
    place = tmp_path / "new" / "place"
    target = remote.Target.at(place.as_uri() if as_address else place)
    assert target.names() == []
    target.write(files, "")
    target.write(files | {"a.txt": b"changed"}, "")
    assert target.names() == ["a.txt", "b.txt"]
    assert (place / "a.txt").read_text() == "changed"
    assert sorted(p.name for p in place.parent.iterdir()) == ["place"]  # nothing beside it is left behind


def test_what_else_is_in_a_folder_stays(files, tmp_path) -> None:
    (tmp_path / "place" / "deep").mkdir(parents=True)
    (tmp_path / "place" / "deep" / "mine").write_text("mine")
    remote.Target.at(tmp_path / "place").write(files, "")
    assert remote.Target.at(tmp_path / "place").names() == ["a.txt", "b.txt", "deep"]
    assert (tmp_path / "place" / "deep" / "mine").read_text() == "mine"


def test_a_file_is_no_folder(tmp_path) -> None:
    (tmp_path / "a.txt").write_text("one")
    with pytest.raises(OutputError, match="is a file; name a folder"):
        remote.Target.at(tmp_path / "a.txt").names()


def test_a_folder_at_an_address_is_written(files, memory) -> None:
    target = remote.Target.at("memory://place/deep")
    assert target.names() == []
    target.write(files, "")
    assert target.names() == ["a.txt", "b.txt"]
    assert memory.cat("/place/deep/b.txt") == b"two"


def test_what_fails_half_way_is_taken_back(files, memory, monkeypatch) -> None:
    memory.pipe("/place/a.txt", b"before")
    target = remote.Target.at("memory://place")
    whole = type(memory).pipe_file

    def failing(self, path, content, **options):
        if path.endswith("c.txt"):
            raise PermissionError("signature=secret")
        return whole(self, path, content, **options)

    monkeypatch.setattr(type(memory), "pipe_file", failing)
    with pytest.raises(OutputError, match="no permission for memory://place") as caught:
        target.write(files | {"c.txt": b"three"}, "")
    assert "secret" not in str(caught.value)
    assert target.names() == ["a.txt"]  # b.txt is gone again


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("https://user:secret@host/x", "nothing can be written to https://host/x"),
        ("hf://name", "no repository of a model"),
        ("hf://datasets/user/name", "no repository of a model"),
    ],
)
def test_where_nothing_can_be_written_is_told(where, message) -> None:
    with pytest.raises(UsageError, match=message):
        remote.Target.at(where)


class Api:
    """Stands in for huggingface_hub.HfApi: keeps repositories in memory."""

    refused = False

    def __init__(self, token=None):
        Api.token = token

    def list_repo_files(self, name):
        if name not in self.repositories:
            raise RepositoryNotFoundError
        return [".gitattributes", *self.repositories[name]]

    def create_repo(self, name, exist_ok):
        if self.refused:
            error = RuntimeError("https://huggingface.co/?token=secret")
            error.response = types.SimpleNamespace(status_code=401)
            raise error
        assert exist_ok
        self.repositories.setdefault(name, {})

    def create_commit(self, name, operations, commit_message):
        self.repositories[name] |= {o.path_in_repo: o.path_or_fileobj for o in operations}
        self.commits.append(commit_message)


class RepositoryNotFoundError(Exception):
    pass


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(Api, "repositories", {}, raising=False)
    monkeypatch.setattr(Api, "commits", [], raising=False)
    monkeypatch.setitem(
        sys.modules, "huggingface_hub", types.SimpleNamespace(HfApi=Api, CommitOperationAdd=types.SimpleNamespace)
    )
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    return Api


def test_a_repository_is_made_and_written_in_one_commit(files, hub) -> None:
    target = remote.Target.at("hf://user/name")
    assert target.names() == []
    target.write(files, "a message")
    assert target.names() == ["a.txt", "b.txt"]
    assert hub.commits == ["a message"]
    assert hub.token == "hf_secret"


def test_a_folder_in_a_repository_is_written(files, hub) -> None:
    remote.Target.at("hf://user/name").write(files, "")
    target = remote.Target.at("hf://user/name/deep/er")
    assert target.names() == []
    target.write(files, "")
    assert target.names() == ["a.txt", "b.txt"]


def test_a_token_that_is_refused_is_told_without_it(files, hub, monkeypatch) -> None:
    monkeypatch.setattr(hub, "refused", True)
    with pytest.raises(
        OutputError, match="no permission for hf://user/name; set HF_TOKEN in the environment"
    ) as caught:
        remote.Target.at("hf://user/name").write(files, "")
    assert "secret" not in str(caught.value)


def test_without_its_package_the_line_that_installs_it_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'digitlab\[hf\]'"):
        remote.Target.at("hf://user/name")
