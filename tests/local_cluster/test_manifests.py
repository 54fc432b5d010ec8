"""The manifests that `up` applies."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from localcluster import addons, kubectl
from localcluster.modules import COREDNS, METRICS_SERVER, VERSITYGW
from localcluster.network import DNS_IP

VALUES: dict[str, tuple[dict[str, str], str]] = {
    "coredns.yaml": ({"dns_ip": DNS_IP, "image": COREDNS.tag}, COREDNS.tag),
    "metrics-server.yaml": (addons.metrics_values("/ca.crt"), METRICS_SERVER.tag),
    "s3.yaml": (addons.s3_values(Path("/objects")), VERSITYGW.tag),
}


def _objects(file: str) -> list[dict[str, Any]]:
    text = kubectl.manifest(addons.MANIFESTS / file, VALUES[file][0])
    return [document for document in yaml.safe_load_all(text) if document]


@pytest.mark.parametrize("file", sorted(VALUES))
def test_an_image_is_one_we_made_and_never_pulled(file: str) -> None:
    """There is no registry to pull from: the pod would wait for ever."""
    (pod,) = (o["spec"]["template"]["spec"] for o in _objects(file) if o["kind"] == "Deployment")
    (container,) = pod["containers"]
    assert container["image"] == VALUES[file][1]
    assert container["imagePullPolicy"] == "Never"


def test_every_manifest_is_covered_here() -> None:
    """A new one must be listed above to be checked."""
    assert {path.name for path in addons.MANIFESTS.iterdir()} == set(VALUES)


def test_a_placeholder_without_a_value_is_an_error() -> None:
    """`$image` as an image's name would fail far from its cause."""
    with pytest.raises(KeyError, match="image"):
        kubectl.manifest(addons.MANIFESTS / "coredns.yaml", {"dns_ip": DNS_IP})


def test_the_s3_servers_secret_is_what_s3_clients_read() -> None:
    """Users mount it with envFrom and need to set nothing else."""
    (secret,) = (o for o in _objects("s3.yaml") if o["kind"] == "Secret")
    assert secret["stringData"]["AWS_ENDPOINT_URL"] == "http://s3.slipway-addons.svc:7070"
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} < set(secret["stringData"])
