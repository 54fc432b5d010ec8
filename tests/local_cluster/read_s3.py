"""Reads one object with a signed GET, as the runtime does: BUCKET KEY FILE SECRET-KEY."""

import sys
from pathlib import Path

from obstore.store import S3Store

bucket, key, file, secret = sys.argv[1:]
store = S3Store(
    bucket,
    endpoint="http://s3.slipway-addons.svc:7070",
    region="us-east-1",
    access_key_id="slipway-demo",
    secret_access_key=secret,
    virtual_hosted_style_request=False,
    client_options={"allow_http": True},
)
Path(file).write_bytes(bytes(store.get(key).bytes()))
