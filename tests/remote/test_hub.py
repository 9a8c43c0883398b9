"""Hugging Face, against a server on this machine that answers as it does."""

import http.server
import json
import os
import subprocess
import sys
import threading

import pytest

from digitlab.recognizer import FILE, read_file

pytest.importorskip("huggingface_hub", reason="needs huggingface_hub: pip install 'digitlab[hf]'")

SCRIPT = """
import digitlab
from digitlab.errors import DownloadError
print(digitlab.load("hf://user/name").name, digitlab.load("hf://user/name/recognizer.onnx").name)
for url in ("hf://user/nosuch", "hf://user/name/deep/none.onnx"):
    try:
        digitlab.load(url)
    except DownloadError as error:
        print(error)
"""


@pytest.fixture
def hub():
    """The address of a hub with one repository, user/name, that holds a recogniser; and what it was asked."""
    content, asked = read_file("default")[0], []
    commit = {"id": "c" * 40, "title": "x", "date": "2026-01-01T00:00:00.000Z"}
    entry = {"type": "file", "oid": "b" * 40, "size": len(content), "path": FILE, "lastCommit": commit}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked.append((self.command, self.path, self.headers.get("Authorization")))
            if self.path == f"/user/name/resolve/main/{FILE}":
                return self.answer(200, content)
            if self.path.startswith("/api/models/user/name/paths-info/"):
                return self.answer(200, json.dumps([entry] if f"paths={FILE}" in body else []).encode())
            if self.path.startswith("/api/models/user/name/tree/"):
                return self.answer(200, json.dumps([entry]).encode())
            if self.path.startswith("/api/models/user/name"):
                return self.answer(200, json.dumps({"id": "user/name", "sha": "1" * 40}).encode())
            return self.answer(404, b"{}")

        def answer(self, status, content):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_HEAD = do_POST = do_GET

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_repository_is_opened_by_its_name_and_sent_once(hub, tmp_path) -> None:
    address, asked = hub
    settings = {"HF_ENDPOINT": address, "HF_TOKEN": "hf_secret", "HF_HOME": str(tmp_path / "hf")}
    settings |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1"}
    words = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(words, env=os.environ | settings, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "default default",
        "there is nothing at hf://user/nosuch/recognizer.onnx; check the address",
        "there is nothing at hf://user/name/deep/none.onnx; check the address",
    ], done.stderr
    assert "secret" not in done.stderr
    assert sum("/resolve/" in path for _, path, _ in asked) == 1
    assert {token for _, path, token in asked if "/api/models/" in path} == {"Bearer hf_secret"}
