from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web

import scripted_api as play
from fake_clock import FakeClock
from scripted_api import ScriptedApi, serving
from slipway_operator.kube import errors
from slipway_operator.kube.access import Access, CredentialsRefused, kubeconfig_from
from slipway_operator.kube.rest import RestClient


@dataclass
class Guard:
    """A server that knows one token."""

    api: ScriptedApi
    kubeconfig: Path
    token: str = "good"
    answers: list[int] = field(default_factory=list)

    def issue(self, token: str) -> None:
        """Writes a kubeconfig with this token."""
        self.kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "x",
                    "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                    "clusters": [{"name": "x", "cluster": {"server": self.api.url}}],
                    "users": [{"name": "x", "user": {"token": token}}],
                }
            )
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """401 to every other token."""
        known = request.headers.get("Authorization") == f"Bearer {self.token}"
        return await (play.json({"ok": True}) if known else play.refusal(401, "Unauthorized"))(request)

    def answered(self, request: aiohttp.ClientRequest, status: int, seconds: float) -> None:
        """What the metrics hear."""
        del request, seconds
        self.answers.append(status)


@pytest.fixture
async def guard(tmp_path: Path) -> AsyncIterator[Guard]:
    """A server that wants the token `good`, and a kubeconfig that has it."""
    async with serving(ScriptedApi()) as api:
        made = Guard(api, tmp_path / "config")
        api.then(made.answer)
        made.issue("good")
        yield made


@dataclass
class Line:
    """An access and a client on one session of it."""

    access: Access
    client: RestClient
    session: aiohttp.ClientSession
    clock: FakeClock


@pytest.fixture
async def line(guard: Guard) -> AsyncIterator[Line]:
    """A client that logged in while the token was good."""
    clock = FakeClock()
    access = await Access.load(str(guard.kubeconfig), clock=clock.now)
    async with access.session(guard.answered) as session:
        yield Line(access, RestClient(session, access.server), session, clock)


async def test_the_kubeconfigs_token_goes_with_every_request(guard: Guard, line: Line) -> None:
    """The plain case."""
    assert await line.client.discover("/apis") == {"ok": True}
    assert guard.answers == [200]


async def test_a_renewed_token_is_picked_up_without_anybody_noticing(guard: Guard, line: Line) -> None:
    """Tokens expire every hour; a restart each hour, or a failed reconcile, would be our fault."""
    guard.token = "newer"
    guard.issue("newer")
    assert await line.client.discover("/apis") == {"ok": True}
    assert guard.answers == [200]


async def test_expired_credentials_are_an_outage_that_says_what_to_renew(guard: Guard, line: Line) -> None:
    """The log must name the file, and never the token."""
    guard.token = "newer"
    with pytest.raises(errors.Unauthorized, match="expired or revoked: renew them there") as caught:
        await line.client.discover("/apis")
    assert str(guard.kubeconfig) in str(caught.value)
    assert "good" not in str(caught.value)
    assert guard.answers == [401]


async def test_credentials_that_come_back_are_used_at_the_next_try(guard: Guard, line: Line) -> None:
    """Recovery needs no restart of the operator."""
    guard.token = "newer"
    with pytest.raises(errors.Unauthorized):
        await line.client.discover("/apis")
    guard.issue("newer")
    await line.clock.advance(3)
    assert await line.client.discover("/apis") == {"ok": True}


async def test_a_storm_of_refusals_reads_the_configuration_once(guard: Guard, line: Line) -> None:
    """Eight watches and eight workers are refused at the same moment; an exec plug-in is slow and costs."""
    guard.token = "newer"
    for _ in range(5):
        with pytest.raises(errors.Unauthorized):
            await line.client.discover("/apis")
    guard.issue("newer")
    with pytest.raises(errors.Unauthorized):
        await line.client.discover("/apis")


@pytest.mark.parametrize("junk", ["", "{", "users: 7", "apiVersion: v1\nusers: []\n"])
async def test_a_half_written_kubeconfig_changes_nothing(guard: Guard, line: Line, junk: str) -> None:
    """Whoever renews the file is not atomic; reading it in the middle must not lose the old token."""
    guard.kubeconfig.write_text(junk)
    await line.access.reload()
    assert await line.client.discover("/apis") == {"ok": True}


async def test_refused_credentials_look_like_a_broken_line_to_kopf(guard: Guard, line: Line) -> None:
    """Kopf retries broken lines for ever, but answers a 401 by logging in anew and tearing its watch down."""
    guard.token = "newer"
    with pytest.raises(aiohttp.ClientConnectionError) as caught:
        await line.session.get(f"{guard.api.url}/apis")
    assert isinstance(caught.value, CredentialsRefused)


async def test_an_unreachable_server_is_counted_as_no_answer(guard: Guard, line: Line) -> None:
    """Liveness must tell an outage from an answer."""
    with pytest.raises(aiohttp.ClientConnectionError):
        await line.session.get("http://127.0.0.1:1/")
    assert guard.answers == [0]


async def test_a_redirect_to_another_server_does_not_take_the_token_along(guard: Guard, line: Line) -> None:
    """Whoever can make the API server redirect would get the operator's rights."""
    async with serving(ScriptedApi()) as elsewhere:
        elsewhere.then(play.json({}))

        async def redirect(_: web.Request) -> web.StreamResponse:
            raise web.HTTPTemporaryRedirect(f"{elsewhere.url}/stolen")

        guard.api.script[:] = [redirect]
        await line.client.discover("/apis")
        assert elsewhere.asked[0].path == "/stolen"
        assert "Authorization" not in elsewhere.asked[0].headers


@pytest.mark.parametrize(
    ("environ", "chosen"),
    [
        ({"KUBECONFIG": "/a:/b"}, "/a:/b"),
        ({"KUBECONFIG": "/a", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "/a"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, ""),
    ],
)
def test_the_pods_own_account_is_used_inside_a_pod_unless_told_otherwise(
    environ: dict[str, str], chosen: str
) -> None:
    """A developer's kubeconfig outside, the service account inside, the explicit one always."""
    assert kubeconfig_from(environ) == chosen


def test_outside_a_pod_the_users_own_kubeconfig_is_used() -> None:
    """As kubectl does."""
    assert kubeconfig_from({}).endswith(".kube/config")
