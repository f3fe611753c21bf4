"""What a 401 comes to."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from purview_auth import ServicePrincipal
from purview_auth.challenge import bearer_claims, challenges
from purview_auth.errors import AuthError, ChallengeError, ClosedError, TokenTransportError
from purview_auth.testing import disconnected, refused

from .support import CLIENT, SECRET, TENANT, World, call, rejecting, status
from .test_flights import many_threads

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"},"xms?>":"~~~\u00e9"}}'
STANDARD = base64.b64encode(CLAIMS.encode()).decode()
URLSAFE = base64.urlsafe_b64encode(CLAIMS.encode()).decode()
PLAIN = f'Bearer realm="", error="insufficient_claims", claims="{STANDARD}"'
BIG = base64.b64encode(json.dumps({"x": "y" * 20_000}).encode()).decode()


@pytest.mark.row("A21")
@pytest.mark.parametrize(
    "lines",
    [
        [PLAIN],
        [f'Bearer error="insufficient_claims", claims="{URLSAFE}"'],
        [f'Bearer error="insufficient_claims", claims="{URLSAFE.rstrip("=")}"'],
        [f"bearer ERROR=insufficient_claims,CLAIMS={STANDARD}"],
        [f'BEARER error="Insufficient_Claims" , claims = "{STANDARD}"'],
        ['Basic realm="a, Bearer error=\\"x\\""', PLAIN],
        [f'Negotiate, Basic realm="a,b", {PLAIN}'],
        [f"Negotiate abc==, {PLAIN}"],
        [f'{PLAIN}, PoP nonce="n"'],
        ['Bearer authorization_uri="https://x/y?a=b,c", error="invalid_token"', PLAIN],
        [f'Bearer error="insufficient_claims", claims="{STANDARD[:8]}\\{STANDARD[8:]}"'],
    ],
)
def test_claims_are_found(lines: list[str]) -> None:
    assert CLAIMS == bearer_claims(httpx.Headers([("www-authenticate", line) for line in lines]))


def _challenge(content: str) -> str:
    return (
        f'Bearer error="insufficient_claims", '
        f'claims="{base64.b64encode(content.encode()).decode()}"'
    )


@pytest.mark.row("A21")
@pytest.mark.parametrize(
    "line",
    [
        "",
        "Bearer",
        'Bearer error="invalid_token"',
        f'Bearer error="invalid_token", claims="{STANDARD}"',
        f'Basic error="insufficient_claims", claims="{STANDARD}"',
        'Bearer error="insufficient_claims"',
        'Bearer error="insufficient_claims", claims=""',
        'Bearer error="insufficient_claims", claims="!!!"',
        'Bearer error="insufficient_claims", claims="a"',
        'Bearer error="insufficient_claims", claims="/w=="',
        _challenge("[]"),
        _challenge("null"),
        _challenge("{"),
        _challenge("[" * 10_000),
        f'Bearer error="insufficient_claims", claims="{BIG}"',
        "," * 50_000,
        '"' * 50_000,
        "a=" * 50_000,
    ],
)
def test_what_is_no_claims_challenge_is_none(line: str) -> None:
    assert None is bearer_claims(httpx.Headers({"www-authenticate": line}))


@pytest.mark.row("A21")
def test_challenges_are_told_apart() -> None:
    header = 'Negotiate, Digest realm="a \\"b\\", c", qop=auth, Bearer'
    expected = [
        ("", {}),
        ("negotiate", {}),
        ("digest", {"realm": 'a "b", c', "qop": "auth"}),
        ("bearer", {}),
    ]
    assert expected == list(challenges(header))


@pytest.mark.row("A21")
def test_a_claims_challenge_is_answered_once(world: World, mode: str) -> None:
    world.service.script = [status(401, www_authenticate=PLAIN)]
    assert 200 == world.get(mode).status_code
    assert ["token-1", "token-2"] == world.service.tokens
    assert CLAIMS == world.endpoint.posts[1].form["claims"]
    assert 200 == world.get(mode).status_code
    assert "token-2" == world.service.tokens[-1]


@pytest.mark.row("A21")
def test_a_fixed_challenge_sees_two_requests(world: World, mode: str) -> None:
    world.service.always = status(401, www_authenticate=PLAIN)
    assert 401 == world.get(mode).status_code
    assert (2, 2) == (len(world.service.tokens), world.posts)


@pytest.mark.row("A21")
def test_a_challenge_met_together_is_one_request(world: World) -> None:
    world.get()
    bad = rejecting("token-1")

    def answer(request: httpx.Request) -> httpx.Response:
        response = bad(request)
        return (
            httpx.Response(401, headers={"www-authenticate": PLAIN})
            if response.status_code == 401
            else response
        )

    world.service.always = answer
    results = many_threads(lambda: world.get().status_code, 32)
    assert ([200] * 32, 2) == (results, world.posts)


@pytest.mark.row("A21")
@pytest.mark.parametrize("header", [PLAIN, ""])
def test_a_failure_is_chained_to_the_401(world: World, mode: str, header: str) -> None:
    world.get(mode)
    world.clock.advance(11)
    world.service.always = status(401, www_authenticate=header)
    world.endpoint.always = disconnected()
    with pytest.raises(TokenTransportError) as caught:
        world.get(mode)
    assert isinstance(caught.value.__cause__, ChallengeError)
    assert 401 == caught.value.__cause__.status_code
    world.endpoint.always = refused()
    for _ in range(2):  # the second one is told the kept refusal
        with pytest.raises(AuthError) as caught_refusal:
            world.get(mode)
        assert isinstance(caught_refusal.value.__cause__, ChallengeError)
    world.auth.invalidate()
    world.endpoint.always = None
    world.service.always = status(200)
    world.get(mode)
    world.auth.close()
    world.service.always = status(401, www_authenticate=PLAIN)
    with pytest.raises(ClosedError) as closed:
        world.get(mode)
    assert isinstance(closed.value.__cause__, ChallengeError)


@pytest.mark.row("A21")
def test_without_a_401_there_is_no_cause(world: World, mode: str) -> None:
    world.endpoint.always = refused()
    with pytest.raises(AuthError) as caught:
        world.get(mode)
    assert None is caught.value.__cause__


@pytest.mark.row("A22")
def test_continuous_access_is_off_unless_asked_for(world: World, mode: str) -> None:
    world.get(mode)
    assert "claims" not in world.endpoint.posts[0].form


@pytest.mark.row("A22")
def test_continuous_access_adds_the_capability(world: World, mode: str) -> None:
    world.principal(continuous_access=True)
    world.service.script = [status(401, www_authenticate=PLAIN)]
    world.get(mode)
    first, second = (json.loads(post.form["claims"]) for post in world.endpoint.posts)
    assert {"access_token": {"xms_cc": {"values": ["cp1"]}}} == first
    assert {
        "access_token": {**json.loads(CLAIMS)["access_token"], "xms_cc": {"values": ["cp1"]}}
    } == second


@pytest.mark.row("A22")
def test_odd_claims_do_no_harm(world: World) -> None:
    world.principal(continuous_access=True)
    world.service.script = [status(401, www_authenticate=_challenge('{"access_token": []}'))]
    world.get()
    assert {"access_token": {"xms_cc": {"values": ["cp1"]}}} == json.loads(
        world.endpoint.posts[1].form["claims"]
    )


@pytest.mark.row("A23")
def test_an_old_token_is_refreshed_once(world: World, mode: str) -> None:
    world.get(mode)
    world.clock.advance(11)
    world.service.always = rejecting("token-1")
    assert 200 == world.get(mode).status_code
    assert ["token-1", "token-1", "token-2"] == world.service.tokens
    assert 2 == world.posts


@pytest.mark.row("A23")
def test_a_young_token_is_not_refreshed(world: World, mode: str) -> None:
    world.get(mode)
    world.clock.advance(10)
    world.service.always = status(401)
    assert 401 == world.get(mode).status_code
    assert (1, 2) == (world.posts, len(world.service.tokens))


@pytest.mark.row("A23")
def test_a_fixed_401_sees_two_requests(world: World, mode: str) -> None:
    world.get(mode)
    world.clock.advance(11)
    world.service.always = status(401)
    assert 401 == world.get(mode).status_code
    assert (2, 3) == (world.posts, len(world.service.tokens))
    assert 401 == world.get(mode).status_code  # the new token is young
    assert (2, 4) == (world.posts, len(world.service.tokens))


@pytest.mark.row("A23")
def test_a_newer_token_needs_no_request(world: World, mode: str) -> None:
    world.get(mode)

    def meanwhile(request: httpx.Request) -> httpx.Response:
        world.auth.invalidate()
        call("sync", world.auth, httpx.MockTransport(status(200)))
        return httpx.Response(401)

    world.service.script = [meanwhile]
    assert 200 == world.get(mode).status_code
    assert ["token-1", "token-1", "token-2"] == world.service.tokens
    assert 2 == world.posts


@pytest.mark.row("A23")
def test_a_token_that_was_dropped_is_replaced_however_young(world: World, mode: str) -> None:
    def meanwhile(request: httpx.Request) -> httpx.Response:
        world.auth.invalidate()
        return httpx.Response(401)

    world.service.script = [meanwhile]
    assert 200 == world.get(mode).status_code
    assert ["token-1", "token-2"] == world.service.tokens


@pytest.mark.row("A23")
def test_threads_that_meet_a_401_together_make_one_request(world: World) -> None:
    world.get()
    world.clock.advance(11)
    world.service.always = rejecting("token-1")
    results = many_threads(lambda: world.get().status_code)
    assert ([200] * 64, 2) == (results, world.posts)


@pytest.mark.row("A23")
def test_a_new_token_that_is_the_old_one_is_not_sent_again(world: World, mode: str) -> None:
    world.endpoint.always = lambda request: httpx.Response(
        200, json={"access_token": "same", "expires_in": 3600}
    )
    world.get(mode)
    world.clock.advance(11)
    world.service.always = status(401)
    assert 401 == world.get(mode).status_code
    assert (2, 2) == (world.posts, len(world.service.tokens))


@pytest.mark.row("A25")
def test_bytes_are_sent_again(world: World, mode: str) -> None:
    world.service.script = [status(401, www_authenticate=PLAIN)]
    response = world.get(mode, method="POST", json={"a": 1}, extensions={"mine": 1})
    assert 200 == response.status_code
    assert [b'{"a":1}'] * 2 == world.service.bodies
    assert b'{"a":1}' == response.request.content
    assert 1 == response.request.extensions["mine"]


@pytest.mark.row("A25")
def test_a_seekable_file_is_sent_again_from_where_it_stood(world: World) -> None:
    world.service.script = [status(401, www_authenticate=PLAIN)]
    file = io.BytesIO(b"abcdef")
    file.seek(2)
    assert (
        200 == world.get(method="POST", content=file, headers={"Content-Length": "4"}).status_code
    )
    assert [b"cdef"] * 2 == world.service.bodies


@pytest.mark.row("A25")
def test_a_form_with_files_is_sent_again(world: World, mode: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"on disk")
    world.service.script = [status(401, www_authenticate=PLAIN)]
    with path.open("rb") as file:
        files: dict[str, Any] = {"a": file, "b": b"bytes", "c": ("name", "text")}
        assert 200 == world.get(mode, method="POST", files=files, data={"d": "e"}).status_code
    assert world.service.bodies[0] == world.service.bodies[1]
    assert b"on disk" in world.service.bodies[1]


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


class Pipe:
    """A file with nothing but read."""

    def __init__(self) -> None:
        self.left = [b"abc"]

    def read(self, size: int = -1) -> bytes:
        return self.left.pop() if self.left else b""

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError


def generated() -> Iterator[bytes]:
    yield b"ab"
    yield b"c"


@pytest.mark.row("A25")
@pytest.mark.parametrize(
    "make", [generated, lambda: Unseekable(b"abc"), Pipe, lambda: iter([b"abc"])]
)
def test_other_bodies_are_not(world: World, make: Any) -> None:
    world.service.script = [status(401, www_authenticate=PLAIN)]
    assert 401 == world.get(method="POST", content=make()).status_code
    assert ([b"abc"], 1) == (world.service.bodies, world.posts)


@pytest.mark.row("A25")
def test_an_async_generator_is_not(world: World) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"abc"

    world.service.script = [status(401, www_authenticate=PLAIN)]
    assert 401 == world.get("asyncio", method="POST", content=body()).status_code
    assert [b"abc"] == world.service.bodies


@pytest.mark.row("A25")
def test_a_form_with_an_unseekable_file_is_not(world: World) -> None:
    world.service.script = [status(401, www_authenticate=PLAIN)]
    assert 401 == world.get(method="POST", files={"a": Unseekable(b"abc")}).status_code
    assert 1 == len(world.service.bodies)


@pytest.mark.row("A24")
def test_a_flow_can_be_driven_by_hand(world: World) -> None:
    """As purview_core and httpx do it: the flow ends after an answer that is not for it."""
    flow = world.principal().auth_flow(httpx.Request("GET", "https://contoso.purview.azure.com/"))
    request = next(flow)
    assert "Bearer token-1" == request.headers["Authorization"]
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(403, request=request))

    async def main() -> None:
        flow = world.auth.async_auth_flow(
            httpx.Request("GET", "https://contoso.purview.azure.com/")
        )
        request = await anext(flow)
        with pytest.raises(StopAsyncIteration):
            await flow.asend(httpx.Response(403, request=request))

    asyncio.run(main())


ORIGIN = "https://contoso.purview.azure.com"


@pytest.mark.row("A05")
def test_a_token_at_hand_is_given_ahead(world: World) -> None:
    auth = world.principal()
    assert None is auth.warm_token(ORIGIN)
    world.get()
    token = auth.warm_token(ORIGIN)
    assert token is not None
    assert b"Bearer token-1" == token.secret.bearer
    world.clock.advance(3600)
    assert (None, 1) == (auth.warm_token(ORIGIN), world.posts)


@pytest.mark.row("A23")
def test_a_401_rejects_the_token_that_was_sent(world: World, mode: str) -> None:
    """Another caller may have got a new one meanwhile: that serves, and none is asked for."""
    world.get(mode)

    def meanwhile(request: httpx.Request) -> httpx.Response:
        world.auth.invalidate()
        call("sync", world.auth, world.service)
        return httpx.Response(401)

    world.service.script = [meanwhile]
    assert 200 == world.get(mode).status_code
    assert (["token-1", "token-1", "token-2", "token-2"], 2) == (world.service.tokens, world.posts)


class Seeing:
    """Sees each request; before or around an auth of ours."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.seen: list[httpx.Request] = []

    def sync_auth_flow(self, request: httpx.Request, *more: Any) -> Any:
        self.seen.append(request)
        return super().sync_auth_flow(request, *more)  # type: ignore[misc]


class Mixed(Seeing, ServicePrincipal): ...


class Below(Mixed): ...


class Around(httpx.Auth):
    def __init__(self, inner: Any) -> None:
        self.inner, self.seen = inner, list[httpx.Request]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def sync_auth_flow(self, request: httpx.Request) -> Any:
        self.seen.append(request)
        return self.inner.sync_auth_flow(request)


@pytest.mark.row("A05")
@pytest.mark.parametrize("kind", ["mixed", "below", "around", "set"])
def test_an_auth_with_a_flow_of_its_own_sees_each_request(world: World, kind: str) -> None:
    made = {"mixed": Mixed, "below": Below}.get(kind, ServicePrincipal)
    auth: Any = made(TENANT, CLIENT, SECRET, transport=world.endpoint)
    if kind == "around":
        auth = Around(auth)
    if kind == "set":
        auth.seen, flow = [], auth.sync_auth_flow
        auth.sync_auth_flow = lambda request: auth.seen.append(request) or flow(request)
    for _ in range(3):
        call("ahead", auth, world.service)
    assert 3 == len(auth.seen)
