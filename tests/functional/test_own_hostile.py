"""Documents that nobody should make: each gives a package that works, or one line and the exit code
of a document that is broken.

The codes are those of the commands: 3 for what is wrong in the document itself, 5 where the
generator finds no form for it, or no name. 4 is for what cannot be reached, which none of these is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from purview_codegen import cli
from purview_codegen.source.inspect import DEEPEST

from .inline import Json
from .test_openapi3_odd import COMMIT, MANIFEST, REF, TEXT, body, document, json_of, parameter

NESTS = {
    "properties": '{"type": "object", "properties": {"p": %s}}',
    "items": '{"type": "array", "items": %s}',
    "values": '{"type": "object", "additionalProperties": %s}',
    "allOf": '{"allOf": [%s]}',
    "anyOf": '{"anyOf": [%s, {"type": "integer"}]}',
    "not": '{"type": "object", "not": %s}',
    "x": '{"type": "object", "x-more": %s}',
    "enum": '{"enum": [%s]}',
}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def run(folder: Path, text: str, oid: str = "X_Do") -> list[int]:
    """Exit codes of the three commands, up to the first that fails; over text, for such documents
    not even Python writes.
    """
    for name, content in {
        "specs/planes.toml": MANIFEST,
        "specs/overlays/zoo.toml": f'[summaries]\n{json.dumps(oid)} = "Does."\n',
        f"mirror/me/zoo/{COMMIT}/zoo.json": text,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    specs = ("--specs", str(folder / "specs"))
    source = (*specs, "--mirror", str(folder / "mirror"), "--cache", str(folder / "cache"))
    out = ("--plane", "zoo", "--version", "2024-01-01", "--out", str(folder / "out"))
    codes: list[int] = []
    for command in (
        ["fetch", *source, "--update-lock"],
        ["normalise", *source],
        ["generate", *specs, *out],
    ):
        codes.append(cli.main(command))
        if codes[-1]:
            break
    return codes


def refused(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    whole: Json | str,
    codes: tuple[int, ...] = (3,),
) -> str:
    """The one line that refuses a document; nothing is written for it."""
    text = whole if isinstance(whole, str) else json.dumps(whole)
    assert run(folder, text)[-1] in codes
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert not (folder / "out").exists() or [] == list((folder / "out").iterdir())
    return line


def works(folder: Path, whole: Json | str) -> None:
    assert [0, 0, 0] == run(folder, whole if isinstance(whole, str) else json.dumps(whole))


def nested(kind: str, levels: int) -> str:
    before, after = NESTS[kind].split("%s")
    inner = before * levels + '{"type": "string"}' + after * levels
    return json.dumps(document({"responses": {"200": {"content": json_of({"here": 0})}}})).replace(
        '{"here": 0}', inner
    )


@pytest.mark.parametrize("levels", [250, 900, 100_000])
@pytest.mark.parametrize("kind", NESTS)
def test_levels_without_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, levels: int
) -> None:
    line = refused(tmp_path, capsys, nested(kind, levels))
    assert (
        f"zoo 2024-01-01 is nested deeper than {DEEPEST} levels; give the inner schemas "
        f"names of their own"
    ) in line


@pytest.mark.parametrize("kind", ["properties", "items", "values", "allOf", "anyOf"])
def test_levels_up_to_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """As deep as a document may be, all that works on it holds, ruff and the parser included."""
    levels = (DEEPEST - 12) // (1 if kind in ("items", "values") else 2)
    assert [0, 0, 0] == run(tmp_path, nested(kind, levels)), capsys.readouterr().err


@pytest.mark.parametrize("key", ["properties", "items", "additionalProperties", "allOf", "anyOf"])
def test_named_schemas_within_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    def wrap(inner: Json) -> Json:
        held: Any = {
            "properties": {"p": inner},
            "allOf": [inner],
            "anyOf": [inner, {"type": "integer"}],
        }.get(key, inner)
        return {"type": {"items": "array", "anyOf": None}.get(key, "object"), key: held}

    chain = {f"S{i}": {k: v for k, v in wrap(ref(f"S{i + 1}")).items() if v} for i in range(600)}
    text = json.dumps(
        document(schemas={**chain, "S600": {"type": "object", "properties": {"x": TEXT}}})
    )
    codes = run(tmp_path, text)
    assert codes[-1] in (0, 3, 5)
    assert (1 if codes[-1] else 0) == len(capsys.readouterr().err.splitlines())


def doubled(
    key: str, levels: int, wrap: Callable[[Json], Any] = lambda inner: [inner, inner], **more: Any
) -> Json:
    """Each schema holds the next one twice: 2^levels by reference."""
    chain: Json = {f"S{i}": {key: wrap(ref(f"S{i + 1}"))} for i in range(levels)}
    chain[f"S{levels}"] = {"type": "object", "properties": {"x": TEXT}, **more}
    return document(schemas={**chain, "A": {"type": "object", "properties": {"s": ref("S0")}}})


DOUBLED = {
    "allOf": doubled("allOf", 25),
    "anyOf": doubled("anyOf", 25),
    "oneOf": doubled("oneOf", 25),
    "members": doubled("properties", 25, lambda inner: {"a": inner, "b": inner}),
    "allOf of a discriminator": doubled("allOf", 25, discriminator={"propertyName": "x"}),
    "allOf within allOf": doubled("allOf", 25, lambda inner: [{"allOf": [inner]}, inner]),
    "a page": document(
        {"responses": {"200": {"content": json_of(ref("S0"))}}},
        doubled("allOf", 25)["components"]["schemas"],
    ),
}


@pytest.mark.parametrize("kind", DOUBLED)
def test_what_doubles_with_every_level_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """33 million of anything would take minutes; there is time for a machine that is busy with
    other work.
    """
    began = time.monotonic()
    codes = run(tmp_path, json.dumps(DOUBLED[kind]))
    assert codes[-1] in (0, 3, 5)
    assert (1 if codes[-1] else 0) == len(capsys.readouterr().err.splitlines())
    assert time.monotonic() - began < 60
    if "allOf" in kind:
        assert [0, 0, 0] == codes


CIRCLES: dict[str, Json] = {
    "itself": {"P": {"allOf": [ref("P")], "properties": {"k": TEXT}}},
    "each other": {"P": {"allOf": [ref("Q")]}, "Q": {"allOf": [ref("P")]}},
    "with a discriminator": {
        "P": {
            "allOf": [ref("Q")],
            "discriminator": {"propertyName": "k"},
            "properties": {"k": TEXT},
        },
        "Q": {"allOf": [{"allOf": [ref("P")]}]},
    },
    "a map": {"P": {"type": "object", "additionalProperties": ref("P")}},
    "a map of maps": {
        "P": {"type": "object", "additionalProperties": ref("Q")},
        "Q": {"type": "object", "additionalProperties": {"type": "array", "items": ref("P")}},
    },
    "a list": {"P": {"type": "array", "items": ref("P")}},
    "a union": {"P": {"anyOf": [ref("P"), TEXT]}},
    "two unions": {
        "P": {"anyOf": [ref("Q"), TEXT]},
        "Q": {"oneOf": [ref("P"), {"type": "integer"}]},
    },
}


@pytest.mark.parametrize("kind", CIRCLES)
def test_circles(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    member = {"A": {"type": "object", "properties": {"p": ref("P")}}}
    refused(tmp_path, capsys, document(schemas=CIRCLES[kind] | member), (3, 5))


X = document()["paths"]["/x"]
CONTROL = ["\n", "\r\n", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\u200b"]


@pytest.mark.parametrize("odd", CONTROL, ids=ascii)
@pytest.mark.parametrize(
    "place",
    [
        lambda c: document(servers=[{"url": f"https://api.example.com/a{c}b"}]),
        lambda c: document(servers=[{"url": f"https://api{c}.example.com/a"}]),
        lambda c: document(servers=[{"url": "/{v}", "variables": {"v": {"default": f"a{c}b"}}}]),
        lambda c: document(paths={f"/a{c}b": X}),
        lambda c: document({"operationId": f"X{c}_Do"}),
        lambda c: document({"parameters": [parameter(f"a{c}b", "header")]}),
        lambda c: document(body(f"text/pl{c}ain", TEXT), method="post"),
        lambda c: document({"responses": {"200": {"content": {f"text/a{c}b": {"schema": TEXT}}}}}),
    ],
    ids=[
        "path of a server",
        "host of a server",
        "variable",
        "path",
        "operationId",
        "header",
        "body",
        "answer",
    ],
)
def test_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: Callable[[str], Json], odd: str
) -> None:
    refused(tmp_path, capsys, place(odd))


@pytest.mark.parametrize(
    "place",
    [
        lambda c: document(paths={f"/a{c}b": X}),
        lambda c: document({"operationId": f"X{c}"}),
        lambda c: document(schemas={f"B{c}": {"type": "object", "properties": {"x": TEXT}}}),
        lambda c: document(schemas={"B": {"type": "object", "properties": {f"x{c}": TEXT}}}),
        lambda c: document(schemas={"B": {"type": "string", "enum": [c, "b"]}}),
    ],
)
def test_half_of_a_character(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: Callable[[str], Json]
) -> None:
    assert "half of a character" in refused(tmp_path, capsys, place("\ud800"))


@pytest.mark.parametrize(
    ("whole", "says"),
    [
        (document(servers=[{"url": "https://api.example.com/a?b=1"}]), "an address with a query"),
        (document(servers=[{"url": "https://api.example.com/a#b"}]), "an address with a fragment"),
        (
            document(servers=[{"url": "https://api.example.com/../b"}]),
            "an address with dots in place of a name",
        ),
        (
            document(servers=[{"url": "https://api.example.com/{v}/b"}]),
            "a variable without a default in the path",
        ),
        (document(paths={"/a#b": X}), "a path with a fragment"),
        (document(paths={"/a/../b": X}), "a path with dots in place of a name"),
        (document(paths={"a": X}), "a path with no slash before it"),
        (document(paths={"/a/{id}": X}), "a place in the path that no parameter fills"),
        (document(paths={"/a/{id": X}), "a place in the path that no parameter fills"),
        (document({"parameters": [parameter("id", "path")]}), "a path without a place for 'id'"),
        (
            document({"parameters": [parameter("a b", "header")]}),
            "a header of a name that no header has (a b)",
        ),
        (
            document({"responses": {"2000": {"content": json_of(REF)}}}),
            "an answer of status '2000'",
        ),
        (document({"responses": {"ok": {"content": json_of(REF)}}}), "an answer of status 'ok'"),
        (document(body("text", TEXT), method="post"), "a media type 'text'"),
        (document({"operationId": ""}), "no operationId"),
        (document({"operationId": 3}), "an operationId is text without control characters, not 3"),
    ],
)
def test_what_no_request_could_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], whole: Json, says: str
) -> None:
    assert says in refused(tmp_path, capsys, whole)


@pytest.mark.parametrize(
    "whole",
    [
        document(paths={"/a b": X}),
        document(paths={"/ä/日本": X}),
        document(paths={"/a%2Fb": X}),
        document({"responses": {"200": {"content": json_of(REF)}, "x-more": {"odd": 1}}}),
        document(schemas={"B": {"type": "string", "enum": [f"v{i}" for i in range(20_000)]}}),
        document(schemas={"a/b~c": {"type": "object", "properties": {"x": ref("a~1b~0c")}}}),
        document({"parameters": [parameter(f"p{i}") for i in range(300)]}),
    ],
    ids=[
        "blank",
        "letters",
        "escape",
        "extension",
        "many values",
        "a name with a slash",
        "many parameters",
    ],
)
def test_what_is_odd_and_works(tmp_path: Path, whole: Json) -> None:
    works(tmp_path, whole)
