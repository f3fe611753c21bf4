"""What an OpenAPI 3 document may hold: either a client says it in the right bytes, or one line
refuses it; nothing is lost.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from purview_codegen import cli
from purview_codegen.errors import CommandError
from purview_codegen.source.inspect import inspect

from .inline import Json, contract_of, operation, package_of, plan_of, swagger

TEXT: Json = {"type": "string"}
A: Json = {"A": {"type": "object", "properties": {"n": TEXT}}}
REF: Json = {"$ref": "#/components/schemas/A"}
COMMIT = "0" * 40
MANIFEST = f"""
[planes.zoo]
package = "zoo"
title = "Zoo"
summary = "Animals."
endpoint = "account"
roles = []

[[planes.zoo.documents]]
version = "2024-01-01"
default = true
repository = "me/zoo"
commit = "{COMMIT}"
path = "zoo.json"
"""


def json_of(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def parameter(name: str, where: str = "query", **more: Any) -> Json:
    return {"name": name, "in": where, "required": where == "path", "schema": TEXT, **more}


def document(
    own: Json | None = None, schemas: Json | None = None, method: str = "get", **more: Any
) -> Json:
    """One operation, X_Do at /x, that gives an A unless it says otherwise."""
    whole = {"operationId": "X_Do", "responses": {"200": {"content": json_of(REF)}}} | (own or {})
    return {
        "openapi": "3.1.0",
        "info": {"title": "Odd", "version": "2024-01-01"},
        "servers": [{"url": "https://odd.example.com/odd"}],
        "paths": {"/x": {method: whole}},
        "components": {"schemas": A | (schemas or {})},
    } | more


def body(media: str, schema: Json) -> Json:
    return {"requestBody": {"required": True, "content": {media: {"schema": schema}}}}


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (document({"parameters": [parameter("sid", "cookie")]}), "X_Do: a cookie parameter (sid)"),
        (
            document({"parameters": [parameter("f", schema=REF, style="deepObject")]}),
            "that is an object or has a media",
        ),
        (
            document({"parameters": [parameter("f", schema=REF)]}),
            "that is an object or has a media type (f)",
        ),
        (
            document({"parameters": [{"name": "f", "in": "query", "content": json_of(REF)}]}),
            "has a media type (f)",
        ),
        (
            document({"parameters": [parameter("l", style="pipeDelimited")]}),
            "a parameter of style pipeDelimited (l)",
        ),
        (
            document({"servers": [{"url": "https://other.example.com"}]}),
            "X_Do: a server of its own",
        ),
        (
            document(body("application/x-www-form-urlencoded", REF), method="post"),
            "a body of application/x-www-form",
        ),
        (
            document(body("multipart/form-data", {"properties": {"m": REF}}), method="post"),
            "no file or scalar (m)",
        ),
        (
            document(body("multipart/form-data", {"type": "object"}), method="post"),
            "no file or scalar (none)",
        ),
        (document(method="trace"), "'trace' of a path has no form in a client: /paths/~1x/trace"),
        (
            document(paths={"/x": {"$ref": "#/components/pathItems/X"}}),
            "'$ref' of a path has no form",
        ),
        (document(paths={"/x?a=1": document()["paths"]["/x"]}), "a path with a query has no form"),
        (
            document(schemas={"B": {"properties": {"b": TEXT}, "oneOf": [REF, TEXT]}}),
            "properties beside oneOf has no",
        ),
        (
            document(schemas={"B": {"allOf": [REF, {"oneOf": [REF, TEXT]}]}}),
            "oneOf in allOf has no one class: B",
        ),
        (
            document(schemas={"B": {"properties": {"b": REF | {"properties": {"c": TEXT}}}}}),
            "beside $ref has no one class",
        ),
    ],
)
def test_what_no_client_can_say_is_refused(odd: Json, says: str) -> None:
    with pytest.raises(CommandError) as caught:
        contract_of(odd)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("own", "says"),
    [
        (
            [
                {
                    "name": "l",
                    "in": "query",
                    "type": "array",
                    "items": TEXT,
                    "collectionFormat": "pipes",
                }
            ],
            "style pipeDelimited (l)",
        ),
        (
            [
                {
                    "name": "l",
                    "in": "query",
                    "type": "array",
                    "items": TEXT,
                    "collectionFormat": "ssv",
                }
            ],
            "style spaceDelimited (l)",
        ),
        ([{"name": "x", "in": "qurey", "type": "string"}], "a qurey parameter (x)"),
        (
            [{"name": "x", "in": "formData", "type": "string"}],
            "a body of application/x-www-form-urlencoded",
        ),
    ],
)
def test_so_it_is_with_swagger(own: list[Json], says: str) -> None:
    consumes = ["application/x-www-form-urlencoded"]
    with pytest.raises(CommandError) as caught:
        contract_of(swagger({"/x": {"post": operation("X_Do", *own, consumes=consumes)}}))
    assert says in str(caught.value)
    with pytest.raises(CommandError, match="'trace' of a path has no form"):
        contract_of(swagger({"/x": {"trace": operation("X_Do")}}))


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "application/pdf", "image/png"])
def test_other_media_types_are_bytes(tmp_path: Path, media: str) -> None:
    made = document(
        body(media, REF) | {"responses": {"200": {"content": {media: {"schema": REF}}}}},
        method="put",
    )
    given: Any = "<a/>" if media.startswith("text") else b"<a/>"
    name = "odd_" + media.replace("/", "_")
    found, request = sent(tmp_path, name, made, lambda x, _: x.do(body=given), {"n": 1})
    assert (b"<a/>", media, {"n": 1}) == (
        request.content,
        request.headers["content-type"],
        json.loads(found),
    )


def test_swagger_text_is_no_json(tmp_path: Path) -> None:
    made = swagger({"/x": {"get": operation("X_Do", answer=TEXT, produces=["text/plain"])}})
    found, _ = sent(tmp_path, "odd_swagger", made, lambda x, _: x.do(), {})
    assert b"{}" == found


@pytest.mark.parametrize(
    ("schemas", "says"),
    [
        (
            {"B": {"$ref": "#/components/schemas/B"}},
            "leads back to itself: #/components/schemas/B: /components/schemas/B/$ref",
        ),
        (
            {"B": {"$ref": "#/components/schemas/C"}, "C": {"$ref": "#/components/schemas/B"}},
            "leads back to itself",
        ),
        (
            {
                "B": {
                    "$defs": {"A": TEXT},
                    "properties": {"p": {"$ref": "#/components/schemas/B/$defs/A"}},
                }
            },
            "into a part of",
        ),
    ],
)
def test_references_that_lead_nowhere_good(schemas: Json, says: str) -> None:
    with pytest.raises(CommandError) as caught:
        inspect(json.dumps(document(schemas=schemas)).encode(), "odd")
    assert says in str(caught.value)


def test_a_document_in_yaml_is_told_so() -> None:
    with pytest.raises(
        CommandError, match="odd is no JSON; a document in YAML has to be made JSON first"
    ):
        inspect(b"openapi: 3.1.0\npaths: {}\n", "odd")


def sent(
    tmp_path: Path, name: str, made: Json, call: Callable[[Any, Any], Any], answer: Any = None
) -> tuple[Any, httpx.Request]:
    """(what a call gives, its request), the same for the sync and the async client."""
    package: ModuleType = package_of(made, tmp_path, name)
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        request.read()
        requests.append(request)
        return httpx.Response(200, json={"n": "x"} if answer is None else answer)

    async def respond_async(request: httpx.Request) -> httpx.Response:
        await request.aread()
        requests.append(request)
        return httpx.Response(200, json={"n": "x"} if answer is None else answer)

    async def run() -> Any:
        async with package.AsyncInlineClient(
            "contoso", transport=httpx.MockTransport(respond_async)
        ) as client:
            return await call(client.x, package.models)

    with package.InlineClient("contoso", transport=httpx.MockTransport(respond)) as client:
        found = call(client.x, package.models)
    assert found == asyncio.run(run())
    first, second = requests
    assert first.url == second.url
    return found, first


@pytest.mark.parametrize(
    ("server", "path"),
    [
        (
            {
                "url": "https://{region}.x.com/{base}/v1/",
                "variables": {"region": {"default": "eu"}, "base": {"default": "api"}},
            },
            "/api/v1/x",
        ),
        (
            {"url": "{scheme}://{host}:{port}/api", "variables": {"scheme": {"default": "https"}}},
            "/api/x",
        ),
        ({"url": "api"}, "/api/x"),
        ({"url": "/api/v3"}, "/api/v3/x"),
        ({"url": "{endpoint}/scan", "variables": {"endpoint": {"default": ""}}}, "/scan/x"),
        ({"url": ""}, "/x"),
    ],
)
def test_the_path_of_a_server(server: Json, path: str) -> None:
    assert path == plan_of(document(servers=[server])).operations[0].path


def test_a_list_that_is_named_is_repeated_as_any_other(tmp_path: Path) -> None:
    made = document(
        {"parameters": [parameter("l", schema={"$ref": "#/components/schemas/L"})]},
        {"L": {"type": "array", "items": TEXT}},
    )
    _, request = sent(tmp_path, "odd_lists", made, lambda x, _: x.do(l=["a", "b"]))
    assert b"/odd/x?l=a&l=b" == request.url.raw_path


def test_a_list_in_a_path(tmp_path: Path) -> None:
    paths = {
        "/x/{l}": document(
            {"parameters": [parameter("l", "path", schema={"type": "array", "items": TEXT})]}
        )["paths"]["/x"]
    }
    _, request = sent(tmp_path, "odd_paths", document(paths=paths), lambda x, _: x.do(["a", "b"]))
    assert b"/odd/x/a%2Cb" == request.url.raw_path


def test_one_name_at_three_places(tmp_path: Path) -> None:
    values = [
        parameter("id", "path"),
        parameter("id"),
        parameter("id", "header"),
        parameter("body"),
    ]
    paths = {
        "/x/{id}": document({"parameters": values} | body("application/json", REF), method="put")[
            "paths"
        ]["/x"]
    }
    call = lambda x, m: x.do("1", id_query="2", id_header="3", body_query="4", body=m.A(n="5"))  # noqa: E731
    _, request = sent(tmp_path, "odd_names", document(paths=paths), call)
    assert (b"/odd/x/1?id=2&body=4", "3", b'{"n":"5"}') == (
        request.url.raw_path,
        request.headers["id"],
        request.content,
    )


def test_a_form_of_files_and_values(tmp_path: Path) -> None:
    fields = {
        "file": {"type": "string", "format": "binary"},
        "raw": {},
        "count": {"type": "integer"},
        "on": {"type": "boolean"},
    }
    made = document(
        body("multipart/form-data", {"type": "object", "required": ["file"], "properties": fields}),
        method="post",
    )
    _, request = sent(
        tmp_path, "odd_form", made, lambda x, _: x.do(file=b"f", raw=b"r", count=3, on=True)
    )
    parts = request.content.split(b"\r\n--")
    assert any(b'name="count"\r\n\r\n3' in part for part in parts)
    assert any(b'name="on"\r\n\r\ntrue' in part for part in parts)
    assert 2 == sum(b"filename=" in part for part in parts)


def test_bytes_of_any_media_type(tmp_path: Path) -> None:
    made = document({"requestBody": {"content": {"application/octet-stream": {}}}}, method="put")
    _, request = sent(tmp_path, "odd_bytes", made, lambda x, _: x.do(body=b"\x00\xff"))
    assert (b"\x00\xff", "application/octet-stream") == (
        request.content,
        request.headers["content-type"],
    )


def test_json_is_chosen_of_several_media_types(tmp_path: Path) -> None:
    form = {"multipart/form-data": {"schema": {"properties": {"f": TEXT}}}}
    answers = {"200": {"content": {"text/csv": {"schema": TEXT}, **json_of(REF)}}}
    made = document(
        {"requestBody": {"content": form | json_of(REF)}, "responses": answers}, method="put"
    )
    found, request = sent(tmp_path, "odd_media", made, lambda x, m: x.do(body=m.A(n="1")))
    assert (b'{"n":"1"}', "x", "application/json") == (
        request.content,
        found.n,
        request.headers["accept"],
    )


def test_the_default_answer_is_the_only_one() -> None:
    (do,) = plan_of(document({"responses": {"default": {"content": json_of(REF)}}})).operations
    assert "m.A" == do.result


def test_a_union_goes_by_its_discriminator(tmp_path: Path) -> None:
    one: Json = {"type": "object", "required": ["kind"], "properties": {"kind": TEXT, "name": TEXT}}
    options = [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]
    tag = {"propertyName": "kind", "mapping": {"woof": "#/components/schemas/Dog", "miau": "Cat"}}
    pet = {"oneOf": options, "discriminator": tag}
    schemas = {
        "A": {"type": "object", "properties": {"pets": {"type": "array", "items": pet}}},
        "Cat": one,
        "Dog": {"allOf": [{"$ref": "#/components/schemas/Pet"}]},
        "Pet": one,
    }
    pets = [
        {"kind": "woof", "name": "a"},
        {"kind": "miau", "name": "b"},
        {"kind": "odd"},
        {"kind": {}},
    ]
    found, _ = sent(
        tmp_path, "odd_unions", document(schemas=schemas), lambda x, _: x.do(), {"pets": pets}
    )
    assert ["Dog", "Cat"] == [type(pet).__name__ for pet in found.pets[:2]]
    assert {"pets": pets} == found.to_dict()
    assert {"kind": "woof"} == type(found.pets[0])().to_dict()


def test_bodies_in_all_of() -> None:
    inner = {"allOf": [{"type": "object", "properties": {"deep": TEXT}}]}
    members = {
        "text": {"allOf": [TEXT]},
        "state": {"allOf": [{"$ref": "#/components/schemas/State"}, {"description": "words"}]},
        "any": True,
        "nothing": {"const": None},
        "number": {"enum": [1, 2]},
        "mixed": {"enum": [1, "a"]},
    }
    schemas = {
        "B": {"allOf": [inner, {"properties": members}]},
        "State": {"type": "string", "enum": ["x"]},
    }
    found = {f.name: f.type for f in plan_of(document(schemas=schemas)).classes["B"].fields}
    expected = {
        "deep": "str | None",
        "text": "str | None",
        "state": "State | None",
        "any_": "Any",
        "nothing": "Any",
        "number": "BNumber | None",
        "mixed": "Any",
    }
    assert expected == found


def made(folder: Path, whole: Json, overlay: str) -> list[int]:
    """Exit codes of the three commands over one document, up to the first that fails."""
    for name, text in {
        "specs/planes.toml": MANIFEST,
        "specs/overlays/zoo.toml": overlay,
        f"mirror/me/zoo/{COMMIT}/zoo.json": json.dumps(whole),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    specs, mirror = (
        ("--specs", str(folder / "specs")),
        ("--mirror", str(folder / "mirror"), "--cache", str(folder / "cache")),
    )
    codes = []
    for command in (
        ["fetch", *specs, *mirror, "--update-lock"],
        ["normalise", *specs, *mirror],
        [
            "generate",
            *specs,
            "--plane",
            "zoo",
            "--version",
            "2024-01-01",
            "--out",
            str(folder / "out"),
        ],
    ):
        codes.append(cli.main(command))
        if codes[-1]:
            break
    return codes


def test_a_plane_without_models(tmp_path: Path) -> None:
    whole = document({"responses": {"204": {"description": ""}}}, components={}, method="delete")
    assert [0, 0, 0] == made(tmp_path, whole, '[summaries]\nX_Do = "Does."\n')


SAID = '[summaries]\nX_Do = "Does."\n'


@pytest.mark.parametrize(
    ("whole", "overlay", "says"),
    [
        (document(paths={}), "", "zoo 2024-01-01 has no operations: /paths"),
        (document(), 'summaries = "x"\n', "[summaries] has None, where a line of text is wanted"),
        (
            document(),
            "[summaries]\nX_Do = 3\n",
            "[summaries] has 3, where a line of text is wanted",
        ),
        (document(), SAID + '[methods]\nX_Do = "class"\n', "[methods] has 'class', where a name"),
        (document(), SAID + '[methods]\nX_Do = "a.b.c"\n', "[methods] has 'a.b.c', where a name"),
        (
            document(),
            SAID + '[methods]\nX_Do = "close.do"\n',
            "close.do is called as a part of every client is; name",
        ),
        (
            document(),
            SAID + '[methods]\nX_Do = "plane.do"\n',
            "plane.do is called as a part of every client is; name",
        ),
        (
            document(),
            SAID
            + (
                '[[changes]]\nversions = ["2024-01-01"]\nat = "paths"\nset = {}\nreason = ""\n'
                'link = ""\n'
            ),
            "not a JSON pointer",
        ),
        (
            document(),
            SAID
            + (
                '[[changes]]\nversions = ["2024-01-01"]\nat = "/openapi"\nset = {}\nreason = '
                '""\nlink = ""\n'
            ),
            "is no object",
        ),
    ],
)
def test_one_line_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], whole: Json, overlay: str, says: str
) -> None:
    assert made(tmp_path, whole, overlay)[-1] in (3, 5)
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert not (tmp_path / "out").exists() or [] == list((tmp_path / "out").iterdir())


def test_a_document_at_another_place_than_the_manifest_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [0, 0, 0] == made(tmp_path / "right", document(), SAID)
    (tmp_path / "wrong").mkdir()
    for name in ("specs/planes.toml", f"mirror/me/zoo/{COMMIT}/zoo.json"):
        place = tmp_path / "wrong" / name.replace("zoo.json", "animals.json")
        place.parent.mkdir(parents=True)
        place.write_text((tmp_path / "right" / name).read_text())
    folder = tmp_path / "wrong"
    arguments = [
        "--specs",
        str(folder / "specs"),
        "--mirror",
        str(folder / "mirror"),
        "--cache",
        str(folder / "cache"),
    ]
    assert 4 == cli.main(["fetch", *arguments, "--update-lock"])
    assert (
        f"is not in the mirror, and no lock has it: me/zoo/{COMMIT}/zoo.json"
        in capsys.readouterr().err
    )
    assert not (folder / "specs" / "upstream.lock").exists()
