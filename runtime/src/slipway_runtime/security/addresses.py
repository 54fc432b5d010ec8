"""Which addresses a URI that names a host (http, https, oci), or a redirect, may lead to.

A model's URI comes from whoever may create a ModelDeployment; the puller runs inside the cluster. So the
addresses that mean "this machine" or "this machine's cloud account" are refused, after the name was
resolved and for each address that a connection is made to. Private addresses are allowed: an artifact store
in the cluster has one. An endpoint of S3, Google, Azure or the Hub is not checked: it comes with the
credentials and not with the URI.
"""

from __future__ import annotations

import ipaddress

from slipway_runtime.errors import PullFailure, Reason

# Metadata services outside the link-local range: AWS over IPv6, Alibaba, Azure's wire server, Oracle.
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)


def check_address(address: str, *, allow_local: bool) -> None:
    """Refuse an address that no model is fetched from.

    Args:
        address: IPv4 or IPv6 literal, as the resolver gave it.
        allow_local: the server's operator said that local addresses are fine.

    Raises:
        PullFailure: InvalidURI.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    kind = _forbidden(ip)
    if kind and not allow_local:
        raise PullFailure(
            Reason.INVALID_URI,
            f"the URI leads to {ip}: models are not fetched from {kind} addresses "
            "(--allow-local-addresses permits it, for trusted URIs only)",
        )


def _forbidden(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if ip in _METADATA:
        return "cloud metadata"
    for kind, found in (
        ("loopback", ip.is_loopback),
        ("link-local", ip.is_link_local),
        ("unspecified", ip.is_unspecified or ip in ipaddress.ip_network("0.0.0.0/8")),
        ("multicast", ip.is_multicast),
        ("reserved", ip.is_reserved),
    ):
        if found:
            return kind
    return ""
