"""The menu: words of the command line to calls of a backend."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from localcluster import modules, status
from localcluster.addons import INSTALLERS
from localcluster.backend import Backend, UpOptions
from localcluster.build import Builder
from localcluster.errors import ClusterError
from localcluster.home import Home
from localcluster.kind import Kind, docker_answers
from localcluster.native import Native
from localcluster.settings import DEFAULT_NAME, Settings, settings_from
from localcluster.waiting import Progress

_OVER = """\
A real Kubernetes on this machine, without a container engine or an image registry.

Its programs are compiled from pinned Go modules (once, cached in ~/.cache/slipway). It runs in
namespaces of its own that have no way out; `down` leaves nothing behind, also after a crash.
Where a Docker engine answers, the same commands work on top of kind.
"""
_UNDER = f"""\
examples:
  cluster up                                   a node, cluster DNS, pod metrics
  cluster up --control-plane-only --name api   an API server alone, in seconds
  eval "$(cluster env)"; kubectl get pods -A   kubectl and helm of the cluster's version
  cluster exec -- curl http://iris.models.svc  Services, pods and node ports are reachable inside
  cluster load image.tar                       or a name in buildah's, podman's or Docker's storage
  cluster stop kube-apiserver                  an outage; `cluster start kube-apiserver` ends it

environment:
  SLIPWAY_CLUSTER   name of the cluster (default {DEFAULT_NAME})
  SLIPWAY_BACKEND   native or kind (default: kind where `docker info` succeeds, else native)
  SLIPWAY_CACHE     built binaries (default $XDG_CACHE_HOME/slipway or ~/.cache/slipway)
  SLIPWAY_STATE     clusters' files (default $XDG_STATE_HOME/slipway or ~/.local/state/slipway)
"""
PASSED_ON = ("exec", "kubectl", "helm")  # commands whose words belong to another program
_WITH_VALUE = ("--name", "--backend")
NOT_WELL = 3  # exit status of `status` when the cluster does not do all it should


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors become one message and status 1."""
    own, passed = split(list(sys.argv[1:] if arguments is None else arguments))
    words = parser().parse_args(own)
    try:
        settings = settings_from(os.environ, getattr(words, "name", None))
        return run(words, passed, settings)
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
    except PermissionError as error:
        print(
            f"cluster: {error.filename}: permission denied; the cluster belongs to root: use sudo",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("cluster: interrupted; `cluster down` removes what has been made", file=sys.stderr)
        return 130
    return 1


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Our own words, and those for the program that `exec`, `kubectl` or `helm` runs.

    `exec` takes options of its own before `--`; to kubectl and helm all words after their name belong.
    """
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        index += 2 if arguments[index] in _WITH_VALUE else 1
    if index >= len(arguments) or arguments[index] not in PASSED_ON:
        return arguments, []
    own, rest = arguments[: index + 1], arguments[index + 1 :]
    if own[-1] == "exec" and "--" in rest:
        dash = rest.index("--")
        return own + rest[:dash], rest[dash + 1 :]
    return own, rest


def parser() -> argparse.ArgumentParser:
    """The command line, with its help."""
    raw = argparse.RawDescriptionHelpFormatter
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--name", metavar="N", help=f"which cluster (default $SLIPWAY_CLUSTER or {DEFAULT_NAME})"
    )
    common.add_argument(
        "--backend", choices=("native", "kind"), help="what it is made of (default: see below)"
    )
    menu = argparse.ArgumentParser(
        "cluster", description=_OVER, epilog=_UNDER, formatter_class=raw, parents=[common]
    )
    add = menu.add_subparsers(dest="command", required=True, metavar="COMMAND").add_parser

    up = add("up", parents=[common], help="bring the cluster up, or add an add-on to one that runs")
    up.add_argument(
        "--control-plane-only", action="store_true", help="etcd, API server, controllers; no node, no pods"
    )
    up.add_argument(
        "--addon",
        action="append",
        default=[],
        choices=sorted(INSTALLERS),
        help="repeatable; metrics is on by default",
    )
    add("down", parents=[common], help="remove the cluster and everything it has")
    show = add(
        "status",
        parents=[common],
        help=f"what runs and where its files are (status {NOT_WELL} unless all is well)",
    )
    show.add_argument("--json", action="store_true", help="for programs")
    add("env", parents=[common], help='exports of KUBECONFIG, PATH, …: eval "$(cluster env)"')
    inside = add("exec", parents=[common], help="exec [--node] -- CMD: run CMD in the cluster's network")
    inside.add_argument(
        "--node", action="store_true", help="with the node's files and processes too: crictl, iptables, …"
    )
    add("kubectl", add_help=False, help="kubectl … against the cluster")
    add("helm", add_help=False, help="helm … against the cluster")
    add("load", parents=[common], help="give the node images").add_argument(
        "image", nargs="+", help="archive file, or name in a local storage"
    )
    logs = add("logs", parents=[common], help="a component's log, or which there are")
    logs.add_argument("component", nargs="?", help="kubelet, kube-apiserver, audit, …")
    logs.add_argument(
        "-n", "--lines", type=int, default=100, help="how many lines from the end (default 100)"
    )
    logs.add_argument("-f", "--follow", action="store_true", help="and what comes")
    add("stop", parents=[common], help="kill a component and keep it down").add_argument("component")
    add("start", parents=[common], help="let a stopped component run again").add_argument("component")
    put = add("s3-put", parents=[common], help="put a file into the S3 add-on")
    put.add_argument("file", type=Path)
    put.add_argument("url", help="s3://BUCKET/KEY")
    build = add(
        "build", parents=[common], help="only build the binaries, the S3 server's too; prints their folders"
    )
    build.add_argument("--all", action="store_true", help="kind and the storages that tests pull from too")
    return menu


def run(words: argparse.Namespace, passed: list[str], settings: Settings) -> int:
    """Do what the words ask for; returns the exit status."""
    progress = Progress(sys.stderr)
    if words.command == "build":
        wanted = modules.ALL if words.all else (modules.CLUSTER, modules.S3)
        for folder in Builder(settings.binaries, progress).build(wanted).values():
            print(folder)
        return 0
    backend = choose(getattr(words, "backend", None) or os.environ.get("SLIPWAY_BACKEND"), settings)
    if words.command == "status":
        facts = backend.status()
        print(json.dumps(facts, indent=1) if words.json else status.text(facts))
        return 0 if status.healthy(facts) else NOT_WELL
    _act(backend, words, passed, progress)
    return 0


def choose(word: str | None, settings: Settings) -> Backend:
    """The backend of that name; else the one this cluster was made with, else the machine's."""
    if word not in (None, "native", "kind"):
        raise ClusterError(f"SLIPWAY_BACKEND={word!r} must be native or kind")
    home = Home(settings.home)
    if word is None and home.kind.exists():
        word = "kind"
    if word is None and not home.plan.exists():
        word = "kind" if docker_answers() else "native"
    return Kind(settings) if word == "kind" else Native(settings)


def _act(backend: Backend, words: argparse.Namespace, passed: list[str], progress: Progress) -> None:
    match words.command:
        case "up":
            with_node = not words.control_plane_only
            backend.up(UpOptions(with_node, addons(words.addon, with_node=with_node)), progress)
        case "down":
            backend.down(progress)
        case "env":
            print(backend.env())
        case "load":
            for image in words.image:
                backend.load(image, progress)
        case "s3-put":
            backend.s3_put(words.file, words.url)
        case "stop" | "start":
            backend.hold(words.component, held=words.command == "stop")
        case _:
            _become(backend, words, passed)


def _become(backend: Backend, words: argparse.Namespace, passed: list[str]) -> None:
    match words.command:
        case "logs":
            backend.logs(words.component, words.lines, follow=words.follow)
        case "exec" if passed:
            backend.exec(passed, on_node=words.node)
        case "exec":
            raise ClusterError("exec needs a command: cluster exec -- CMD")
        case program:
            backend.tool(program, passed)


def addons(asked: Sequence[str], *, with_node: bool) -> tuple[str, ...]:
    """The add-ons to install: those asked for, and metrics wherever pods can run."""
    if not with_node and asked:
        raise ClusterError(f"--addon {asked[0]} needs a node for its pod: leave out --control-plane-only")
    return tuple(sorted({*asked, "metrics"})) if with_node else ()
