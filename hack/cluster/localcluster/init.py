"""PID 1 of a cluster: `python -m localcluster.init HOME LISTENER`, started by `namespaces.start`.

In this order: it writes down who it is, so that it can be found and ended whatever happens next;
makes the mounts, the network and the control groups; then starts the components and keeps them
running. It reaps every orphan (the shims of pods become its children). It has no way to end in
good order and needs none: its death ends everything in its namespaces.

All imports are above the first mount: afterwards this very file may lie under a covered folder.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from localcluster import cgroups, mounts, network
from localcluster.apiclient import ApiClient
from localcluster.components import LISTENER_FD, Component, components
from localcluster.home import BIN, INSIDE, LOG, PKI, Home, read_json, write_json
from localcluster.identity import identify
from localcluster.plan import Plan
from localcluster.supervisor import Supervisor

_LOOK = 0.1  # seconds between two looks while something is awaited
_IDLE = 5.0  # seconds between two looks otherwise; signals are answered at once
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a component gets to know: nothing of the user's shell, least of all a proxy.
_ENVIRONMENT = {"PATH": f"{BIN}:{_SYSTEM_PATH}", "HOME": "/root", "TMPDIR": str(INSIDE / "tmp")}
_SIGNALS = (signal.SIGCHLD, signal.SIGHUP)


def main() -> None:
    """Set up, then supervise for ever."""
    home, listener = Home(Path(sys.argv[1])), int(sys.argv[2])
    plan = Plan.from_json(read_json(home.plan))
    write_record(home)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    os.environ["PATH"] = _ENVIRONMENT["PATH"]  # where spawned programs are looked for
    os.set_inheritable(listener, False)  # the relay's alone
    set_up(home, plan)
    supervise(plan, listener)


def write_record(home: Home) -> None:
    """Write down this process's identity as the machine sees it: /proc still is the machine's."""
    identity = identify(int(str(Path("/proc/self").readlink())))
    if identity is None:
        sys.exit("/proc shows no process of this number: it must be the machine's own when PID 1 starts")
    write_json(home.record, identity.as_json())


def set_up(home: Home, plan: Plan) -> None:
    """Mounts, network, control groups; any failure ends PID 1, and its log says why."""
    run(mounts.setup(home, plan.programs))
    for folder in ("/run/lock", "/run/netns"):
        Path(folder).mkdir(exist_ok=True)
    run(network.setup(plan.node))
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    if plan.with_node:
        cgroups.create(plan.cgroup, cgroups.with_controllers(cgroups.MOUNTS.read_text()))


def run(commands: list[list[str]]) -> None:
    """Run commands one after the other; the first that fails ends this process."""
    environment = {"PATH": _SYSTEM_PATH}
    for command in commands:
        print("+", *command, flush=True)
        subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)


def supervise(plan: Plan, listener: int) -> None:
    """Start the components and keep them running."""
    supervisor = Supervisor(
        components(plan.node, plan.port, with_node=plan.with_node),
        spawn=lambda component: spawn(component, listener),
        kill=lambda pid: os.kill(pid, signal.SIGKILL),
        api_ready=ApiClient(plan.port, PKI).ready,
        held=lambda name: (INSIDE / "stopped" / name).exists(),
    )
    shown: object = None
    while True:
        supervisor.step(time.monotonic())
        snapshot = supervisor.snapshot()
        if snapshot != shown:
            write_json(INSIDE / "components.json", snapshot)
            shown = snapshot
        settled = all(state["running"] or state["held"] for state in snapshot.values())
        signal.sigtimedwait(_SIGNALS, _IDLE if settled else _LOOK)
        reap(supervisor)


def reap(supervisor: Supervisor) -> None:
    """Collect every child that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        supervisor.ended(pid, status, time.monotonic())


def spawn(component: Component, listener: int) -> int:
    """Start a component with its log as output; returns its PID."""
    log = str(LOG / f"{component.name}.log")
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions: list[tuple[object, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    if component.needs_listener:
        actions.append((os.POSIX_SPAWN_DUP2, listener, LISTENER_FD))
    pid = os.posix_spawnp(
        component.command[0],
        component.command,
        _ENVIRONMENT,
        file_actions=actions,
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGPIPE],
    )
    weigh_as_we_do(pid)
    return pid


def weigh_as_we_do(leader: int) -> None:
    """Make a new session as nice as this process, where the kernel weighs sessions against each other.

    Else a cluster that was started to stay behind others would weigh as much as any, component by component.
    """
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    if nice:
        with suppress(OSError):
            Path(f"/proc/{leader}/autogroup").write_text(str(nice))


if __name__ == "__main__":
    main()
