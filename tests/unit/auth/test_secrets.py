"""Secrets and tokens stay out of everything that people see."""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import attrs
import httpx
import pytest

from purview_auth import (
    AzureCliCredential,
    ConfigurationError,
    CredentialAuth,
    ServicePrincipal,
    Timeouts,
    TokenStore,
)
from purview_auth.errors import AuthError
from purview_auth.testing import (
    FakeCredential,
    Fault,
    TokenServer,
    answer,
    disconnected,
    dribbled,
    overloaded,
    refused,
)
from purview_auth.tokens import store

from .support import CLIENT, SECRET, TENANT, URL, World, call, json_bytes, status

CANARY = "CANARY"
TOKEN = "CANARY-token"
ENTRA = {"content_type": "application/json"}


def shown(error: BaseException | None) -> str:
    """All that an error shows: text, repr, attributes, chain, traceback with the locals of our
    and httpx's frames.
    """
    seen: list[str] = []
    todo, done = [error], set[int]()
    while todo:
        one = todo.pop()
        if one is None or id(one) in done:
            continue
        done.add(id(one))
        seen += [str(one), repr(one), repr(vars(one)), repr(one.args)]
        request = getattr(one, "_request", None)
        seen.append(repr(getattr(request, "content", "")))
        todo += [one.__cause__, one.__context__]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if any(
                part in frame.f_code.co_filename
                for part in ("purview_auth", "httpx", "httpcore", "asyncio")
            ):
                seen += [f"{name}={value!r}" for name, value in frame.f_locals.items()]
    return "\n".join(seen)


def everything(auth: ServicePrincipal) -> str:
    """What an auth object shows of itself."""
    parts = [repr(auth), str(auth), f"{auth}", repr(vars(auth)), repr(auth.token_info())]
    for value in vars(auth).values():
        parts += [repr(value), repr(getattr(value, "__dict__", ""))]
    parts.append(repr(attrs.asdict(auth._client, recurse=False)))
    token = auth._slot.current
    parts.append(repr(token) + repr(attrs.asdict(token) if token else ""))
    return "\n".join(parts)


def bad_secret() -> str:
    raise ValueError(f"vault said {SECRET}")


def echo(status_code: int = 400) -> Fault:
    """A token endpoint that sends everything back."""

    def fault(request: httpx.Request) -> httpx.Response:
        text = request.content.decode()
        body = {
            "error": text,
            "error_description": f"{SECRET} {text}",
            "trace_id": SECRET,
            "access_token": [TOKEN],
        }
        return httpx.Response(status_code, json=body)

    return fault


def raising(request: httpx.Request) -> httpx.Response:
    raise RuntimeError(f"{request.content!r} {SECRET}")


PATHS: dict[str, Fault] = {
    "refused": refused(),
    "echo": echo(),
    "echo 500": echo(500),
    "echo 200": echo(200),
    "connect": disconnected(),
    "read": disconnected(httpx.ReadTimeout),
    "protocol": disconnected(httpx.RemoteProtocolError),
    "raising": raising,
    "overloaded": overloaded(429, retry_after="1"),
    "html": answer(content=f"<html>{SECRET}</html>".encode(), content_type="text/html"),
    "not json": answer(content=f"{{{SECRET}".encode(), **ENTRA),
    "bad number": answer(content=json_bytes(access_token=TOKEN, expires_in=SECRET), **ENTRA),
    "bad token": answer(content=json_bytes(access_token=f"{TOKEN} x", expires_in=5), **ENTRA),
    "bad type": answer(
        content=json_bytes(access_token=TOKEN, expires_in=5, token_type=SECRET), **ENTRA
    ),
    "redirect": answer(307, location="https://evil.example/"),
}


@pytest.mark.row("A26")
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_no_failure_shows_a_secret(
    world: World,
    mode: str,
    native: bool,
    path: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[Any] = []
    auth = world.principal(
        async_transport=world.endpoint if native else None, on_event=events.append
    )
    world.endpoint.always = PATHS[path]
    with pytest.raises(AuthError) as caught:
        world.get(mode)
    texts = [shown(caught.value), everything(auth), caplog.text, repr(events), *capfd.readouterr()]
    assert [] == [text for text in texts if CANARY in text]
    assert CANARY.encode() not in pickle.dumps(caught.value)


@pytest.mark.row("A26")
def test_no_success_shows_a_secret(
    world: World,
    mode: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    world.endpoint.always = answer(content=json_bytes(access_token=TOKEN, expires_in=3600), **ENTRA)
    world.get(mode)
    world.clock.advance(3400)
    world.endpoint.always = echo()
    world.get(mode)
    world.service.always = status(
        401, www_authenticate='Bearer error="insufficient_claims", claims="e30="'
    )
    with pytest.raises(AuthError) as caught:
        world.get(mode)
    texts = [everything(world.auth), caplog.text, shown(caught.value)]
    assert [] == [text for text in texts if CANARY in text]
    assert "still serves" in caplog.text


@pytest.mark.row("A26")
@pytest.mark.parametrize(
    "make",
    [
        lambda: ServicePrincipal("a/b", CLIENT, SECRET),
        lambda: ServicePrincipal(TENANT, "", SECRET),
        lambda: ServicePrincipal(TENANT, CLIENT, SECRET.encode()),  # type: ignore[arg-type]
        lambda: ServicePrincipal(TENANT, CLIENT, SECRET, authority="http://x"),
        lambda: ServicePrincipal(TENANT, CLIENT, SECRET, authority=f"https://u:{SECRET}@x"),
        lambda: ServicePrincipal(TENANT, CLIENT, SECRET, allowed_hosts=(f"https://u:{SECRET}@x",)),
        lambda: ServicePrincipal(TENANT, CLIENT, "x").update_secret(SECRET.encode()),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_argument_shows_no_secret(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert CANARY not in str(caught.value)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    names = ("client_secret", "source", "secret")
    local = [
        repr(f.f_locals.get(name))
        for f in frames
        if "purview_auth" in f.f_code.co_filename
        for name in names
    ]
    assert [] == [text for text in local if CANARY in text]


@pytest.mark.row("A26")
def test_a_refused_host_shows_no_password(world: World) -> None:
    with pytest.raises(AuthError) as caught:
        world.get(url="https://user:CANARY@contoso.purview.azure.com/")
    assert CANARY not in str(caught.value)


@pytest.mark.row("A26")
@pytest.mark.parametrize("part", ["head", "body"])
def test_on_a_real_connection_too(
    mode: str, part: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SLACK_SECONDS", 0.05)
    caplog.set_level(logging.DEBUG)
    with TokenServer() as server:
        auth = ServicePrincipal(
            TENANT,
            CLIENT,
            SECRET,
            authority=server.authority,
            allow_insecure_localhost=True,
            timeouts=Timeouts(total=0.1),
            sleep=lambda seconds: None,
        )
        server.endpoint.faults.extend([refused(), dribbled(part)])
        errors = []
        for _ in range(2):
            with pytest.raises(AuthError) as caught:
                call(mode, auth, httpx.MockTransport(status(200)))
            errors.append(shown(caught.value))
            auth.invalidate()
    assert [] == [text for text in [*errors, caplog.text, everything(auth)] if CANARY in text]


@pytest.mark.row("A26")
def test_a_cancelled_native_request_shows_no_secret(world: World) -> None:
    reached = asyncio.Event()

    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            content = request.content
            reached.set()
            await asyncio.Event().wait()
            return httpx.Response(200, content=content)

    auth = world.principal(async_transport=Stuck())

    async def main() -> str:
        async with httpx.AsyncClient(transport=world.service, auth=auth) as client:
            task = asyncio.create_task(client.get(URL))
            await reached.wait()
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                frames = [
                    f
                    for f, _ in traceback.walk_tb(error.__traceback__)
                    if "tests" not in f.f_code.co_filename
                ]
                return shown(error) + "".join(repr(frame.f_locals) for frame in frames)
        raise AssertionError

    assert CANARY not in asyncio.run(main())


@pytest.mark.row("A26")
@pytest.mark.parametrize("error", [ValueError(f"x {SECRET}"), OSError(SECRET)])
def test_a_credentials_failure_shows_nothing(
    mode: str,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    auth = CredentialAuth(FakeCredential(error=error))
    with pytest.raises(AuthError) as caught:
        call(mode, auth, httpx.MockTransport(status(200)))
    texts = [str(caught.value), repr(vars(caught.value)), repr(caught.value.__cause__), caplog.text]
    assert [] == [text for text in texts if CANARY in text]
    assert None is caught.value.__context__


@pytest.mark.row("A26")
def test_a_secrets_source_shows_nothing(world: World, mode: str) -> None:
    world.principal(client_secret=bad_secret)
    with pytest.raises(AuthError) as caught:
        world.get(mode)
    assert CANARY not in shown(caught.value)


@pytest.mark.row("A27")
def test_auth_objects_are_not_pickled(world: World) -> None:
    world.get()
    objects: list[Any] = [
        world.auth,
        world.auth._client.secret,
        world.auth._slot.current,
        TokenStore(),
    ]
    objects += [CredentialAuth(FakeCredential()), ServicePrincipal(TENANT, CLIENT, bad_secret)]
    for one in objects:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(
                TypeError, match="is not picklable: build it in the process that uses it"
            ):
                pickle.dumps(one, protocol)


@pytest.mark.row("A27")
def test_copies_share_the_store(world: World) -> None:
    world.get()
    for copied in (
        copy.copy(world.auth),
        copy.deepcopy(world.auth),
        copy.deepcopy({"auth": world.auth})["auth"],
    ):
        call("sync", copied, world.service)
    assert 1 == world.posts
    assert copy.deepcopy(world.auth._client.secret) is world.auth._client.secret


@pytest.mark.row("A27")
def test_errors_are_pickled_with_all_they_know(world: World) -> None:
    world.endpoint.always = refused()
    with pytest.raises(AuthError) as caught:
        world.get()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(caught.value), vars(caught.value)) == (str(again), vars(again))


@pytest.mark.row("A26")
def test_the_frames_of_a_failure_do_not_live_on(world: World) -> None:
    """The kept failure has no traceback, which would keep the secret's frames alive."""
    world.endpoint.always = refused()
    with pytest.raises(AuthError):
        world.get()
    gc.collect()
    failure = world.auth._slot._failure
    assert (None, None, None) == (failure.__traceback__, failure.__cause__, failure.__context__)


@pytest.mark.row("A26")
def test_the_cli_credential_shows_nothing() -> None:
    assert CANARY not in repr(AzureCliCredential(tenant_id=TENANT))


@pytest.mark.row("A26")
def test_a_header_at_hand_shows_no_token(world: World) -> None:
    world.get()
    bearer = world.auth.warm_token("https://contoso.purview.azure.com").secret.bearer
    headers = {b"Authorization": bearer}
    shown = [
        repr(bearer),
        str(bearer),
        f"{bearer}",
        f"{bearer!r}",
        repr(headers),
        repr(httpx.Headers(headers)),
    ]
    assert "token-1" not in " ".join(shown)
    assert b"Bearer token-1" == bytes(bearer)
    with pytest.raises(TypeError, match="not picklable"):
        pickle.dumps(headers)
