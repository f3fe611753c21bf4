"""Probes of behaviour: each takes a contender and gives the text of its cell."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable

from compare_auth_contenders import Contender
from compare_auth_fakes import TOKEN, Endpoint, later

from purview_auth.testing import Fault, answer, disconnected, overloaded, refused

Kind = type[Contender]
Probe = Callable[[Kind], str]

NOT_ITS_KIND = "-"
DELAY_SECONDS = 0.05
OUTAGES: dict[str, Fault] = {
    "network error": disconnected(),
    "500": overloaded(500),
    "429": overloaded(429),
}
LIVES = {  # what the endpoint says of the token, and how long ago
    "200 s left": ({"expires_in": 3600}, 3400),
    "20 s left": ({"expires_in": 3600}, 3580),
    "3500 s left, refresh due": ({"expires_in": 7200, "refresh_in": 3600}, 3700),
}
NO_TOKENS = {
    "list": b"[]",
    "null": b"null",
    "cut short": b'{"access_token": "x", "expires_',
    "no token": b'{"expires_in": 3600, "token_type": "Bearer"}',
    "empty token": b'{"access_token": "", "expires_in": 3600, "token_type": "Bearer"}',
    "number for token": b'{"access_token": 5, "expires_in": 3600, "token_type": "Bearer"}',
    "line break in token": (
        b'{"access_token": "a\\r\\nX: y", "expires_in": 3600, "token_type": "Bearer"}'
    ),
    "no expiry": b'{"access_token": "x", "token_type": "Bearer"}',
    "expiry in words": b'{"access_token": "x", "expires_in": "soon", "token_type": "Bearer"}',
}


def threads(number: int) -> Probe:
    def probe(kind: Kind) -> str:
        if not kind.threads:
            return NOT_ITS_KIND
        contender, barrier = kind(Endpoint(delay=DELAY_SECONDS)), threading.Barrier(number)

        def one() -> None:
            barrier.wait()
            contender.call()

        started = [threading.Thread(target=one) for _ in range(number)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        assert [f"Bearer {TOKEN}"] * number == contender.service.seen
        return str(len(contender.endpoint.posts))

    return probe


def _run_tasks(kind: Kind, number: int, clients: int) -> Contender:
    contender, ticks = kind(Endpoint(delay=DELAY_SECONDS), clients=clients), [0]
    contender.endpoint.pulse = lambda: ticks[0]

    async def tick() -> None:
        while True:
            ticks[0] += 1
            await asyncio.sleep(0.001)

    async def main() -> None:
        ticker = asyncio.create_task(tick())
        await asyncio.gather(*(contender.acall(n % clients) for n in range(number)))
        ticker.cancel()

    asyncio.run(main())
    assert [f"Bearer {TOKEN}"] * number == contender.service.seen
    return contender


def tasks(number: int, clients: int) -> Probe:
    def probe(kind: Kind) -> str:
        return (
            str(len(_run_tasks(kind, number, clients).endpoint.posts))
            if kind.tasks
            else NOT_ITS_KIND
        )

    return probe


def stall(kind: Kind) -> str:
    if not kind.tasks:
        return NOT_ITS_KIND
    return "stands still" if _run_tasks(kind, 10, 1).endpoint.stalled else "goes on"


def outage(life: str, fault: Fault, calls: int = 10) -> Probe:
    """Failures of ten calls with a token that is still valid, and their token requests."""

    def probe(kind: Kind) -> str:
        members, seconds = LIVES[life]
        contender = kind(Endpoint(**members))
        contender.call()
        contender.endpoint.posts.clear()
        contender.endpoint.always = fault
        errors: Counter[str] = Counter()
        with later(seconds):
            for _ in range(calls):
                try:
                    contender.call()
                except Exception as error:  # noqa: BLE001 - any failure counts
                    errors[type(error).__name__] += 1
        names = f" {', '.join(errors)}" if errors else ""
        return f"{errors.total()}{names}; {len(contender.endpoint.posts)} requests"

    return probe


def wrong_secret(kind: Kind) -> str:
    contender = kind(Endpoint())
    contender.endpoint.always = refused()
    for _ in range(5):
        try:
            contender.call()
        except contender.error:
            continue
        raise AssertionError("a refused secret gave a token")
    return str(len(contender.endpoint.posts))


def no_tokens(kind: Kind) -> str:
    """How many answers without a usable token end in the contender's own error, and the others."""
    own, others = 0, Counter[str]()
    for body in NO_TOKENS.values():
        contender = kind(Endpoint())
        contender.endpoint.always = answer(content=body, content_type="application/json")
        try:
            contender.call()
        except contender.error:
            own += 1
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            others[type(error).__name__] += 1
        else:
            others["taken and sent"] += 1
    rest = ", ".join(f"{count} {name}" for name, count in sorted(others.items()))
    return f"{own} of {len(NO_TOKENS)}" + (f"; {rest}" if rest else "")


def sent_to(url: str) -> Probe:
    def probe(kind: Kind) -> str:
        contender = kind(Endpoint())
        try:
            contender.call(url)
        except contender.error as error:
            told = (
                f"refused ({type(error).__name__}), {len(contender.endpoint.posts)} token requests"
            )
        else:
            told = "token sent" if f"Bearer {TOKEN}" in contender.service.seen else "sent without"
        return told

    return probe


PROBES: dict[str, Probe] = {
    "token requests: 32 cold threads": threads(32),
    "token requests: 64 cold threads": threads(64),
    "token requests: 1000 cold tasks, one client": tasks(1000, 1),
    "token requests: 1000 cold tasks, 10 clients on one credential": tasks(1000, 10),
    "the event loop during a token request": stall,
    "token requests: secret refused, 5 calls": wrong_secret,
    **{
        f"failures of 10 calls: {life}, {name}": outage(life, fault)
        for life in LIVES
        for name, fault in OUTAGES.items()
    },
    "200 without a usable token: own error": no_tokens,
    "to https://unknown.example": sent_to("https://unknown.example/next"),
    "to https://evilpurview.azure.com": sent_to("https://evilpurview.azure.com/next"),
    "to http://contoso.purview.azure.com": sent_to("http://contoso.purview.azure.com/scan"),
}
