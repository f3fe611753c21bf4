"""What generated clients stand on: models and their codec, operations, clients, pagers, pollers and errors."""

from .lazy import lazy_index as _lazy_index

TYPE_CHECKING = False  # type checkers take it for true; typing itself would cost more than all the rest

if TYPE_CHECKING:
    from .base import Response
    from .client import AsyncClient, Client
    from .codec import to_json
    from .decoding import decode
    from .errors import (
        AuthError,
        BadRequestError,
        ConflictError,
        ConnectError,
        ConnectTimeoutError,
        ContractError,
        DecodeError,
        ForbiddenError,
        HttpError,
        NotFoundError,
        PagingError,
        PollingError,
        PollingTimeoutError,
        PreconditionFailedError,
        PurviewAuthError,
        PurviewError,
        ServerError,
        ThrottledError,
        TransportError,
        TransportTimeoutError,
        TrustError,
        UnauthorizedError,
    )
    from .model import NULL, Model, OpenEnum, type_hints
    from .operation import Body, FormField, Operation, Paging, Parameter, Plane, Polling
    from .options import NO_RETRY, Retry
    from .outcome import OperationStatus
    from .paging import AsyncPager, Page, Pager
    from .polling import AsyncPoller, Poller
    from .request import FileInput
    from .strict import Departure

__all__ = [
    "NO_RETRY",
    "NULL",
    "AsyncClient",
    "AsyncPager",
    "AsyncPoller",
    "AuthError",
    "BadRequestError",
    "Body",
    "Client",
    "ConflictError",
    "ConnectError",
    "ConnectTimeoutError",
    "ContractError",
    "DecodeError",
    "Departure",
    "FileInput",
    "ForbiddenError",
    "FormField",
    "HttpError",
    "Model",
    "NotFoundError",
    "OpenEnum",
    "Operation",
    "OperationStatus",
    "Page",
    "Pager",
    "Paging",
    "PagingError",
    "Parameter",
    "Plane",
    "Poller",
    "Polling",
    "PollingError",
    "PollingTimeoutError",
    "PreconditionFailedError",
    "PurviewAuthError",
    "PurviewError",
    "Response",
    "Retry",
    "ServerError",
    "ThrottledError",
    "TransportError",
    "TransportTimeoutError",
    "TrustError",
    "UnauthorizedError",
    "decode",
    "to_json",
    "type_hints",
]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for one of ours
    _WHERE, __getattr__, __dir__ = _lazy_index(
        __name__,
        base="Response",
        client="AsyncClient Client",
        codec="to_json",
        decoding="decode",
        errors="AuthError BadRequestError ConflictError ConnectError ConnectTimeoutError ContractError DecodeError ForbiddenError HttpError NotFoundError PagingError PollingError PollingTimeoutError PreconditionFailedError PurviewAuthError PurviewError ServerError ThrottledError TransportError TransportTimeoutError TrustError UnauthorizedError",
        model="Model NULL OpenEnum type_hints",
        operation="Body FormField Operation Paging Parameter Plane Polling",
        options="NO_RETRY Retry",
        outcome="OperationStatus",
        paging="AsyncPager Page Pager",
        polling="AsyncPoller Poller",
        request="FileInput",
        strict="Departure",
    )
