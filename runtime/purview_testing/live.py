"""Live mode: the same tests against a real account.

Nothing is sent unless the account is named twice, and what signs in to it is set.

    python -m purview_testing.live --account NAME --yes [--record] [--recordings DIR] [...]

with pytest's own arguments at the end. It runs the tests that are marked purview_live; where no
test is named, those of tests/live.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

ACCOUNT = "PURVIEW_ACCOUNT"
TENANT_ENDPOINT = "PURVIEW_TENANT_ENDPOINT"
SECRET = "AZURE_CLIENT_SECRET"  # noqa: S105 - the name of a variable
NEEDED = (ACCOUNT, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", SECRET)
_USAGE = (
    "python -m purview_testing.live --account NAME --yes [--record] [--recordings DIR] "
    "[pytest's own arguments]"
)


def configured(account: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The address of the account that live tests may use.

    Raises:
        pytest.UsageError: Live mode is not fully asked for; the text says in one line what is
            missing.
    """
    # the plug-in reads its options without it
    from purview_core.client.endpoint import account_endpoint

    missing = [name for name in NEEDED if not environment.get(name)]
    if missing:
        raise pytest.UsageError(
            f"live mode is not configured: set {', '.join(missing)} in the environment"
        )
    if account is None:
        raise pytest.UsageError(
            "live mode touches a real account: name it as PURVIEW_ACCOUNT does, "
            "with --purview-live-account NAME"
        )
    try:
        named, meant = account_endpoint(account), account_endpoint(environment[ACCOUNT])
    except ValueError as error:
        raise pytest.UsageError(f"live mode: {error}") from None
    if named != meant:
        raise pytest.UsageError(
            f"--purview-live-account {account} is not PURVIEW_ACCOUNT, {environment[ACCOUNT]}; "
            "nothing was sent"
        )
    return named


class LiveAccount:
    """What clients of a real account need. `note` is called with each request and its answer."""

    def __init__(self, account: str, note: Callable[[Any, Any], None]) -> None:
        # httpx costs import time, and the plug-in's options do without
        from purview_auth import ServicePrincipal
        from purview_core.client.endpoint import is_loopback

        self.account, self._note = account, note
        self.tenant = os.environ.get(TENANT_ENDPOINT) or None
        here = is_loopback(urlsplit(account).hostname or "")
        self.auth = ServicePrincipal.from_env(allow_insecure_localhost=here)

    def transport(self) -> httpx.BaseTransport:
        """A transport that notes each call."""
        return Noting(self._note)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """A transport for async clients that notes each call."""
        return AsyncNoting(self._note)

    @staticmethod
    def secrets() -> list[str]:
        """What no recording may hold."""
        return [os.environ[SECRET]]


class Noting(httpx.BaseTransport):
    """A transport that reads each answer whole and notes it."""

    def __init__(self, note: Callable[[Any, Any], None]) -> None:
        self._note = note
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request, and notes it with its answer."""
        content = request.read()
        response = self._inner.handle_request(request)
        try:
            response.read()
        finally:
            response.close()
        return _noted(self._note, request, content, response)

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()


class AsyncNoting(httpx.AsyncBaseTransport):
    """As Noting, for async clients.

    Each call has a connection of its own: the event loop of a test has ended when its clients are
    closed, and with it connections could be closed no more.
    """

    def __init__(self, note: Callable[[Any, Any], None]) -> None:
        self._note = note
        self._tls = httpx.create_ssl_context()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request, and notes it with its answer."""
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


class _Asked(NamedTuple):
    """A command line, taken apart. `rest`: what pytest gets as it is."""

    account: str | None
    yes: bool
    options: list[str]
    rest: list[str]


def _read(words: Sequence[str]) -> _Asked:
    """Takes a command line apart; raises pytest.UsageError for an option without its value."""
    left = list(words)
    account: str | None = None
    yes = False
    options: list[str] = []
    rest: list[str] = []
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if name in ("--account", "--recordings"):
            if not equals:
                if not left:
                    raise pytest.UsageError(f"{name} needs a value")
                value = left.pop(0)
            if name == "--account":
                account = value
            else:
                options.append(f"--purview-recordings={value}")
        elif word == "--yes":
            yes = True
        elif word == "--record":
            options.append("--purview-record")
        else:
            rest.append(word)
    return _Asked(account, yes, options, rest)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the live tests.

    Returns:
        2 where they are not fully asked for, else the exit code of pytest.
    """
    try:
        asked = _read(sys.argv[1:] if argv is None else argv)
        if asked.account is None:
            raise pytest.UsageError("--account NAME is missing")
        configured(asked.account)
        if not asked.yes:
            raise pytest.UsageError(f"this would make calls to {asked.account}; add --yes")
    except pytest.UsageError as error:
        print(f"live: {error}; usage: {_USAGE}", file=sys.stderr)  # noqa: T201 - a command line
        return 2
    command = [
        sys.executable,
        "-m",
        "pytest",
        *plugin_arguments(),
        "--purview-mode=live",
        # With `=`, or pytest would look for the root of the tests at an account that is a path.
        f"--purview-live-account={asked.account}",
        *asked.options,
        *(asked.rest or ["tests/live"]),
    ]
    # A process of its own, since pytest loads the plug-in by itself when it starts.
    return subprocess.run(command, check=False).returncode  # noqa: S603


def plugin_arguments() -> list[str]:
    """What names the plug-in, where the package is on the path without being installed."""
    names = {e.name for e in importlib.metadata.entry_points(group="pytest11")}
    return [] if "purview" in names else ["-p", "purview_testing.pytest_plugin.plugin"]


if __name__ == "__main__":
    sys.exit(main())
