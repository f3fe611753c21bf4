"""Control routes for programs in any language: /__sandbox/state, requests, faults, reset, token."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from purview_core.command_errors import UsageError
from purview_testing.contracts.messages import RequestMessage, ResponseMessage, json_response

from .faults import Fault, Faults
from .identity import Identity
from .recorder import SeenRequest
from .state.store import Store

ROOT = "/__sandbox/"


class Service(Protocol):
    """The parts of a running sandbox that the control routes show and change."""

    store: Store
    requests: deque[SeenRequest]
    faults: Faults
    identity: Identity

    def reset(self) -> None:
        """Empties the state, the journal and the faults."""


def serve(service: Service, request: RequestMessage) -> ResponseMessage:
    """Answers a request for a control route.

    | route      | GET                               | POST            | DELETE         |
    |------------|-----------------------------------|-----------------|----------------|
    | `state`    | number of items of each kind      |                 |                |
    | `requests` | the journal                       |                 | empties it     |
    | `faults`   | the faults                        | adds some       | removes all    |
    | `reset`    |                                   | starts anew     |                |
    | `token`    |                                   | issues a token  |                |

    `state?kind=KIND` lists the first 1,000 items of a kind.
    """
    name = request.raw_path.removeprefix(ROOT).strip("/")
    routes: dict[str, dict[str, Callable[[Service, RequestMessage], Any]]] = {
        "state": {"GET": _state},
        "requests": {"GET": _requests, "DELETE": _forget},
        "faults": {"GET": _faults, "POST": _add, "DELETE": _clear},
        "reset": {"POST": _reset},
        "token": {"POST": lambda s, _: {"access_token": s.identity.issue()}},
    }
    if name not in routes:
        known = ", ".join(ROOT + route for route in routes)
        return _error(404, f"{request.raw_path} is not a control route; there are {known}")
    action = routes[name].get(request.method)
    if action is None:
        allow = ", ".join(routes[name])
        response = _error(
            405, f"{request.method} is not allowed at {request.raw_path}; allowed are {allow}"
        )
        return response.but(headers={**response.headers, "Allow": allow})
    try:
        return json_response(200, action(service, request))
    except (UsageError, ValueError) as error:
        return _error(400, str(error))


def _error(status: int, message: str) -> ResponseMessage:
    """Makes an error answer of a control route."""
    return json_response(status, {"error": {"code": "Sandbox", "message": message}})


def _state(service: Service, request: RequestMessage) -> Any:
    kind = dict(request.query).get("kind")
    if kind is None:
        return {"kinds": service.store.kinds()}
    return {"items": {row.key: row.value for row in service.store.page(kind, 1_000)}}


def _requests(service: Service, _: RequestMessage) -> Any:
    return {"requests": [shown(seen) for seen in service.requests]}


def shown(seen: SeenRequest) -> dict[str, Any]:
    """Returns a request of the journal as JSON, without its headers and body."""
    return {
        "method": seen.method,
        "path": seen.path,
        "plane": seen.plane,
        "operation": seen.operation,
        "status": seen.status,
        "fault": seen.fault,
        "violations": [vars(d) for d in seen.violations],
    }


def _forget(service: Service, _: RequestMessage) -> Any:
    service.requests.clear()
    return {"requests": []}


def _faults(service: Service, _: RequestMessage) -> Any:
    return {"faults": [fault.show() for fault in service.faults]}


def _add(service: Service, request: RequestMessage) -> Any:
    given = request.json()
    for value in given if isinstance(given, list) else [given]:
        service.faults.add(Fault.read(value))
    return _faults(service, request)


def _clear(service: Service, request: RequestMessage) -> Any:
    service.faults.clear()
    return _faults(service, request)


def _reset(service: Service, _: RequestMessage) -> Any:
    service.reset()
    return {"reset": True}
