"""The command line: `python -m openloop --url http://10.96.0.20 --expect iris.json --new 200 --keep 200`.

Prints the page for people on stderr and, with `--json`, writes the report. With `--hold` the run
goes on past `--requests` until standard input ends, and each line read there meanwhile is noted on
the report's time axis; a program that causes what the load is to survive drives it that way (see
`session`). SIGINT and SIGTERM end it early with a report. Exit status: 0 nothing failed, 1
something did, 2 wrong use.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from openloop import report
from openloop.client import HttpClient
from openloop.expect import Expectations
from openloop.run import Bounds, Run, Stream
from openloop.transport import KeepAlivePool, NewConnections, SlowRequests, Transport


def main() -> int:
    """Runs the command line."""
    parser = _parser()
    args = parser.parse_args()
    try:
        expectations = Expectations.load(args.expect)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    target = urlsplit(args.url)
    if target.scheme != "http" or not target.hostname:
        parser.error(f"--url {args.url}: must be http://HOST[:PORT]")
    try:
        address = _resolve(target.hostname, target.port or 80)
    except OSError as error:
        parser.error(f"--url {args.url}: {target.hostname} has no address here ({error})")
    streams = _streams(args, target.netloc, expectations, address)
    if not streams:
        parser.error("nothing to send: give --new, --keep or --slow a rate above 0")
    found = uvloop.run(_go(args, expectations, streams))
    print(report.text(found), file=sys.stderr)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))
    return 1 if found["failed"] else 0


async def _go(args: argparse.Namespace, expectations: Expectations, streams: list[Stream]) -> report.Report:
    bounds = Bounds(requests=args.requests, seconds=args.seconds, timeout=args.timeout, hold=args.hold)
    run = Run(len(expectations.samples), streams, bounds)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, run.stop)
    following = asyncio.create_task(_follow_stdin(run)) if args.hold else None
    progress = asyncio.create_task(_progress(run)) if args.progress else None
    await run.go()
    for task in (following, progress):
        if task is not None:
            task.cancel()
    return report.build(run.record, expectations, streams, target=args.url, seconds=run.elapsed())


async def _follow_stdin(run: Run) -> None:
    """Each line is a mark; the end lets go."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        run.mark(line.decode(errors="replace").strip())
    run.release()


async def _progress(run: Run) -> None:
    """A JSON line a second on standard output."""
    while True:
        await asyncio.sleep(1)
        total = run.record.total
        told = {"at_s": round(run.elapsed(), 1), "requests": total.requests, "failed": total.failed}
        print(json.dumps(told), flush=True)


def _resolve(host: str, port: int) -> tuple[str, int]:
    """The address, looked up once: a Service keeps its own, and each further lookup would be measured."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return str(found[0][4][0]), port


def _streams(
    args: argparse.Namespace, host: str, expectations: Expectations, address: tuple[str, int]
) -> list[Stream]:
    pool = KeepAlivePool(*address, size=args.pool, idle_seconds=args.idle, retry_stale=args.retry_stale)

    def client(transport: Transport) -> HttpClient:
        return HttpClient(host, expectations, transport)

    slow = SlowRequests(*address, seconds=args.slow_seconds)
    known = [
        Stream(name="new", rate=args.new, client=client(NewConnections(*address))),
        Stream(name="keep-alive", rate=args.keep, client=client(pool)),
        *_grpc(args, expectations, address[0]),
        Stream(name="slow", rate=args.slow, client=client(slow), patience=args.slow_seconds),
    ]
    return [stream for stream in known if stream.rate > 0]


def _grpc(args: argparse.Namespace, expectations: Expectations, host: str) -> list[Stream]:
    if not args.grpc:
        return []
    # Imported here: whoever sends no gRPC needs no more than the standard library.
    from openloop.grpc_client import GrpcClient  # noqa: PLC0415 - see above

    client = GrpcClient(f"{host}:{args.grpc_port}", expectations, channels=args.grpc_channels)
    return [Stream(name="grpc", rate=args.grpc, client=client)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="openloop", description="Open-loop load on one model, every answer checked."
    )
    add = parser.add_argument
    add("--url", required=True, help="http://HOST[:PORT] of the Service")
    add(
        "--expect",
        required=True,
        type=Path,
        metavar="FILE",
        help="inputs, and the outputs each model must give",
    )
    add("--new", type=float, default=0, metavar="RATE", help="requests/s with a new connection each")
    add("--keep", type=float, default=0, metavar="RATE", help="requests/s over kept connections")
    add("--grpc", type=float, default=0, metavar="RATE", help="requests/s over gRPC")
    add("--grpc-port", type=int, default=8081, metavar="PORT", help="of the Service, for gRPC (8081)")
    add("--grpc-channels", type=int, default=4, metavar="N", help="gRPC connections (4)")
    add("--slow", type=float, default=0, metavar="RATE", help="requests/s that are sent in two halves")
    add("--slow-seconds", type=float, default=12, metavar="S", help="between the halves (12)")
    add("--pool", type=int, default=16, metavar="N", help="kept connections (16)")
    add(
        "--idle",
        type=float,
        default=90,
        metavar="SECONDS",
        help="a kept connection idle longer is not used again (90)",
    )
    add(
        "--retry-stale",
        action="store_true",
        help="send again when a used connection ended before any byte of the answer",
    )
    add("--requests", type=int, default=10_000, metavar="N", help="enough after so many (10000)")
    add("--seconds", type=float, default=120, metavar="S", help="never longer than this (120)")
    add(
        "--timeout",
        type=float,
        default=10,
        metavar="S",
        help="for one request, from its intended send time (10)",
    )
    add("--hold", action="store_true", help="go on until standard input ends; its lines are marks")
    add("--progress", action="store_true", help="a JSON line a second on standard output")
    add("--json", type=Path, metavar="FILE", help="write the whole report there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
