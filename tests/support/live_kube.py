"""A plain client of a real API server for tests: raw JSON in and out, and waits that watch.

`until` lists once and then watches, so it misses nothing and never polls; when its deadline passes
it fails with what it waited for, the last state seen, and what the namespace looks like.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from live_connection import connection
from live_paths import Json, Ref, api_version, collection, path, ref_of
from patient_transport import Patient

FIELD_MANAGER = "slipway-tests"


class LiveKube:
    """An API server as the user of `kubeconfig`; `diagnose(namespace)` adds to a failed wait's message."""

    def __init__(self, kubeconfig: Path, diagnose: Callable[[str], str] = lambda _: "") -> None:
        server, context = connection(kubeconfig)
        self._http = httpx.Client(
            base_url=server, transport=Patient(verify=context), timeout=30, trust_env=False
        )
        self._diagnose = diagnose

    def close(self) -> None:
        """Ends its connections."""
        self._http.close()

    def get(self, ref: Ref) -> Json | None:
        """The object, or None where there is none."""
        answer = self._http.get(path(ref))
        return None if answer.status_code == httpx.codes.NOT_FOUND else _json(answer)

    def require(self, ref: Ref) -> Json:
        """The object, which must be there."""
        found = self.get(ref)
        assert found is not None, f"{ref} is not there"
        return found

    def all_of(self, kind: str, namespace: str, selector: str = "") -> list[Json]:
        """All objects of a kind in a namespace, or of those with these labels."""
        items: list[Json] = self._list(kind, namespace, {"labelSelector": selector})["items"]
        return items

    def apply(self, manifest: Mapping[str, Any]) -> Json:
        """Server-side apply, forced, as `slipway-tests`."""
        params = {"fieldManager": FIELD_MANAGER, "force": "true"}
        headers = {"content-type": "application/apply-patch+yaml"}
        body = json.dumps(manifest)
        return _json(self._http.patch(path(ref_of(manifest)), params=params, headers=headers, content=body))

    def patch(self, ref: Ref, change: Mapping[str, Any]) -> Json:
        """A merge patch, as a hand with `kubectl patch` would send it."""
        headers = {"content-type": "application/merge-patch+json"}
        return _json(self._http.patch(path(ref), headers=headers, content=json.dumps(change)))

    def json_patch(self, ref: Ref, patch: Sequence[Json]) -> Json:
        """A JSON patch: one field of one item of a list, too."""
        headers = {"content-type": "application/json-patch+json"}
        return _json(self._http.patch(path(ref), headers=headers, content=json.dumps(patch)))

    def delete(self, ref: Ref, **options: Any) -> None:
        """Deletes the object; harmless where there is none."""
        answer = self._http.request("DELETE", path(ref), json=options)
        if answer.status_code != httpx.codes.NOT_FOUND:
            _json(answer)

    def until(self, ref: Ref, what: str, holds: Callable[[Json], object], *, seconds: float) -> Json:
        """The object once `holds` says so. Fails after `seconds`, naming `what` it waited for."""
        deadline = time.monotonic() + seconds
        last: Json | None = None
        for last in self._states(ref, deadline):
            if last is not None and holds(last):
                return last
        raise AssertionError(self._in_vain(ref, what, seconds, last))

    def until_gone(self, ref: Ref, *, seconds: float) -> None:
        """Returns when the object is not there any more."""
        last: Json | None = None
        for last in self._states(ref, time.monotonic() + seconds):
            if last is None:
                return
        raise AssertionError(self._in_vain(ref, "its end", seconds, last))

    def until_count(
        self,
        kind: str,
        namespace: str,
        selector: str,
        what: str,
        holds: Callable[[list[Json]], object],
        *,
        seconds: float,
    ) -> list[Json]:
        """All objects of that selector once `holds` says so of the list."""
        deadline = time.monotonic() + seconds
        objects: dict[str, Json] = {}
        for event, item in self._events(kind, namespace, {"labelSelector": selector}, deadline):
            if event == "RELISTING":
                objects.clear()
            elif item:
                uid = item["metadata"]["uid"]
                objects.pop(uid, None)
                if event != "DELETED":
                    objects[uid] = item
            if event not in {"RELISTING", "LISTING"} and holds(list(objects.values())):
                return list(objects.values())
        ref = Ref(kind, namespace, f"those with {selector}")
        raise AssertionError(
            self._in_vain(ref, what, seconds, {"items": [_name(one) for one in objects.values()]})
        )

    def _states(self, ref: Ref, deadline: float) -> Iterator[Json | None]:
        """Every state of one object from now on; None while it is not there."""
        found = False
        selector = {"fieldSelector": f"metadata.name={ref.name}"}
        for event, item in self._events(ref.kind, ref.namespace, selector, deadline):
            if event == "RELISTING":
                found = False
            elif event == "LISTING":
                found = True
                yield item
            elif event == "LISTED":
                if not found:
                    yield None
            else:
                yield None if event == "DELETED" else item

    def _events(
        self, kind: str, namespace: str, selector: Mapping[str, str], deadline: float
    ) -> Iterator[tuple[str, Json]]:
        """LISTING for each object there is, LISTED once, then what the watch says, until the deadline.

        A watch that the server ends before is followed by RELISTING, and the same again: servers do that
        at any time, for instance when the definition of a custom resource changes.
        """
        while True:
            listed = self._list(kind, namespace, selector)
            for item in listed["items"]:
                yield "LISTING", item
            yield "LISTED", {}
            yield from self._watch(kind, namespace, selector, listed["metadata"]["resourceVersion"], deadline)
            if time.monotonic() >= deadline:
                return
            yield "RELISTING", {}

    def _watch(
        self, kind: str, namespace: str, selector: Mapping[str, str], version: str, deadline: float
    ) -> Iterator[tuple[str, Json]]:
        left = max(1, math.ceil(deadline - time.monotonic()))
        params = {**selector, "watch": "true", "timeoutSeconds": str(left), "resourceVersion": version}
        with (
            suppress(httpx.ReadTimeout),
            self._http.stream("GET", collection(kind, namespace), params=params, timeout=left + 2) as answer,
        ):
            for line in answer.iter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise AssertionError(f"the watch of {kind} in {namespace} broke: {event['object']}")
                yield event["type"], event["object"]

    def _list(self, kind: str, namespace: str, params: Mapping[str, str]) -> Json:
        answer = _json(self._http.get(collection(kind, namespace), params=params))
        for item in answer["items"]:
            item |= {"apiVersion": api_version(kind), "kind": kind}
        return answer

    def _in_vain(self, ref: Ref, what: str, seconds: float, last: Json | None) -> str:
        state = "it was not there" if last is None else json.dumps(last.get("status", last), indent=1)
        told = f"waited {seconds:g} s in vain for {what} of {ref}\nlast seen: {state}"
        return f"{told}\n{self._diagnose(ref.namespace)}"


def condition(obj: Mapping[str, Any], kind: str) -> Json:
    """The condition of that type, or an empty object."""
    conditions = obj.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == kind), {})


def _name(obj: Mapping[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def _json(answer: httpx.Response) -> Json:
    body: Json = answer.json()
    if answer.is_error:
        raise ApiError(answer.status_code, body.get("message", ""))
    return body


class ApiError(Exception):
    """The API server refused; `code` is the HTTP status, the text its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
