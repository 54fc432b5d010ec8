"""Which module knows a scheme. It is imported when asked for: a pull pays for one vendor's library only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.storage.source import Source
    from slipway_runtime.storage.uri import ModelUri


class Around(NamedTuple):
    """What a source may use besides the URI: the environment, and whether local addresses are fine."""

    environ: Mapping[str, str]
    allow_local: bool


def open_source(uri: ModelUri, environ: Mapping[str, str], *, allow_local: bool) -> Source:
    """The storage of a URI; nothing is asked yet.

    Args:
        uri: of any scheme.
        environ: where the vendor's names are looked up.
        allow_local: URIs may lead to loopback, link-local and metadata addresses.

    Raises:
        PullFailure: InvalidSettings, or InvalidURI where it does not fit the credentials.
    """
    return _OPENERS.get(uri.scheme, _web)(uri, Around(environ, allow_local))


def _local(uri: ModelUri, _around: Around) -> Source:
    from slipway_runtime.storage.local import LocalSource  # noqa: PLC0415 # see above

    return LocalSource(uri.path)


def _s3(uri: ModelUri, around: Around) -> Source:
    from slipway_runtime.storage.s3 import s3_source  # noqa: PLC0415 # see above

    return s3_source(uri, around.environ)


def _gcs(uri: ModelUri, around: Around) -> Source:
    from slipway_runtime.storage.gcs import gcs_source  # noqa: PLC0415 # see above

    return gcs_source(uri, around.environ)


def _azure(uri: ModelUri, around: Around) -> Source:
    from slipway_runtime.storage.azure import azure_source  # noqa: PLC0415 # see above

    return azure_source(uri, around.environ)


def _hub(uri: ModelUri, around: Around) -> Source:
    from slipway_runtime.storage.hf import HubSource  # noqa: PLC0415 # see above

    return HubSource(uri, around.environ, allow_local=around.allow_local)


def _registry(uri: ModelUri, around: Around) -> Source:
    from slipway_runtime.storage.oci import OciSource  # noqa: PLC0415 # see above
    from slipway_runtime.storage.web_client import HttpClient  # noqa: PLC0415 # see above

    return OciSource(uri, HttpClient(allow_local=around.allow_local), around.environ)


def _web(uri: ModelUri, around: Around) -> Source:
    from slipway_runtime.storage.web import WebSource  # noqa: PLC0415 # see above
    from slipway_runtime.storage.web_client import HttpClient  # noqa: PLC0415 # see above

    return WebSource(uri, HttpClient(allow_local=around.allow_local))


_OPENERS = {"file": _local, "s3": _s3, "gs": _gcs, "az": _azure, "hf": _hub, "oci": _registry}
