"""Addresses are told from paths, and never tell a secret."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitlab.errors import UsageError
from digitlab.remote import is_url, shown
from digitlab.remote.address import Address, safe_name

DIGEST = "ab" * 32


@pytest.mark.parametrize("url", ["https://host/x.csv", "s3://bucket/x", "hf://user/name", "memory://x", "file:///x"])
def test_addresses_have_a_scheme(url) -> None:
    assert is_url(url)


@pytest.mark.parametrize("path", ["digits.npz", "C:/digits", "C://digits", "./a:b", "://x", "", Path("s3://b/x")])
def test_paths_have_none(path) -> None:
    assert not is_url(path)
    assert shown(path) == str(path)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://user:secret@host:8080/a/x.csv?token=secret#secret", "https://host:8080/a/x.csv"),
        ("s3://secret:secret@bucket/x.npz", "s3://bucket/x.npz"),
        ("https://host/x.csv?secret@secret/secret", "https://host/x.csv"),
        ("https://user:se@cret@host/x.csv", "https://host/x.csv"),
        ("hf://user/name@main/x.onnx", "hf://user/name@main/x.onnx"),
        (f"https://host/x.csv?secret#sha256={DIGEST}", "https://host/x.csv"),
    ],
)
def test_what_is_told_has_neither_user_nor_query(url, told) -> None:
    assert shown(url) == told
    address = Address.read(url)
    assert address.shown == told
    assert "secret" not in repr(address)


@given(
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6),
    path=st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5})*\.csv", fullmatch=True),
)
def test_secrets_are_never_told(secret, path) -> None:
    for url in (f"https://{secret}@host/{path}", f"https://u:{secret}@host/{path}", f"https://host/{path}?k={secret}"):
        assert shown(url) == f"https://host/{path}"


def test_a_digest_stands_at_the_end() -> None:
    address = Address.read(f"s3://bucket/digits.npz#sha256={DIGEST.upper()}")
    assert (address.url, address.sha256, address.name) == ("s3://bucket/digits.npz", DIGEST, "digits.npz")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://bucket/x#sha256=abc", "64 hex digits"),
        ("s3://", "names no file"),
        ("https://user:secret@", "names no file"),
        ("simplecache::https://host/x", "names no file"),
    ],
)
def test_an_address_that_makes_no_sense_is_told_without_its_secrets(url, message) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Address.read(url)
    assert "secret" not in str(caught.value)


@given(st.text())
def test_names_in_the_cache_stay_in_their_folder(text) -> None:
    name = safe_name(text)
    assert name
    assert not name.startswith(".")
    assert "/" not in name
    assert "\0" not in name
