"""Files are fetched once, whole or not at all; what goes wrong is one sentence without secrets."""

import hashlib
import socket

import pytest

from digitlab import remote
from digitlab.errors import DownloadError, MissingExtraError, UsageError
from digitlab.remote import filesystem

pytestmark = pytest.mark.usefixtures("cache")


def left_behind(cache):
    return [path for path in cache.rglob("*") if path.is_file()]


def test_an_unchanged_file_is_sent_once_and_a_changed_one_anew(web) -> None:
    web.files["/digits.csv"] = b"one"
    first = remote.fetch(f"{web.url}/digits.csv")
    again = remote.fetch(f"{web.url}/digits.csv")
    assert first == again
    assert first.path.read_bytes() == b"one"
    assert first.path.name == "digits.csv"
    assert web.fetches() == 1
    web.files["/digits.csv"] = b"two"
    assert remote.fetch(f"{web.url}/digits.csv").path.read_bytes() == b"two"
    assert first.path.read_bytes() == b"one"  # a run may have learned from it


def test_without_a_mark_of_its_version_a_file_is_fetched_each_time(web) -> None:
    web.answers["/x.csv"] = lambda handler: web.send(handler, b"one", tag=False)
    remote.fetch(f"{web.url}/x.csv")
    web.answers["/x.csv"] = lambda handler: web.send(handler, b"two", tag=False)
    assert remote.fetch(f"{web.url}/x.csv").path.read_bytes() == b"two"


def test_with_the_right_digest_the_copy_is_used_and_nobody_asked(web) -> None:
    web.files["/x.csv"] = b"one"
    fetched = remote.fetch(f"{web.url}/x.csv?signature=secret")
    assert "secret" not in fetched.pinned
    asked = len(web.asked)
    again = remote.fetch(fetched.pinned)
    assert (again.path, again.checked) == (fetched.path, True)
    assert len(web.asked) == asked


def test_a_copy_that_is_damaged_is_fetched_anew_where_its_digest_is_known(web) -> None:
    web.files["/x.csv"] = b"one"
    fetched = remote.fetch(f"{web.url}/x.csv")
    fetched.path.write_bytes(b"ONE")
    assert remote.fetch(fetched.pinned).path.read_bytes() == b"one"


def test_another_digest_than_asked_for_is_refused(web, cache) -> None:
    web.files["/x.csv"] = b"one"
    with pytest.raises(DownloadError, match=r"has SHA-256 7692c3ad3540…, not abababababab…"):
        remote.fetch(f"{web.url}/x.csv#sha256={'ab' * 32}")
    assert left_behind(cache) == []


def test_redirects_are_followed(web) -> None:
    def elsewhere(handler):
        handler.send_response(302)
        handler.send_header("Location", "/there.csv?signature=secret")
        handler.end_headers()

    web.answers["/here.csv"] = elsewhere
    web.files["/there.csv"] = b"one"
    fetched = remote.fetch(f"{web.url}/here.csv")
    assert fetched.path.read_bytes() == b"one"
    assert fetched.path.name == "here.csv"


def cut(web):
    return lambda handler: web.send(handler, b"half", length=8)


def lying(web):
    return lambda handler: web.send(handler, b"x" * 9, length=None if handler.command == "GET" else 5)


def endless(web):
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()  # no length: until the connection ends
        if handler.command == "GET":
            handler.wfile.write(bytes(400_000))

    return answer


def declared_large(web):
    return lambda handler: web.send(handler, b"x", length=10**12)


def status(code):
    return lambda web: lambda handler: handler.send_error(code)


def silent(web):
    return lambda handler: web.release.wait(5)


FAULTS = {
    "cut off": (cut, "was cut off|brought 4 of the 8 bytes"),
    "lying length": (lying, "brought 9 of the 5 bytes"),
    "endless": (endless, "sends more than the 100,000 bytes"),
    "declared too large": (declared_large, "has 1,000,000,000,000 bytes, more than the 100,000"),
    "missing": (status(404), "there is nothing at"),
    "no permission": (status(403), "no permission for .* permit it"),
    "no credentials": (status(401), "no permission for"),
    "server's error": (status(500), "HTTP status 500; try again later"),
    "silent": (silent, "no answer from .* within 0.3 seconds"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_is_one_sentence_and_leaves_nothing(web, cache, monkeypatch, fault) -> None:
    import threading

    answer, message = FAULTS[fault]
    # A busy machine answers late, and where a length is not told in time, it cannot be found to be a lie.
    monkeypatch.setattr(filesystem, "TIMEOUT", 0.3 if fault == "silent" else 10)
    web.release = threading.Event()
    web.answers["/x.csv"] = answer(web)
    with pytest.raises(DownloadError, match=message) as caught:
        remote.fetch(f"{web.url}/x.csv?signature=secret", limit=100_000)
    web.release.set()
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert left_behind(cache) == []


def test_offline_the_copy_is_used_and_that_is_said(web, capsys) -> None:
    web.files["/x.csv"] = b"one"
    url = f"{web.url}/x.csv?signature=secret"
    remote.fetch(url)
    web.stop()
    assert remote.fetch(url).path.read_bytes() == b"one"
    said = capsys.readouterr().err
    assert "no connection for" in said
    assert "using the copy of 20" in said
    assert "secret" not in said


def test_a_file_that_is_gone_is_not_replaced_by_its_copy(web) -> None:
    web.files["/x.csv"] = b"one"
    remote.fetch(f"{web.url}/x.csv")
    web.files.clear()
    with pytest.raises(DownloadError, match="there is nothing"):
        remote.fetch(f"{web.url}/x.csv")


def test_without_a_copy_no_connection_is_told(cache) -> None:
    pytest.importorskip("aiohttp", reason="needs aiohttp: pip install 'digitlab[remote]'")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        with pytest.raises(DownloadError, match=r"no connection for http://127.*check the network") as caught:
            remote.fetch(f"http://user:secret@127.0.0.1:{taken.getsockname()[1]}/x.csv")
    assert "secret" not in str(caught.value)


def test_a_folder_comes_whole_and_is_pinned_by_the_list_of_its_files(memory) -> None:
    memory.pipe({"/b/d/1/a.png": b"1", "/b/d/2/b.png": b"2", "/b/d/.hidden": b"", "/b/other/c.png": b"3"})
    fetched = remote.fetch("memory://b/d")
    files = sorted(str(path.relative_to(fetched.path)) for path in fetched.path.rglob("*") if path.is_file())
    assert files == ["1/a.png", "2/b.png"]
    listed = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in (("1/a.png", b"1"), ("2/b.png", b"2")))
    assert fetched.sha256 == hashlib.sha256(listed.encode()).hexdigest()
    memory.store.clear()
    assert remote.fetch(fetched.pinned).path == fetched.path


def test_a_folder_is_fetched_anew_when_one_of_its_files_has_changed(memory) -> None:
    memory.pipe({"/b/d/1/a.png": b"1", "/b/d/2/b.png": b"2"})
    first = remote.fetch("memory://b/d")
    assert remote.fetch("memory://b/d").path == first.path
    memory.pipe("/b/d/2/b.png", b"3")
    assert (remote.fetch("memory://b/d").path / "2" / "b.png").read_bytes() == b"3"


def test_the_webs_folders_are_their_pages_of_links(web) -> None:
    def page(*links):
        return "".join(f'<a href="{link}">{link}</a>' for link in links).encode()

    web.files |= {"/d/": page("1/", "2/", "../", "https://elsewhere/x"), "/d/1/": page("a.png"), "/d/2/": page("b.png")}
    web.files |= {"/d/1/a.png": b"1", "/d/2/b.png": b"2"}
    fetched = remote.fetch(f"{web.url}/d/")
    assert (fetched.path / "1" / "a.png").read_bytes() == b"1"
    assert (fetched.path / "2" / "b.png").read_bytes() == b"2"


def test_a_folder_cannot_bring_more_than_the_limit(memory, cache) -> None:
    memory.pipe({"/b/d/a": bytes(60), "/b/d/b": bytes(60)})
    with pytest.raises(DownloadError, match="has 120 bytes, more than the 100"):
        remote.fetch("memory://b/d", limit=100)
    assert left_behind(cache) == []


def test_files_of_this_machine_need_no_copy(tmp_path, cache) -> None:
    (tmp_path / "a b.csv").write_bytes(b"one")
    url = (tmp_path / "a b.csv").as_uri()
    fetched = remote.fetch(url)
    assert fetched.path == tmp_path / "a b.csv"
    assert remote.fetch(fetched.pinned).checked
    assert left_behind(cache) == []


@pytest.mark.parametrize(("protocol", "extra"), [("s3", "s3"), ("gs", "gs"), ("hf", "hf"), ("https", "remote")])
def test_a_missing_package_is_told_by_the_line_that_installs_it(monkeypatch, protocol, extra) -> None:
    import sys

    pytest.importorskip("fsspec.registry", reason="needs fsspec: pip install 'digitlab[remote]'")
    for module in ("s3fs", "gcsfs", "huggingface_hub", "aiohttp"):
        monkeypatch.setitem(sys.modules, module, None)
    registry = sys.modules["fsspec.registry"]
    monkeypatch.setattr(registry, "_registry", {})  # what is imported already is forgotten
    monkeypatch.setattr(registry, "registry", registry._registry)
    with pytest.raises(MissingExtraError, match=rf"pip install 'digitlab\[{extra}\]'"):
        remote.fetch(f"{protocol}://bucket/x.csv")


def test_an_unknown_protocol_is_told() -> None:
    pytest.importorskip("fsspec", reason="needs fsspec: pip install 'digitlab[remote]'")
    with pytest.raises(UsageError, match="carrier-pigeon is no protocol that is known; use https"):
        remote.fetch("carrier-pigeon://loft/x.csv")
