"""Control routes for programs in any language: /__sandbox/state, /requests, /faults, /reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from purview_testing.contracts.documents import UsageError
from purview_testing.contracts.messages import Request, Response, json_response

from .faults import Fault

if TYPE_CHECKING:
    from .app import App, Seen

ROOT = "/__sandbox/"


def serve(app: App, request: Request) -> Response:
    """GET state (kind -> number of items; with ?kind=K its items), GET requests, GET, POST and DELETE faults, POST reset."""
    name = request.raw_path.removeprefix(ROOT).strip("/")
    routes: dict[str, dict[str, Callable[[App, Request], Any]]] = {
        "state": {"GET": _state},
        "requests": {"GET": _requests, "DELETE": _forget},
        "faults": {"GET": _faults, "POST": _add, "DELETE": _clear},
        "reset": {"POST": _reset},
        "token": {"POST": lambda a, _: {"access_token": a.identity.issue()}},
    }
    if name not in routes:
        return _error(
            404,
            f"{request.raw_path} is no control route; there are {', '.join(ROOT + n for n in routes)}",
        )
    action = routes[name].get(request.method)
    if action is None:
        allow = ", ".join(routes[name])
        response = _error(
            405, f"{request.method} is not allowed at {request.raw_path}; allowed are {allow}"
        )
        return response.but(headers={**response.headers, "Allow": allow})
    try:
        return json_response(200, action(app, request))
    except (UsageError, ValueError) as error:
        return _error(400, str(error))


def _error(status: int, message: str) -> Response:
    return json_response(status, {"error": {"code": "Sandbox", "message": message}})


def _state(app: App, request: Request) -> Any:
    kind = dict(request.query).get("kind")
    if kind is None:
        return {"kinds": app.store.kinds()}
    return {"items": {row.key: row.value for row in app.store.page(kind, 1_000)}}


def _requests(app: App, _: Request) -> Any:
    return {"requests": [shown(seen) for seen in app.requests]}


def shown(seen: Seen) -> dict[str, Any]:
    """A request of the journal as JSON, without its headers and body."""
    return {
        "method": seen.method,
        "path": seen.path,
        "plane": seen.plane,
        "operation": seen.operation,
        "status": seen.status,
        "fault": seen.fault,
        "departures": [vars(d) for d in seen.departures],
    }


def _forget(app: App, _: Request) -> Any:
    app.requests.clear()
    return {"requests": []}


def _faults(app: App, _: Request) -> Any:
    return {"faults": [fault.show() for fault in app.faults]}


def _add(app: App, request: Request) -> Any:
    given = request.json()
    for value in given if isinstance(given, list) else [given]:
        app.faults.add(Fault.read(value))
    return _faults(app, request)


def _clear(app: App, request: Request) -> Any:
    app.faults.clear()
    return _faults(app, request)


def _reset(app: App, _: Request) -> Any:
    app.reset()
    return {"reset": True}
