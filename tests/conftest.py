"""The command line for tests, the benchmarks, and places to fetch from, none further away than this machine."""

import hashlib
import http.server
import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # one thread for each of the workers, one of which runs on each core
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from digitlab import command, storage

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
SKIP = "needs fsspec and aiohttp: pip install 'digitlab[remote]'"


@pytest.fixture
def run(monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; returns (exit code, standard output, standard error)."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["digitlab", *map(str, words)])
        code = 0
        try:
            command.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return call


class Scripts:
    """Imports modules of benchmarks/ by their names."""

    def __getattr__(self, name: str) -> ModuleType:
        if not (BENCHMARKS / f"{name}.py").is_file():  # pytest and Hypothesis look for marks of their own
            raise AttributeError(name)
        return importlib.import_module(name)


@pytest.fixture(scope="module")
def scripts() -> Iterator[Any]:
    if not BENCHMARKS.is_dir():
        pytest.skip("the benchmarks are not part of this copy")
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield Scripts()
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "").parent == BENCHMARKS:
            del sys.modules[name]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The folder of what was fetched, in an empty cache."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(storage, "cache_folder", lambda: folder)
    return folder / "remote"


@pytest.fixture
def memory(cache):
    """fsspec's file system in memory, empty."""
    fsspec = pytest.importorskip("fsspec", reason=SKIP)
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


class Web:
    """A web server: `files` by path; `answers` by path are functions that answer themselves; `asked` is its log."""

    def __init__(self):
        self.files, self.answers, self.asked = {}, {}, []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                web.asked.append((self.command, self.path))
                path = self.path.partition("?")[0]
                if path in web.answers:
                    web.answers[path](self)
                elif path in web.files:
                    send(self, web.files[path])
                else:
                    self.send_error(404)

            do_HEAD = do_GET

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def fetches(self):
        """How many files were really sent."""
        return sum(method == "GET" for method, _ in self.asked)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def send(handler, content, length=None, tag=True):
    """Answer with `content`; its ETag follows from it."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    if tag:
        handler.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()[:12]}"')
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(content)


@pytest.fixture
def web(cache):
    pytest.importorskip("aiohttp", reason=SKIP)
    pytest.importorskip("fsspec", reason=SKIP)
    server = Web()
    server.send = send
    yield server
    server.stop()
