"""What a failed answer says, in whatever shape it says it: code, message, and every further cause that its body holds.

| shape                                                       | from                            |
|-------------------------------------------------------------|---------------------------------|
| `{"error": {code, message, target, details, innererror}}`   | most planes                     |
| `{"requestId", "errorCode", "errorMessage"}`                | Catalog and Data Map            |
| `{"title", "detail", "errors": {field: [text]}}` (RFC 9457) | the web framework below a plane |
| `{"error": code, "error_description"}`, `{"Message": ..}`   | gateways, older frameworks      |
| a list of any of these, text, HTML                          | proxies, gateways               |

Members are known by name, in any case, with or without underscores. Where an error object has none of these names, all of its
members are words.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from purview_auth.texts import shown

from .model.json_text import loads

_CODES = ("code", "errorcode", "faultcode", "errortype", "exceptiontype")
_MESSAGES = (
    *(
        "message",
        "errormessage",
        "errordescription",
        "detail",
        "description",
        "title",
        "reason",
        "faultstring",
    ),
    *("exceptionmessage", "msg", "text", "errordetail", "errortext", "hint"),
)
_TARGETS = (
    *("target", "field", "loc", "pointer", "property", "propertyname", "path"),
    *("parameter", "param", "member", "source"),
)
_OF_ONE = {*_CODES, "message", "errormessage"}  # where one of them is, an object is one error
_INNER = ("innererror", "innerexception", "inner")
# may be field -> what is wrong with it
_MAPS = (
    "errors",
    "validationerrors",
    "modelstate",
    "fielderrors",
)
_ERRORS = (
    *(*_MAPS, *_INNER, "error", "odata.error", "fault", "exception"),
    *("details", "causes", "cause", "issues", "problems", "violations", "invalidparams"),
)
_IDS = ("requestid", "traceid", "activityid", "correlationid", "clientrequestid")
_NO_WORDS = {
    *(
        *_IDS,
        "timestamp",
        "date",
        "time",
        "status",
        "statuscode",
        "httpstatus",
        "stacktrace",
        "instance",
        "type",
    ),
    *("helplink", "helpurl", "moreinfo", "version"),
}
_HIDDEN = re.compile(
    r"passw|pwd|secret|token|authori[sz]ation|key|credential|connection|signature|cookie|assertion|sas"
)
_TEXT_CODINGS = re.compile(
    r"(utf|iso|latin|windows|cp|us-?ascii|ascii|koi8|gb|big5|shift|sjis|euc|mac)[\w-]*"
)
_DEEPEST, _MOST_CAUSES, _MOST_VALUES, _ENDS = 24, 400, 20_000, 100
_TEXT_READ = 16_384  # characters of HTML that are looked at
_MESSAGE_CHARACTERS, _CAUSE_CHARACTERS, _CODE_CHARACTERS = 4_000, 400, 200


class _Room:
    """How many values are still looked at: a body of some megabytes is not read to its end for a text of two lines."""

    def __init__(self) -> None:
        self.left = _MOST_VALUES

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


class _Fields(dict[Any, Any]):
    """Field -> what is wrong with it."""


class Cause(NamedTuple):
    """One thing that is wrong, in the service's words; `target` is what it is wrong with."""

    code: str | None
    message: str | None
    target: str | None

    def __str__(self) -> str:
        parts = (self.target, self.code if self.code != self.target else None, self.message)
        return shown(": ".join(part for part in parts if part), _CAUSE_CHARACTERS)

    def facts(self) -> dict[str, str]:
        """What is known, by name."""
        return {name: value for name, value in self._asdict().items() if value}


class Said(NamedTuple):
    """The words of a body. `causes` are those beside code and message, outermost first."""

    code: str | None = None
    message: str | None = None
    target: str | None = None
    details: list[Any] = []  # noqa: RUF012 - nobody changes the empty one
    innererror: Any = None
    request_id: str | None = None
    causes: tuple[Cause, ...] = ()


def body_of(content: bytes, charset: str | None) -> Any:
    """The value of a failed answer's body: of JSON, else its text, in the answer's charset; what that cannot read is replaced."""
    if not content.strip():
        return None
    try:
        return loads(content)
    except ValueError:
        text = _decoded(content, charset)
    try:
        return loads(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return text


def _decoded(content: bytes, charset: str | None) -> str:
    name = (charset or "").strip().strip("\"'").lower()
    try:
        if _TEXT_CODINGS.fullmatch(name) and codecs.lookup(name).name != "utf-7":
            return content.decode(name, "replace")
    except (LookupError, ValueError):
        pass
    return content.decode("utf-8-sig", "replace")


def said(body: Any, *, any_member: bool = True) -> Said:
    """What a body says. Without `any_member` an object says something by known names alone."""
    if isinstance(body, str):
        found = _words_of_text(body)
        return Said(message=shown(found, _MESSAGE_CHARACTERS) or None if found else None)
    main, rest = _main(body)
    parts = ((main, any_member), *((part, any_member and isinstance(body, list)) for part in rest))
    causes = list(_unlike(_causes(part, None, words, 0, _Room()) for part, words in parts))
    facts = main if isinstance(main, dict) else {}
    own = not isinstance(main, (dict, list)) or any(_code_and_messages(facts))
    first = causes.pop(0) if causes and own else Cause(None, None, None)
    given, inner = _member(facts, ("details",)), _member(facts, _INNER)
    listed = given if isinstance(given, list) and given else [cause.facts() for cause in causes]
    ids = [_text(_member(one, _IDS[:1])) for one in (main, body) if isinstance(one, dict)]
    return Said(
        first.code,
        first.message if own else shown("; ".join(map(str, causes)), _MESSAGE_CHARACTERS) or None,
        _target(facts),
        listed,
        inner,
        next((found for found in ids if found), None),
        tuple(causes) if own else (),
    )


def _main(body: Any) -> tuple[Any, list[Any]]:
    """The error object of a body, and what stands beside it, which may be an echo of what was sent."""
    if isinstance(body, list) and body:
        return body[0], body[1:]
    members: dict[Any, Any] = body if isinstance(body, dict) else {}
    for name, value in members.items():
        if (
            _plain(name) in ("error", "odata.error", "fault")
            and isinstance(value, (dict, list))
            and value
        ):
            main, more = _main(value) if isinstance(value, list) else (value, [])
            return main, [
                {"errors": more},
                {key: one for key, one in members.items() if key != name},
            ]
    return body, []


def _causes(
    value: Any, target: str | None, words: bool, depth: int, room: _Room
) -> Iterator[Cause]:
    """All causes below a value, outermost first. `words`: it stands where an error stands, so text in it is words of an error."""
    if depth > _DEEPEST or not room.take():
        return
    if isinstance(value, _Fields):
        for field, one in value.items():
            yield from _causes(one, str(field), True, depth + 1, room)
    elif isinstance(value, dict):
        yield from _causes_of_object(value, target, words, depth, room)
    elif isinstance(value, list):
        for one in value if len(value) <= 2 * _ENDS else [*value[:_ENDS], *value[-_ENDS:]]:
            yield from _causes(one, target, words, depth + 1, room)
    elif words and (text := _text(value)):
        yield Cause(None, text, target)


def _causes_of_object(
    value: dict[Any, Any], target: str | None, words: bool, depth: int, room: _Room
) -> Iterator[Cause]:
    code, messages = _code_and_messages(value)
    target = _target(value) or target
    if code or messages:
        yield Cause(code, messages[0] if messages else None, target)
        yield from (Cause(None, text, target) for text in messages[1:])
    known = {*_CODES, *_MESSAGES, *_TARGETS, *_NO_WORDS}
    for key, one in value.items():
        name = _plain(key)
        if isinstance(one, (dict, list)):
            if (name in _TARGETS and _target({key: one})) or (name in _MESSAGES and _message(one)):
                continue
            inside = name in _ERRORS or name in _MESSAGES or (words and not messages)
            field = (
                target
                if name in (*_ERRORS, *_MESSAGES)
                else f"{target}.{key}"
                if target
                else str(key)
            )
            yield from _causes(_as_fields(name, one), field, inside, depth + 1, room)
        elif name in _ERRORS and name != "error" and (text := _text(one)):
            yield Cause(None, text, target)
        elif (
            words
            and not messages
            and name not in known
            and name not in _ERRORS
            and (text := _text(one))
        ):
            hidden = _HIDDEN.search(name)
            yield Cause(None, "***" if hidden else text, str(key))


def _as_fields(name: str, value: Any) -> Any:
    if name in _MAPS and isinstance(value, dict) and not {*map(_plain, value)} & _OF_ONE:
        return _Fields(value)
    return value


def _code_and_messages(value: dict[Any, Any]) -> tuple[str | None, list[str]]:
    """Of one object: its code, and its messages, the more general one first. `error` is a code beside a message, else one itself."""
    by_name = {
        _plain(key): text for key, one in value.items() if (text := _text(one) or _message(one))
    }
    code = next((by_name[name] for name in _CODES if name in by_name), None)
    order = [name for name in _MESSAGES if name in by_name]
    if "title" in order and "detail" in order:  # of a problem: its kind, and what happened
        order.remove("title")
        by_name["detail"] = f"{by_name['title']}: {by_name['detail']}"
    messages = list(dict.fromkeys(by_name[name] for name in order))
    error = by_name.get("error")
    if error and not code and not (" " in error and not messages):
        code = error
    elif error and error not in messages:
        messages.append(error)
    if code == "0" and not messages:  # an error object on success
        code = None
    return code, messages


def _message(value: Any) -> str | None:
    """A message that is no text: a list of lines, or the text of one language."""
    if isinstance(value, dict):
        value = [value.get("value")] if {*value} <= {"lang", "value"} else []
    lines = (
        [_text(line) for line in value] if isinstance(value, list) and len(value) <= _ENDS else []
    )
    return "; ".join(line for line in lines if line) or None if all(lines) else None


def _target(value: dict[Any, Any]) -> str | None:
    found = _member(value, _TARGETS)
    if isinstance(found, dict):
        found = _member(found, _TARGETS)
    if (
        isinstance(found, list)
        and found is _member(value, ("loc",))
        and all(type(part) in (str, int) for part in found)
    ):
        found = ".".join(map(str, found))
    return shown(found, _CODE_CHARACTERS) or None if isinstance(found, str) else None


def _unlike(streams: Iterable[Iterator[Cause]]) -> Iterator[Cause]:
    """Each cause once; one that only repeats a message is none."""
    seen, messages = set[Cause](), set[str | None]()
    for cause in (cause for stream in streams for cause in stream):
        again = cause.message in messages and (cause.code is None and cause.target is None)
        if cause in seen or again:
            continue
        seen.add(cause)
        messages.add(cause.message)
        yield cause
        if len(seen) == _MOST_CAUSES:
            return


def _member(value: dict[Any, Any], names: tuple[str, ...]) -> Any:
    by_name = {_plain(key): one for key, one in reversed(value.items())}
    return next(
        (by_name[name] for name in names if by_name.get(name) not in (None, "", [], {})), None
    )


def _plain(name: Any) -> str:
    return str(name).replace("_", "").replace("-", "").lower()


def _text(value: Any) -> str | None:
    """A scalar as words; None for what says nothing."""
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return None
    return shown(str(value), _MESSAGE_CHARACTERS) or None


def _words_of_text(text: str) -> str | None:
    """The text; of HTML and XML what a person sees; None for JSON that was cut off, which may hold anything."""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return None
    return _words_of_html(text) if start == "<" else text


def _words_of_html(text: str) -> str:
    words, skipped = list[str](), ""
    for piece in text[:_TEXT_READ].split("<"):
        tag, closed, rest = piece.partition(">")
        name = re.match(r"/?[a-zA-Z]*", tag)
        found = name[0].lower() if name else ""
        if skipped and found != f"/{skipped}":
            continue
        skipped = found if found in ("style", "script") else ""
        if closed and not skipped and rest.strip():
            words.append(html.unescape(rest).strip())
    return " ".join(dict.fromkeys(words))
