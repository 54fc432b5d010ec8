"""`cluster s3-put`: a file becomes an object of the S3 add-on, whose buckets are folders.

The server keeps what it knows of an object besides its bytes in extended attributes of the file.
Only the ETag matters to clients, so that is written too.
"""

import hashlib
import os
import shutil
import uuid
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.images import NOBODY

_ETAG = "user.etag"


def put(objects: Path, file: Path, url: str) -> None:
    """Put a file into the folder of all buckets, whole or not at all; makes its bucket."""
    bucket, key = parse(url)
    if not objects.is_dir():
        raise ClusterError("this cluster has no S3 server: run `cluster up --addon s3`")
    target = objects / bucket / key
    draft = objects.with_name(f"{uuid.uuid4().hex}.draft")
    try:
        shutil.copyfile(file, draft)
        os.setxattr(draft, _ETAG, etag(draft).encode())
        missing = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in (*missing, draft):
            os.chown(path, NOBODY, NOBODY)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def etag(file: Path) -> str:
    """The ETag that S3 gives an object that was put in one piece."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False))
    return f'"{digest.hexdigest()}"'


def parse(url: str) -> tuple[str, str]:
    """Bucket and key of s3://BUCKET/KEY."""
    scheme, _, path = url.partition("://")
    bucket, _, key = path.partition("/")
    if scheme != "s3" or {"", ".", ".."} & set(path.split("/")) or not key:
        raise ClusterError(f"{url!r} must be s3://BUCKET/KEY and name one object")
    return bucket, key
