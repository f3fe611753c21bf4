"""Live mode: the same tests against a real account. Nothing is sent unless the account is named twice and its sign-in is set.

    python -m purview_testing.live --account NAME --yes [--record] [--recordings DIR] [pytest's own arguments]

runs the tests that are marked purview_live (default: those of tests/live).
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

ACCOUNT, TENANT_ENDPOINT, SECRET = (
    "PURVIEW_ACCOUNT",
    "PURVIEW_TENANT_ENDPOINT",
    "AZURE_CLIENT_SECRET",
)
NEEDED = (ACCOUNT, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", SECRET)
_USAGE = "python -m purview_testing.live --account NAME --yes [--record] [--recordings DIR] [pytest's own arguments]"


def configured(account: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The address of the account; pytest.UsageError, one line, where live mode is not fully asked for."""
    # the plug-in reads its options without it
    from purview_core.client.endpoint import account_endpoint

    missing = [name for name in NEEDED if not environment.get(name)]
    if missing:
        raise pytest.UsageError(
            f"live mode is not configured: set {', '.join(missing)} in the environment"
        )
    if account is None:
        raise pytest.UsageError(
            "live mode touches a real account: name it, --purview-live-account NAME, as PURVIEW_ACCOUNT does"
        )
    try:
        named, meant = account_endpoint(account), account_endpoint(environment[ACCOUNT])
    except ValueError as error:
        raise pytest.UsageError(f"live mode: {error}") from None
    if named != meant:
        raise pytest.UsageError(
            f"--purview-live-account {account} is not PURVIEW_ACCOUNT, {environment[ACCOUNT]}; nothing was sent"
        )
    return named


class LiveAccount:
    """What clients of a real account need. `note`: is given each request and its answer."""

    def __init__(self, account: str, note: Callable[[Any, Any], None]) -> None:
        # httpx, which the plug-in's options do without
        from purview_auth import ServicePrincipal
        from purview_core.client.endpoint import is_loopback

        self.account, self._note = account, note
        self.tenant = os.environ.get(TENANT_ENDPOINT) or None
        here = is_loopback(urlsplit(account).hostname or "")
        self.auth = ServicePrincipal.from_env(allow_insecure_localhost=here)

    def transport(self) -> httpx.BaseTransport:
        return Noting(self._note)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        return AsyncNoting(self._note)

    @staticmethod
    def secrets() -> list[str]:
        return [os.environ[SECRET]]


class Noting(httpx.BaseTransport):
    """The network; each answer is read whole, and noted."""

    def __init__(self, note: Callable[[Any, Any], None]) -> None:
        self._note, self._inner = note, httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        response = self._inner.handle_request(request)
        try:
            response.read()
        finally:
            response.close()
        return _noted(self._note, request, content, response)

    def close(self) -> None:
        self._inner.close()


class AsyncNoting(httpx.AsyncBaseTransport):
    """As Noting. Each call has a connection of its own, since the loop of a test is gone when its clients are closed."""

    def __init__(self, note: Callable[[Any, Any], None]) -> None:
        self._note, self._tls = note, httpx.create_ssl_context()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        async with httpx.AsyncHTTPTransport(verify=self._tls) as inner:
            response = await inner.handle_async_request(request)
            try:
                await response.aread()
            finally:
                await response.aclose()
        return _noted(self._note, request, content, response)


def _noted(
    note: Callable[[Any, Any], None],
    request: httpx.Request,
    content: bytes,
    response: httpx.Response,
) -> httpx.Response:
    # the plug-in reads its options without it
    from purview_testing.contracts.messages import ResponseMessage
    from purview_testing.sandbox.in_process import request_of

    headers = {
        k.lower(): v
        for k, v in response.headers.items()
        if k.lower() not in ("content-encoding", "content-length")
    }
    note(
        request_of(request, content),
        ResponseMessage(response.status_code, headers, response.content),
    )
    plain = [
        (k, v)
        for k, v in response.headers.multi_items()
        if k.lower() not in ("content-encoding", "transfer-encoding")
    ]
    return httpx.Response(
        response.status_code, headers=plain, content=response.content, request=request
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the live tests; 2 where they are not fully asked for, else pytest's own code."""
    given, left, yes = list(sys.argv[1:] if argv is None else argv), list[str](), False
    account: str | None = None
    extra: list[str] = []
    while given:
        word = given.pop(0)
        name, equals, value = word.partition("=")
        if name in ("--account", "--recordings"):
            if not equals and not given:
                return _refused(f"{name} needs a value")
            value = value if equals else given.pop(0)
            account = value if name == "--account" else account
            extra += [f"--purview-recordings={value}"] if name == "--recordings" else []
        elif word == "--yes":
            yes = True
        elif word == "--record":
            extra.append("--purview-record")
        else:
            left.append(word)
    if account is None:
        return _refused("--account NAME is missing")
    try:
        configured(account)
    except pytest.UsageError as error:
        return _refused(str(error))
    if not yes:
        return _refused(f"this would make calls to {account}; add --yes")
    mode = [
        "--purview-mode=live",
        f"--purview-live-account={account}",
    ]  # with =, or a path would move the root of the tests
    command = [
        sys.executable,
        "-m",
        "pytest",
        *plugin_arguments(),
        *mode,
        *extra,
        *(left or ["tests/live"]),
    ]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - a process of its own, as it wants to load the plug-in itself


def plugin_arguments() -> list[str]:
    """The plug-in is named where the package is on the path without being installed."""
    names = {e.name for e in importlib.metadata.entry_points(group="pytest11")}
    return [] if "purview" in names else ["-p", "purview_testing.pytest_plugin.plugin"]


def _refused(text: str) -> int:
    print(f"live: {text}; usage: {_USAGE}", file=sys.stderr)  # noqa: T201 - a command line
    return 2


if __name__ == "__main__":
    sys.exit(main())
