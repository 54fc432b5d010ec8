"""What can happen to a ModelDeployment, as workflows for the simulator."""

from __future__ import annotations

from functools import partial
from typing import Final

from builders import NAMESPACE
from simulator import Workflow
from workflow_steps import (
    BAD,
    autoscaled,
    controlled,
    counts,
    delete_child,
    delete_live_revision,
    edited,
    half_rolled,
    has_pods,
    is_now,
    late_supersede,
    later,
    many_revisions,
    mend,
    model,
    protected,
    resized,
    says,
    server_of,
    two,
    two_revisions,
    user,
)
from workflows_blue_green import BLUE_GREEN_SIZES, BLUE_GREEN_UPDATES
from workflows_changes import CHANGES
from workflows_trouble import ROLLING_TROUBLE, TROUBLE
from world_pods import Outcome

CPU: Final = {"resources": {"requests": {"cpu": "100m"}}}
ENV: Final = {"name": "EXTRA", "value": "1"}


SIZES: Final = (
    Workflow("create", lambda _: None, [resized(2), has_pods(m1i2=2)]),
    Workflow(
        "create with everything",
        lambda _: None,
        [user(lambda md: md.hpa().predictor(**CPU, pdbSpec={"minAvailable": 1})), has_pods(m1i2=2)],
    ),
    Workflow("scale up", two, [resized(4), has_pods(m1i1=4)], floor=2),
    Workflow("scale down", two, [resized(1), has_pods(m1i1=1)], floor=1),
    Workflow(
        "scale to zero and back",
        two,
        [resized(0), says(Ready="True ScaledToZero", Available="False ScaledToZero"), resized(2)],
    ),
    Workflow("size left to others", two, [resized(None), has_pods(m1i1=2)], floor=2),
    Workflow(
        "size changed by hand",
        two,
        [
            lambda scene: scene.world.scale(
                "Deployment", NAMESPACE, scene.child("Deployment")["metadata"]["name"], 5
            )
        ],
        floor=2,
        ends=has_pods(m1i1=2),
    ),
    Workflow("autoscaler on", two, [user(lambda md: md.hpa(2, 5).predictor(**CPU))], floor=2),
    Workflow(
        "autoscaler off, size said",
        autoscaled,
        [user(lambda md: md.replicas(3).predictor(hpaSpec=None)), has_pods(m1i1=3)],
        floor=3,
    ),
    Workflow(
        "autoscaler off, nothing said",
        autoscaled,
        [user(lambda md: md.predictor(hpaSpec=None)), has_pods(m1i1=4), counts("HorizontalPodAutoscaler", 0)],
        floor=4,
    ),
    Workflow(
        "autoscaler changed",
        autoscaled,
        [user(lambda md: md.hpa(3, 6, behavior={"scaleDown": {"stabilizationWindowSeconds": 60}}))],
        floor=4,
    ),
    Workflow("budget on", two, [user(lambda md: md.predictor(pdbSpec={"maxUnavailable": 1}))], floor=2),
    Workflow(
        "budget changed", protected, [user(lambda md: md.predictor(pdbSpec={"minAvailable": "50%"}))], floor=2
    ),
    Workflow(
        "budget off",
        protected,
        [user(lambda md: md.predictor(pdbSpec=None)), counts("PodDisruptionBudget", 0)],
        floor=2,
    ),
)

UPDATES: Final = (
    Workflow("new model", two, [model("2"), has_pods(m2i2=2)], floor=2),
    Workflow(
        "new model and size",
        two,
        [user(lambda md: md.model("s3://models/iris/2").replicas(3)), has_pods(m2i2=3)],
        floor=2,
    ),
    Workflow("new model, autoscaled", autoscaled, [model("2"), has_pods(m2i2=4)], floor=4),
    Workflow("two models in a row", two, [late_supersede, has_pods(m3i2=2)], floor=2),
    Workflow(
        "other limits",
        two,
        [
            user(lambda md: md.spec(minReadySeconds=1, strategy={"rollingUpdate": {"maxSurge": 1}})),
            has_pods(m1i1=2),
        ],
        floor=2,
    ),
    Workflow(
        "restart", two, [user(lambda md: md.restart_at("2026-11-21T09:00:00Z")), has_pods(m1i2=2)], floor=2
    ),
    Workflow(
        "paused over an update",
        two,
        [
            user(lambda md: md.spec(paused=True)),
            says(Ready="True Serving", Available="True Serving"),
            user(lambda md: md.model("s3://models/iris/2").replicas(3)),
            says(Ready="False Paused", Available="True Serving", Reconciling="True Paused"),
            has_pods(m1i1=3),
            user(lambda md: md.spec(paused=None)),
            has_pods(m2i2=3),
        ],
        floor=2,
    ),
    Workflow(
        "paused in mid-update",
        half_rolled,
        [
            user(lambda md: md.spec(paused=True)),
            mend,
            says(Ready="False Paused", Available="True Serving", Reconciling="True Paused"),
            has_pods(m1i1=2, mbadi1=1),
            user(lambda md: md.spec(paused=None)),
            has_pods(mbadi1=2),
        ],
        floor=2,
    ),
    Workflow(
        "paused, and the Deployment deleted",
        two,
        [
            user(lambda md: md.spec(paused=True).model("s3://models/iris/2")),
            partial(delete_child, "Deployment"),
            has_pods(m1i1=2),
        ],
        ends=says(Ready="False Paused", Available="True Serving", Reconciling="True Paused"),
    ),
    Workflow(
        "rollback", two_revisions, [model("1"), has_pods(m1i1=2), counts("ControllerRevision", 2)], floor=2
    ),
    Workflow("update given up", half_rolled, [model("1"), has_pods(m1i1=2)], floor=2),
    Workflow("bad model, mended", half_rolled, [mend, has_pods(mbadi1=2)], floor=2),
    Workflow(
        "history pruned",
        many_revisions,
        [user(lambda md: md.spec(revisionHistoryLimit=1)), counts("ControllerRevision", 2)],
        floor=1,
    ),
    Workflow(
        "history pruned by an update",
        many_revisions,
        [
            user(lambda md: md.spec(revisionHistoryLimit=0).model("s3://models/iris/9")),
            counts("ControllerRevision", 1),
        ],
        floor=1,
    ),
    Workflow(
        "predictor renamed", two, [user(lambda md: md.predictor(name="second")), has_pods(m1i2=2)], floor=2
    ),
    Workflow(
        "predictor renamed, autoscaled",
        autoscaled,
        [
            user(lambda md: md.predictor(name="second")),
            counts("HorizontalPodAutoscaler", 1),
            later(61),
            has_pods(m1i2=4),
        ],
        floor=4,
    ),
    Workflow(
        "predictor renamed and back",
        two,
        [
            user(lambda md: md.predictor(name="second")),
            user(lambda md: md.predictor(name="main")),
            has_pods(m1i1=2),
        ],
        floor=2,
    ),
    Workflow(
        "predictor renamed to a bad model",
        two,
        [
            lambda scene: scene.cluster.outcomes.update(
                {BAD: Outcome(state="load-failed", reason="Timeout", message="x")}
            ),
            user(lambda md: md.model(BAD).predictor(name="second")),
            has_pods(m1i1=2, mbadi2=2),
            user(lambda md: md.model("s3://models/iris/1").predictor(name="main")),
            has_pods(m1i1=2),
        ],
        floor=2,
    ),
)

DRIFT: Final = (
    Workflow("Deployment deleted", two, [partial(delete_child, "Deployment"), has_pods(m1i1=2)]),
    Workflow("Service deleted", two, [partial(delete_child, "Service")]),
    Workflow(
        "autoscaler deleted",
        autoscaled,
        [partial(delete_child, "HorizontalPodAutoscaler"), later(61)],
        floor=4,
    ),
    Workflow("budget deleted", protected, [partial(delete_child, "PodDisruptionBudget")], floor=2),
    Workflow(
        "live revision deleted",
        two_revisions,
        [delete_live_revision, has_pods(m2i1=2), counts("ControllerRevision", 2)],
        floor=2,
    ),
    Workflow(
        "live revision deleted while rolling back",
        two_revisions,
        [
            delete_live_revision,
            model("1"),
            has_pods(m1i1=2),
            model("2"),
            has_pods(m2i1=2),
        ],
        floor=2,
    ),
    Workflow(
        "variable added by hand",
        two,
        [edited("Deployment", lambda child: server_of(child)["env"].append(ENV)), has_pods(m1i1=2)],
        floor=2,
    ),
    Workflow(
        "image changed by hand",
        two,
        [edited("Deployment", lambda child: server_of(child).update(image="other:9")), has_pods(m1i1=2)],
        floor=2,
    ),
    Workflow(
        "variable added, then a new model",
        two,
        [
            edited(
                "Deployment",
                lambda child: (server_of(child)["env"].append(ENV), server_of(child).update(image="x:9")),
            ),
            model("2"),
            has_pods(m2i2=2),
        ],
        floor=2,
    ),
    Workflow(
        "owner reference removed",
        two,
        [edited("Deployment", lambda child: child["metadata"].pop("ownerReferences")), controlled],
        floor=2,
    ),
    Workflow(
        "Service pointed elsewhere",
        two,
        [edited("Service", lambda child: child["spec"]["selector"].update({"slipway.dev/track": "nowhere"}))],
    ),
    Workflow(
        "Service narrowed",
        two,
        [edited("Service", lambda child: child["spec"]["selector"].update({"tier": "gold"}))],
    ),
    Workflow(
        "Service opened to the outside",
        two,
        [
            edited("Service", lambda child: child["spec"].update(type="LoadBalancer")),
            lambda scene: is_now(scene.child("Service")["spec"]["type"], "ClusterIP"),
        ],
        floor=2,
    ),
    Workflow(
        "label of a revision removed",
        two,
        [edited("ControllerRevision", lambda child: child["metadata"]["labels"].pop("slipway.dev/revision"))],
        floor=2,
    ),
    Workflow(
        "limits changed by hand",
        two,
        [
            edited(
                "Deployment",
                lambda child: child["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable="100%"),
            ),
            lambda scene: is_now(
                scene.child("Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 0
            ),
        ],
        floor=2,
    ),
    Workflow(
        "Deployment paused by hand",
        two,
        [
            edited("Deployment", lambda child: child["spec"].update(paused=True)),
            model("2"),
            has_pods(m2i2=2),
        ],
        floor=2,
    ),
)

BLUE_GREEN: Final = (*BLUE_GREEN_UPDATES, *BLUE_GREEN_SIZES, *TROUBLE, *CHANGES)
WORKFLOWS: Final = (*SIZES, *UPDATES, *DRIFT, *ROLLING_TROUBLE, *BLUE_GREEN)
