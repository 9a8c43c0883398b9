"""Files that mean harm, or are broken: refused in one sentence, nothing executed, nothing followed, memory bounded."""

import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import digitlab
from digitlab.errors import ModelError
from digitlab.manifest import Manifest

FILES = Path(__file__).parent / "files"
MODEST = 64 * 2**20  # bytes


@pytest.fixture
def refused(tmp_path) -> Callable[[str, bytes, str], None]:
    """Assert that a file of this name and content is refused with these words, in one line and in modest memory."""

    def check(name: str, content: bytes, words: str) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        before = sorted(tmp_path.iterdir())
        tracemalloc.start()
        try:
            with pytest.raises(ModelError, match=words) as caught:
                digitlab.load(path)
            assert tracemalloc.get_traced_memory()[1] < MODEST
        finally:
            tracemalloc.stop()
        assert str(caught.value).isprintable()
        assert sorted(tmp_path.iterdir()) == before

    return check


class Payload:
    """What runs when it is unpickled: it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["x.h5", "x.keras", "x.safetensors", "x.onnx", "x.json"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_under_another_name_is_never_loaded(name, protocol, refused, tmp_path) -> None:
    pytest.importorskip("torch")
    mark = tmp_path / "mark"
    if name == "x.json":
        (tmp_path / "x.h5").write_bytes((FILES / "flat_weights.h5").read_bytes())
    refused(name, pickle.dumps(Payload(mark), protocol), "pickle|no |damaged|not an ONNX file")
    assert not mark.exists()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture(scope="module")
def sound() -> dict[str, bytes]:
    """The members of a .keras file that tf_keras wrote."""
    pytest.importorskip("torch")
    pytest.importorskip("h5py", reason="needs the extra keras")
    with zipfile.ZipFile(FILES / "sequential_model.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_zip_bomb_is_refused_by_what_its_directory_says(sound, refused) -> None:
    refused("x.keras", zipped(sound | {"config.json": bytes(30 * 2**20)}), "unpacks config.json to more than")


def test_a_zip_bomb_whose_directory_lies_is_refused_while_it_unpacks(sound, refused) -> None:
    bomb = bytearray(zipped({"config.json": bytes(30 * 2**20), "model.weights.h5": sound["model.weights.h5"]}))
    real = struct.pack("<I", 30 * 2**20)
    while (at := bomb.find(real)) >= 0:
        bomb[at : at + 4] = struct.pack("<I", 1000)
    assert len(bomb) < 100_000
    refused("x.keras", bytes(bomb), "damaged|unpacks")


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "assets/../../escaped", "a\\..\\escaped", "code.py"])
def test_members_that_keras_does_not_write_are_refused(name, sound, refused, tmp_path) -> None:
    refused("x.keras", zipped(sound | {name: b"x"}), "holds .*, which Keras's chains of layers do not")
    assert not list(tmp_path.parent.glob("**/escaped"))


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_an_archive_without_its_parts_is_told(missing, sound, refused) -> None:
    refused("x.keras", zipped({name: part for name, part in sound.items() if name != missing}), "lacks config.json or")


def test_other_packing_and_cut_off_archives_are_refused(sound, refused) -> None:
    refused("x.keras", zipped(sound, zipfile.ZIP_LZMA), "packed as Keras never does")
    refused("x.keras", zipped(sound)[:-200], "damaged")
    refused("x.keras", b"PK\x03\x04", "damaged")


def test_code_in_an_archive_is_refused(sound, refused) -> None:
    page = json.loads(sound["config.json"])
    page["config"]["layers"][3]["class_name"] = "Lambda"
    refused("x.keras", zipped(sound | {"config.json": json.dumps(page).encode()}), r"\(Lambda\) runs code")


@pytest.fixture
def h5() -> Callable[[Callable], bytes]:
    """Return a sound whole-model file after a change to it: `change(file, weights)`, weights being a group in it."""
    h5py = pytest.importorskip("h5py", reason="needs the extra keras")
    pytest.importorskip("torch")

    def made(change: Callable) -> bytes:
        file = io.BytesIO((FILES / "sequential_model.h5").read_bytes())
        with h5py.File(file, "r+") as opened:
            change(h5py, opened, opened["model_weights"])
        return file.getvalue()

    return made


def external_link(h5py, file, weights) -> None:
    weights["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(h5py, file, weights) -> None:
    weights["elsewhere"] = h5py.SoftLink("/model_weights")


def external_storage(h5py, file, weights) -> None:
    weights.create_dataset("stolen", (10,), "u1", external=[("/etc/passwd", 0, 10)])


def virtual(h5py, file, weights) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(4,))
    weights.create_virtual_dataset("dreamt", layout)


def huge(h5py, file, weights) -> None:
    weights.create_dataset("huge", (2**20, 2**20), "f4", chunks=(1, 1024))


def bomb(h5py, file, weights) -> None:
    weights.create_dataset("zeros", data=np.zeros(2**20, "f4"), compression="gzip", chunks=(2**20,))


def circle(h5py, file, weights) -> None:
    weights["again"] = file["model_weights"]


def reference(h5py, file, weights) -> None:
    weights.create_dataset("pointer", data=np.array([weights.ref], h5py.ref_dtype))


def pointing_note(h5py, file, weights) -> None:
    weights.attrs["pointer"] = weights.ref


def crowd(h5py, file, weights) -> None:
    for number in range(5001):
        weights.create_group(f"g{number}")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (external_link, "links to other places .elsewhere., which is refused"),
        (soft_link, "links to other places"),
        (external_storage, "keeps stolen in another file, which is refused"),
        (virtual, "keeps dreamt in another file"),
        (huge, "declares arrays of more than 256 MB"),
        (bomb, "has zeros compressed"),
        (circle, "in two places"),
        (reference, "weights are numbers"),
        (pointing_note, "a note pointer that Keras does not write"),
        (crowd, "more than 5,000 groups"),
    ],
)
def test_hdf5_that_does_more_than_hold_weights_is_refused(change, words, h5, refused) -> None:
    refused("x.h5", h5(change), words)


def test_an_unchanged_file_is_not_refused(h5, keras, tmp_path) -> None:
    (tmp_path / "x.h5").write_bytes(h5(lambda h5py, file, weights: None))
    assert digitlab.load(tmp_path / "x.h5").name == "x"


def test_hdf5_that_is_cut_off_or_holds_no_architecture_is_told(h5, refused) -> None:
    whole = h5(lambda h5py, file, weights: None)
    for size in (0, 8, 100, 2000, len(whole) // 2):
        refused("x.h5", whole[:size], "no HDF5 file|damaged")
    without = h5(lambda h5py, file, weights: file.attrs.pop("model_config"))
    refused("x.h5", without, "holds weights alone; name the architecture too: digitlab import ARCHITECTURE.json x.h5")
    number = h5(lambda h5py, file, weights: file.attrs.create("model_config", 3))
    refused("x.h5", number, "no Keras architecture")


def safe(header: dict | bytes, content: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content


def tensor(shape: list[int], first: int, last: int, kind: str = "F32") -> dict:
    return {"a": {"dtype": kind, "shape": shape, "data_offsets": [first, last]}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no safetensors file"),
        (safe({}, length=2**63), "header lies about its length"),
        (safe({}, bytes(100), length=90), "damaged safetensors"),
        (safe(tensor([4], 0, 16), bytes(8)), "damaged safetensors"),
        (safe(tensor([2**40], 0, 16), bytes(16)), "damaged safetensors"),
        (safe(tensor([4], 0, 4 * 2**60), bytes(16)), "damaged safetensors"),
        (safe(tensor([4], 16, 0), bytes(16)), "damaged safetensors"),
        (safe(tensor([4], 0, 16, "F99"), bytes(16)), "damaged safetensors"),
        (safe(b"[" * 10_000), "damaged safetensors"),
        (safe(b"\xff\xfe{}"), "damaged safetensors"),
        (safe(tensor([4], 0, 16) | {"__metadata__": {"digitlab": "{"}}, bytes(16)), "damaged manifest"),
        (
            safe(tensor([4], 0, 16) | {"__metadata__": {"digitlab": Manifest("x", recipe=3).to_json()}}, bytes(16)),
            "impossible manifest",
        ),
        (safe(tensor([4], 0, 16), bytes(16)), "does not say which network.*--recipe"),
        (struct.pack("<Q", 2**21) + bytes(2**21 + 8), "header lies about its length"),
    ],
)
def test_a_lying_safetensors_header_is_refused(content, words, refused) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("torch")
    refused("x.safetensors", content, words)


def test_onnx_with_weights_elsewhere_or_foreign_operators_is_refused(make, refused) -> None:
    import onnx

    model = onnx.load_model_from_string(make(["flatten", "dense 10"]).content)
    model.graph.node.append(onnx.helper.make_node("PyOp", ["images"], ["y"], domain="evil"))
    refused("x.onnx", model.SerializeToString(), r"operators that no recogniser needs \(PyOp\)")
    model.graph.node.pop()
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    refused("x.onnx", model.SerializeToString(), "keeps its weights in other files")


@pytest.mark.parametrize("name", ["x.h5", "x.keras", "x.safetensors", "x.json"])
def test_files_beyond_all_measure_are_not_even_read(name, refused, tmp_path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "x.h5").touch()
    with open(tmp_path / name, "wb") as file:
        file.truncate(2**40)  # of which the disk holds nothing
    with pytest.raises(ModelError, match=r"larger than (256|4) MB"):
        digitlab.load(tmp_path / name)


def test_a_huge_network_is_refused_before_keras_makes_it(refused, tmp_path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "x.h5").write_bytes((FILES / "flat_weights.h5").read_bytes())
    image = {"class_name": "InputLayer", "config": {"batch_shape": [None, 784]}}
    wide = {"class_name": "Dense", "config": {"units": 900_000}}
    page = {"class_name": "Sequential", "config": [image, wide, {"class_name": "Dense", "config": {"units": 10}}]}
    refused("x.json", json.dumps(page).encode(), "715,500,010 parameters; a recogniser of digits has fewer")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(bad, h5, keras, refused) -> None:
    def poison(h5py, file, weights) -> None:
        weights["dense/dense/bias:0"][0] = bad

    refused("x.h5", h5(poison), "weights that are not numbers")
