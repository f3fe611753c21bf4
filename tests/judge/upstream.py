"""What the upstream document says of an operation's request line, read from the document itself:
the contract is on trial, too.

oav does not look at unknown query names, at the value of api-version, nor at forms.
`Upstream.notes` does, as lines that name the thing. It also splits list values as the document
says, for oav takes them split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email import policy
from email.parser import BytesParser
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import attrs

from .live import Json, Pairs, pairs

_METHODS = ("get", "put", "post", "patch", "delete", "head", "options")
# attr_N:qualifiedName in a document stands for attr_0:qualifiedName, attr_1:.. on the wire
_NUMBERED = re.compile(r"([A-Za-z]+_)N(:\w+)")
API_VERSION = "api-version"


@attrs.frozen
class Note:
    """Something amiss that oav does not see: its kind, and the name of what it is about."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Upstream:
    """One Swagger 2.0 document.

    `prefix` is a part of our paths that the document leaves to the caller.
    """

    def __init__(self, document: Json, prefix: str = "") -> None:
        self.document, self.prefix = document, prefix
        self.version = str(document["info"]["version"])
        self.operations = dict(self._operations())

    def _operations(self) -> Iterator[tuple[str, Json]]:
        for item in {**self.document["paths"], **self.document.get("x-ms-paths", {})}.values():
            for method in _METHODS:
                if method in item:
                    yield (
                        item[method]["operationId"],
                        item[method] | {"parameters": self._parameters(item, item[method])},
                    )

    def _parameters(self, item: Json, operation: Json) -> list[Json]:
        own = [self._followed(p) for p in operation.get("parameters", [])]
        named = {(p["in"], p["name"]) for p in own}
        shared = [self._followed(p) for p in item.get("parameters", [])]
        return own + [p for p in shared if (p["in"], p["name"]) not in named]

    def _followed(self, part: Json) -> Json:
        while "$ref" in part:
            target: Any = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            part = target
        return part

    def query(self, operation_id: str) -> Mapping[str, Json]:
        parameters = self.operations.get(operation_id, {}).get("parameters", [])
        return {p["name"]: p for p in parameters if p["in"] == "query"}

    def for_oav(self, record: Json) -> Json:
        """The pair as oav takes it: the api-version in the address, for that is how oav finds a
        document's operations, the prefix that the document does not know left out, and list values
        split.
        """
        request = record["liveRequest"]
        url, given = urlsplit(request["url"]), pairs(request["url"])
        path = (
            url.path.removeprefix(self.prefix)
            if url.path.startswith(self.prefix + "/")
            else url.path
        )
        looked_up = urlunsplit(url._replace(path=path, query=f"{API_VERSION}={self.version}"))
        return record | {
            "liveRequest": request | {"url": looked_up, "query": self._split(record["op"], given)}
        }

    def _split(self, operation_id: str, given: Pairs) -> Json:
        known, out = self.query(operation_id), dict[str, Any]()
        for name, value in given:
            parameter = known.get(name, {})
            if parameter.get("type") != "array":
                out[name] = value if name not in out else [out[name], value]
                continue
            values = [value] if parameter.get("collectionFormat") == "multi" else value.split(",")
            out[name] = out.get(name, []) + values
        return out

    def notes(self, record: Json) -> list[Note]:
        """What is amiss with a recorded request and unseen by oav, for the operation that was
        meant.
        """
        request, operation_id = record["liveRequest"], record["op"]
        given, known = pairs(request["url"]), self.query(operation_id)
        templates = [m for name in known if (m := _NUMBERED.fullmatch(name))]
        numbered = [re.compile(re.escape(m[1]) + r"\d+" + re.escape(m[2])) for m in templates]
        notes = (
            []
            if urlsplit(request["url"]).path.startswith(self.prefix + "/")
            else [Note("lacks prefix", self.prefix)]
        )
        for name, value in given:
            if name == API_VERSION and value != self.version:
                notes.append(Note("other api-version", value))
            if name == API_VERSION and name not in known:
                notes.append(Note("stray query", name))
            elif not (
                name in known or record.get("followed") or any(p.fullmatch(name) for p in numbered)
            ):
                notes.append(Note("unknown query", name))
        names = [name for name, _ in given]
        single = [
            n for n in dict.fromkeys(names) if known.get(n, {}).get("collectionFormat") != "multi"
        ]
        notes += [Note("repeated query", name) for name in single if names.count(name) > 1]
        if known.get(API_VERSION, {}).get("required") and API_VERSION not in names:
            notes.append(Note("lacks query", API_VERSION))
        if self._split(operation_id, given) != request["query"]:
            notes.append(
                Note("split otherwise than the document says", ", ".join(sorted(request["query"])))
            )
        return notes + self._form_notes(operation_id, request, whole=record.get("whole", True))

    def _form_notes(self, operation_id: str, request: Json, *, whole: bool) -> list[Note]:
        """`whole`: the body is there as it was sent."""
        declared = [p for p in self.operations[operation_id]["parameters"] if p["in"] == "formData"]
        if not declared or not whole:
            return []
        media = request["headers"].get("content-type", "")
        parts = form(media, request.get("body", ""))
        if parts is None:
            missing = [p["name"] for p in declared if p.get("required")]
            return (
                [Note("not a form:", media or "no content type")]
                if missing or "body" in request
                else []
            )
        notes = [
            Note("unknown part", name)
            for name in parts
            if name not in {p["name"] for p in declared}
        ]
        for p in declared:
            if p.get("required") and p["name"] not in parts:
                notes.append(Note("lacks part", p["name"]))
            elif p["type"] == "file" and not parts.get(p["name"], True):
                notes.append(Note("part without a file name", p["name"]))
        return notes


def form(media: str, body: Any) -> dict[str, bool] | None:
    """The parts of a multipart form: name -> whether it has a file name; None for what is none."""
    if not media.startswith("multipart/form-data") or not isinstance(body, str):
        return None
    message = BytesParser(policy=policy.HTTP).parsebytes(
        f"Content-Type: {media}\r\n\r\n{body}".encode()
    )
    if not message.is_multipart() or message.defects:
        return None
    found = [
        (p.get_param("name", header="content-disposition"), p.get_filename())
        for p in message.iter_parts()
    ]
    return {str(name): bool(file) for name, file in found}
