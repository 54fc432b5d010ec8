"""The network without a way out."""

import ipaddress
import socket

import pytest

from localcluster import network
from localcluster.errors import ClusterError
from localcluster.probe import address, ask, query


def test_nothing_can_leave() -> None:
    """A workload under test must not reach the machine's network, and must learn that at once."""
    routes = [command[3:] for command in network.setup("node-1") if command[:3] == ["ip", "route", "add"]]
    assert ["unreachable", "default"] in routes
    assert not any("via" in route for route in routes)


def test_the_networks_do_not_overlap() -> None:
    """A pod with a Service's address would swallow its traffic."""
    pods, services = ipaddress.ip_network(network.POD_CIDR), ipaddress.ip_network(network.SERVICE_CIDR)
    node = ipaddress.ip_network(f"{network.NODE_IP}/24", strict=False)
    assert not any(a.overlaps(b) for a, b in ((pods, services), (pods, node), (services, node)))
    assert ipaddress.ip_network(network.NODE_POD_CIDR).subnet_of(pods)  # type: ignore[arg-type] # both are IPv4
    assert {network.DNS_IP, network.API_SERVICE_IP} <= {str(host) for host in services}


def test_short_and_full_names_resolve_through_cluster_dns() -> None:
    """`exec` promises the names that a pod in the default namespace has."""
    text = network.resolv_conf(dns=True)
    assert text.splitlines() == [
        "nameserver 10.96.0.10",
        "search default.svc.cluster.local svc.cluster.local cluster.local",
        "options ndots:5 timeout:2",
    ]


def test_without_cluster_dns_a_lookup_fails_at_once() -> None:
    """A control plane alone has no DNS; nobody should wait for it."""
    assert network.resolv_conf(dns=False) == "nameserver 127.0.0.1\n"


def test_two_clusters_get_two_ports() -> None:
    """Side by side is a promise."""
    with network.listen() as first, network.listen() as second:
        assert first.getsockname()[0] == "127.0.0.1"
        assert first.getsockname()[1] != second.getsockname()[1]


def test_no_free_port_is_said_with_the_range() -> None:
    """The user then knows where to look."""
    with network.listen() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ClusterError, match=f"from {port} to {port}"):
            network.listen(range(port, port + 1))


def test_the_apis_ports_are_nobody_elses() -> None:
    """The port is the same inside, where node ports and the kernel's outgoing connections are."""
    assert not set(network.API_PORTS) & set(range(30000, 61000))


def test_a_dns_question_is_well_formed() -> None:
    """Checked byte by byte, since CoreDNS drops what is not."""
    expected = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0" + b"\x02ab\x01c\0" + b"\0\x01\0\x01"
    assert query("ab.c") == expected


def test_only_an_answer_with_an_address_counts() -> None:
    """CoreDNS answers before it knows the first Service: that is not readiness."""
    question = query("a.b")
    found = (
        b"\0\x07\x81\x80\0\x01\0\x01\0\0\0\0"
        + question[12:]
        + b"\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x0a\x60\0\x01"
    )
    refused = b"\0\x07\x81\x83\0\x01\0\0\0\0\0\0" + question[12:]
    assert address(found) == "10.96.0.1"
    assert address(refused) == "code 3, 0 answers"


def test_a_server_that_is_not_there_is_no_crash() -> None:
    """The probe runs before DNS does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.53", 0))
    assert ask("127.0.0.53", "a.b").startswith("no answer")
