"""What the load generators print, as the benchmark reads it."""

import pytest

from slipway_bench import h2load, wrk
from slipway_bench.figures import Figures, of_times

WRK = """\
Running 4s test @ http://127.0.0.1:9000/v2/models/iris/infer
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.72ms    1.04ms  24.50ms   96.15%
    Req/Sec     9.12k   812.03    10.28k    82.50%
  Latency Distribution
     50%  812.00us
     75%    1.80ms
     90%    2.06ms
     99%    1.02s
  36288 requests in 4.00s, 12.46MB read
{fault}Requests/sec:   9069.45
Transfer/sec:      3.11MB
"""
H2LOAD = """\
finished in 4.00s, 3742.00 req/s, 781.23KB/s
requests: {total} total, {total} started, {total} done, {good} succeeded, {failed} failed, 0 errored
status codes: {good} 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 3.05MB (3200000) total, 500.0KB (512000) headers (space savings 90.00%), 1.43MB ({bytes}) data
"""


def _h2load(*, total: int = 1000, good: int = 1000, failed: int = 0, per_answer: int = 150) -> str:
    return H2LOAD.format(total=total, good=good, failed=failed, bytes=total * per_answer)


def test_wrks_figures_are_read_in_whatever_unit_it_chose() -> None:
    """A latency in milliseconds read as seconds would make every table wrong."""
    assert wrk.parse(WRK.format(fault="")) == Figures(36288 / 4.0, 812e-6, 1.02, 36288)


@pytest.mark.parametrize(
    "fault",
    ["  Non-2xx or 3xx responses: 12\n", "  Socket errors: connect 0, read 3, write 0, timeout 0\n"],
)
def test_a_run_with_faults_gives_no_figures(fault: str) -> None:
    """Refusals are fast: a server that fails must not win by it."""
    with pytest.raises(ValueError, match=fault.split(maxsplit=1)[0]):
        wrk.parse(WRK.format(fault=fault))


def test_a_run_without_an_answer_says_what_to_change() -> None:
    """A server slower than the run is short is no division by zero."""
    with pytest.raises(ValueError, match="--seconds"):
        wrk.parse(WRK.format(fault="").replace("36288 requests", "0 requests"))


def test_calls_that_succeed_are_counted() -> None:
    """The rate of a gRPC case is made of this number."""
    assert h2load.parse(_h2load(), 150) == 1000  # as printed


@pytest.mark.parametrize(
    "text",
    [_h2load(good=990, failed=10), _h2load(per_answer=0), _h2load(per_answer=75), "no such program"],
)
def test_grpc_failures_give_no_figures_although_http_calls_them_successes(text: str) -> None:
    """A call that fails has status 200 and no message; only its length gives it away."""
    with pytest.raises(ValueError, match=r"h2load|bytes on average"):
        h2load.parse(text, 150)


def test_percentiles_come_from_the_sorted_times() -> None:
    """Answers come in any order."""
    found = of_times([0.1 * (100 - rank) for rank in range(100)], 2.0)
    assert (found.rate, round(found.p50, 3), round(found.p99, 3), found.requests) == (50.0, 5.1, 10.0, 100)
