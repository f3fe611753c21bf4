"""When a token is refreshed, and what happens when that fails."""

from __future__ import annotations

import logging
import random
import threading
from itertools import pairwise

import httpx
import pytest

from purview_auth.errors import (
    AuthError,
    TokenRequestError,
    TokenResponseError,
    TokenTransportError,
)
from purview_auth.testing import FakeClock, Fault, Held, answer, disconnected, overloaded, refused
from purview_auth.tokens import store
from purview_auth.tokens.token import Secret, Token, refresh_after

from .support import NoJitter, World, status

DAY = 86400.0


@pytest.mark.row("A05")
def test_a_wall_clock_set_forward_is_one_refresh(world: World, mode: str) -> None:
    world.get(mode)
    world.clock.wall += DAY
    for _ in range(5):
        world.get(mode)
    assert 2 == world.posts


@pytest.mark.row("A05")
def test_a_wall_clock_set_back_extends_nothing(world: World, mode: str) -> None:
    world.get(mode)
    world.clock.wall -= DAY
    world.clock.ticks += 3595
    world.get(mode)
    assert 2 == world.posts


@pytest.mark.row("A05")
def test_a_monotonic_clock_that_slept_extends_nothing(world: World) -> None:
    world.get()
    world.clock.wall += 3596
    world.get()
    assert 2 == world.posts


@pytest.mark.row("A05")
@pytest.mark.parametrize("wrong", [-3600.0, 3600.0])
def test_a_clock_that_is_wrong_from_the_start_does_no_harm(world: World, wrong: float) -> None:
    right = world.clock.wall
    world.clock.wall += wrong
    world.endpoint.members = {"expires_in": 3600, "expires_on": int(right) + 3600}
    for _ in range(5):
        world.get()
    assert 1 == world.posts


@pytest.mark.row("A06")
@pytest.mark.parametrize(
    ("lifetime", "refresh_in", "due"),
    [
        (86400, 43200, 43200),
        (86400, None, 43200),
        (7200, None, 3600),
        (7199, None, 6899),
        (3600, None, 3300),
        (3600, 3600, 3300),
        (3600, 9999, 3300),
        (3600, 1, 30),
        (600, None, 300),
        (30, None, 15),
        (1, None, 0.5),
    ],
)
def test_refresh_points_of_lifetimes(lifetime: float, refresh_in: float | None, due: float) -> None:
    assert due == refresh_after(lifetime, refresh_in, NoJitter().random)
    jittered = {
        refresh_after(lifetime, refresh_in, random.Random(seed).random) for seed in range(50)
    }
    assert all(due - 60 <= one <= due for one in jittered)
    assert min(jittered) >= min(30, lifetime / 2)


@pytest.mark.row("A06")
def test_a_token_that_expired_on_its_way_is_an_error(world: World, mode: str) -> None:
    def slow(request: httpx.Request) -> None:
        world.clock.advance(20)

    world.expires_in(15)
    world.endpoint.always = slow
    with pytest.raises(TokenResponseError, match="had expired when it came"):
        world.get(mode)
    assert 1 == world.posts


@pytest.mark.row("A06")
def test_the_refresh_comes_at_its_point(world: World, mode: str) -> None:
    world.get(mode)
    world.clock.advance(3299)
    world.get(mode)
    assert 1 == world.posts
    world.clock.advance(1)
    world.get(mode)
    assert 2 == world.posts
    assert ["token-1", "token-1", "token-2"] == world.service.tokens


@pytest.mark.row("A06")
def test_refresh_in_is_heeded(world: World) -> None:
    world.endpoint.members["refresh_in"] = "1000"
    world.get()
    world.clock.advance(1000)
    world.get()
    assert 2 == world.posts


@pytest.mark.row("A06")
@pytest.mark.parametrize(("lifetime", "most"), [(30, 4), (600, 2), (1, 20)])
def test_short_tokens_do_not_loop(world: World, lifetime: int, most: int) -> None:
    world.expires_in(lifetime)
    for _ in range(40):
        world.get()
        world.clock.advance(1)
    assert world.posts <= max(most, 40 if lifetime == 1 else 0)


@pytest.mark.row("A07")
def test_an_early_refresh_keeps_nobody_waiting(
    world: World,
    mode: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "EARLY_WAIT_SECONDS", 0.05)
    world.get(mode)
    world.clock.advance(3400)
    held = Held()
    world.endpoint.faults.append(held)
    for _ in range(50):  # the first starts the refresh
        assert 200 == world.get(mode).status_code
    assert held.reached.is_set()
    assert {"token-1"} == set(world.service.tokens)
    held.release.set()
    for _ in range(100):
        if world.get(mode) and world.service.tokens[-1] == "token-2":
            break
        threading.Event().wait(0.01)
    assert "token-2" == world.service.tokens[-1]
    assert 2 == world.posts


@pytest.mark.row("A07")
def test_an_early_refresh_may_outlast_the_token(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "EARLY_WAIT_SECONDS", 0.01)
    world.get()
    world.clock.advance(3590)
    held = Held()
    world.endpoint.faults.append(held)
    world.get()
    world.clock.advance(10)
    threading.Timer(0.02, held.release.set).start()
    world.get()  # joins the request under way
    assert "token-2" == world.service.tokens[-1]
    assert 2 == world.posts


@pytest.mark.row("A12")
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    "fault", [disconnected(), overloaded(500), overloaded(429), refused(), answer(200, b"<html>")]
)
def test_a_failed_refresh_leaves_the_valid_token(
    world: World, mode: str, native: bool, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    world.principal(async_transport=world.endpoint if native else None)
    world.get(mode)
    world.clock.advance(3301)
    world.endpoint.always = fault
    last = 3594 - 3301
    moment, asked = world.clock.wall, []
    while world.clock.wall < moment + last - 9:
        before = world.posts
        assert 200 == world.get(mode).status_code
        if world.posts > before:
            asked.append(world.clock.wall)
        world.clock.advance(5)
    assert {"token-1"} == set(world.service.tokens)
    assert all(later - earlier >= 30 for earlier, later in pairwise(asked))
    assert len(asked) > 3
    assert 1 == len([r for r in caplog.records if "still serves" in r.message])
    world.clock.advance(60)
    with pytest.raises(AuthError):
        world.get(mode)
    world.endpoint.always = None
    world.clock.advance(30)
    world.get(mode)
    assert "token-1" != world.service.tokens[-1]


@pytest.mark.row("A12")
def test_retry_after_damps_longer(world: World) -> None:
    world.get()
    world.clock.advance(3300)
    world.endpoint.faults.append(overloaded(429, retry_after="100"))
    for _ in range(10):
        world.get()
        world.clock.advance(10)
    assert 2 == world.posts
    world.get()
    assert 3 == world.posts


@pytest.mark.row("A12")
def test_expiry_ends_the_pause_of_a_passing_failure(world: World) -> None:
    world.get()
    world.clock.advance(3590)
    world.endpoint.faults.extend([disconnected()] * 3)
    world.get()
    assert 4 == world.posts
    world.clock.advance(10)
    world.get()  # 10 s after the failure, but the old token is dead
    assert "token-2" == world.service.tokens[-1]


@pytest.mark.row("A13")
@pytest.mark.parametrize(
    "fault",
    [disconnected(httpx.ReadTimeout), *[overloaded(code) for code in (408, 429, 500, 503, 504)]],
)
def test_passing_failures_are_tried_three_times(world: World, mode: str, fault: Fault) -> None:
    world.endpoint.always = fault
    with pytest.raises((TokenRequestError, TokenTransportError)):
        world.get(mode)
    assert 3 == world.posts
    assert 2 == len(world.clock.slept)


@pytest.mark.row("A13")
def test_a_passing_failure_passes(world: World, mode: str) -> None:
    world.endpoint.faults.extend([disconnected(), overloaded(500)])
    assert 200 == world.get(mode).status_code
    assert 3 == world.posts


@pytest.mark.row("A13")
def test_an_oauth_error_that_says_so_is_passing(world: World) -> None:
    world.endpoint.faults.append(refused("temporarily_unavailable", 90033, 400))
    assert 200 == world.get().status_code


@pytest.mark.row("A13")
def test_the_jitter_is_full(world: World) -> None:
    class Half:
        def random(self) -> float:
            return 0.5

    world.principal(rng=Half())
    world.endpoint.faults.extend([overloaded(500)] * 2)
    world.get()
    assert [0.5, 1.0] == world.clock.slept


@pytest.mark.row("A13")
@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry_after": "2"}, 2.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "0"}, 0.0),
        ({"x_ms_retry_after_ms": "1500"}, 1.5),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after": "Tue, 14 Nov 2023 22:13:25 GMT"}, 5.0),
        ({"retry_after": "Tue, 14 Nov 2013 22:13:25 GMT"}, 0.0),
        ({"retry_after": "soon"}, 0.0),
        ({"retry_after": "-5"}, 0.0),
        ({"retry_after": "NaN"}, 0.0),
        ({"retry_after": "inf"}, 0.0),
    ],
)
def test_retry_after_is_heeded(world: World, headers: dict[str, str], pause: float) -> None:
    world.endpoint.faults.append(overloaded(429, **headers))
    world.get()
    assert [pause] == world.clock.slept


@pytest.mark.row("A13")
def test_a_long_retry_after_fails_at_once_and_is_heeded(world: World, mode: str) -> None:
    world.endpoint.faults.append(overloaded(429, retry_after="60"))
    for _ in range(6):
        with pytest.raises(TokenRequestError) as caught:
            world.get(mode)
        assert 60.0 == caught.value.retry_after
        world.clock.advance(10)
    assert 1 == world.posts
    assert [] == world.clock.slept
    world.get(mode)
    assert 2 == world.posts


@pytest.mark.row("A13")
def test_retry_after_is_capped(world: World) -> None:
    world.endpoint.faults.append(overloaded(429, retry_after="99999"))
    with pytest.raises(TokenRequestError):
        world.get()
    world.clock.advance(300)
    world.get()
    assert 2 == world.posts


@pytest.mark.row("A13")
def test_the_total_ends_the_tries(world: World) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        world.clock.advance(20)
        return httpx.Response(500)

    world.endpoint.always = slow
    with pytest.raises(TokenRequestError):
        world.get()
    assert 2 == world.posts


@pytest.mark.row("A14")
@pytest.mark.parametrize(
    "error", ["invalid_client", "unauthorized_client", "invalid_request", "invalid_resource"]
)
@pytest.mark.parametrize("code", [400, 401])
def test_a_refusal_is_kept_for_a_while(world: World, mode: str, error: str, code: int) -> None:
    world.endpoint.always = refused(error, 700016, code)
    for _ in range(5):
        with pytest.raises(TokenRequestError, match=error):
            world.get(mode)
    assert 1 == world.posts
    world.clock.advance(31)
    with pytest.raises(TokenRequestError):
        world.get(mode)
    assert 2 == world.posts
    world.auth.invalidate()
    world.endpoint.always = None
    world.get(mode)
    assert 3 == world.posts


@pytest.mark.row("A14")
def test_numbers_of_the_vendor_decide_nothing(world: World) -> None:
    world.endpoint.faults.append(refused("invalid_client", 90033, 500))
    world.get()
    assert 2 == world.posts


@pytest.mark.row("A14")
def test_invalidate_drops_the_token(world: World) -> None:
    world.get()
    world.auth.invalidate()
    assert None is world.auth.token_info()
    world.get()
    assert ["token-1", "token-2"] == world.service.tokens


@pytest.mark.row("A14")
def test_a_refusal_of_the_old_secret_says_nothing_about_the_new(world: World) -> None:
    held = Held(refused())
    world.endpoint.faults.append(held)
    results: list[object] = []
    world.principal()
    thread = threading.Thread(target=lambda: results.append(world.get().status_code))
    thread.start()
    held.reached.wait()
    world.auth.update_secret("new")
    held.release.set()
    thread.join()
    assert [200] == results
    assert "new" == world.endpoint.posts[-1].form["client_secret"]


@pytest.mark.row("A24")
def test_a_403_never_refreshes(world: World, mode: str) -> None:
    world.service.always = status(
        403, www_authenticate='Bearer error="insufficient_claims", claims="e30"'
    )
    world.get(mode)
    world.clock.advance(60)
    assert 403 == world.get(mode).status_code
    assert (1, 2) == (world.posts, len(world.service.tokens))


def test_warnings_come_again_after_a_success(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(2):
        world.get()
        world.clock.advance(3301)
        world.endpoint.faults.append(refused())
        world.get()
        world.clock.advance(31)
        world.get()
    assert 2 == len(caplog.records)


@pytest.mark.row("A06")
@pytest.mark.parametrize(
    ("wall", "monotonic", "fresh"),
    [(49.9, 49.9, True), (50, 0, False), (0, 50, False)],
)
def test_a_token_is_due_from_its_refresh_point_on(
    wall: float,
    monotonic: float,
    fresh: bool,
) -> None:
    clock = FakeClock(wall, monotonic)
    assert fresh is Token(Secret("x"), (0.0, 0.0), 100.0, 50.0).fresh(clock)
