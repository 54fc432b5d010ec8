"""`slipway-operator render`: the objects a manifest would produce, without a cluster.

The same parser and the same decisions as in `run`: each round's writes are given back to the next
one as if the API server had stored them, until nothing new is to be created.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import yaml

from slipway_operator.api import names
from slipway_operator.api.parse import parse
from slipway_operator.api.types import ModelDeployment
from slipway_operator.core.actions import Create, Kind
from slipway_operator.core.decide import Defaults, decide
from slipway_operator.core.observed import observe
from slipway_operator.core.slim import slim

ROUNDS: Final = 10
MAX_BYTES: Final = 4_000_000
UID: Final = "00000000-0000-0000-0000-000000000000"


@dataclass
class Rendered:
    """YAML of all objects, and a line for each thing that is wrong."""

    text: str = ""
    errors: list[str] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """YAML whose timestamps stay text, as they are in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """YAML without anchors: people read it."""

    def ignore_aliases(self, data: object) -> bool:
        """Every object is written out."""
        del data
        return True


def render(text: str, runtime_image: str) -> Rendered:
    """Renders every ModelDeployment in `text`; other kinds are an error, with their place."""
    rendered = Rendered()
    if len(text) > MAX_BYTES:
        rendered.errors.append(f"{len(text):,} characters are more than {MAX_BYTES:,}; split the file")
        return rendered
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        rendered.errors.append(f"no valid YAML: {error}")
        return rendered
    except RecursionError:
        rendered.errors.append("no valid YAML: nested too deeply; a ModelDeployment has some ten levels")
        return rendered
    for number, document in enumerate(documents, start=1):
        if document is not None:
            _one(rendered, f"document {number}", document, Defaults(runtime_image=runtime_image))
    if not rendered.text and not rendered.errors:
        rendered.errors.append(f"there is no {names.KIND} in the file")
    return rendered


def _one(rendered: Rendered, where: str, document: Any, defaults: Defaults) -> None:
    if not isinstance(document, dict) or document.get("kind") != names.KIND:
        kind = document.get("kind") if isinstance(document, dict) else type(document).__name__
        rendered.errors.append(f"{where}: is {kind!r}; only {names.KIND} can be rendered")
        return
    parsed = parse(document)
    if isinstance(parsed, ModelDeployment):
        md = replace(parsed, uid=UID)
        rendered.text += "".join(map(_document, _objects(md, defaults)))
    else:
        rendered.errors += [f"{where}: {error}" for error in parsed]


def _objects(md: ModelDeployment, defaults: Defaults) -> Iterator[dict[str, Any]]:
    """What the rounds of decisions create, in the order in which `run` would."""
    stored: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in Kind}
    for _ in range(ROUNDS):
        decision = decide(md, observe(md, stored), defaults, datetime.now(UTC))
        created = [write for write in decision.writes if isinstance(write, Create)]
        if not created:
            return
        for write in created:
            yield write.manifest
            stored[write.ref.kind].append(slim(_as_stored(write.manifest)))


def _as_stored(manifest: dict[str, Any]) -> dict[str, Any]:
    known = {"uid": f"{UID}-{manifest['metadata']['name']}", "resourceVersion": "1", "generation": 1}
    return {**manifest, "metadata": {**manifest["metadata"], **known}}


def _document(manifest: dict[str, Any]) -> str:
    body: str = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=110)
    return f"---\n{body}"
