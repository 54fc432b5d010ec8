"""Another strategy or predictor on a live ModelDeployment, as workflows for the simulator."""

from __future__ import annotations

from typing import Final

from blue_green_steps import (
    CPU,
    SERVING,
    WAITING,
    active,
    aimed_at,
    blue_green,
    broken,
    gated,
    gated_autoscaled,
    promoted,
    renamed,
    strategy,
)
from simulator import Workflow
from workflow_steps import (
    BAD,
    autoscaled,
    counts,
    half_rolled,
    has_pods,
    later,
    mend,
    model,
    says,
    two,
    user,
)

FAILING: Final = says(
    Ready="False ModelPullFailed", Available="True Serving", Reconciling="True ModelPullFailed"
)


CHANGES: Final = (
    Workflow(
        "rolling to blue-green", two, [strategy(), active("1"), SERVING, later(31), has_pods(m1i1=2)], floor=2
    ),
    Workflow(
        "rolling to gated blue-green with a new model",
        two,
        [
            strategy(autoPromotionEnabled=False),
            model("2"),
            WAITING,
            active("1"),
            promoted,
            active("2"),
            later(31),
            has_pods(m2i2=2),
        ],
        floor=2,
    ),
    Workflow(
        "blue-green to rolling",
        blue_green,
        [strategy(None), active("1"), has_pods(m1i1=2), counts("Service", 1)],
        floor=2,
    ),
    Workflow(
        "blue-green to rolling with a new model",
        gated,
        [strategy(None), model("2"), active("2"), has_pods(m2i2=2), counts("Service", 1)],
        floor=2,
    ),
    Workflow(
        "blue-green to rolling at the gate",
        gated,
        [model("2"), WAITING, strategy(None), active("2"), has_pods(m2i2=2)],
        floor=2,
    ),
    Workflow(
        "half rolled to blue-green",
        half_rolled,
        [strategy(), mend, active("bad"), later(31), has_pods(mbadi1=2)],
        floor=2,
    ),
    Workflow(
        "there and back", two, [strategy(), strategy(None), active("1"), later(31), has_pods(m1i1=2)], floor=2
    ),
    Workflow(
        "renamed, blue-green",
        blue_green,
        [renamed("second"), active("1"), later(31), has_pods(m1i2=2), counts("Service", 2)],
        floor=2,
    ),
    Workflow(
        "renamed, blue-green, autoscaled",
        gated_autoscaled,
        [
            renamed("second"),
            WAITING,
            promoted,
            active("1"),
            aimed_at("1"),
            counts("HorizontalPodAutoscaler", 1),
            later(120),
            has_pods(m1i2=4),
        ],
        floor=4,
    ),
    Workflow(
        "rolling to blue-green, autoscaled",
        autoscaled,
        [strategy(), aimed_at("1"), later(120), has_pods(m1i1=4)],
        floor=4,
    ),
    Workflow(
        "blue-green to rolling, autoscaled",
        gated_autoscaled,
        [strategy(None), aimed_at("1"), later(120), has_pods(m1i1=4)],
        floor=4,
    ),
    Workflow(
        "renamed away from an autoscaler to a bad model, mended",
        autoscaled,
        [
            broken,
            user(lambda md: md.model(BAD).predictor(name="second", hpaSpec=None).replicas(6)),
            FAILING,
            active("1"),
            aimed_at("1"),
            has_pods(m1i1=4, mbadi2=6),
            mend,
            active("bad"),
            has_pods(mbadi2=6),
            counts("HorizontalPodAutoscaler", 0),
        ],
        floor=4,
    ),
    Workflow(
        "renamed to an autoscaler with a bad model, mended",
        two,
        [
            broken,
            user(lambda md: md.model(BAD).replicas(None).predictor(name="second", **CPU).hpa(3, 5)),
            FAILING,
            has_pods(m1i1=2, mbadi2=3),
            counts("HorizontalPodAutoscaler", 0),
            mend,
            aimed_at("bad"),
            has_pods(mbadi2=3),
        ],
        floor=2,
    ),
    Workflow(
        "renamed away from an autoscaler to no pods",
        autoscaled,
        [
            strategy(),
            user(lambda md: md.predictor(name="second", hpaSpec=None).replicas(0)),
            later(31),
            says(Ready="True ScaledToZero", Available="False ScaledToZero"),
            counts("HorizontalPodAutoscaler", 0),
            counts("Deployment", 1),
        ],
        ends=has_pods(),
    ),
)
