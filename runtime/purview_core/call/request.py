"""An operation and its arguments to the request that goes out: pure, and complete before
anything is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from datetime import datetime
from enum import Enum
from functools import lru_cache
from io import TextIOBase
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, NamedTuple, Self
from urllib.parse import quote

from purview_core.model.checks import check, shape_of
from purview_core.model.codec import Coded, Registry, encode
from purview_core.model.codec import body as json_body
from purview_core.model.depth import apart
from purview_core.model.json_text import dumps
from purview_core.model.strict import departures
from purview_core.model.values import NULL, datetime_text
from purview_core.operation import API_VERSION, Operation, Parameter

from .urls import LONGEST_URL, too_long

REQUEST_ID = "x-ms-client-request-id"
_SCALARS = (str, int, float, bool, datetime, Enum)

FileContent = bytes | str | IO[bytes]
FileInput = FileContent | Path | tuple[str, FileContent] | tuple[str, FileContent, str]
"""A file to upload: its content, a Path, or (file name, content) with or without a media type."""


class PreparedRequest(NamedTuple):
    """What is sent, whole before anything goes out, and what it was made of.

    Attributes:
        operation: what is called.
        method: of HTTP.
        url: whole and encoded.
        headers: those of this call; a client adds its own.
        content: the body as bytes; None where there is none, or where it is a form.
        files: the fields of a form. A Path is opened for each attempt, an open file is sent whole,
        from its start. replayable: whether it can be sent again. arguments: the values by wire
        name, with those that were filled in. query: the pairs in the query by wire name, encoded.
        body: the JSON value that `content` is the text of, where a member of it asks for a page.
    """

    operation: Operation[Any]
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None
    files: Mapping[str, Any] | None = None
    replayable: bool = True
    arguments: Mapping[str, Any] = MappingProxyType({})
    query: Mapping[str, str] = MappingProxyType({})
    body: Any = None

    def __repr__(self) -> str:
        return (
            f"<PreparedRequest {self.operation.id}, {self.method}>"  # what it sends may be secret
        )

    def argument(self, name: str) -> str | None:
        """The value that was sent for a wire name, as text; None where there was none, or a
        list.
        """
        value = self.arguments.get(name)
        return None if value is None or isinstance(value, (list, tuple)) else text(value)

    def with_query(self, name: str, value: str) -> Self:
        """The same request with another value of one query parameter."""
        query = {**self.query, name: _pair(name, value)}
        url = _url(self.operation, self.url.partition("?")[0], query)
        return self._replace(url=url, query=query, arguments={**self.arguments, name: value})

    def with_member(self, name: str, value: Any) -> Self:
        """The same request with another value of one member of its body, an object."""
        body = {**(self.body or {}), name: value}
        headers = {"Content-Type": "application/json", **self.headers}
        return self._replace(content=dumps(body), body=body, headers=headers)

    def to(self, url: str) -> Self:
        """The same request to another address, with all that it sends."""
        return self._replace(url=url)


def prepare(
    operation: Operation[Any],
    endpoint: str,
    values: Sequence[Any],
    body: Any,
    *,
    api_version: str,
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> PreparedRequest:
    """The request of an operation. `values` stand in the order of `operation.arguments`, None for
    what is left out.

    Raises TypeError for a value that is missing or of another shape, ValueError for an empty path
    value, torn text, or an endless URL.
    """
    path, headers = operation.path, {REQUEST_ID: new_id()}
    query: dict[str, str] = {}
    arguments: dict[str, Any] = {}
    for parameter, value in _given(operation, values, api_version, new_id):
        name, location = parameter.wire_name, parameter.location
        try:
            if location == "path":
                path = path.replace("{" + name + "}", _path_value(operation, parameter, value))
            elif location == "query":
                if pairs := _query_text(parameter, value):  # an empty list has none
                    query[name] = pairs
            else:
                headers[name] = _header_value(operation, parameter, value)
        except UnicodeEncodeError:
            raise _torn(f"{operation.id}: {parameter.name}") from None
        if location == "path" or name not in arguments:
            arguments[name] = value
    url = _url(operation, endpoint + path, query)
    content, files, value = _content(operation, body, headers)
    kept = (arguments, query, _kept(operation, value))
    replayable = _replayable(files)
    return PreparedRequest(
        operation, operation.method, url, headers, content, files, replayable, *kept
    )


def _given(
    operation: Operation[Any], values: Sequence[Any], api_version: str, new_id: Callable[[], str]
) -> Iterator[tuple[Parameter, Any]]:
    """The parameters that are sent, with their values; raises TypeError where one is missing or
    odd.
    """
    assert len(values) == len(operation.arguments)
    rest = iter(values)
    for parameter in operation.parameters:
        value = api_version if parameter is API_VERSION else next(rest)
        if value is None and parameter.auto == "uuid":
            value = new_id()
        if value is None or value is NULL:
            if parameter.required:
                raise TypeError(f"{operation.id} needs {parameter.name}")
            continue
        plain = type(value) is str and parameter.type == "str"
        yield parameter, value if plain else _checked(operation, parameter, value)


def _kept(operation: Operation[Any], value: Any) -> Any:
    """The body where later pages are asked for with it; a copy, for the caller may go on to
    change it.
    """
    if operation.paging is None or operation.paging.place != "body":
        return None
    try:
        return deepcopy(value)
    except RecursionError:
        return apart(deepcopy, value)


def _url(operation: Operation[Any], path: str, query: Mapping[str, str]) -> str:
    url = f"{path}?{'&'.join(query.values())}" if query else path
    if len(url) > LONGEST_URL:
        raise ValueError(f"{operation.id}: nothing was sent. {too_long(operation.method, url)}")
    return url


def sent_ids(prepared: PreparedRequest) -> dict[str, str]:
    """The ids of what a request starts that a call fills in, where nobody gives them; not those
    that make it repeatable.
    """
    filled = [p for p in prepared.operation.parameters if p.auto and p.location == "query"]
    found = {p.wire_name: prepared.argument(p.wire_name) for p in filled}
    return {name: value for name, value in found.items() if value}


def _torn(where: str) -> ValueError:
    """Python makes such text of bytes that are no UTF-8, in names of files and in arguments of a
    command.
    """
    return ValueError(
        f"{where} holds a lone surrogate, half of a character: decode its bytes by the "
        f"encoding they are in"
    )


def _checked(operation: Operation[Any], parameter: Parameter, value: Any) -> Any:
    """All is text in a URL, so any scalar may stand for any other; a list is a list, and nothing
    else is one.
    """
    if parameter.template and isinstance(value, str):
        value = [value]  # one of the numbered names
    items = value if parameter.type.startswith("list[") else [value]
    if parameter.required and isinstance(items, (list, tuple)) and not items:
        raise ValueError(f"{operation.id}: {parameter.name} is empty; it is required")
    if not isinstance(items, (list, tuple)) or not all(
        isinstance(item, _SCALARS) for item in items
    ):
        raise TypeError(
            f"{operation.id}: {parameter.name} takes {parameter.type}, not {shape_of(value)}"
        )
    return value


def text(value: Any) -> str:
    """A value as it stands in a URL or header."""
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    return datetime_text(value) if isinstance(value, datetime) else str(encode(value))


def _path_value(operation: Operation[Any], parameter: Parameter, value: Any) -> str:
    """Nothing is safe in a path value; one of dots alone would climb, so its dots are encoded
    too.
    """
    written = ",".join(map(text, value)) if isinstance(value, (list, tuple)) else text(value)
    if not written:
        raise ValueError(f"{operation.id}: {parameter.name} is empty; it is part of the path")
    return written.replace(".", "%2E") if set(written) == {"."} else _quoted(written)


def _quoted(value: str) -> str:
    return value if value.isascii() and value.isalnum() else quote(value, safe="~")


@lru_cache(512)
def _name(name: str) -> str:
    return quote(name, safe="$@:~")


def _pair(name: str, value: str) -> str:
    return f"{_name(name)}={_quoted(value)}"


def _query_text(parameter: Parameter, value: Any) -> str:
    """The pairs of a parameter as they stand in a URL."""
    name = parameter.wire_name
    if not isinstance(value, (list, tuple)):
        return _pair(name, text(value))
    if parameter.template:
        names = (parameter.template.replace("{n}", str(i)) for i in range(len(value)))
        return "&".join(_pair(n, text(item)) for n, item in zip(names, value, strict=True))
    if parameter.explode:
        return "&".join(_pair(name, text(item)) for item in value)
    return _pair(name, ",".join(map(text, value)))


def _header_value(operation: Operation[Any], parameter: Parameter, value: Any) -> str:
    written = ",".join(map(text, value)) if isinstance(value, (list, tuple)) else text(value)
    if not (written.isascii() and written.isprintable()):
        raise ValueError(
            f"{operation.id}: {parameter.name} is a header, and holds a character that no "
            f"header may hold"
        )
    return written


def _content(
    operation: Operation[Any], body: Any, headers: dict[str, str]
) -> tuple[bytes | None, Mapping[str, Any] | None, Any]:
    """The body as bytes, or the files of a form, and the JSON value that the bytes are the text
    of.
    """
    declared = operation.body
    if declared is None:
        if body is not None:
            raise TypeError(f"{operation.id} takes no body")
        return None, None, None
    if declared.fields:
        return None, _files(operation, body), None
    if body is None:
        if declared.required:
            raise TypeError(f"{operation.id} needs body")
        return None, None, None
    check(Registry.get(operation.models), declared.type, body, f"{operation.id}: body", plain=True)
    headers["Content-Type"] = declared.media_types[0]
    if "json" not in declared.media_types[0]:
        if isinstance(body, bytes):
            return body, None, None
        return _encoded(f"{operation.id}: body", str(body)), None, None
    value = json_body(body)
    if isinstance(body, dict) or (
        isinstance(body, list) and not any(isinstance(item, Coded) for item in body)
    ):
        _check_plain(operation, declared.type, value)
    return dumps(value), None, value


def _check_plain(operation: Operation[Any], text: str, body: Any) -> None:
    """Plain JSON has no constructor that would refuse a str for a list; any other departure is
    the caller's choice.
    """
    for one in departures(Registry.get(operation.models), text, body):
        if one.expected.startswith("list[") and one.found not in ("null", "nothing"):
            raise TypeError(
                f"{operation.id}: body{one.pointer} takes {one.expected}, not {one.found}"
            )


def _encoded(where: str, content: Any) -> Any:
    try:
        return content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError:
        raise _torn(where) from None


def _files(operation: Operation[Any], body: Any) -> Mapping[str, Any] | None:
    if body is not None and not isinstance(body, Mapping):
        raise TypeError(
            f"{operation.id}: the form takes a mapping of fields to files, not {shape_of(body)}"
        )
    given = dict(body or {})
    out: dict[str, Any] = {}
    assert operation.body is not None
    for field in operation.body.fields:
        value = given.pop(field.wire_name, None)
        where = f"{operation.id}: {field.name}"
        if value is not None and field.text and isinstance(value, _SCALARS):
            out[field.wire_name] = None, _encoded(where, text(value))  # a part without a file name
        elif value is not None:
            name, content, *media = _file(where, value)
            for said in (name, *media):
                if not isinstance(_encoded(where, said), bytes):
                    raise TypeError(
                        f"{where} takes text for the name and type of a file, not {shape_of(said)}"
                    )
            if media and not (media[0].isascii() and media[0].isprintable()):
                raise ValueError(
                    f"{where}: the media type holds a character that no header may hold"
                )
            out[field.wire_name] = (name, _encoded(where, content), *media)
        elif field.required:
            raise TypeError(f"{operation.id} needs {field.name}")
    if given:
        raise TypeError(f"{operation.id}: the form has no {min(given)!r}")
    return out or None


def _file(name: str, value: Any) -> Any:
    if isinstance(value, Path):
        if not value.is_file():
            raise FileNotFoundError(f"{name}: there is no file {value}")
        return value.name, value
    content = value[1] if isinstance(value, tuple) and len(value) in (2, 3) else None
    if isinstance(content, (bytes, str, Path)) or _binary(content):
        return value
    if isinstance(value, (bytes, str)):
        return "file", value
    if _binary(value):
        return Path(str(getattr(value, "name", "file"))).name, value
    raise TypeError(
        f"{name} takes bytes, an open binary file, a Path or (file name, content), not "
        f"{shape_of(value)}"
    )


def _binary(value: Any) -> bool:
    return hasattr(value, "read") and not isinstance(value, TextIOBase)


def _replayable(files: Mapping[str, Any] | None) -> bool:
    return all(_again(value[1]) for value in (files or {}).values())


def _again(content: Any) -> bool:
    """An open file can be sent twice where it can be wound back; half of it would be worse than
    the failure.
    """
    try:
        return isinstance(content, (bytes, str, Path)) or bool(content.seekable())
    except (AttributeError, ValueError):  # no file, or a closed one
        return False


@contextmanager
def opened(files: Mapping[str, Any]) -> Generator[dict[str, Any]]:
    """The files as httpx takes them, each Path open for as long as the request is on its way."""
    with ExitStack() as stack:
        yield {
            name: (value[0], stack.enter_context(value[1].open("rb")), *value[2:])
            if isinstance(value[1], Path)
            else value
            for name, value in files.items()
        }
