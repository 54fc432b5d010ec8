"""The manifests that users are given: the examples and the YAML blocks of the specification page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from crd_schema import ROOT

EXAMPLES = ROOT / "examples"
PAGE = ROOT / "docs" / "spec" / "modeldeployment.md"
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Document(NamedTuple):
    """A file or block as users get it."""

    title: str
    text: str

    def __str__(self) -> str:
        return self.title

    def objects(self) -> list[dict[str, Any]]:
        """The objects in it; times stay strings, as they do for kubectl."""
        return list(yaml.load_all(self.text, Loader=_Loader))


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: a time is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def documents() -> Iterator[Document]:
    """All of them."""
    for file in sorted(EXAMPLES.glob("*.yaml")):
        yield Document(file.name, file.read_text())
    for number, block in enumerate(_BLOCK.findall(page()), 1):
        yield Document(f"{PAGE.name} block {number}", block)


def page() -> str:
    """The specification page."""
    return Path(PAGE).read_text()
