"""Addresses that a URI of a stranger must not lead to."""

from __future__ import annotations

import ipaddress
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_web import Answer, model_web
from slipway_runtime.errors import PullFailure, Reason
from slipway_runtime.security.addresses import check_address
from slipway_runtime.storage.web_client import CheckedBackend

REFUSED = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "2002:7f00:1::"],
    "link-local": ["169.254.0.1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254"],
    "cloud metadata": ["100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"],  # noqa: S104 # refused, not bound
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "::7f00:1", "64:ff9b::a9fe:a9fe", "::ffff:0:127.0.0.1"],
}
ALLOWED = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "8.8.8.8", "fd12::1", "2606:4700::1111"]


@pytest.mark.parametrize(("kind", "address"), [(kind, each) for kind in REFUSED for each in REFUSED[kind]])
def test_an_address_of_this_machine_or_its_account_is_refused(kind: str, address: str) -> None:
    """Whoever may write a URI would read the node's cloud credentials through the model's metadata."""
    with pytest.raises(PullFailure) as caught:
        check_address(address, allow_local=False)
    assert caught.value.reason is Reason.INVALID_URI
    assert not caught.value.transient
    assert kind in caught.value.message
    assert "--allow-local-addresses" in caught.value.message


@pytest.mark.parametrize("address", ALLOWED)
def test_private_and_public_addresses_are_fine(address: str) -> None:
    """An artifact store in the cluster has a private one."""
    check_address(address, allow_local=False)


@pytest.mark.parametrize("address", [each for kind in REFUSED.values() for each in kind])
def test_the_servers_owner_may_allow_all(address: str) -> None:
    """A developer's machine serves from localhost."""
    check_address(address, allow_local=True)


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_in_ipv6_is_no_freer_than_bare(address: ipaddress.IPv4Address) -> None:
    """Mapping is the classic way around such a list."""

    def refused(text: str) -> bool:
        try:
            check_address(text, allow_local=False)
        except PullFailure:
            return True
        return False

    if refused(str(address)):
        assert refused(f"::ffff:{address}")
        assert refused(str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.01",
        "0",
        "localhost",
        "::1",
        "::ffff:127.0.0.1",
        "0:0:0:0:0:ffff:7f00:1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
    ],
)
def test_every_spelling_of_a_refused_address_is_refused(host: str) -> None:
    """The check is on what was resolved, so spellings do not matter; nothing is connected to."""
    with pytest.raises(PullFailure) as caught:
        CheckedBackend(allow_local=False).connect_tcp(host, 1, timeout=1)
    assert caught.value.reason is Reason.INVALID_URI


@pytest.mark.parametrize("host", ["a" * 64 + ".example", ".example", "a..example", "no-such-name.invalid"])
def test_a_name_that_cannot_resolve_is_a_failed_connection(host: str) -> None:
    """The resolver has three ways to say no; each ends in the same reason."""
    with pytest.raises(httpcore.ConnectError, match="does not resolve"):
        CheckedBackend(allow_local=False).connect_tcp(host, 1, timeout=1)


class Resolver:
    """Gives one list of addresses after another, as a name server does whose owner plays tricks."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    def __call__(self, _host: str, port: int, **_: object) -> list[Any]:
        """Look a name up."""
        return [(2, 1, 6, "", (address, port)) for address in self._answers.pop(0)]


def test_a_name_that_changes_its_address_after_the_check_gains_nothing() -> None:
    """The connection goes to the address that was checked: the name is looked up once."""
    with model_web(Answer(), host="127.0.0.2") as there, model_web(Answer()) as canary:
        port = int(there.authority.rpartition(":")[2])
        resolve = Resolver(["127.0.0.2"], ["127.0.0.1"])
        backend = CheckedBackend(allow_local=False, trusted={("store.example", port)}, resolve=resolve)
        stream = backend.connect_tcp("store.example", port, timeout=5)
        assert stream.get_extra_info("server_addr") == ("127.0.0.2", port)
        stream.close()
    assert canary.requests == []


@pytest.mark.parametrize("addresses", [["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["::1"]])
def test_one_bad_address_among_a_names_is_enough(addresses: list[str]) -> None:
    """Which of them would be connected to is the network's choice; nothing is connected to."""
    backend = CheckedBackend(allow_local=False, resolve=Resolver(addresses))
    with pytest.raises(PullFailure, match="loopback"):
        backend.connect_tcp("store.example", 1, timeout=5)


def test_a_trusted_host_is_trusted_at_its_own_port_only() -> None:
    """An endpoint that the operator named opens that endpoint, not the machine it is on."""
    backend = CheckedBackend(
        allow_local=False, trusted={("store.example", 443)}, resolve=Resolver(["127.0.0.1"])
    )
    with pytest.raises(PullFailure, match="loopback"):
        backend.connect_tcp("store.example", 80, timeout=5)
