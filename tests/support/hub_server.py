"""What the Hugging Face Hub answers about one model, on loopback, for its real client library."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from model_web import Answer, Request
from ranged_answer import ranged

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """One model; a function from request to answer.

    `token` is asked for where it is set, with `refusal` as the code for others; `elsewhere` is where files
    are redirected to, as the Hub does it with large ones.
    """

    name: str
    files: Mapping[str, bytes]
    token: str = ""
    refusal: str = "RepoNotFound"
    elsewhere: str = ""
    revisions: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    cuts: list[int] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        """Answer."""
        path = unquote(urlsplit(request.target).path)
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return _refusal(401, self.refusal)
        _, _, what = path.partition(f"/api/models/{self.name}")
        if what.startswith("/tree/"):
            return _json([_entry(path, content) for path, content in self.files.items()])
        if path.startswith(f"/api/models/{self.name}"):
            return self._about(what.removeprefix("/revision/") or "main")
        return self._file(request, path)

    def _file(self, request: Request, path: str) -> Answer:
        wanted = path.removeprefix(f"/{self.name}/resolve/{COMMIT}/")
        if path != wanted and wanted in self.files:
            if self.elsewhere:
                return Answer(302, headers={"Location": f"{self.elsewhere}/{wanted}"})
            return ranged(request, self.files[wanted], cut=self.cuts.pop() if self.cuts else None)
        return _refusal(404, "RepoNotFound")

    def _about(self, revision: str) -> Answer:
        commit = self.revisions.get(revision)
        if not commit:
            return _refusal(404, "RevisionNotFound")
        return _json({"id": self.name, "modelId": self.name, "sha": commit, "siblings": [], "tags": []})


def _entry(path: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}  # noqa: S324 # git's names


def _json(document: object) -> Answer:
    return Answer(body=json.dumps(document).encode(), headers={"Content-Type": "application/json"})


def _refusal(status: int, code: str) -> Answer:
    return Answer(status, b'{"error": "no"}', {"X-Error-Code": code, "X-Error-Message": "no"})
