"""Time limits on real sockets, events, and the stress of everything at once."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from purview_auth import AuthEvent, CredentialAuth, ServicePrincipal, Timeouts
from purview_auth.errors import AuthError, TokenTransportError
from purview_auth.testing import (
    FakeClock,
    FakeTokenEndpoint,
    TokenServer,
    answer,
    disconnected,
    dribbled,
    overloaded,
    refused,
)
from purview_auth.tokens import store
from purview_auth.tokens.token import Secret

from .support import CLIENT, SECRET, TENANT, URL, World, call, status


def local(server: TokenServer, **options: Any) -> ServicePrincipal:
    return ServicePrincipal(
        TENANT, CLIENT, SECRET, authority=server.authority, allow_insecure_localhost=True, **options
    )


@pytest.mark.row("A18")
@pytest.mark.parametrize("part", ["head", "body"])
def test_a_byte_dribbling_endpoint_ends_at_the_total(
    mode: str,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "SLACK_SECONDS", 0.05)
    with TokenServer() as server:
        server.endpoint.always = dribbled(part)
        auth = local(server, timeouts=Timeouts(total=0.1))
        with pytest.raises(TokenTransportError):
            call(mode, auth, httpx.MockTransport(status(200)))
        flying = [one for one in threading.enumerate() if one.name == "purview-auth"]
        for thread in flying:
            thread.join(5)  # broken off, at the next byte
        assert [] == [one for one in flying if one.is_alive()]


@pytest.mark.row("A18")
@pytest.mark.parametrize("part", ["head", "body"])
def test_an_end_that_comes_before_the_connection_counts(part: str) -> None:
    with TokenServer() as server:
        server.endpoint.always = dribbled(part)
        client = local(server)._client
        late = store.Flight(0, client, None)
        late.started -= client.total_seconds + store.SLACK_SECONDS
        late.abort()  # as when it is overdue: there is nothing to close yet
        with pytest.raises(httpx.ReadTimeout, match="total"):
            client._post(late, Secret("a=b"), client.clock.monotonic() + 60)


@pytest.mark.row("A18")
@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_a_byte_dribbling_native_endpoint_does_too(mode: str, part: str) -> None:
    with TokenServer() as server:
        server.endpoint.always = dribbled(part)

        async def secret() -> str:
            return SECRET

        auth = ServicePrincipal(
            TENANT,
            CLIENT,
            secret,
            authority=server.authority,
            allow_insecure_localhost=True,
            timeouts=Timeouts(total=0.1),
        )
        with pytest.raises(TokenTransportError):
            call(mode, auth, httpx.MockTransport(status(200)))


@pytest.mark.row("A18")
def test_limits_are_given_to_the_transport(world: World) -> None:
    seen: list[dict[str, float]] = []

    def note(request: httpx.Request) -> None:
        seen.append(request.extensions["timeout"])
        world.clock.advance(20)
        disconnected()(request)

    world.endpoint.always = note
    world.principal(timeouts=Timeouts(connect=1, read=12, write=3, pool=4, total=30))
    with pytest.raises(AuthError):
        world.get()
    assert [
        {"connect": 1, "read": 12, "write": 3, "pool": 4},
        {"connect": 1, "read": 10, "write": 3, "pool": 4},
    ] == seen


@pytest.mark.row("A18")
def test_the_default_limits() -> None:
    assert Timeouts(connect=5, read=15, write=5, pool=5, total=30) == Timeouts()


@pytest.mark.row("A13")
def test_a_server_that_is_gone(mode: str) -> None:
    with TokenServer() as server:
        auth = local(server, sleep=lambda seconds: None)
        server.endpoint.faults.append(disconnected())
        assert 200 == call(mode, auth, httpx.MockTransport(status(200))).status_code
    auth.invalidate()
    with pytest.raises(TokenTransportError, match="ConnectError"):
        call(mode, auth, httpx.MockTransport(status(200)))


@pytest.mark.row("A33")
@pytest.mark.parametrize("native", [False, True])
def test_events_tell_what_happened(
    world: World,
    mode: str,
    native: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[AuthEvent] = []
    world.principal(on_event=events.append, async_transport=world.endpoint if native else None)
    world.get(mode)
    world.clock.advance(3301)
    world.endpoint.faults.append(refused())
    world.get(mode)
    world.clock.advance(31)
    world.get(mode)
    world.auth.invalidate()
    world.endpoint.always = refused()
    with pytest.raises(AuthError):
        world.get(mode)
    expected = [
        ("acquired", None),
        ("fallback", "TokenRequestError"),
        ("refreshed", None),
        ("failed", "TokenRequestError"),
    ]
    assert expected == [(event.kind, event.error) for event in events]
    assert all(0 <= event.seconds < 30 for event in events)
    said = [record.message for record in caplog.records if record.message.startswith("token ")]
    expected_logs = [
        f"token {one.kind} in {one.seconds:.3f} s: {one.error or 'no error'}" for one in events
    ]
    assert expected_logs == said


@pytest.mark.row("A33")
def test_a_hook_that_raises_harms_nobody(
    world: World,
    mode: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def hook(event: AuthEvent) -> None:
        raise ValueError("CANARY")

    world.principal(on_event=hook)
    assert 200 == world.get(mode).status_code
    assert "on_event raised ValueError" in caplog.text
    assert "CANARY" not in caplog.text


@pytest.mark.row("A33")
def test_a_hook_may_use_the_auth_object(world: World) -> None:
    infos: list[Any] = []
    world.principal(on_event=lambda event: infos.append(world.auth.token_info()))
    world.get()
    assert 3600 == infos[0].expires_in


@pytest.mark.row("A33")
def test_token_info_tells_expiry_alone(world: World) -> None:
    world.principal()
    assert None is world.auth.token_info()
    world.get()
    world.clock.advance(100)
    info = world.auth.token_info()
    assert {"expires_on", "expires_in", "refresh_on"} == set(info.__slots__) - {"__weakref__"}
    assert (world.clock.wall + 3500, 3500, world.clock.wall + 3200) == (
        info.expires_on,
        info.expires_in,
        info.refresh_on,
    )


class Storm:
    """A token endpoint with random faults, clocks that jump, and the true time, by which tokens
    expire.

    Either the wall clock is set at random, or the machine is suspended at random, which the
    monotonic clock misses. Both at once could hide any time from any client.
    """

    def __init__(self, rng: random.Random, suspended: bool) -> None:
        self.rng, self.suspended, self.clock, self.true = rng, suspended, FakeClock(), 0.0
        self.endpoint = FakeTokenEndpoint(always=self.fault)
        self.expiry: dict[str, float] = {}
        self.flying = self.most = self.numbers = self.issued = 0
        self.lock = threading.Lock()
        self.late: list[str] = []

    def fault(self, request: httpx.Request) -> httpx.Response | None:
        with self.lock:
            self.flying += 1
            self.most = max(self.most, self.flying)
            kind = self.rng.randrange(10)
            lifetime = self.rng.choice([30, 600, 3600, 86400])
        try:
            if kind == 0:
                disconnected()(request)
            if kind in (1, 2, 3):
                bad = [
                    overloaded(500),
                    overloaded(429, retry_after="7"),
                    refused(),
                    answer(200, b"<html>"),
                ]
                return bad[self.rng.randrange(4)](request)
            with self.lock:
                self.numbers += 1
                name = f"token-{self.numbers}"
                self.expiry[name] = self.true + lifetime
            return httpx.Response(200, json={"access_token": name, "expires_in": lifetime})
        finally:
            with self.lock:
                self.flying -= 1

    def check(self, token: str, began: float) -> None:
        """By the time when the call began: the clock may jump while a call is on its way."""
        if self.expiry[token] <= began:
            self.late.append(token)

    def jump(self) -> None:
        with self.lock:
            kind = self.rng.random()
            if kind < 0.02 and self.suspended:
                self.clock.wall += 40_000
                self.true += 40_000
            elif kind < 0.02:
                self.clock.wall += self.rng.choice([-86400.0, 86400.0, 3600.0])
            elif kind < 0.4:
                seconds = self.rng.choice([0.1, 1.0, 10.0, 100.0, 1000.0])
                self.clock.advance(seconds)
                self.true += seconds


@pytest.mark.row("A34")
@pytest.mark.parametrize("suspended", [False, True])
def test_invariants_hold_under_stress(suspended: bool, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("PURVIEW_AUTH_SEED", time.time_ns() % 2**32))
    storm = Storm(random.Random(seed), suspended)
    threads, calls = 32, 10_000
    auth = ServicePrincipal(
        TENANT,
        CLIENT,
        SECRET,
        transport=storm.endpoint,
        clock=storm.clock,
        sleep=lambda seconds: None,
        rng=random.Random(seed),
    )
    failures = [0] * threads
    needless: list[int] = []

    def work(number: int) -> None:
        for _ in range(calls // threads + 1):
            storm.jump()
            began, held = storm.true, auth._slot.current
            try:
                request = next(auth.sync_auth_flow(httpx.Request("GET", URL)))
            except AuthError:
                failures[number] += 1
                # else another thread put one in its place, which may end sooner
                in_hand = held is auth._slot.current
                if suspended and in_hand and held is not None and held.usable(storm.clock):
                    # (a wall clock that is set back can make a token usable again)
                    needless.append(number)
            else:
                storm.check(request.headers["Authorization"].removeprefix("Bearer "), began)

    logging.getLogger("purview_auth").setLevel(logging.ERROR)
    try:
        workers = [
            threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
    finally:
        logging.getLogger("purview_auth").setLevel(logging.NOTSET)
    with capsys.disabled():
        print(
            f"\nseed {seed}: {len(storm.endpoint.posts)} posts, {sum(failures)} failed of "
            f"{calls} calls"
        )
    assert [] == [worker for worker in workers if worker.is_alive()]  # no deadlock
    assert ([], [], 1) == (storm.late, needless, storm.most)
    assert len(storm.endpoint.posts) <= calls / 10


def test_the_resource_that_tokens_are_asked_for_can_be_read(world: World) -> None:
    assert "https://purview.azure.net" == world.principal().resource
    assert "https://other.example" == world.principal(resource="https://other.example").resource
    credential = SimpleNamespace(get_token=lambda *scopes, **options: None)
    assert "https://purview.azure.net" == CredentialAuth(credential).resource
