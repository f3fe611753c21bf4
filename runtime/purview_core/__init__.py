"""What generated clients stand on: models and their codec, operations, clients, pagers, pollers
and errors.
"""

from .lazy import lazy_index as _lazy_index

TYPE_CHECKING = (
    False  # type checkers take it for true; typing itself would cost more than all the rest
)

if TYPE_CHECKING:
    from .call.decoding import decode
    from .call.request import FileInput
    from .client.base import Response
    from .client.client import AsyncClient, Client
    from .client.outcome import OperationStatus
    from .client.paging import AsyncPager, Page, Pager
    from .client.polling import AsyncPoller, Poller
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
    from .model.codec import to_json
    from .model.model import NULL, Model, OpenEnum, type_hints
    from .model.strict import Departure
    from .operation import Body, FormField, Operation, Paging, Parameter, Plane, Polling
    from .options import NO_RETRY, Retry

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
        errors=(
            "AuthError BadRequestError ConflictError ConnectError ConnectTimeoutError "
            "ContractError DecodeError ForbiddenError HttpError NotFoundError PagingError "
            "PollingError PollingTimeoutError PreconditionFailedError PurviewAuthError "
            "PurviewError ServerError ThrottledError TransportError TransportTimeoutError "
            "TrustError UnauthorizedError"
        ),
        operation="Body FormField Operation Paging Parameter Plane Polling",
        options="NO_RETRY Retry",
        **{
            "call.decoding": "decode",
            "call.request": "FileInput",
            "client.base": "Response",
            "client.client": "AsyncClient Client",
            "client.outcome": "OperationStatus",
            "client.paging": "AsyncPager Page Pager",
            "client.polling": "AsyncPoller Poller",
            "model.codec": "to_json",
            "model.model": "Model NULL OpenEnum type_hints",
            "model.strict": "Departure",
        },
    )
