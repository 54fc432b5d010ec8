"""`hf:` — a model of the Hugging Face Hub, or a folder or file in it, at one revision.

The vendor's library resolves the revision to a commit and lists its files, so that the whole pull is of one
commit whatever happens to the branch meanwhile. The bytes come over our own HTTP, which resumes, counts,
checks addresses and gives the token to the Hub alone, not to the storage it redirects to. HF_TOKEN is the
token, HF_ENDPOINT another hub; that one is named by the server's operator and may be anywhere.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.redact import redact_text
from slipway_runtime.storage.download import range_headers, save
from slipway_runtime.storage.environment import check_endpoints, check_values
from slipway_runtime.storage.uri import ModelUri, parse_uri
from slipway_runtime.storage.web_client import HttpClient, check_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.storage.source import Budget
    from slipway_runtime.storage.staging import Staging

DEFAULT_ENDPOINT = "https://huggingface.co"
MAX_FILES = 10_000
METADATA_SECONDS = 30.0
RIGHTS = "check HF_TOKEN, and that its account was granted the model"
_ABSENT = frozenset({"RepositoryNotFoundError", "RevisionNotFoundError", "EntryNotFoundError"})
_NOT_FOUND = 404
_GIT_FILES = frozenset({".gitattributes", ".gitignore"})


class HubSource:
    """One model, folder or file.

    Args:
        uri: hf.
        environ: where HF_TOKEN and HF_ENDPOINT are looked up.
        allow_local: the Hub may redirect to loopback.

    Raises:
        PullFailure: InvalidSettings.
    """

    def __init__(self, uri: ModelUri, environ: Mapping[str, str], *, allow_local: bool) -> None:
        check_values(environ, "HF_")
        check_endpoints(environ, ("HF_ENDPOINT",))
        self._uri = uri
        self._endpoint = (environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
        self._token = environ.get("HF_TOKEN", "")
        named = f"{self._endpoint}/api" if environ.get("HF_ENDPOINT") else ""
        self._client = HttpClient(allow_local=allow_local, trusted=named)
        self._commit = ""

    def fetch(self, staging: Staging) -> bool:
        """Resolve, list, fetch file after file."""
        files = self._files(staging.budget)
        single = list(files) == [self._uri.path]
        staging.announce(sum(files.values()))
        for path in sorted(files):
            folder = self._uri.path.rpartition("/")[0] if single else self._uri.path
            part = staging.part(path.removeprefix(folder).strip("/"))
            if part.done and part.kept(part.validator):  # of this very commit
                continue
            address = f"{self._endpoint}/{self._uri.authority}/resolve/{self._commit}/{quote(path)}"
            uri = parse_uri(address)
            asked = range_headers(part)
            with self._client.get(uri, staging.budget, asked, self._secrets()) as answer:
                check_status(answer, self._uri.shown, RIGHTS)
                save(answer, part, staging, self._uri.shown, whole=False)
            if part.path.stat().st_size != files[path]:
                part.forget()
                raise PullFailure(
                    Reason.UNREACHABLE,
                    f"'{redact_text(path)}' of '{self._uri.shown}' is not as long as the Hub says: fetched "
                    "anew",
                    transient=True,
                )
        return single

    def _secrets(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"} if self._token else {}

    def _files(self, budget: Budget) -> Mapping[str, int]:
        """Paths in the repository at and below the URI's, with their sizes."""
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        import huggingface_hub  # noqa: PLC0415 # slow to import, and only who has such a URI pays for it

        api = huggingface_hub.HfApi(endpoint=self._endpoint, token=self._token or False)
        repository = self._uri.authority
        try:
            if not self._commit:
                revision = self._uri.reference or None
                seconds = budget.seconds_left(METADATA_SECONDS)
                self._commit = api.model_info(repository, revision=revision, timeout=seconds).sha or ""
            tree = api.list_repo_tree(repository, recursive=True, revision=self._commit)
            found: dict[str, int] = {}
            for entry in tree:
                size = getattr(entry, "size", None)  # folders have none
                if isinstance(size, int) and self._wanted(entry.path):
                    found[entry.path] = size
                if len(found) > MAX_FILES:
                    break
        except Exception as error:  # noqa: BLE001 # the library's errors have no common base
            raise self._failure(error) from None
        if len(found) > MAX_FILES:
            raise PullFailure(Reason.TOO_LARGE, f"'{self._uri.shown}' has more than {MAX_FILES} files")
        if not found:
            raise PullFailure(Reason.NOT_FOUND, f"'{self._uri.shown}' has no such file or folder")
        return found

    def _wanted(self, path: str) -> bool:
        asked = self._uri.path
        if asked:
            return path == asked or path.startswith(f"{asked}/")
        return path not in _GIT_FILES

    def _failure(self, error: Any) -> PullFailure:
        """What the Hub meant: by the status of its answer, else the network failed."""
        where = f"'{self._uri.shown}'"
        status = getattr(getattr(error, "response", None), "status_code", 0)
        name = type(error).__name__
        hidden = name == "RepositoryNotFoundError" and not self._token  # the Hub says 401 to strangers
        if name == "GatedRepoError" or (status in (401, 403) and not hidden):
            return PullFailure(Reason.ACCESS_DENIED, f"the Hub refuses {where} ({status}): {RIGHTS}")
        if name in _ABSENT or status == _NOT_FOUND:
            return PullFailure(
                Reason.NOT_FOUND,
                f"the Hub has no {where}, or it is private and HF_TOKEN may not see it ({status})",
            )
        if isinstance(error, ValueError) and not status:
            return PullFailure(Reason.INVALID_URI, f"{where} is no model that the Hub takes")
        return PullFailure(
            Reason.UNREACHABLE,
            f"the Hub cannot be asked about {where} ({status or name})",
            transient=True,
        )
