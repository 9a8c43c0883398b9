"""MNIST is found, or downloaded unharmed; what goes wrong is one sentence, and nothing half-written stays."""

import errno
import gzip
import http.server
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from digitlab.data import idx, mnist
from digitlab.errors import DataError, DownloadError, OutputError

IMAGES = "train-images-idx3-ubyte"


@pytest.fixture
def serve():
    """Start servers that answer by file name: serve({name: answer}) returns the base address."""
    running = []

    def serve(answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                answer(self, Path(self.path).stem)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.asked = []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        running.append(server)
        return server, f"http://127.0.0.1:{server.server_port}/mnist"

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


def send(handler, content, length=None):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


def good(files):
    return lambda handler, name: send(handler, files[name])


def cut(files):
    return lambda handler, name: send(handler, files[name][:-40], length=len(files[name]))


def wrong_digest(files):
    return lambda handler, name: send(handler, gzip.compress(idx.pack(np.zeros((60, 28, 28), np.uint8))))


def not_found(files):
    return lambda handler, name: handler.send_error(404)


def web_page(files):
    return lambda handler, name: send(handler, b"<html>Log in to the network</html>")


def silent(files):
    return lambda handler, name: time.sleep(1)


def stalling(files):
    def answer(handler, name):
        send(handler, files[name][:12], length=len(files[name]))
        handler.wfile.flush()
        time.sleep(1)

    return answer


def endless(files):
    return lambda handler, name: send(handler, bytes(mnist.MAX_DOWNLOAD + 10))


FAULTS = {
    cut: "cut off",
    wrong_digest: "not MNIST's",
    not_found: "HTTP status 404",
    web_page: "not MNIST's",
    silent: "no answer within|timed out",
    stalling: "timed out",
    endless: "sends more than",
}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(mnist, "TIMEOUT", 0.2)
    monkeypatch.setattr(mnist, "MAX_DOWNLOAD", 100_000)


def left_behind(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_files_are_downloaded_once_and_are_in_the_cache_afterwards(serve, small_mnist, monkeypatch, tmp_path):
    server, address = serve(good(small_mnist))
    monkeypatch.setenv("DIGITLAB_MIRRORS", address)
    train, test = mnist.load_parts()
    assert (len(train), len(test), train.name, test.name) == (60, 10, "mnist train", "mnist test")
    assert train.origin.tolist() == list(range(60))
    assert test.origin.tolist() == list(range(60, 70))
    assert sorted(server.asked) == sorted(f"/mnist/{name}.gz" for name in mnist.DIGESTS)
    again, _ = mnist.load_parts()
    assert len(server.asked) == 4
    assert again.digest == train.digest
    cached = tmp_path / "cache" / "mnist"
    assert {path.name: path.read_bytes() for path in left_behind(cached)} == {
        f"{name}.gz": content for name, content in small_mnist.items()
    }


def test_a_mirror_may_compress_in_its_own_way_or_not_at_all(serve, small_mnist, monkeypatch):
    plain = {name: gzip.decompress(content) for name, content in small_mnist.items()}
    monkeypatch.setenv("DIGITLAB_MIRRORS", serve(good(plain))[1])
    assert len(mnist.load_parts()[0]) == 60


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_faulty_mirror_is_named_in_one_sentence_and_leaves_nothing(
    fault, serve, small_mnist, monkeypatch, tmp_path, quick
):
    _, address = serve(fault(small_mnist))
    monkeypatch.setenv("DIGITLAB_MIRRORS", address)
    with pytest.raises(DownloadError, match=FAULTS[fault]) as caught:
        mnist.load_parts()
    message = str(caught.value)
    assert address in message
    assert "\n" not in message
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_next_mirror_is_tried(fault, serve, small_mnist, monkeypatch, quick):
    faulty, first = serve(fault(small_mnist))
    healthy, second = serve(good(small_mnist))
    monkeypatch.setenv("DIGITLAB_MIRRORS", f"{first}/ {second}")
    assert len(mnist.load_parts()[1]) == 10
    assert len(faulty.asked) == len(healthy.asked) == 4


def test_without_a_network_the_error_says_what_to_do(small_mnist, tmp_path):
    with pytest.raises(DownloadError, match=r"no connection.*DIGITLAB_DATA"):
        mnist.load_parts()
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("address", ["nowhere", "ftp://127.0.0.1", "http://", "file:///etc"])
def test_an_address_that_is_none_is_a_download_error(small_mnist, monkeypatch, address):
    monkeypatch.setenv("DIGITLAB_MIRRORS", address)
    with pytest.raises(DownloadError, match="cannot download"):
        mnist.load_parts()


def test_a_full_disk_is_an_output_error_and_no_other_mirror_is_asked(serve, small_mnist, monkeypatch, tmp_path):
    def full(self, content):
        self.file.write(content[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mnist._Sink, "write", full)
    server, address = serve(good(small_mnist))
    monkeypatch.setenv("DIGITLAB_MIRRORS", f"{address} {address}")
    with pytest.raises(OutputError, match="no space left on device"):
        mnist.load_parts()
    assert len(server.asked) == 1
    assert left_behind(tmp_path) == []


def test_a_cache_that_cannot_be_made_is_an_output_error(serve, small_mnist, monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file is in the way")
    server, address = serve(good(small_mnist))
    monkeypatch.setenv("DIGITLAB_MIRRORS", address)
    with pytest.raises(OutputError, match="cannot write"):
        mnist.load_parts()
    assert server.asked == []


def test_a_read_only_cache_is_an_output_error(serve, small_mnist, monkeypatch, tmp_path):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # whoever runs the tests may be root
    monkeypatch.setenv("DIGITLAB_MIRRORS", serve(good(small_mnist))[1])
    with pytest.raises(OutputError, match="not writable"):
        mnist.load_parts()


def test_a_damaged_file_in_the_cache_is_downloaded_again(serve, small_mnist, cached_mnist, monkeypatch):
    (cached_mnist / f"{IMAGES}.gz").write_bytes(b"\x1f\x8b damaged")
    with pytest.raises(DownloadError):
        mnist.load_parts()
    server, address = serve(good(small_mnist))
    monkeypatch.setenv("DIGITLAB_MIRRORS", address)
    assert len(mnist.load_parts()[0]) == 60
    assert server.asked == [f"/mnist/{IMAGES}.gz"]
    assert (cached_mnist / f"{IMAGES}.gz").read_bytes() == small_mnist[IMAGES]


def test_the_data_folder_comes_first_compressed_or_not(cached_mnist, small_mnist, monkeypatch, tmp_path):
    own = tmp_path / "data" / "mnist"
    own.mkdir(parents=True)
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    assert mnist.find(IMAGES) == cached_mnist / f"{IMAGES}.gz"  # a data folder without MNIST does no harm
    (own / IMAGES).write_bytes(gzip.decompress(small_mnist[IMAGES]))
    assert mnist.find(IMAGES) == own / IMAGES
    assert len(mnist.load_parts()[0]) == 60


def test_a_wrong_file_in_the_data_folder_is_named_and_kept(cached_mnist, monkeypatch, tmp_path):
    own = tmp_path / "data" / "mnist"
    own.mkdir(parents=True)
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    idx.write(own / f"{IMAGES}.gz", np.zeros((60, 28, 28), np.uint8))
    with pytest.raises(DataError, match=r"data/mnist/train-images.* is not MNIST's"):
        mnist.load_parts()
    assert (own / f"{IMAGES}.gz").exists()


def test_a_terminal_sees_a_progress_bar_and_a_pipe_does_not(serve, small_mnist, monkeypatch, capsys):
    monkeypatch.setenv("DIGITLAB_MIRRORS", serve(good(small_mnist))[1])
    mnist.download("t10k-labels-idx1-ubyte")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    mnist.download(IMAGES)
    captured = capsys.readouterr()
    assert IMAGES in captured.err
    assert captured.out == ""


def test_the_usual_mirrors_are_used_unless_others_are_named(monkeypatch):
    monkeypatch.delenv("DIGITLAB_MIRRORS", raising=False)
    assert mnist.mirrors() == list(mnist.MIRRORS)
    monkeypatch.setenv("DIGITLAB_MIRRORS", " http://a  http://b/c/ ")
    assert mnist.mirrors() == ["http://a/", "http://b/c/"]
