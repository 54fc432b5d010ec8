from __future__ import annotations

from dataclasses import fields

import pytest

from slipway_operator.core.objects import pod
from slipway_runtime.settings import ServeSettings

DEFAULTS = {setting.name: setting.default for setting in fields(ServeSettings)}


@pytest.mark.parametrize(
    ("setting", "port"),
    [("http_port", pod.PORT_HTTP), ("grpc_port", pod.PORT_GRPC), ("probe_port", pod.PORT_PROBES)],
)
def test_the_server_listens_where_the_pod_says(setting: str, port: int) -> None:
    """The operator gives no port flags: a default that moved would leave Service and probes alone."""
    assert DEFAULTS[setting] == port
