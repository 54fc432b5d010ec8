"""Keys, certificates and kubeconfigs."""

import base64
import ssl
import subprocess
from pathlib import Path

import pytest

from localcluster import pki
from localcluster.errors import ClusterError
from localcluster.kubeconfig import kubeconfig
from localcluster.pki import Certificate


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster's keys, made by the real openssl."""
    folder = tmp_path_factory.mktemp("pki")
    pki.make(folder, "node-1")
    return folder


def _openssl(keys: Path, *arguments: str) -> str:
    return subprocess.run(
        ["openssl", *arguments], cwd=keys, check=True, capture_output=True, text=True
    ).stdout


def test_an_authority_signs_itself_and_a_component_is_signed_by_its_authority() -> None:
    """A front proxy's certificate signed by the wrong authority would make every caller an administrator."""
    authority = pki.command(Certificate("ca", "kubernetes", authority=None))
    proxy = pki.command(Certificate("proxy", "front-proxy-client", authority="front-proxy-ca"))
    assert "-CA" not in authority
    assert proxy[proxy.index("-CA") + 1] == "front-proxy-ca.crt"
    assert proxy[proxy.index("-CAkey") + 1] == "front-proxy-ca.key"


def test_only_authorities_may_sign() -> None:
    """A component's stolen key must not make new identities."""
    assert "CA:TRUE" in pki.request(Certificate("ca", "kubernetes", authority=None))
    assert "CA:FALSE" in pki.request(Certificate("admin", "admin", "system:masters"))


def test_every_certificate_verifies_strictly(keys: Path) -> None:
    """Newer Pythons and Go check all the rules of X.509, not just the signature."""
    for certificate in pki.certificates("node-1"):
        authority = certificate.authority or certificate.file
        _openssl(keys, "verify", "-x509_strict", "-CAfile", f"{authority}.crt", f"{certificate.file}.crt")


def test_the_api_server_answers_under_all_its_names(keys: Path) -> None:
    """Pods call it kubernetes.default.svc, users 127.0.0.1, the node by its address."""
    text = _openssl(keys, "x509", "-in", "apiserver.crt", "-noout", "-ext", "subjectAltName")
    for name in (
        "DNS:kubernetes.default.svc",
        "IP Address:127.0.0.1",
        "IP Address:10.96.0.1",
        "IP Address:10.99.0.10",
    ):
        assert name in text


def test_the_kubelet_is_who_the_node_authorizer_expects(keys: Path) -> None:
    """With any other name it may not even register its node."""
    subject = _openssl(keys, "x509", "-in", "kubelet.crt", "-noout", "-subject", "-nameopt", "RFC2253")
    assert subject.strip() == "subject=CN=system:node:node-1,O=system:nodes"


def test_a_kubeconfig_carries_everything_it_needs(keys: Path, tmp_path: Path) -> None:
    """It is copied into CI jobs and other machines' tunnels, where the folder of keys is not."""
    config = kubeconfig("t1", 16443, keys, "admin")
    (cluster,), (user,) = config["clusters"], config["users"]
    assert cluster["cluster"]["server"] == "https://127.0.0.1:16443"
    for name, value in (("crt", "client-certificate-data"), ("key", "client-key-data")):
        (tmp_path / name).write_bytes(base64.b64decode(user["user"][value]))
    authority = base64.b64decode(cluster["cluster"]["certificate-authority-data"]).decode()
    ssl.create_default_context(cadata=authority).load_cert_chain(tmp_path / "crt", tmp_path / "key")


def test_openssl_that_fails_is_quoted(tmp_path: Path) -> None:
    """The reason is in what it said."""
    with pytest.raises(ClusterError, match=r"nothing\.cnf.*failed: .*No such file"):
        pki._run(["openssl", "req", "-new", "-config", "nothing.cnf"], tmp_path)
