"""`gs:` — an object, or every object below a prefix, of Google Cloud Storage.

Credentials go by the vendor's names: GOOGLE_APPLICATION_CREDENTIALS names a file with a key,
GOOGLE_SERVICE_ACCOUNT_KEY is the key's JSON itself, for secrets that become variables. STORAGE_EMULATOR_HOST,
by which Google's own libraries find an emulator, is translated: obstore would ignore it and ask the real
service. Without credentials requests go unsigned, never with the node's own from its metadata service.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from obstore.store import GCSStore

from slipway_runtime.storage.buckets import BucketSource, Vendor
from slipway_runtime.storage.environment import check_endpoints, check_values, first_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.storage.uri import ModelUri

EMULATOR = "STORAGE_EMULATOR_HOST"
_KEYS_IN_LINES = ("GOOGLE_SERVICE_ACCOUNT_KEY",)
_CREDENTIALS = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_BEARER_TOKEN",
)
GOOGLE = Vendor(
    settings="GOOGLE_",
    code=re.compile(r"<Code>(\w{1,64})</Code>|\"error\": ?\"(invalid_\w{1,32})\""),
    absent=frozenset({"NoSuchKey", "NoSuchBucket", "InvalidBucketName"}),
    denied=frozenset(
        {
            "AccessDenied",
            "AuthenticationRequired",
            "ExpiredToken",
            "InvalidSecurity",
            "SignatureDoesNotMatch",
            "UserProjectMissing",
            "invalid_grant",
            "invalid_client",
        }
    ),
    rights=(
        "GOOGLE_APPLICATION_CREDENTIALS (a file) or GOOGLE_SERVICE_ACCOUNT_KEY (its JSON), and the "
        "account's role storage.objectViewer on the bucket"
    ),
)


def gcs_source(uri: ModelUri, environ: Mapping[str, str]) -> BucketSource:
    """One object or prefix of a bucket.

    Args:
        uri: gs.
        environ: where the vendor's names are looked up.

    Raises:
        PullFailure: InvalidSettings.
    """
    emulator = environ.get(EMULATOR, "")
    if emulator and "://" not in emulator:
        emulator = f"http://{emulator}"
    check_values(environ, "GOOGLE_", except_for=_KEYS_IN_LINES)
    check_endpoints({EMULATOR: emulator}, (EMULATOR,))
    check_endpoints(environ, ("GOOGLE_BASE_URL",))
    base = emulator.rstrip("/") or environ.get("GOOGLE_BASE_URL", "")
    signs = bool(first_of(environ, _CREDENTIALS)) and not emulator

    def store(client_options: Any, **options: Any) -> GCSStore:
        where: Any = {"base_url": base} if base else {}
        client_options["allow_http"] = base.startswith("http://")
        return GCSStore(
            uri.authority,
            client_options=client_options,
            skip_signature=not signs,
            **where,
            **options,
        )

    return BucketSource(uri, GOOGLE, store)
