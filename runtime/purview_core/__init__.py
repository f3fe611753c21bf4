"""What generated clients stand on: models and their codec, operations, clients, pagers, pollers and errors."""

from typing import TYPE_CHECKING

from .lazy import lazy_index as _lazy_index

if TYPE_CHECKING:
    from .client import AsyncClient as AsyncClient, Client as Client, Response as Response
    from .codec import to_json as to_json
    from .decoding import decode as decode
    from .errors import (
        AuthError as AuthError,
        BadRequestError as BadRequestError,
        ConflictError as ConflictError,
        ConnectError as ConnectError,
        ContractError as ContractError,
        DecodeError as DecodeError,
        ForbiddenError as ForbiddenError,
        HttpError as HttpError,
        NotFoundError as NotFoundError,
        PagingError as PagingError,
        PollingError as PollingError,
        PreconditionFailedError as PreconditionFailedError,
        PurviewAuthError as PurviewAuthError,
        PurviewError as PurviewError,
        ServerError as ServerError,
        ThrottledError as ThrottledError,
        TransportError as TransportError,
        TransportTimeoutError as TransportTimeoutError,
        UnauthorizedError as UnauthorizedError,
    )
    from .model import Model as Model, NULL as NULL, OpenEnum as OpenEnum, type_hints as type_hints
    from .operation import (
        Body as Body,
        FormField as FormField,
        Operation as Operation,
        Paging as Paging,
        Parameter as Parameter,
        Plane as Plane,
        Polling as Polling,
    )
    from .options import NO_RETRY as NO_RETRY, Retry as Retry
    from .paging import AsyncPager as AsyncPager, Page as Page, Pager as Pager
    from .polling import AsyncPoller as AsyncPoller, Poller as Poller
    from .request import FileInput as FileInput
    from .strict import Departure as Departure

__all__ = [
    "AsyncClient",
    "AsyncPager",
    "AsyncPoller",
    "AuthError",
    "BadRequestError",
    "Body",
    "Client",
    "ConflictError",
    "ConnectError",
    "ContractError",
    "DecodeError",
    "Departure",
    "FileInput",
    "ForbiddenError",
    "FormField",
    "HttpError",
    "Model",
    "NO_RETRY",
    "NULL",
    "NotFoundError",
    "OpenEnum",
    "Operation",
    "Page",
    "Pager",
    "Paging",
    "PagingError",
    "Parameter",
    "Plane",
    "Poller",
    "Polling",
    "PollingError",
    "PreconditionFailedError",
    "PurviewAuthError",
    "PurviewError",
    "Response",
    "Retry",
    "ServerError",
    "ThrottledError",
    "TransportError",
    "TransportTimeoutError",
    "UnauthorizedError",
    "decode",
    "to_json",
    "type_hints",
]

_WHERE, __getattr__, __dir__ = _lazy_index(
    __name__,
    client="AsyncClient Client Response",
    codec="to_json",
    decoding="decode",
    errors="AuthError BadRequestError ConflictError ConnectError ContractError DecodeError ForbiddenError HttpError NotFoundError PagingError PollingError PreconditionFailedError PurviewAuthError PurviewError ServerError ThrottledError TransportError TransportTimeoutError UnauthorizedError",
    model="Model NULL OpenEnum type_hints",
    operation="Body FormField Operation Paging Parameter Plane Polling",
    options="NO_RETRY Retry",
    paging="AsyncPager Page Pager",
    polling="AsyncPoller Poller",
    request="FileInput",
    strict="Departure",
)
