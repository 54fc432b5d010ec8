"""`oci:` — the files of an artifact in a container registry, as `oras push` and model builders store them.

The manifest is fetched by tag or digest and checked against the digest; of an index, this machine's
manifest is taken. A layer with a title is a file of that name; a layer that is a tar archive (an image's,
or one that says it wants to be unpacked) is unpacked under the rules for archives. Each blob is checked
against its digest, and continued with a range after a cut: what is addressed by its digest cannot change.

The registry's host stands in the URI, so its addresses are checked as those of web servers are. Registries
on loopback are spoken to in plain HTTP, as container tools do; all others over TLS.
"""

from __future__ import annotations

import hashlib
import json
import platform
from typing import TYPE_CHECKING, Any, NamedTuple

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.digest import digest_file
from slipway_runtime.storage.archive import MAX_ENTRIES, kind_of, lift, unpack
from slipway_runtime.storage.download import range_headers, save
from slipway_runtime.storage.registry_login import RegistryLogin
from slipway_runtime.storage.uri import ModelUri
from slipway_runtime.storage.web_client import check_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from slipway_runtime.storage.source import Budget
    from slipway_runtime.storage.staging import Staging
    from slipway_runtime.storage.web_client import Answer, HttpClient

MAX_MANIFEST = 4 * 1024 * 1024
TITLE = "org.opencontainers.image.title"
UNPACK = "io.deis.oras.content.unpack"
RIGHTS = (
    "check DOCKER_AUTH_CONFIG (a docker config.json with auths of this host), and the account's right to pull"
)
_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
_MANIFESTS = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Layer(NamedTuple):
    """One blob of a model.

    Attributes:
        name: of the file it becomes; archives get a temporary one.
        digest: sha256: of its bytes.
        size: in bytes.
        archive: suffix of an archive that is unpacked; empty for a file.
    """

    name: str
    digest: str
    size: int
    archive: str


class OciSource:
    """One artifact.

    Args:
        uri: oci.
        client: asks; checks addresses.
        environ: where credentials are looked up.
    """

    def __init__(self, uri: ModelUri, client: HttpClient, environ: Mapping[str, str]) -> None:
        self._uri = uri
        self._client = client
        host = uri.authority
        self._host = "registry-1.docker.io" if host in ("docker.io", "index.docker.io") else host
        self._scheme = "http" if _is_loopback(host) else "https"
        self._login = RegistryLogin(host, uri.path, environ)

    def fetch(self, staging: Staging) -> bool:
        """Manifest, then blob after blob."""
        layers = list(self._layers(self._manifest(staging.budget)))
        if not layers:
            raise PullFailure(
                Reason.UNSUPPORTED_FORMAT,
                f"'{self._uri.shown}' has no layer with a title and none that is a tar archive: push the "
                "model's files with oras",
            )
        staging.announce(sum(layer.size for layer in layers))
        for layer in layers:
            self._fetch_layer(layer, staging)
        for layer in layers:
            if layer.archive:
                unpack(staging, layer.name, layer.archive)
        if any(layer.archive for layer in layers):
            lift(staging.folder)
        return len(layers) == 1 and not layers[0].archive and "/" not in layers[0].name

    def _manifest(self, budget: Budget) -> dict[str, Any]:
        found = self._document(self._uri.reference, budget)
        if found.get("mediaType") in _INDEXES or "manifests" in found:
            found = self._document(self._pick(found), budget)
        return found

    def _document(self, reference: str, budget: Budget) -> dict[str, Any]:
        accepted = {"accept": ", ".join(sorted(_MANIFESTS | _INDEXES))}
        with self._get(f"manifests/{reference}", budget, accepted) as answer:
            check_status(answer, self._uri.shown, RIGHTS)
            body = answer.body(MAX_MANIFEST)
        if ":" in reference and f"sha256:{hashlib.sha256(body).hexdigest()}" != reference:
            raise PullFailure(
                Reason.DIGEST_MISMATCH,
                f"the registry of '{self._uri.shown}' sent another manifest than asked for",
            )
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._odd("its manifest is no JSON object")
        return found

    def _pick(self, index: dict[str, Any]) -> str:
        """The manifest for this machine, or the only one."""
        wanted = _ARCHITECTURES.get(platform.machine(), platform.machine())
        entries = [entry for entry in _objects(index.get("manifests")) if _digest_of(entry)]
        fitting = [entry for entry in entries if _object(entry.get("platform")).get("architecture") == wanted]
        chosen = fitting[:1] or (entries if len(entries) == 1 else [])
        if not chosen:
            raise self._odd(f"its index has no manifest for {wanted}")
        return _digest_of(chosen[0])

    def _layers(self, manifest: dict[str, Any]) -> Iterator[Layer]:
        found = _objects(manifest.get("layers"))
        if len(found) > MAX_ENTRIES:
            raise PullFailure(
                Reason.TOO_LARGE, f"'{self._uri.shown}' has {len(found)} layers, the limit is {MAX_ENTRIES}"
            )
        for number, layer in enumerate(found):
            digest, size = _digest_of(layer), layer.get("size")
            if not digest or not isinstance(size, int) or not 0 <= size < 2**63:
                raise self._odd("a layer has no sha256 digest or no size")
            notes = _object(layer.get("annotations"))
            title = notes.get(TITLE)
            archive = _archive_of(str(layer.get("mediaType", "")), title, wanted=notes.get(UNPACK) == "true")
            if archive:
                yield Layer(f"layer-{number}{archive}", digest, size, archive)
            elif isinstance(title, str):
                yield Layer(title.removeprefix("./"), digest, size, "")

    def _fetch_layer(self, layer: Layer, staging: Staging) -> None:
        part = staging.part(layer.name)
        if part.kept(layer.digest):
            return
        if part.validator != layer.digest:
            part.forget()
        with self._get(
            f"blobs/{layer.digest}", staging.budget, range_headers(part, immutable=True)
        ) as answer:
            save(answer, part, staging, self._uri.shown, digest=layer.digest, whole=False)
        if digest_file(part.path) != layer.digest:
            part.forget()
            raise PullFailure(
                Reason.DIGEST_MISMATCH,
                f"a layer of '{self._uri.shown}' is not what its manifest says: push it again",
            )

    def _get(self, what: str, budget: Budget, headers: Mapping[str, str]) -> AbstractContextManager[Answer]:
        uri = ModelUri(self._scheme, self._host, f"/v2/{self._uri.path}/{what}", self._uri.shown)
        return self._login.get(self._client, uri, budget, headers)

    def _odd(self, why: str) -> PullFailure:
        return PullFailure(Reason.UNSUPPORTED_FORMAT, f"'{self._uri.shown}' is no artifact with files: {why}")


def _archive_of(media_type: str, title: object, *, wanted: bool) -> str:
    """The suffix of an archive that is to be unpacked; empty for a file that stays as it is."""
    if isinstance(title, str) and not wanted:
        return ""
    for end, suffix in (
        (".tar", ".tar"),
        ("tar+gzip", ".tar.gz"),
        (".tar.gzip", ".tar.gz"),
        ("tar+zstd", ".tar.zst"),
    ):
        if media_type.endswith(end):
            return suffix
    return (kind_of(title) or ".tar.gz") if wanted and isinstance(title, str) else ""


def _is_loopback(authority: str) -> bool:
    host = authority.rpartition(":")[0] if not authority.endswith("]") and ":" in authority else authority
    return host in ("localhost", "[::1]") or host.startswith("127.")


def _digest_of(entry: dict[str, Any]) -> str:
    digest = entry.get("digest")
    plain = isinstance(digest, str) and len(digest) == 71 and digest.startswith("sha256:")  # noqa: PLR2004 # sha256: and 64 digits
    return str(digest) if plain and set(str(digest)[7:]) <= set("0123456789abcdef") else ""


def _objects(found: object) -> list[dict[str, Any]]:
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
