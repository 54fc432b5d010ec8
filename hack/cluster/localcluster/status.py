"""`cluster status`: what runs, and where its files are."""

from typing import Any

from localcluster.cluster import Cluster


def report(cluster: Cluster) -> dict[str, Any]:
    """Everything `status` shows, as JSON shows it."""
    facts: dict[str, Any] = {"name": cluster.settings.name, "backend": "native", "state": cluster.state}
    if facts["state"] == "absent":
        return facts
    home, plan = cluster.home, cluster.plan
    facts |= {
        "api": f"https://127.0.0.1:{plan.port}",
        "kubeconfig": str(home.kubeconfig),
        "audit_log": str(home.audit),
        "logs": str(home.log),
        "home": str(home.root),
    }
    if facts["state"] == "crashed":
        return facts
    facts |= {"components": cluster.components(), "api_ready": cluster.api.ready()}
    if plan.with_node:
        facts |= {"node": plan.node, "node_ready": cluster.api.node_ready(plan.node)}
    return facts


def healthy(facts: dict[str, Any]) -> bool:
    """Whether the cluster does all that it should."""
    return bool(facts["state"] == "running" and facts.get("api_ready") and facts.get("node_ready", True))


def text(facts: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{key.replace('_', ' '):<12}{_word(value)}" for key, value in facts.items() if key != "components"
    ]
    for name, state in facts.get("components", {}).items():
        word = "held" if state["held"] else "running" if state["running"] else "down"
        again = (
            f", started again {state['restarts']} times, last {state['last_exit']}"
            if state["restarts"]
            else ""
        )
        lines.append(f"  {name:<26}{word}{again}")
    return "\n".join(lines)


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
