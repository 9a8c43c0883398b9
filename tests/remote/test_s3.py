"""S3, against a server of it on this machine."""

import numpy as np
import pytest

from digitlab import data, remote
from digitlab.data import strokes, tables
from digitlab.errors import DownloadError, OutputError

pytest.importorskip("s3fs", reason="needs s3fs: pip install 'digitlab[s3]'")
pytest.importorskip("flask", reason="needs moto and flask: pip install 'digitlab[dev]'")
moto = pytest.importorskip("moto.server", reason="needs moto: pip install 'digitlab[dev]'")

BUCKET = "digits"


@pytest.fixture(scope="module")
def s3():
    """A client of an S3 server with one bucket; the environment leads to it."""
    import boto3

    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ACCESS_KEY_ID": "user",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    with pytest.MonkeyPatch.context() as patch:
        for key, value in settings.items():
            patch.setenv(key, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    server.stop()


def test_a_file_in_a_bucket_is_fetched_and_again_when_it_changes(s3, cache) -> None:
    s3.put_object(Bucket=BUCKET, Key="a/x.csv", Body=b"one")
    first = remote.fetch(f"s3://{BUCKET}/a/x.csv")
    assert first.path.read_bytes() == b"one"
    kept = first.path.stat().st_mtime_ns
    assert remote.fetch(f"s3://{BUCKET}/a/x.csv").path.stat().st_mtime_ns == kept
    s3.put_object(Bucket=BUCKET, Key="a/x.csv", Body=b"two")
    assert remote.fetch(f"s3://{BUCKET}/a/x.csv").path.read_bytes() == b"two"


def test_what_is_larger_than_one_request_comes_whole(s3, cache) -> None:
    content = np.random.default_rng(0).bytes(12_000_000)
    s3.put_object(Bucket=BUCKET, Key="large.bin", Body=content)
    assert remote.fetch(f"s3://{BUCKET}/large.bin").path.read_bytes() == content


def test_a_missing_key_and_a_missing_bucket_are_told(s3, cache) -> None:
    for url in (f"s3://{BUCKET}/none.csv", "s3://no-such-bucket/none.csv"):
        with pytest.raises(DownloadError, match=f"there is nothing at {url}; check the address"):
            remote.fetch(url)


def test_class_folders_in_a_bucket_are_digits(s3, cache, tmp_path) -> None:
    digits = strokes.generate(30, seed=1)
    place = data.export(data.Splits(digits, digits[:0], digits[:0]), "folder", tmp_path / "folders")
    for file in place.rglob("*.png"):
        s3.upload_file(str(file), BUCKET, f"folders/{file.relative_to(place)}")
    assert data.load_all(f"s3://{BUCKET}/folders").digest == data.load_all(place).digest


def test_a_table_in_a_bucket_is_digits(s3, cache, tmp_path) -> None:
    digits = strokes.generate(20, seed=1)
    tables.write_csv(tmp_path / "x.csv.gz", digits)
    s3.upload_file(str(tmp_path / "x.csv.gz"), BUCKET, "x.csv.gz")
    assert data.load_all(f"s3://{BUCKET}/x.csv.gz").digest == digits.digest


def test_a_folder_is_written_to_a_bucket(s3, cache) -> None:
    target = remote.Target.at(f"s3://{BUCKET}/pushed/here")
    assert target.names() == []
    target.write({"a.txt": b"one"}, "")
    assert target.names() == ["a.txt"]
    assert s3.get_object(Bucket=BUCKET, Key="pushed/here/a.txt")["Body"].read() == b"one"


def test_a_bucket_that_is_not_there_cannot_be_written(s3, cache) -> None:
    with pytest.raises(OutputError, match="there is nothing at s3://no-such-bucket/x"):
        remote.Target.at("s3://no-such-bucket/x").write({"a.txt": b"one"}, "")
