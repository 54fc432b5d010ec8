"""`az:` and `abfs:` — a blob, or every blob below a prefix, of Azure Blob Storage or Data Lake.

`az://CONTAINER/PATH` takes the account from the environment;
`abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH` names it. Credentials go by the vendor's names
(AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, AZURE_STORAGE_CONNECTION_STRING, AZURE_CLIENT_ID and
AZURE_CLIENT_SECRET or a federated token) and are used for the account that AZURE_STORAGE_ACCOUNT_NAME names
alone: whoever writes a URI cannot send them elsewhere. Without credentials requests go unsigned, never with
the node's own identity from its metadata service.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from obstore.store import AzureStore

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.storage.buckets import BucketSource, Vendor
from slipway_runtime.storage.environment import check_endpoints, check_values, first_of, unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.storage.uri import ModelUri

ENDPOINTS = ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT")
CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"
_CREDENTIALS = (
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_MASTER_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
)
# What a connection string calls it -> what obstore calls it.
_PARTS = {
    "AccountName": "account_name",
    "AccountKey": "account_key",
    "BlobEndpoint": "endpoint",
    "SharedAccessSignature": "sas_key",
}
MICROSOFT = Vendor(
    settings="AZURE_",
    code=re.compile(r"<Code>(\w{1,64})</Code>"),
    absent=frozenset({"BlobNotFound", "ContainerNotFound", "ResourceNotFound", "InvalidResourceName"}),
    denied=frozenset(
        {
            "AccountIsDisabled",
            "AuthenticationFailed",
            "AuthorizationFailure",
            "AuthorizationPermissionMismatch",
            "InsufficientAccountPermissions",
            "InvalidAuthenticationInfo",
            "NoAuthenticationInformation",
            "PublicAccessNotPermitted",
        }
    ),
    rights=(
        "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or an identity "
        "in the secret, and its role Storage Blob Data Reader"
    ),
)


def azure_source(uri: ModelUri, environ: Mapping[str, str]) -> BucketSource:
    """One blob or prefix of a container.

    Args:
        uri: az or abfs.
        environ: where the vendor's names are looked up.

    Raises:
        PullFailure: InvalidSettings; InvalidURI where it names another account than the credentials' own.
    """
    check_values(environ, "AZURE_")
    check_endpoints(environ, ENDPOINTS)
    named = _connection(environ.get(CONNECTION, ""))
    signs = bool(first_of(environ, _CREDENTIALS) or named.keys() & {"account_key", "sas_key"})
    known = named.get("account_name", "") or environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
    account = _account(uri, known, signs=signs)
    endpoint = named.get("endpoint", "") or first_of(environ, ENDPOINTS)

    def store(client_options: Any, **options: Any) -> AzureStore:
        client_options["allow_http"] = endpoint.lower().startswith("http://")
        return AzureStore(
            uri.authority,
            client_options=client_options,
            skip_signature=not signs,
            **{**named, "account_name": account},  # type: ignore[arg-type] # texts by obstore's names
            **options,
        )

    return BucketSource(uri, MICROSOFT, store)


def _account(uri: ModelUri, known: str, *, signs: bool) -> str:
    if not uri.account and not known:
        raise PullFailure(
            Reason.INVALID_SETTINGS,
            f"'{uri.shown}' names no account: set AZURE_STORAGE_ACCOUNT_NAME, or write "
            "abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH",
        )
    if uri.account and signs and uri.account != known:
        raise PullFailure(
            Reason.INVALID_URI,
            f"'{uri.shown}' leads to the account '{uri.account}', the credentials are for "
            f"'{known or 'none that AZURE_STORAGE_ACCOUNT_NAME names'}': they are not sent elsewhere",
        )
    return uri.account or known


def _connection(text: str) -> dict[str, str]:
    """The parts of a connection string, by obstore's names."""
    parts = dict(part.partition("=")[::2] for part in text.split(";") if part)
    named = {_PARTS[name]: value for name, value in parts.items() if name in _PARTS and value}
    if text and "account_name" not in named:
        raise unusable(
            CONNECTION, "must have AccountName=..., and AccountKey=... or SharedAccessSignature=..."
        )
    if "endpoint" in named:
        check_endpoints({CONNECTION: named["endpoint"]}, (CONNECTION,))
    return named
