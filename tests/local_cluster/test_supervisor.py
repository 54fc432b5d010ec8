"""Which components run, and when they are started again."""

from collections.abc import Iterable

from localcluster.components import Component
from localcluster.supervisor import RESTART_DELAY, Supervisor, describe

ETCD = Component("etcd", ("etcd",))
KUBELET = Component("kubelet", ("kubelet",), needs_api=True)


class Machine:
    """Spawns nothing but remembers it; the API server becomes ready when the test says so."""

    def __init__(self, components: Iterable[Component] = (ETCD, KUBELET)) -> None:
        self.started: list[str] = []
        self.killed: list[int] = []
        self.held: set[str] = set()
        self.ready = True
        self.supervisor = Supervisor(
            components,
            spawn=self._spawn,
            kill=self.killed.append,
            api_ready=lambda: self.ready,
            held=self.held.__contains__,
        )

    def _spawn(self, component: Component) -> int:
        self.started.append(component.name)
        return 100 + len(self.started)


def test_components_that_need_the_api_server_wait_for_it() -> None:
    """Started too early they back off, and the node comes up seconds later."""
    machine = Machine()
    machine.ready = False
    machine.supervisor.step(0)
    assert machine.started == ["etcd"]
    machine.ready = True
    machine.supervisor.step(0.1)
    assert machine.started == ["etcd", "kubelet"]


def test_an_outage_of_the_api_server_keeps_nobody_from_being_restarted() -> None:
    """A kubelet that dies during an outage must come back as on a real node."""
    machine = Machine()
    machine.supervisor.step(0)
    machine.ready = False
    machine.supervisor.ended(102, 0, 10)
    machine.supervisor.step(20)
    assert machine.started[-1] == "kubelet"


def test_what_ends_is_started_again_after_a_pause() -> None:
    """One crash must not end the cluster, and a crash loop must not eat the machine."""
    machine = Machine([ETCD])
    machine.supervisor.step(0)
    machine.supervisor.ended(101, 1 << 8, 10)
    machine.supervisor.step(10 + RESTART_DELAY / 2)
    assert machine.started == ["etcd"]
    machine.supervisor.step(10 + RESTART_DELAY)
    assert machine.started == ["etcd", "etcd"]


def test_how_a_component_ended_is_remembered() -> None:
    """`status` and a failed `up` name the culprit even when it runs again."""
    machine = Machine([ETCD])
    machine.supervisor.step(0)
    machine.supervisor.ended(101, 9, 10)
    state = machine.supervisor.snapshot()["etcd"]
    assert state == {"running": False, "held": False, "restarts": 1, "last_exit": "killed by signal 9"}
    assert describe(3 << 8) == "ended with status 3"


def test_the_end_of_an_orphan_changes_nothing() -> None:
    """Pods' shims become children of PID 1 and end all the time."""
    machine = Machine([ETCD])
    machine.supervisor.step(0)
    before = machine.supervisor.snapshot()
    machine.supervisor.ended(4711, 0, 1)
    assert machine.supervisor.snapshot() == before


def test_a_component_that_is_held_is_killed_and_stays_away_until_let_go() -> None:
    """Tests take the API server away for as long as they like."""
    machine = Machine([ETCD])
    machine.supervisor.step(0)
    machine.held.add("etcd")
    machine.supervisor.step(1)
    assert machine.killed == [101]
    machine.supervisor.ended(101, 9, 1)
    machine.supervisor.step(100)
    assert machine.started == ["etcd"]
    assert machine.supervisor.snapshot()["etcd"]["held"]
    machine.held.clear()
    machine.supervisor.step(101)
    assert machine.started == ["etcd", "etcd"]
