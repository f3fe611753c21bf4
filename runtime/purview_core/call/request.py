"""An operation and its arguments to the request that goes out: pure, and complete before anything is sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from enum import Enum
from functools import lru_cache
from io import TextIOBase
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import quote

from purview_core.model.checks import check, shape_of
from purview_core.model.codec import Coded, Registry, encode
from purview_core.model.codec import body as json_body
from purview_core.model.json_text import dumps
from purview_core.model.strict import departures
from purview_core.model.values import NULL, datetime_text
from purview_core.operation import API_VERSION, Operation, Parameter

from .urls import LONGEST_URL, query_value, too_long

REQUEST_ID = "x-ms-client-request-id"
_SCALARS = (str, int, float, bool, datetime, Enum)

FileContent = bytes | str | IO[bytes]
FileInput = FileContent | Path | tuple[str, FileContent] | tuple[str, FileContent, str]
"""A file to upload: bytes, text, an open binary file, a Path, or (file name, content[, media type])."""


class Prepared(NamedTuple):
    """What is sent: `url` is whole and encoded; `content` or `files` is the body. `replayable` where it can be sent again.

    A Path among the files is opened for each attempt; an open file is sent whole, from its start.
    """

    operation: Operation[Any]
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None
    files: Mapping[str, Any] | None = None
    replayable: bool = True


def prepare(
    operation: Operation[Any],
    endpoint: str,
    values: Sequence[Any],
    body: Any,
    *,
    api_version: str,
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> Prepared:
    """The request of an operation. `values` stand in the order of `operation.arguments`, None for what is left out.

    Raises TypeError for a value that is missing or of another shape, ValueError for an empty path value, torn text, or an endless URL.
    """
    path, query, headers = operation.path, [], {REQUEST_ID: new_id()}
    assert len(values) == len(operation.arguments)
    given = iter(values)
    for parameter in operation.parameters:
        value = api_version if parameter is API_VERSION else next(given)
        if parameter.template and isinstance(value, str):
            value = [value]  # one of the numbered names
        if value is None and parameter.auto == "uuid":
            value = new_id()
        if value is None or value is NULL:
            if parameter.required:
                raise TypeError(f"{operation.id} needs {parameter.name}")
            continue
        if type(value) is not str or parameter.type != "str":
            _check(operation, parameter, value)
        try:
            if parameter.location == "path":
                path = path.replace(
                    "{" + parameter.wire_name + "}", _path_value(operation, parameter, value)
                )
            elif parameter.location == "query":
                query += [f"{_name(n)}={_quoted(v)}" for n, v in _query_pairs(parameter, value)]
            else:
                headers[parameter.wire_name] = _header_value(operation, parameter, value)
        except UnicodeEncodeError:
            raise _torn(f"{operation.id}: {parameter.name}") from None
    url = _url(operation, endpoint + path, query)
    content, files = _content(operation, body, headers)
    return Prepared(operation, operation.method, url, headers, content, files, _replayable(files))


def _url(operation: Operation[Any], path: str, query: Sequence[str]) -> str:
    url = path + ("?" + "&".join(query) if query else "")
    if len(url) > LONGEST_URL:
        raise ValueError(f"{operation.id}: nothing was sent. {too_long(operation.method, url)}")
    return url


def sent_ids(prepared: Prepared) -> dict[str, str]:
    """The ids of what a request starts that a call fills in, where nobody gives them; not those that make it repeatable."""
    filled = [
        p.wire_name for p in prepared.operation.parameters if p.auto and p.location == "query"
    ]
    found = {name: query_value(prepared.url, name) for name in filled}
    return {name: value for name, value in found.items() if value}


def _torn(where: str) -> ValueError:
    """Python makes such text of bytes that are no UTF-8, in names of files and in arguments of a command."""
    return ValueError(
        f"{where} holds a lone surrogate, half of a character: decode its bytes by the encoding they are in"
    )


def _check(operation: Operation[Any], parameter: Parameter, value: Any) -> None:
    """All is text in a URL, so any scalar may stand for any other; a list is a list, and nothing else is one."""
    items = value if parameter.type.startswith("list[") else [value]
    if parameter.required and isinstance(items, (list, tuple)) and not items:
        raise ValueError(f"{operation.id}: {parameter.name} is empty; it is required")
    if not isinstance(items, (list, tuple)) or not all(
        isinstance(item, _SCALARS) for item in items
    ):
        raise TypeError(
            f"{operation.id}: {parameter.name} takes {parameter.type}, not {shape_of(value)}"
        )


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
    """Nothing is safe in a path value; one of dots alone would climb, so its dots are encoded too."""
    written = ",".join(map(text, value)) if isinstance(value, (list, tuple)) else text(value)
    if not written:
        raise ValueError(f"{operation.id}: {parameter.name} is empty; it is part of the path")
    return written.replace(".", "%2E") if set(written) == {"."} else _quoted(written)


def _quoted(value: str) -> str:
    return value if value.isascii() and value.isalnum() else quote(value, safe="~")


@lru_cache(512)
def _name(name: str) -> str:
    return quote(name, safe="$@:~")


def _query_pairs(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, (list, tuple)):
        return [(parameter.wire_name, text(value))]
    if parameter.template:
        return [
            (parameter.template.replace("{n}", str(i)), text(item)) for i, item in enumerate(value)
        ]
    if parameter.explode:
        return [(parameter.wire_name, text(item)) for item in value]
    return [(parameter.wire_name, ",".join(map(text, value)))]


def _header_value(operation: Operation[Any], parameter: Parameter, value: Any) -> str:
    written = ",".join(map(text, value)) if isinstance(value, (list, tuple)) else text(value)
    if not (written.isascii() and written.isprintable()):
        raise ValueError(
            f"{operation.id}: {parameter.name} is a header, and holds a character that no header may hold"
        )
    return written


def _content(
    operation: Operation[Any], body: Any, headers: dict[str, str]
) -> tuple[bytes | None, Mapping[str, Any] | None]:
    declared = operation.body
    if declared is None:
        if body is not None:
            raise TypeError(f"{operation.id} takes no body")
        return None, None
    if declared.fields:
        return None, _files(operation, body)
    if body is None:
        if declared.required:
            raise TypeError(f"{operation.id} needs body")
        return None, None
    check(Registry.get(operation.models), declared.type, body, f"{operation.id}: body", plain=True)
    headers["Content-Type"] = declared.media_types[0]
    if "json" not in declared.media_types[0]:
        return body if isinstance(body, bytes) else _encoded(
            f"{operation.id}: body", str(body)
        ), None
    value = json_body(body)
    if isinstance(body, dict) or (
        isinstance(body, list) and not any(isinstance(item, Coded) for item in body)
    ):
        _check_plain(operation, declared.type, value)
    return dumps(value), None


def _check_plain(operation: Operation[Any], text: str, body: Any) -> None:
    """Plain JSON has no constructor that would refuse a str for a list; any other departure is the caller's choice."""
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
        f"{name} takes bytes, an open binary file, a Path or (file name, content), not {shape_of(value)}"
    )


def _binary(value: Any) -> bool:
    return hasattr(value, "read") and not isinstance(value, TextIOBase)


def _replayable(files: Mapping[str, Any] | None) -> bool:
    return all(_again(value[1]) for value in (files or {}).values())


def _again(content: Any) -> bool:
    """An open file can be sent twice where it can be wound back; half of it would be worse than the failure."""
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
