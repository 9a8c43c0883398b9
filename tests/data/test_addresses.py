"""Labelled digits are loaded from addresses as from paths, and told by their address without secrets."""

import pytest

from digitlab import data
from digitlab.data import Splits, export, tables
from digitlab.errors import DataError


@pytest.fixture
def digits(random_digits):
    return random_digits(60)


@pytest.mark.parametrize("form", ["npz", "csv", "idx", "folder"])
def test_what_is_exported_comes_back_from_an_address(memory, digits, tmp_path, form) -> None:
    splits = Splits(digits[:40], digits[40:50], digits[50:])
    name = "digits.npz" if form == "npz" else "digits"
    export(splits, form, tmp_path / name)
    memory.put(str(tmp_path / name), f"/bucket/{name}", recursive=True)
    loaded = data.load(f"memory://bucket/{name}")
    assert [part.digest for part in loaded] == [part.digest for part in data.load(tmp_path / name)]
    assert loaded.train.name == f"{name} train"


def test_a_table_on_the_web_is_loaded_and_described_without_its_secrets(web, digits, tmp_path) -> None:
    tables.write_csv(tmp_path / "x.csv.gz", digits)
    web.files["/x.csv.gz"] = (tmp_path / "x.csv.gz").read_bytes()
    url = web.url.replace("//", "//user:secret@") + "/x.csv.gz?signature=secret"
    assert data.load_all(url).digest == digits.digest
    facts = data.describe(url)
    assert "secret" not in str(facts)
    assert facts["source"] == f"{web.url}/x.csv.gz"
    (file,) = facts["files"]
    assert not file["verified"]
    pinned = data.describe(f"{url}#sha256={file['sha256']}")
    assert pinned["files"][0]["verified"]


def test_errors_name_the_address_and_the_line(web) -> None:
    web.files["/x.csv"] = b"label,pixel0\n"
    with pytest.raises(DataError, match=rf"^{web.url}/x.csv, line 1: column pixel1 is missing"):
        data.load(f"{web.url}/x.csv?signature=secret")


def test_what_is_no_digits_is_told(web) -> None:
    web.files["/page"] = b"<html>"
    with pytest.raises(DataError, match=rf"^{web.url}/page is no file of labelled digits"):
        data.load(f"{web.url}/page")


def test_half_of_an_idx_pair_is_told(memory) -> None:
    memory.pipe("/b/train-images-idx3-ubyte", b"")
    with pytest.raises(DataError, match="its labels beside it, which are needed too; name the folder"):
        data.load("memory://b/train-images-idx3-ubyte")
