"""Keys and certificates: two authorities, one certificate per component, made by openssl in a blink.

All are P-256 and live a year; a local cluster does not get that old.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.network import API_SERVICE_IP, DOMAIN, NODE_IP
from localcluster.packages import which

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Certificate:
    """A certificate to make: file, common name, organization, signer (None: itself), alternative names."""

    file: str
    name: str
    organization: str = ""
    authority: str | None = "ca"
    others: tuple[str, ...] = ()


def certificates(node: str) -> list[Certificate]:
    """Every certificate of a cluster, authorities first."""
    services = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{DOMAIN}",
    ]
    api_names = [f"DNS:{name}" for name in [*services, "localhost"]]
    api_addresses = [f"IP:{address}" for address in (API_SERVICE_IP, "127.0.0.1", NODE_IP)]
    return [
        Certificate("ca", "kubernetes", authority=None),
        Certificate("front-proxy-ca", "front-proxy-ca", authority=None),
        Certificate("apiserver", "kube-apiserver", others=(*api_names, *api_addresses)),
        Certificate(
            "kubelet", f"system:node:{node}", "system:nodes", others=(f"DNS:{node}", f"IP:{NODE_IP}")
        ),
        Certificate("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
        Certificate("front-proxy-client", "front-proxy-client", authority="front-proxy-ca"),
        Certificate("admin", "admin", "system:masters"),
        Certificate("kube-controller-manager", "system:kube-controller-manager"),
        Certificate("kube-scheduler", "system:kube-scheduler"),
        Certificate("kube-proxy", "system:kube-proxy"),
    ]


def request(certificate: Certificate) -> str:
    """The openssl configuration that describes a certificate."""
    extensions = {"subjectKeyIdentifier": "hash"}
    if certificate.authority is None:
        extensions |= {"basicConstraints": "critical,CA:TRUE", "keyUsage": "critical,keyCertSign,cRLSign"}
    else:
        extensions |= {
            "authorityKeyIdentifier": "keyid",
            "basicConstraints": "critical,CA:FALSE",
            "keyUsage": "critical,digitalSignature",
            "extendedKeyUsage": "serverAuth,clientAuth",
        }
    if certificate.others:
        extensions["subjectAltName"] = ",".join(certificate.others)
    subject = {"O": certificate.organization, "CN": certificate.name}
    lines = ["[req]", "prompt=no", "distinguished_name=subject", "x509_extensions=extensions", "[subject]"]
    lines += [f"{key}={value}" for key, value in subject.items() if value]
    lines += ["[extensions]", *[f"{key}={value}" for key, value in extensions.items()]]
    return "\n".join(lines) + "\n"


def command(certificate: Certificate, openssl: str = "openssl") -> list[str]:
    """The openssl call that makes key and certificate from `request`, run in the folder of the keys."""
    file = certificate.file
    line = [openssl, "req", "-x509", *_KEY, "-days", "365", "-config", f"{file}.cnf"]
    line += ["-keyout", f"{file}.key", "-out", f"{file}.crt"]
    if certificate.authority is not None:
        line += ["-CA", f"{certificate.authority}.crt", "-CAkey", f"{certificate.authority}.key"]
    return line


def make(folder: Path, node: str) -> None:
    """Fill a folder with keys and certificates, and the key that signs service account tokens."""
    openssl = which("openssl") or "openssl"
    for certificate in certificates(node):
        (folder / f"{certificate.file}.cnf").write_text(request(certificate))
        _run(command(certificate, openssl), folder)
    curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    _run([openssl, "genpkey", *curve, "-out", "sa.key"], folder)
    _run([openssl, "pkey", "-in", "sa.key", "-pubout", "-out", "sa.pub"], folder)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"`{' '.join(command)}` in {folder} failed: {done.stderr.strip()}")
