"""`spec.strategy`: how one revision replaces the next, with the limits of each way."""

from __future__ import annotations

from slipway_operator.api import rules
from slipway_operator.api.fields import Fields
from slipway_operator.api.types import BlueGreen, RollingUpdate, Strategy, StrategyType


def parse_strategy(fields: Fields) -> Strategy:
    """`strategy`; absent means a rolling update with its defaults."""
    inner = fields.object("strategy")
    if inner is None:
        return Strategy()
    chosen = StrategyType(inner.choice("type", tuple(StrategyType)) or StrategyType.ROLLING_UPDATE)
    rolling = _rolling_update(inner)
    blue_green = _blue_green(inner)
    inner.close()
    if blue_green is not None and chosen is not StrategyType.BLUE_GREEN:
        inner.note(
            "blueGreen",
            "must not be set unless type is BlueGreen, because it would have no effect; set type to "
            "BlueGreen or remove it",
        )
    return Strategy(type=chosen, rolling_update=rolling, blue_green=blue_green or BlueGreen())


def _rolling_update(strategy: Fields) -> RollingUpdate:
    inner = strategy.object("rollingUpdate")
    if inner is None:
        return RollingUpdate()
    surge = inner.count_or_percent("maxSurge", rules.MAX_REPLICAS)
    unavailable = inner.count_or_percent("maxUnavailable", rules.MAX_REPLICAS)
    inner.close()
    if surge in (0, "0%") and unavailable in (None, 0, "0%"):
        inner.note(
            "",
            "must not leave both maxSurge and maxUnavailable at 0 (maxUnavailable is 0 when absent), because "
            "no pod could ever be replaced; set one of them to 1 or more",
        )
    return RollingUpdate(max_surge=surge, max_unavailable=unavailable)


def _blue_green(strategy: Fields) -> BlueGreen | None:
    inner = strategy.object("blueGreen")
    if inner is None:
        return None
    enabled = inner.boolean("autoPromotionEnabled")
    seconds = inner.integer("autoPromotionSeconds", 0, rules.DAY_SECONDS)
    preview = inner.integer("previewReplicaCount", 1, rules.MAX_REPLICAS)
    retired = inner.integer("scaleDownDelaySeconds", 0, rules.DAY_SECONDS)
    aborted = inner.integer("abortScaleDownDelaySeconds", 0, rules.DAY_SECONDS)
    gives_up = inner.boolean("progressDeadlineAbort")
    inner.close()
    if enabled is False and seconds:
        inner.note(
            "autoPromotionSeconds",
            f"must not be set ({seconds}) while autoPromotionEnabled is false, because nothing is promoted "
            "by itself then; remove one of the two",
        )
    return BlueGreen(
        auto_promotion_enabled=enabled,
        auto_promotion_seconds=seconds,
        preview_replica_count=preview,
        scale_down_delay_seconds=retired,
        abort_scale_down_delay_seconds=aborted,
        progress_deadline_abort=gives_up or False,
    )
