"""What generated clients stand on: models and their codec, operations, clients, pagers, pollers and errors."""

from typing import TYPE_CHECKING

from .lazy import lazy_index as _lazy_index

if TYPE_CHECKING:
    from .client import AsyncClient as AsyncClient
    from .client import Client as Client
    from .client import Response as Response
    from .codec import to_json as to_json
    from .decoding import decode as decode
    from .errors import AuthError as AuthError
    from .errors import BadRequestError as BadRequestError
    from .errors import ConflictError as ConflictError
    from .errors import ConnectError as ConnectError
    from .errors import ContractError as ContractError
    from .errors import DecodeError as DecodeError
    from .errors import ForbiddenError as ForbiddenError
    from .errors import HttpError as HttpError
    from .errors import NotFoundError as NotFoundError
    from .errors import PagingError as PagingError
    from .errors import PollingError as PollingError
    from .errors import PreconditionFailedError as PreconditionFailedError
    from .errors import PurviewAuthError as PurviewAuthError
    from .errors import PurviewError as PurviewError
    from .errors import ServerError as ServerError
    from .errors import ThrottledError as ThrottledError
    from .errors import TransportError as TransportError
    from .errors import TransportTimeoutError as TransportTimeoutError
    from .errors import UnauthorizedError as UnauthorizedError
    from .model import NULL as NULL
    from .model import Model as Model
    from .model import OpenEnum as OpenEnum
    from .model import type_hints as type_hints
    from .operation import Body as Body
    from .operation import FormField as FormField
    from .operation import Operation as Operation
    from .operation import Paging as Paging
    from .operation import Parameter as Parameter
    from .operation import Plane as Plane
    from .operation import Polling as Polling
    from .options import NO_RETRY as NO_RETRY
    from .options import Retry as Retry
    from .paging import AsyncPager as AsyncPager
    from .paging import Page as Page
    from .paging import Pager as Pager
    from .polling import AsyncPoller as AsyncPoller
    from .polling import Poller as Poller
    from .request import FileInput as FileInput
    from .strict import Departure as Departure

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
