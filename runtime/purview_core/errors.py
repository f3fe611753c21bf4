"""Every error a call can raise.

PurviewError
+-- TrustError                       (also a ValueError) what names the authorities to trust, a variable say, names none
+-- AuthError (= PurviewAuthError)   no token could be had, or none may be sent there
+-- TransportError                   no answer came
|   +-- ConnectError                 the service could not be reached; nothing was sent
|   |   +-- ConnectTimeoutError      (also a TransportTimeoutError) not in time, or no connection was free
|   +-- TransportTimeoutError        it did not answer in time
+-- HttpError                        an answer came, and it is a failure (with a good status, too, if it holds an error)
|   +-- BadRequestError       400
|   +-- UnauthorizedError     401    also an AuthError; names the resource that the token was asked for
|   +-- ForbiddenError        403    names the roles that the plane asks for
|   +-- NotFoundError         404    names path prefix and api-version
|   +-- ConflictError         409
|   +-- PreconditionFailedError 412
|   +-- ThrottledError        429    .retry_after, in seconds
|   +-- ServerError           500 and above
+-- DecodeError                      the answer is no JSON, or nothing of what was asked for
|   +-- ContractError                strict mode: it is not what the document declares (.departures, .value)
+-- PagingError                      the next page cannot or must not be fetched (.position)
+-- PollingError                     a long-running operation failed, was cancelled, or cannot be resumed
+-- PollingTimeoutError              (also a TimeoutError) a wait for a long-running operation ended before it did
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from purview_auth.errors import AuthError, PurviewAuthError, PurviewError, TrustError
from purview_auth.texts import shortened, shown

from .error_words import said

if TYPE_CHECKING:
    from .model.strict import Departure

__all__ = [
    "AuthError",
    "BadRequestError",
    "ConflictError",
    "ConnectError",
    "ConnectTimeoutError",
    "ContractError",
    "DecodeError",
    "ForbiddenError",
    "HttpError",
    "NotFoundError",
    "PagingError",
    "PollingError",
    "PollingTimeoutError",
    "PreconditionFailedError",
    "PurviewAuthError",
    "PurviewError",
    "ServerError",
    "ThrottledError",
    "TransportError",
    "TransportTimeoutError",
    "TrustError",
    "UnauthorizedError",
]

URL_CHARACTERS = 400  # of an address in a text
_WORDS_CHARACTERS, _CAUSES_CHARACTERS, _ID_CHARACTERS = 1_000, 2_000, 200


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class _TriedError(PurviewError):
    """`attempts` counts the tries; `gave_up` says why there was not another one, where that is not plain. `sent_ids` are the
    ids of what the call starts, by wire name, where it makes them up unless they are given: what was sent may be there under
    them. The text shows those that are UUIDs, as the made-up ones are; other words of the caller stay out of texts."""

    attempts: int = 1
    gave_up: str = ""
    sent_ids: Mapping[str, str] = MappingProxyType({})

    def give_up(self, reason: str) -> None:
        self.gave_up = reason

    def __str__(self) -> str:
        tries = f" Tried {self.attempts} times." if self.attempts > 1 else ""
        made_up = [
            f"{name} {value}" for name, value in self.sent_ids.items() if _UUID.fullmatch(value)
        ]
        sent = f" It was sent with {', '.join(made_up)}." if made_up else ""
        return f"{self.args[0]}{sent}{tries}" + (
            f" Not tried again: {self.gave_up}." if self.gave_up else ""
        )


class TransportError(_TriedError):
    """No answer came. `operation_id`, `method` and `url` (without query values) say of what; `attempts` counts the tries.

    `passing` is False where the next try would end the same way.
    """

    passing: bool = True
    position: str | None = None

    def __init__(
        self, message: str, *, operation_id: str = "", method: str = "", url: str = ""
    ) -> None:
        super().__init__(message)
        self.operation_id, self.method, self.url = operation_id, method, url

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


class ConnectError(TransportError):
    """The service could not be reached; nothing was sent."""


class TransportTimeoutError(TransportError):
    """The service did not answer in time; what was sent may have been done."""


class ConnectTimeoutError(ConnectError, TransportTimeoutError):
    """The service could not be reached in time, or no connection was free in time; nothing was sent."""


class HttpError(_TriedError):
    """A failed answer. `code`, `message` and `target` are the service's own words, cleaned, in whichever shape they came;
    `details` its own list, or else every further cause that the body holds, as dicts of code, message and target; `innererror`
    as it came. `body` is the whole of it: JSON, or text. `error_code` is its header. `position`: in a list, the link of the
    page that failed (see `Pager.by_page`). The text of the error names every cause, shortened in the middle where it is long.
    """

    position: str | None = None

    def __init__(
        self,
        status_code: int,
        *,
        operation_id: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Any = None,
        hint: str = "",
        attempts: int = 1,
    ) -> None:
        self.status_code, self.operation_id, self.method, self.url = (
            status_code,
            operation_id,
            method,
            url,
        )
        self.headers, self.body, self.hint, self.attempts = dict(headers), body, hint, attempts
        words = said(body)
        self.error_code = self.headers.get("x-ms-error-code")
        self.code = words.code or self.error_code
        self.message, self.target = words.message, words.target
        self.details: list[Any] = list(words.details)
        self.innererror: Any = words.innererror
        self.correlation_id = self.headers.get("x-ms-correlation-request-id")
        named = words.request_id, self.headers.get("x-ms-request-id"), self.correlation_id
        self.request_id = next((shown(n, _ID_CHARACTERS) for n in named if n), None)
        self._causes = [str(cause) for cause in words.causes]
        super().__init__(self._text())

    def hinted(self, hint: str) -> None:
        """Adds what a person can do about it."""
        self.hint = hint
        self.args = (self._text(),)

    def _text(self) -> str:
        words = ": ".join(part for part in (self.code, self.message) if part) or _without_words(
            self.body
        )
        words = _sentence(shortened(words, _WORDS_CHARACTERS))
        if self._causes:
            words += " " + _sentence(
                shortened(f"Details: {'; '.join(self._causes)}", _CAUSES_CHARACTERS)
            )
        ids = f" (request id {self.request_id})" if self.request_id else ""
        hint = f" {self.hint}" if self.hint else ""
        where = f"{self.method} {shortened(self.url, URL_CHARACTERS)}"
        return f"{self.operation_id}: {self.status_code}: {words}{hint} [{where}]{ids}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _sentence(text: str) -> str:
    return text + ("" if text.endswith((".", "!", "?")) else ".")


def _without_words(body: Any) -> str:
    """What stands in the place of words; of JSON that is cut off nothing is shown, it may hold anything."""
    return (
        f"no message ({len(body)} characters of JSON that is cut off)"
        if isinstance(body, str) and body
        else "no message"
    )


class BadRequestError(HttpError):
    """400: the service refuses what was sent."""


class UnauthorizedError(HttpError, AuthError):
    """401: the token was not accepted."""

    status_code: int = 401  # pyright: ignore[reportIncompatibleVariableOverride] - always set here
    hint: str = ""  # pyright: ignore[reportIncompatibleVariableOverride]


class ForbiddenError(HttpError):
    """403: the token is fine, its owner may not do this."""


class NotFoundError(HttpError):
    """404: no such thing, or no such path in this api-version."""


class ConflictError(HttpError):
    """409: the state of the resource does not allow it."""


class PreconditionFailedError(HttpError):
    """412: the ETag sent with If-Match is stale."""


class ThrottledError(HttpError):
    """429: too many calls. `retry_after` is in seconds, None where the service did not say."""

    @property
    def retry_after(self) -> float | None:
        """Seconds that the service asks to wait; None where it names no time."""
        return retry_after_seconds(self.headers)


class ServerError(HttpError):
    """500 and above: the service failed."""

    @property
    def retry_after(self) -> float | None:
        """Seconds that the service asks to wait; None where it names no time."""
        return retry_after_seconds(self.headers)


class DecodeError(PurviewError):
    """The answer is no JSON where JSON is declared, or is JSON that cannot be what was asked for, which `body` then holds.
    `position` as for HttpError."""

    position: str | None = None
    body: Any = None


class ContractError(DecodeError):
    """Strict mode: the answer is not what the document declares. `.departures` says where, `.value` is the decoded object."""

    def __init__(self, operation_id: str, departures: Sequence[Departure], value: Any) -> None:
        more = f" (and {len(departures) - 3} more)" if len(departures) > 3 else ""
        super().__init__(
            f"{operation_id}: the answer departs from its contract: {'; '.join(map(str, departures[:3]))}{more}"
        )
        self.operation_id, self.departures, self.value = operation_id, list(departures), value

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.operation_id, self.departures, self.value)


class PagingError(PurviewError):
    """The next page cannot be fetched, or must not. `position` is the link or token that stood, for a later start."""

    def __init__(self, message: str, *, position: str | None = None) -> None:
        super().__init__(message)
        self.position = position


class PollingError(PurviewError):
    """A long-running operation failed or was cancelled, with the service's own `status`, `code` and words; or it cannot be
    resumed. `body` is the answer that said so."""

    def __init__(
        self, message: str, *, status: str | None = None, code: str | None = None, body: Any = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.body = status, code, body


class PollingTimeoutError(PurviewError, TimeoutError):
    """A wait for a long-running operation ended before the operation did. It goes on: its poller can be asked again, now or
    from `token()`. `status` is the service's last word."""

    def __init__(self, message: str, status: str | None = None) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


_BY_STATUS: dict[int, type[HttpError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: PreconditionFailedError,
    429: ThrottledError,
}


def error_class(status_code: int) -> type[HttpError]:
    return _BY_STATUS.get(status_code, ServerError if status_code >= 500 else HttpError)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that an answer asks for, in seconds: from milliseconds, seconds, or a date; garbage is None.

    A date counts from the answer's own Date, so that a clock which is wrong here does not matter.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if (found := _number(headers.get(name, ""))) is not None:
            return found / 1000
    text = headers.get("retry-after", "")
    if (found := _number(text)) is not None:
        return found
    try:
        until = parsedate_to_datetime(text).timestamp()
        since = (
            parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else time.time()
        )
    except (ValueError, OverflowError):
        return None
    return max(0.0, until - since)


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < float("inf") else None


def service_error(body: Any) -> dict[str, Any]:
    """`code` and `message` of a body, by the names that error objects have; both None where it has none of them."""
    words = said(body, any_member=False)
    return {"code": words.code, "message": words.message}


def _restore(
    kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]
) -> BaseException:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
