"""Files that become objects of the S3 server."""

import os
from pathlib import Path

import pytest

from localcluster import objects
from localcluster.errors import ClusterError


@pytest.mark.parametrize(
    ("url", "parts"),
    [("s3://models/iris", ("models", "iris")), ("s3://m/a/b/model.onnx", ("m", "a/b/model.onnx"))],
)
def test_a_url_names_bucket_and_key(url: str, parts: tuple[str, str]) -> None:
    """As every S3 client reads it."""
    assert objects.parse(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "models/iris",
        "s3://",
        "s3://models",
        "s3://models/",
        "s3:///iris",
        "s3://m/../../etc/passwd",
        "s3://../x",
        "s3://m/a//b",
        "s3://m/a/",
        "http://m/a",
        "s3://m/./a",
    ],
)
def test_a_url_that_names_no_object_or_leaves_the_folder_is_refused(url: str) -> None:
    """The key becomes a path below a folder of root's."""
    with pytest.raises(ClusterError, match="must be s3://BUCKET/KEY"):
        objects.parse(url)


def test_without_the_add_on_the_remedy_is_named(tmp_path: Path) -> None:
    """The command works only with the S3 server."""
    with pytest.raises(ClusterError, match="cluster up --addon s3"):
        objects.put(tmp_path / "none", tmp_path / "file", "s3://m/a")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to the server's user, which root alone can")
def test_an_object_has_the_etag_of_its_content_and_the_servers_owner(tmp_path: Path) -> None:
    """Clients compare ETags to see whether a model changed; the server must be able to write beside it."""
    (tmp_path / "objects").mkdir()
    (tmp_path / "file").write_text("hello\n")
    objects.put(tmp_path / "objects", tmp_path / "file", "s3://m/a/b")
    target = tmp_path / "objects/m/a/b"
    assert target.read_text() == "hello\n"
    assert os.getxattr(target, "user.etag") == b'"b1946ac92492d2347c6235b4d2611184"'
    assert {path.stat().st_uid for path in (target, target.parent, target.parent.parent)} == {65532}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "objects"]
