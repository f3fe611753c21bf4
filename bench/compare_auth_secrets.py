"""Where secret and token show: plants canaries and searches all that a person may see."""

from __future__ import annotations

import base64
import io
import logging
import pickle
import traceback
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from compare_auth_contenders import Contender
from compare_auth_fakes import CLIENT, SECRET, TOKEN, AsyncAzureTransport, AzureTransport, Endpoint

from purview_auth.testing import Fault, answer, disconnected, overloaded, refused

# the secret as a header of HTTP's basic scheme
BASIC = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
CANARIES = {"secret": (SECRET, BASIC), "token": (TOKEN,)}
TRANSPORTS = (httpx.BaseTransport, httpx.AsyncBaseTransport, AzureTransport, AsyncAzureTransport)
FAKES = (str(Path(__file__).parent), "purview_auth/testing")
_JSON = {"content_type": "application/json"}


def _echo(request: httpx.Request) -> httpx.Response:
    """A proxy's page that repeats the request."""
    return httpx.Response(502, html=f"<html>{request.content.decode()}</html>")


PATHS: dict[str, Fault | None] = {
    "issued": None,
    "refused": refused(),
    "bad request": refused("invalid_request", 900144, 400),
    "overloaded": overloaded(503),
    "no network": disconnected(),
    "timeout": disconnected(httpx.ReadTimeout),
    "echo": _echo,
    "cut short": answer(content=f'{{"access_token": "{TOKEN}", "expires_'.encode(), **_JSON),
    "no expiry": answer(
        content=f'{{"access_token": "{TOKEN}", "token_type": "Bearer"}}'.encode(), **_JSON
    ),
    "bad expiry": answer(
        content=f'{{"access_token": "{TOKEN}", "expires_in": "soon"}}'.encode(), **_JSON
    ),
    "other name": answer(content=f'{{"token": "{TOKEN}", "expires_in": 3600}}'.encode(), **_JSON),
}
SURFACES = (
    "repr and str",
    "vars, two levels",
    "logs at DEBUG",
    "exceptions with their chain",
    "what exceptions lead to, four attributes deep",
    "tracebacks with locals",
    "pickles",
)
Found = dict[str, list[str]]  # by surface: the texts


@contextmanager
def _debug_log() -> Generator[io.StringIO]:
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def _vars(value: object) -> dict[str, Any]:
    """As vars(), and what slots hold."""
    names = [
        n
        for kind in type(value).__mro__
        for n in getattr(kind, "__slots__", ())
        if isinstance(n, str)
    ]
    slots = {name: getattr(value, name) for name in names if hasattr(value, name)}
    return {**slots, **getattr(value, "__dict__", {})}


def _two_levels(value: object) -> str:
    inner = _vars(value)
    return repr(inner) + "".join(
        repr(_vars(part)) for part in inner.values() if not isinstance(part, TRANSPORTS)
    )


def _reached(value: object, depth: int) -> str:
    """The strings within `depth` attributes or members of an object."""
    if isinstance(value, str | bytes):
        return repr(value)
    if not depth or isinstance(value, TRANSPORTS):
        return ""
    parts: Iterable[object] = _vars(value).values()
    if isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    return "\n".join(_reached(part, depth - 1) for part in parts)


def _chain(error: BaseException | None) -> Generator[BaseException]:
    todo, done = [error], set[int]()
    while todo:
        if (one := todo.pop()) is not None and id(one) not in done:
            done.add(id(one))
            yield one
            todo += [one.__cause__, one.__context__]


def _locals(error: BaseException) -> str:
    """The locals of all frames of the chain but those of the fakes."""
    texts = []
    for one in _chain(error):
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if not any(part in frame.f_code.co_filename for part in FAKES):
                texts += [_shown(value) for value in frame.f_locals.values()]
    return "\n".join(texts)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a half made object
        return ""


def _pickled(value: object) -> str:
    try:
        return pickle.dumps(value).decode("latin-1")
    except Exception:  # noqa: BLE001 - what cannot be pickled shows nothing
        return ""


def _drive(kind: type[Contender], path: str, found: Found) -> None:
    """One path: what the call, its error and the objects in hand show, by surface."""
    contender = kind(Endpoint())
    contender.endpoint.always = PATHS[path]
    raised: Exception | None = None
    with _debug_log() as log:
        try:
            contender.call()
        except Exception as error:  # noqa: BLE001 - any error may show something
            raised = error
        held = contender.in_hand(token=path == "issued")
    found["logs at DEBUG"].append(log.getvalue())
    found["repr and str"] += [f"{one!r} {one} {[one]}" for one in held]
    found["vars, two levels"] += [_two_levels(one) for one in held]
    found["pickles"] += [_pickled(one) for one in held]
    if raised is not None:
        chain = list(_chain(raised))
        text = "".join(traceback.format_exception(raised)) + "".join(
            f"{e!r} {e.args} {vars(e)}" for e in chain
        )
        found["exceptions with their chain"].append(text)
        found["what exceptions lead to, four attributes deep"].append(
            "".join(_reached(e, 4) for e in chain)
        )
        found["tracebacks with locals"].append(_locals(raised))
        found["pickles"] += [_pickled(e) for e in chain]


def search(kind: type[Contender]) -> dict[str, str]:
    """By surface: which canaries showed, in how many of the texts that were searched."""
    found: Found = {surface: [] for surface in SURFACES}
    for path in PATHS:
        _drive(kind, path, found)
    found["pickles"].append(_pickled(kind.fresh()))
    cells = {surface: _cell(texts) for surface, texts in found.items()}
    return {**cells, "all of these": _cell([text for texts in found.values() for text in texts])}


def _cell(texts: list[str]) -> str:
    found = [
        {name for name, forms in CANARIES.items() if any(form in text for form in forms)}
        for text in texts
    ]
    names = ", ".join(sorted(set().union(*found)))
    return f"{sum(map(bool, found))} of {len(texts)}" + (f": {names}" if names else "")


def rows(kinds: Iterable[type[Contender]]) -> dict[str, list[str]]:
    results = [search(kind) for kind in kinds]
    return {
        f"shown in {surface}": [result[surface] for result in results] for surface in results[0]
    }
