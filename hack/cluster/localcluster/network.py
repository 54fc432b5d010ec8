"""The cluster's network: addresses, the interface of its only node, and name resolution.

The network namespace has no way out: its default route answers "unreachable" at once. The node's
address sits on one end of a pair of virtual interfaces whose other end is in the same namespace,
because not every kernel has dummy interfaces.
"""

import socket

from localcluster.errors import ClusterError

NODE_IP = "10.99.0.10"
POD_CIDR = "10.244.0.0/16"
NODE_POD_CIDR = "10.244.0.0/24"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
DNS_IP = "10.96.0.10"
DOMAIN = "cluster.local"
API_PORTS = range(16443, 16543)  # clear of node ports and of the kernel's ephemeral ports


def setup(hostname: str) -> list[list[str]]:
    """Commands that give the network namespace its interface and routes, run as its PID 1."""
    return [
        ["hostname", hostname],
        ["ip", "link", "set", "lo", "up"],
        ["ip", "link", "add", "node0", "type", "veth", "peer", "name", "node0p"],
        ["ip", "address", "add", f"{NODE_IP}/24", "dev", "node0"],
        ["ip", "link", "set", "node0", "up"],
        ["ip", "link", "set", "node0p", "up"],
        # A Service's address is rewritten only after a route was found for it.
        ["ip", "route", "add", SERVICE_CIDR, "dev", "node0"],
        ["ip", "route", "add", "unreachable", "default"],
    ]


def listen(ports: range = API_PORTS) -> socket.socket:
    """A socket that listens on the first free loopback port; its number is the API server's port too."""
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            continue
        listener.listen(128)
        return listener
    raise ClusterError(f"no free port on 127.0.0.1 from {ports[0]} to {ports[-1]}: stop what listens there")


# Names come from files and DNS alone: no daemon of the machine is asked.
NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"


def resolv_conf(*, dns: bool) -> str:
    """/etc/resolv.conf for commands on the node: the cluster's names, or none without cluster DNS."""
    if not dns:
        return "nameserver 127.0.0.1\n"
    suffixes = f"default.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}"
    return f"nameserver {DNS_IP}\nsearch {suffixes}\noptions ndots:5 timeout:2\n"
