"""Which document of a listing becomes which plane's: small made-up trees, and what became of
every file in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import attrs
import pytest

from purview_codegen.source.discover import Discovery, discover, proposals
from purview_codegen.source.likeness import Flaw, Traits, of, traits
from purview_codegen.source.listing import Listing, blob_id
from purview_core.manifest import Document, LeftOut, Manifest, PlaneEntry

Json = dict[str, Any]
REPOSITORY, OLD, NEW = "owner/repo", "0" * 40, "1" * 40
TOP = "specification/purview/data-plane"


def made(
    name: str, version: str = "2024-01-01", count: int = 6, title: str = "", prefix: str = ""
) -> Json:
    """A document of `count` operations, which it shares with others of its name alone."""
    one = {"operationId": "", "responses": {}}
    paths = {
        f"/{name}/{n}/{{{name}Id}}": {"get": {**one, "operationId": f"{name}_Get{n}"}}
        for n in range(count)
    }
    return {
        "swagger": "2.0",
        "info": {"title": title or f"Purview{name.title()}", "version": version},
        "basePath": prefix or f"/{name}",
        "paths": paths,
    }


def path(folder: str, file: str, version: str = "2024-01-01", top: str = TOP) -> str:
    state = "preview" if version.endswith("-preview") else "stable"
    return f"{top}/{folder}/{state}/{version}/{file}.json"


def plane(name: str, *documents: Document) -> PlaneEntry:
    first = attrs.evolve(documents[0], default=True)
    return PlaneEntry(name, name, name.title(), f"{name}.", "account", (), (first, *documents[1:]))


def entry(name: str, place: str, version: str = "2024-01-01") -> Document:
    return Document(name, version, REPOSITORY, OLD, place)


CATS, DOGS = (
    path("Azure.Analytics.Purview.Cats", "cats"),
    path("Azure.Analytics.Purview.Dogs", "dogs"),
)
PLANES = (plane("cats", entry("cats", CATS)), plane("dogs", entry("dogs", DOGS)))
CONTENT = {"cats": made("cats"), "dogs": made("dogs")}


@attrs.define
class Fake:
    """A reader over files in memory.

    `at_hand`: whether the bytes of the documents of the manifest are.
    """

    files: dict[str, bytes]
    contents: dict[str, Json]
    at_hand: bool = False
    contracts: bool = True
    asked: list[str] = attrs.field(factory=list)
    brought: list[str] = attrs.field(factory=list)

    def bring(self, paths: Iterable[str]) -> None:
        self.brought += paths

    def read(self, path: str) -> Traits | Flaw:
        self.asked.append(path)
        return traits(self.files[path], path)

    def text(self, path: str) -> str:
        return self.files[path].decode()

    def known(self, document: Document) -> Traits | None:
        return of(self.contents[document.plane]) if self.contracts else None

    def blob(self, document: Document) -> str | None:
        return blob_id(json.dumps(self.contents[document.plane]).encode()) if self.at_hand else None


def sort(
    tree: dict[str, Json | bytes],
    planes: tuple[PlaneEntry, ...] = PLANES,
    left_out: tuple[LeftOut, ...] = (),
    contents: dict[str, Json] = CONTENT,
    **more: bool,
) -> tuple[Discovery, Fake]:
    files = {p: v if isinstance(v, bytes) else json.dumps(v).encode() for p, v in tree.items()}
    listing = Listing(REPOSITORY, NEW, {p: blob_id(v) for p, v in files.items()}, whole=True)
    reader = Fake(files, contents, **more)
    return discover(Manifest(planes, left_out), listing, reader), reader


def places(found: Discovery) -> dict[str, str]:
    return {str(f.document): f.document.path for f in found.found}


RENAMES = {
    "another spelling": (
        path("azure.analytics.purview.CATS", "cats"),
        path("Azure.Analytics.Purview.Dogs", "dogs"),
    ),
    "a misspelt folder": (path("Azure.Analaytics.Purview.Kats", "cats"), DOGS),
    "a short folder": (path("cats", "cats"), path("dogs", "dogs")),
    "another root": (path("Cats", "cats", top="specification/purviewgovernace/data-plane"), DOGS),
    "folder and file": (path("felines", "openapi"), path("canines", "openapi")),
    "no usual place": (f"{TOP}/cats.json", f"{TOP}/v1/dogs/swagger.json"),
    "each other's folders": (path("Dogs", "cats"), path("Cats", "dogs")),
    "each other's files": (path("Cats", "dogs"), path("Dogs", "cats")),
    "each other's places": (DOGS, CATS),
    "names that are close": (path("Dogs.Catz", "dogs"), path("Cats.Dogz", "cats")),
}


@pytest.mark.parametrize("at_hand", [True, False], ids=["bytes at hand", "contracts alone"])
@pytest.mark.parametrize("changed", [False, True], ids=["the same bytes", "another state"])
@pytest.mark.parametrize("kind", RENAMES)
def test_a_document_is_followed_by_its_content(kind: str, *, changed: bool, at_hand: bool) -> None:
    cats, dogs = RENAMES[kind]
    now = {name: made(name, count=8 if changed else 6) for name in CONTENT}
    found, _ = sort({cats: now["cats"], dogs: now["dogs"]}, at_hand=at_hand)
    assert {"cats 2024-01-01": cats, "dogs 2024-01-01": dogs} == places(found)
    assert ((), ()) == (found.lost, found.strays)


@pytest.mark.parametrize(
    "kind", [k for k in RENAMES if k.startswith(("another s", "a short", "each other's f"))]
)
def test_names_tell_where_no_contract_was_made_yet(kind: str) -> None:
    cats, dogs = RENAMES[kind]
    found, _ = sort({cats: made("cats"), dogs: made("dogs")}, contracts=False)
    assert 2 == len(found.found) + len(found.lost)
    assert all(f.document.plane in f.document.path.lower() for f in found.found)


def test_what_has_the_same_bytes_is_not_even_read() -> None:
    moved = path("felines", "openapi")
    found, reader = sort({moved: made("cats"), DOGS: made("dogs")}, at_hand=True)
    assert moved == places(found)["cats 2024-01-01"]
    assert DOGS not in reader.asked


def test_a_folder_of_the_name_with_other_operations_is_not_followed() -> None:
    """A name alone is no proof: the known document is told as lost, the other one as unknown."""
    other = path("cats", "cats", top="specification/purviewother/data-plane")
    found, _ = sort({other: made("cows"), DOGS: made("dogs")})
    assert ["cats 2024-01-01"] == [str(d) for d in found.lost]
    why = "its folder is called as that of cats, whose operations it does not have"
    assert [(other, why, "")] == [(s.path, s.why, s.plane) for s in found.strays]


def test_a_twin_beside_a_known_document() -> None:
    twin = path("kittens", "openapi")
    found, _ = sort({CATS: made("cats"), twin: made("cats", count=5), DOGS: made("dogs")})
    assert [(twin, True, "cats")] == [(s.path, s.twin, s.plane) for s in found.strays]
    assert CATS == places(found)["cats 2024-01-01"]


@pytest.mark.parametrize(
    "folder", ["Azure.Analytics.Purview.Cats", "kats", "Azure.Analaytics.Purview.Felines"]
)
def test_a_new_version_goes_to_the_plane_that_has_its_operations(folder: str) -> None:
    newer = path(folder, "openapi", "2025-01-01-preview")
    found, _ = sort(
        {CATS: made("cats"), DOGS: made("dogs"), newer: made("cats", "2025-01-01-preview", 9)}
    )
    assert newer == places(found)["cats 2025-01-01-preview"]
    assert () == found.strays


def test_a_copy_of_what_is_taken_is_no_other_document() -> None:
    copy = path("kittens", "openapi")
    found, _ = sort({CATS: made("cats"), copy: made("cats"), DOGS: made("dogs")})
    assert ((), {copy: f"a copy of {CATS}"}) == (found.strays, found.others)


def test_two_planes_with_the_same_paths() -> None:
    """As the Data Map has those of the catalog: a document is the one's whose ids and prefix it
    has, too.
    """
    lions = json.loads(
        json.dumps(made("cats", "2025-01-01", prefix="/lions")).replace("cats_Get", "lions_Get")
    )
    place, moved = path("Lions", "lions", "2025-01-01"), path("felines", "openapi", "2025-01-01")
    planes = (PLANES[0], plane("lions", entry("lions", place, "2025-01-01")))
    contents = {"cats": made("cats"), "lions": lions}
    found, _ = sort(
        {CATS: made("cats"), moved: made("cats", "2025-01-01", 5)}, planes, contents=contents
    )
    assert ({"cats 2024-01-01": CATS, "cats 2025-01-01": moved}, 1) == (
        places(found),
        len(found.lost),
    )
    found, _ = sort({CATS: made("cats"), moved: lions}, planes, contents=contents)
    assert {"cats 2024-01-01": CATS, "lions 2025-01-01": moved} == places(found)
    newer = path("Lions", "lions", "2026-01-01")  # in the lions' folder, and the cats' all the same
    found, _ = sort(
        {CATS: made("cats"), place: lions, newer: made("cats", "2026-01-01")},
        planes,
        contents=contents,
    )
    assert newer == places(found)["cats 2026-01-01"]


def test_a_new_version_in_the_folder_of_another_plane() -> None:
    newer = path("Azure.Analytics.Purview.Dogs", "dogs", "2025-01-01")
    found, _ = sort({CATS: made("cats"), DOGS: made("dogs"), newer: made("cats", "2025-01-01")})
    assert newer == places(found)["cats 2025-01-01"]


def test_a_preview_goes_to_the_plane_of_previews() -> None:
    """Two planes made from one folder, with nearly the same operations: the one as stable as the
    document takes it.
    """
    stable = path("Cats", "cats")
    early = path("Cats", "cats", "2024-03-01-preview")
    planes = (
        plane("cats", entry("cats", stable)),
        plane("cats_preview", entry("cats_preview", early, "2024-03-01-preview")),
    )
    contents = {"cats": made("cats"), "cats_preview": made("cats", "2024-03-01-preview")}
    new = {v: path("Cats", "cats", v) for v in ("2025-01-01", "2025-02-01-preview")}
    tree = {
        stable: contents["cats"],
        early: contents["cats_preview"],
        **{p: made("cats", v) for v, p in new.items()},
    }
    found, _ = sort(tree, planes, contents=contents)
    got = places(found)
    assert (new["2025-01-01"], new["2025-02-01-preview"]) == (
        got["cats 2025-01-01"],
        got["cats_preview 2025-02-01-preview"],
    )


OTHER = "specification/owls/data-plane/Owls/stable/2024-01-01/owls.json"
UNKNOWN = path(
    "Azure.Analaytics.Purview.Cows", "cows", top="specification/purviewdatagovernace/data-plane"
)


@pytest.mark.parametrize(
    "place",
    [
        UNKNOWN,
        "specification/PurView/stable/cows.json",
        "specification/other/data-plane/Microsoft.AzurePurview.Cows/stable/2024-01-01/openapi.json",
        "specification/purviewcows.json/cows.json",
    ],
)
def test_whatever_names_purview_is_told(place: str) -> None:
    found, _ = sort({CATS: made("cats"), DOGS: made("dogs"), place: made("cows")})
    assert [(place, "no plane of planes.toml has its operations")] == [
        (s.path, s.why) for s in found.strays
    ]


def test_a_title_that_names_purview_is_told() -> None:
    place = "specification/cows/data-plane/Cows/stable/2024-01-01/cows.json"
    tree = {CATS: made("cats"), DOGS: made("dogs"), place: made("cows", title="Azure PURVIEW cows")}
    tree[OTHER] = made("owls", title="Owls") | {
        "definitions": {"Owl": {"title": "seen by Purview"}}
    }
    files = {p: json.dumps(v).encode() for p, v in tree.items()}
    blobs = {p: blob_id(v) for p, v in files.items()}
    for titled, strays in (((place,), [place]), ((), []), ((OTHER,), [])):
        listing = Listing(REPOSITORY, NEW, blobs, whole=False, titled=titled)
        assert strays == [
            s.path for s in discover(Manifest(PLANES), listing, Fake(files, CONTENT)).strays
        ]


@pytest.mark.parametrize(
    "place",
    [
        "specification/purview/resource-manager/Microsoft.Purview/stable/2021-07-01/purview.json",
        "specification/purview/Resource-Manager/Cows/stable/2024-01-01/cows.json",
        f"{TOP}/Cows/stable/2024-01-01/examples/Cows_Get.json",
        "specification/cows/data-plane/Cows/stable/2024-01-01/cows.json",
    ],
)
def test_resource_management_examples_and_other_services_are_no_documents(place: str) -> None:
    found, reader = sort({CATS: made("cats"), DOGS: made("dogs"), place: made("cows")})
    assert ((), {}, False) == (found.strays, found.others, place in reader.asked)


@pytest.mark.parametrize(
    ("file", "content", "why", "unknown"),
    [
        ("a.json", b"{", "cannot be read: a.json is broken JSON at character 1", True),
        ("a.json", b'{"a": "\xff"}', "cannot be read: a.json is not UTF-8", True),
        ("a.json", b"[" * 100_000, "cannot be read", True),
        ("a.json", b"[]", "JSON that is no OpenAPI document", False),
        ("a.json", b'{"name": "package"}', "JSON that is no OpenAPI document", False),
        (
            "a.json",
            b'{"swagger": "2.0", "definitions": {}}',
            "an OpenAPI document without operations",
            False,
        ),
        (
            "a.json",
            b'{"swagger": "1.2", "paths": {}}',
            "of a form that cannot be read, '1.2'",
            True,
        ),
        (
            "a.json",
            json.dumps(made("cows", '1"\n[x]')).encode(),
            "its info.version is '1\"\\n[x]', which no",
            True,
        ),
        (
            "a.json",
            json.dumps(made("cows", "")).encode(),
            "its info.version is '', which no api-version can be",
            True,
        ),
        ("a.json", b'{"swagger": "2.0", "paths": []}', "not laid out as an OpenAPI document", True),
        (
            "a.json",
            b'{"openapi": "3.0.1", "paths": {"/a": {"get": 1}}}',
            "not laid out as an OpenAPI document",
            True,
        ),
        (
            "a.yaml",
            b"swagger: '2.0'\npaths: {}\n",
            "an OpenAPI document in YAML; make it JSON",
            True,
        ),
        ("a.yml", b"# words\nopenapi: 3.0.0\n", "an OpenAPI document in YAML; make it JSON", True),
        ("a.yaml", b"words: []\n", "YAML without OpenAPI in it", False),
    ],
)
def test_what_is_no_document_is_told(file: str, content: bytes, why: str, *, unknown: bool) -> None:
    place = f"{TOP}/Cows/{file}"
    found, _ = sort({CATS: made("cats"), DOGS: made("dogs"), place: content})
    told = {s.path: s.why for s in found.strays} if unknown else found.others
    assert [place] == list(told)
    assert told[place].startswith(why)
    assert 1 == len(told[place].splitlines())
    assert 1 == len(found.strays) + len(found.others)


def test_left_out_documents_are_not_unknown_and_not_read() -> None:
    draft = path("Cats", "cats", "2025-01-01-preview")
    rule = LeftOut(REPOSITORY, f"{TOP}/*Cats/*", "2025-01-01-preview", "A draft.")
    tree = {CATS: made("cats"), DOGS: made("dogs"), draft: made("cats", "2025-01-01-preview")}
    found, reader = sort(tree, left_out=(rule,))
    assert ([], ((draft, rule),), False) == (
        list(found.strays),
        found.left_out,
        draft in reader.asked,
    )
    odd = f"{TOP}/Cats/draft.json"  # its folders say no api-version, its content does
    found, _ = sort(
        {CATS: made("cats"), DOGS: made("dogs"), odd: tree[draft]},
        left_out=(LeftOut(REPOSITORY, f"{TOP}/*", "2025-01-01-preview", "A draft."),),
    )
    assert [odd] == [p for p, _ in found.left_out]
    for other in (
        attrs.evolve(rule, version="2025-01-02"),
        attrs.evolve(rule, repository="fork/repo"),
    ):
        assert () == sort(tree, left_out=(other,))[0].left_out


def test_a_missing_document_is_followed_into_a_folder_that_is_left_out() -> None:
    moved = path("felines", "cats")
    rule = LeftOut(REPOSITORY, f"{TOP}/felines/*", "2024-01-01", "Another thing.")
    found, _ = sort({moved: made("cats"), DOGS: made("dogs")}, left_out=(rule,))
    assert (moved, ()) == (places(found)["cats 2024-01-01"], found.left_out)
    found, _ = sort({moved: made("cows"), DOGS: made("dogs")}, left_out=(rule,))
    assert ([moved], ["cats 2024-01-01"]) == (
        [p for p, _ in found.left_out],
        [str(d) for d in found.lost],
    )


SETTINGS = b"""emit: ["@azure-tools/typespec-autorest"]
options:
  "@azure-tools/typespec-autorest":
    azure-resource-provider-folder: "data-plane"
    emitter-output-dir: "{project-root}/.."
    output-file: "{azure-folder}/Purview.Bovine/{version-status}/{version}/cows.json"
"""
PROJECT = "specification/purview/PurviewCows"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"main.tsp": b"model A {}"}, True),
        ({"tspconfig.yaml": SETTINGS}, True),
        ({"tspconfig.yaml": SETTINGS, "main.tsp": b""}, True),
        ({"tspconfig.yaml": SETTINGS.replace(b"data-plane", b"resource-manager")}, False),
        ({"tspconfig.yaml": b'emit: ["@azure-tools/typespec-python"]\n'}, False),
        ({"models.tsp": b""}, False),
    ],
)
def test_typespec_whose_document_is_not_there(files: dict[str, bytes], *, told: bool) -> None:
    inside = {f"{PROJECT}/{name}": text for name, text in files.items()}
    found, _ = sort({CATS: made("cats"), DOGS: made("dogs"), **inside})
    assert told == bool(found.strays)
    assert [] == [s.path for s in found.strays if not s.path.startswith(PROJECT)]
    assert "TypeSpec" in "".join(s.why for s in found.strays) or not told


@pytest.mark.parametrize(
    "emitted",
    [
        path("Purview.Bovine", "cows"),
        path("Azure.Analytics.PurviewCows", "openapi"),
        f"{PROJECT}/preview/2024-01-01-preview/openapi.json",
    ],
)
def test_typespec_whose_document_is_there(emitted: str) -> None:
    version = "2024-01-01-preview" if "preview" in emitted.split("/")[-3] else "2024-01-01"
    tree = {
        CATS: made("cats"),
        DOGS: made("dogs"),
        f"{PROJECT}/tspconfig.yaml": SETTINGS,
        emitted: made("cows", version),
    }
    found, _ = sort(tree)
    assert [emitted] == [s.path for s in found.strays]


def test_every_candidate_is_told_once() -> None:
    """Nothing is lost in silence: each file that may be a document is found, unknown, left out
    or none.
    """
    tree: dict[str, Json | bytes] = {
        CATS: made("cats"),
        path("hounds", "dogs"): made("dogs"),
        UNKNOWN: made("cows"),
        f"{TOP}/a.json": b"[]",
        f"{TOP}/b.json": b"{",
        f"{TOP}/c.yaml": b"openapi: 3.0.0",
        path("Cats", "cats", "2025-01-01"): made("cats", "2025-01-01"),
        path("Cats", "cats", "2025-02-01"): made("cats", "2025-02-01"),
        path("Cats", "twin", "2025-02-01"): made("cats", "2025-02-01"),
        path("Sheep", "sheep", "2026-01-01"): made("sheep", "2026-01-02"),
    }
    rule = LeftOut(REPOSITORY, f"{TOP}/Cats/*", "2025-01-01", "Not now.")
    found, _ = sort(tree, left_out=(rule,))
    told = [
        *(f.document.path for f in found.found),
        *(s.path for s in found.strays),
        *(p for p, _ in found.left_out),
        *found.others,
    ]
    assert sorted(tree) == sorted(told)


def test_what_is_read_was_brought() -> None:
    """Before it is read one by one, all of it is fetched at once."""
    changed = {
        CATS: made("cats", count=7),
        DOGS: made("dogs"),
        UNKNOWN: made("cows"),
        f"{TOP}/a.json": b"[]",
    }
    _, reader = sort(changed, at_hand=True)
    assert {CATS, UNKNOWN, f"{TOP}/a.json"} == set(reader.asked) == set(reader.brought)


@pytest.mark.parametrize(
    ("versions", "drafts", "listed", "default", "wanted"),
    [
        (("2024-01-01", "2025-01-01"), (), None, "2024-01-01", "2025-01-01"),
        (
            ("2024-01-01-preview", "2025-01-01-preview"),
            (),
            {"2024-01-01-preview"},
            "2024-01-01-preview",
            None,
        ),
        (
            ("2024-01-01-preview", "2025-01-01-preview"),
            ("2025-01-01-preview",),
            None,
            "2024-01-01-preview",
            None,
        ),
        (
            ("2024-01-01-preview", "2025-01-01-preview"),
            ("2025-01-01-preview",),
            {"2025-01-01-preview"},
            "2024-01-01-preview",
            "2025-01-01-preview",
        ),
        (
            ("2024-01-01-preview", "2025-01-01-preview"),
            (),
            {"2024-01-01-preview"},
            "2025-01-01-preview",
            None,
        ),
        (
            ("2024-01-01-preview", "2025-01-01-preview"),
            (),
            set(),
            "2024-01-01-preview",
            "2025-01-01-preview",
        ),
        (
            ("2024-01-01", "2025-01-01", "2026-01-01"),
            (),
            {"2025-01-01"},
            "2024-01-01",
            "2025-01-01",
        ),
    ],
)
def test_only_what_is_published_is_proposed(
    versions: tuple[str, ...],
    drafts: tuple[str, ...],
    listed: set[str] | None,
    default: str,
    wanted: str | None,
) -> None:
    documents = tuple(
        Document(
            "cats",
            v,
            REPOSITORY,
            OLD,
            path("Cats", "cats", v),
            default=v == default,
            draft=v in drafts,
        )
        for v in versions
    )
    manifest = Manifest((PlaneEntry("cats", "cats", "Cats", "Cats.", "account", (), documents),))
    said = {} if listed is None else {"cats": frozenset(listed)}
    assert ({"cats": wanted} if wanted else {}) == proposals(manifest, said)
