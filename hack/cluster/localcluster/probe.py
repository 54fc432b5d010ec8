"""Asking cluster DNS from inside: `python -m localcluster.probe SERVER NAME ADDRESS SECONDS`.

Ends with status 0 as soon as the server at SERVER answers NAME with ADDRESS, with status 1 and the
last answer when that has not happened after SECONDS.
"""

import socket
import struct
import sys
import time

_HEADER = struct.Struct(">6H")
_RECURSE = 0x0100
_TYPE_A, _CLASS_IN = 1, 1
_RCODE = 0xF
_PORT = 53
_PATIENCE = 0.3  # seconds for one answer


def query(name: str, number: int = 7) -> bytes:
    """A DNS question for a name's IPv4 address."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return (
        _HEADER.pack(number, _RECURSE, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", _TYPE_A, _CLASS_IN)
    )


def address(answer: bytes) -> str:
    """The IPv4 address at the end of an answer, or what the answer says instead."""
    _, flags, _, answers, _, _ = _HEADER.unpack_from(answer)
    if flags & _RCODE or not answers:
        return f"code {flags & _RCODE}, {answers} answers"
    return socket.inet_ntoa(answer[-4:])


def ask(server: str, name: str) -> str:
    """The address that a server gives for a name, or why there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(_PATIENCE)
        try:
            channel.connect((server, _PORT))
            channel.send(query(name))
            return address(channel.recv(512))
        except OSError as error:
            return f"no answer ({error})"


def main() -> int:
    """Ask until the answer is right or the time is over."""
    server, name, wanted, seconds = sys.argv[1:]
    end = time.monotonic() + float(seconds)
    while (got := ask(server, name)) != wanted:
        if time.monotonic() >= end:
            print(f"{name} at {server}: {got} instead of {wanted}")
            return 1
        time.sleep(0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main())
