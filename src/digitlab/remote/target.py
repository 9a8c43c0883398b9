"""Folders that are written: on this machine, at an address, or a repository at Hugging Face."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from digitlab import storage
from digitlab.errors import MissingExtraError, OutputError, UsageError
from digitlab.remote import filesystem as filesystems
from digitlab.remote.address import WEB, Address, is_url
from digitlab.remote.filesystem import trouble

BUCKETS = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az")  # have no folders, only names with slashes


class Target:
    """A folder on this machine; `Target.at` gives the one for a name, wherever it lies.

    Attributes:
        shown: what to call it.
    """

    def __init__(self, where: str) -> None:
        self.shown = where
        self._path = Path(where)

    @staticmethod
    def at(where: str | Path) -> Target:
        """Return the folder at a path or an address. Raises UsageError where nothing can be written."""
        if not is_url(where):
            return Target(str(where))
        address = Address.read(str(where))
        if address.protocol in ("file", "local"):
            return Target(unquote(urlsplit(address.url).path))
        if address.protocol in WEB:
            raise UsageError(f"nothing can be written to {address.shown}; name a folder, an s3:// address or hf://")
        return _Hub(address) if address.protocol == "hf" else _Remote(address)

    def names(self) -> list[str]:
        """Return the names of what is in it, sorted; none where there is no such folder. Raises OutputError."""
        if self._path.exists() and not self._path.is_dir():
            raise OutputError(f"{self._path} is a file; name a folder")
        try:
            return sorted(path.name for path in self._path.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot look into {self._path}: {reason}; choose another folder") from error

    def write(self, files: dict[str, bytes], message: str) -> None:
        """Write files into it, replacing those of the same names; others stay.

        Where the target allows, all are written or none.

        Args:
            files: contents by name.
            message: what the change is, for targets that keep a history.

        Raises:
            OutputError: that fails.
        """
        if set(self.names()) <= files.keys():
            with storage.atomic_folder(self._path, replace=True) as place:
                for name, content in files.items():
                    (place / name).write_bytes(content)
            return
        for name, content in files.items():
            storage.write_bytes(self._path / name, content)


class _Remote(Target):
    """A folder at an address that fsspec can write."""

    def __init__(self, address: Address) -> None:
        self.shown, self._address = address.shown, address
        self._filesystem, self._root = filesystems.connect(address)

    def names(self) -> list[str]:
        try:
            self._filesystem.invalidate_cache()
            root = self._root.rstrip("/")
            found = (str(name).rstrip("/") for name in self._filesystem.ls(root, detail=False))
            return sorted(name.rpartition("/")[2] for name in found if name.strip("/") != root.strip("/"))
        except Exception as error:
            if (why := trouble(error, self._address)).kind == "missing":
                return []
            raise OutputError(why.text) from None

    def write(self, files: dict[str, bytes], message: str) -> None:
        before, written = set(self.names()), []
        try:
            if self._address.protocol not in BUCKETS:  # there it would make a bucket
                self._filesystem.makedirs(self._root, exist_ok=True)
            for name, content in files.items():
                written.append(name)
                self._filesystem.pipe_file(f"{self._root.rstrip('/')}/{name}", content)
        except Exception as error:
            self._remove(name for name in written if name not in before)
            raise OutputError(trouble(error, self._address).text) from None

    def _remove(self, names: Any) -> None:
        for name in names:
            try:
                self._filesystem.rm_file(f"{self._root.rstrip('/')}/{name}")
            except Exception:  # what cannot be written can often not be removed either; the first error is told
                continue


class _Hub(Target):
    """A repository of a model at Hugging Face, or a folder in it; one upload is one commit."""

    def __init__(self, address: Address) -> None:
        parts = address.shown.partition("://")[2].strip("/").split("/")
        if len(parts) < 2 or parts[0] in ("datasets", "spaces", "buckets"):
            raise UsageError(f"{address.shown} is no repository of a model; name it as in hf://user/name")
        filesystems.quieten()
        try:
            from huggingface_hub import CommitOperationAdd, HfApi
        except ModuleNotFoundError:
            raise MissingExtraError("hf://", "hf") from None
        self.shown, self._address = address.shown, address
        self._repository, self._folder = "/".join(parts[:2]), "/".join(parts[2:])
        self._add, self._api = CommitOperationAdd, HfApi(token=os.environ.get("HF_TOKEN"))

    def names(self) -> list[str]:
        try:
            names = self._api.list_repo_files(self._repository)
        except Exception as error:
            if (why := trouble(error, self._address)).kind == "missing":
                return []
            raise OutputError(why.text) from None
        start = f"{self._folder}/" if self._folder else ""
        inside = {name.removeprefix(start).partition("/")[0] for name in names if name.startswith(start)}
        return sorted(inside - {".gitattributes"})

    def write(self, files: dict[str, bytes], message: str) -> None:
        start = f"{self._folder}/" if self._folder else ""
        added = [self._add(path_in_repo=start + name, path_or_fileobj=content) for name, content in files.items()]
        try:
            self._api.create_repo(self._repository, exist_ok=True)
            self._api.create_commit(self._repository, added, commit_message=message)
        except Exception as error:
            raise OutputError(trouble(error, self._address).text) from None
