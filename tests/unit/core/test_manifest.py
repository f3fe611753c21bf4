"""planes.toml: what it holds today, and what is said of an entry that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from purview_core.command_errors import IntegrityError, UsageError
from purview_core.manifest import Manifest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PLANE = """
[planes.tiny]
package = "tiny"
title = "Tiny"
summary = "A tiny plane."
endpoint = "account"
roles = ["Data Curator"]
"""
DOCUMENT = f"""
[[planes.tiny.documents]]
version = "2024-01-01"
default = true
repository = "owner/repo"
commit = "{COMMIT}"
path = "specification/tiny.json"
"""
TENANT = {"data_access", "data_estate_health", "data_quality", "unified_catalog"}


def load(folder: Path, text: str) -> Manifest:
    (folder / "planes.toml").write_text(text, encoding="utf-8")
    return Manifest.load(folder)


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return Manifest.load(Path(__file__).parents[3] / "specs")


def test_the_manifest_has_the_planes_of_today(manifest: Manifest) -> None:
    assert 15 == len(manifest.planes)
    assert 32 == len(manifest.documents)
    assert 15 == len(manifest.select(None, None))
    assert TENANT == {p.name for p in manifest.planes if p.endpoint == "tenant"}
    assert {("2023-09-01", True), ("2023-10-01-preview", False)} == {
        (d.version, d.default) for d in manifest.plane("datamap").documents
    }
    assert "2024-03-01-preview" == manifest.plane("datamap_preview").default.version


def test_titles_and_packages_name_one_plane_each(manifest: Manifest) -> None:
    assert (
        15 == len({p.title for p in manifest.planes}) == len({p.package for p in manifest.planes})
    )
    assert [] == [
        p.title for p in manifest.planes if not (p.title.isidentifier() and p.title[0].isupper())
    ]
    assert [] == [p.package for p in manifest.planes if p.package != p.name]


def test_summaries_are_one_sentence(manifest: Manifest) -> None:
    assert [] == [
        p.name for p in manifest.planes if "\n" in p.summary or not p.summary.endswith(".")
    ]


@pytest.mark.parametrize(
    ("plane", "roles"),
    [
        ("catalog", ("Data Curator",)),
        ("datamap", ("Data Curator",)),
        ("datamap_preview", ("Data Curator",)),
        ("scanning", ("Data Source Administrator",)),
        ("account", ("Collection Admin",)),
        ("metadata_policies", ("Collection Admin",)),
    ],
)
def test_planes_have_their_documented_roles(
    manifest: Manifest, plane: str, roles: tuple[str, ...]
) -> None:
    assert roles == manifest.plane(plane).roles


def test_no_two_documents_share_a_place(manifest: Manifest) -> None:
    assert (
        32
        == len({d.location for d in manifest.documents})
        == len({str(d) for d in manifest.documents})
    )


def test_a_plane_is_a_few_lines(tmp_path: Path) -> None:
    plane = load(tmp_path, PLANE + DOCUMENT).plane("tiny")
    assert ("tiny", "Tiny", "account", ("Data Curator",)) == (
        plane.package,
        plane.title,
        plane.endpoint,
        plane.roles,
    )
    assert plane.default == plane.documents[0]
    assert f"owner/repo/{COMMIT}/specification/tiny.json" == plane.default.location
    assert "tiny 2024-01-01" == str(plane.default)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[planes.tiny", "planes.toml is not TOML"),
        (PLANE, "tiny has no 'documents'"),
        (PLANE.replace("title", "titel") + DOCUMENT, "tiny: unknown 'titel'; did you mean title?"),
        (PLANE.replace("title", "# title") + DOCUMENT, "tiny has no 'title'"),
        (PLANE + DOCUMENT.replace("path", "file"), "tiny 2024-01-01: unknown 'file'; there are "),
        (PLANE + DOCUMENT.replace("path", "# path"), "tiny has no 'path'"),
        (
            PLANE.replace('"account"', '"moon"') + DOCUMENT,
            "endpoint is 'moon', not one of account, tenant",
        ),
        (PLANE + DOCUMENT.replace("true", "false"), "tiny needs exactly one default document"),
        (PLANE + DOCUMENT + DOCUMENT, "tiny needs exactly one default document"),
        (
            PLANE + DOCUMENT + DOCUMENT.replace("true", "false"),
            "tiny has two documents of one version",
        ),
        (
            PLANE + DOCUMENT.replace(COMMIT, COMMIT[:10]),
            f"tiny 2024-01-01: commit is '{COMMIT[:10]}', not a full",
        ),
        (PLANE + DOCUMENT.replace(f'"{COMMIT}"', "7"), "tiny 2024-01-01: commit is 7, not a full"),
        (
            PLANE + DOCUMENT.replace('"2024-01-01"', "2024-01-01"),
            "version is datetime.date(2024, 1, 1), not an api-version in",
        ),
        (PLANE + DOCUMENT.replace("true", '"no"'), "default is 'no', not true or false"),
        (PLANE + DOCUMENT.replace("owner/repo", "repo"), "repository is 'repo', not owner/name"),
        (
            PLANE + DOCUMENT.replace("specification/", "../"),
            "path is '../tiny.json', not a path below",
        ),
        (PLANE.replace('"Tiny"', '"My Tiny"') + DOCUMENT, "title is 'My Tiny', not a Python name"),
        (
            PLANE.replace('= "tiny"', '= "import"') + DOCUMENT,
            "package is 'import', not a lower-case",
        ),
        (
            PLANE.replace('["Data Curator"]', '"Reader"') + DOCUMENT,
            "roles is 'Reader', not a list of texts",
        ),
        (PLANE.replace('["Data Curator"]', "[1]") + DOCUMENT, "roles is [1], not a list of texts"),
        ((PLANE + DOCUMENT).replace("planes.tiny", "plane.tiny"), "no table [planes.NAME]"),
        ("[planes]\n", "no table [planes.NAME]"),
        (PLANE + "documents = [3]\n", "tiny is not laid out as a plane"),
        ("[planes]\ntiny = 3\n", "tiny is not laid out as a plane"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Manifest.load(tmp_path)
    assert f"no planes.toml in {tmp_path}; name the folder with --specs" == str(caught.value)


@pytest.mark.parametrize(
    ("plane", "version", "says"),
    [
        ("scaning", None, "unknown plane 'scaning'; did you mean scanning"),
        ("datamaps", "all", "did you mean datamap or "),
        ("zzz", None, "there are account, catalog, "),
        (
            "datamap",
            "2023-09-02",
            "unknown version '2023-09-02' of datamap; did you mean 2023-09-01",
        ),
        ("pds", "x", "unknown version 'x' of pds; there are 2022-11-01-preview, 2023-01-01"),
        (None, "2026-03-20", "unknown version '2026-03-20'; did you mean 2026-03-20-preview"),
    ],
)
def test_unknown_names_show_what_is_near(
    manifest: Manifest, plane: str | None, version: str | None, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        manifest.select(plane, version)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("plane", "version", "count"),
    [
        (None, "all", 32),
        (None, None, 15),
        ("scanning", "all", 5),
        ("scanning", None, 1),
        ("scanning", "2023-09-01", 1),
        (None, "2023-10-01-preview", 4),
    ],
)
def test_documents_are_selected_by_plane_and_version(
    manifest: Manifest, plane: str | None, version: str | None, count: int
) -> None:
    assert count == len(manifest.select(plane, version))


@pytest.mark.parametrize(
    ("what", "value"), [("package", "tiny"), ("title", "Tiny"), ("title", "TINY")]
)
def test_two_planes_of_one_name_are_refused(tmp_path: Path, what: str, value: str) -> None:
    other = (PLANE + DOCUMENT).replace("planes.tiny", "planes.other")
    other = other.replace('"tiny"', f'"{value if what == "package" else "other"}"')
    other = other.replace('"Tiny"', f'"{value if what == "title" else "Other"}"')
    with pytest.raises(IntegrityError, match=f"other and tiny have one {what}"):
        load(tmp_path, PLANE + DOCUMENT + other)


LEFT_OUT = """
[[left_out]]
repository = "owner/repo"
path = "specification/*/draft.json"
version = "2025-01-01"
reason = "A draft."
"""


def test_documents_may_be_left_out_or_marked_as_drafts(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        PLANE + DOCUMENT.replace("default = true", "default = true\ndraft = true") + LEFT_OUT,
    )
    (rule,) = found.left_out
    assert (True, "A draft.") == (found.documents[0].draft, rule.reason)
    good = ("owner/repo", "specification/a/b/draft.json", "2025-01-01")
    assert rule.fits(*good)
    for n, other in enumerate(("fork/repo", "specification/a/final.json", "2025-01-02")):
        assert not rule.fits(*good[:n], other, *good[n + 1 :])
    every = load(
        tmp_path, PLANE + DOCUMENT + LEFT_OUT.replace('version = "2025-01-01"\n', "")
    ).left_out[0]
    assert every.fits(*good[:2], "")
    odd = load(tmp_path, PLANE + DOCUMENT + LEFT_OUT.replace("*/draft", "[a]/draft")).left_out[0]
    assert (True, False) == tuple(
        odd.fits("owner/repo", f"specification/{f}/draft.json", "2025-01-01") for f in ("[a]", "a")
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            LEFT_OUT.replace("reason", "# reason"),
            "left_out entry 1 (specification/*/draft.json) has no 'reason'",
        ),
        (LEFT_OUT.replace('"A draft."', '" "'), "reason is ' ', not one line of text"),
        (LEFT_OUT.replace('"A draft."', "true"), "reason is True, not one line of text"),
        (LEFT_OUT.replace("path", "# path"), "left_out entry 1 (without path) has no 'path'"),
        (
            LEFT_OUT.replace("repository", "repo"),
            "unknown 'repo'; did you mean reason or repository?",
        ),
        (LEFT_OUT.replace('path = "', 'path = "../'), "not a path below the repository"),
        (LEFT_OUT * 2 + LEFT_OUT.replace("reason", "why"), "left_out entry 3 "),
        (
            LEFT_OUT.replace("[[left_out]]", "[[leftout]]"),
            "unknown 'leftout'; did you mean left_out?",
        ),
        (LEFT_OUT.replace("[[left_out]]", "[left_out]"), "left_out is no list of tables"),
        (
            LEFT_OUT.replace("specification/*/draft.json", "specification/tiny.json").replace(
                "2025-01-01", "2024-01-01"
            ),
            "leaves out tiny 2024-01-01, which is taken; drop one of the two",
        ),
    ],
)
def test_a_left_out_entry_that_cannot_be_read_is_named(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(IntegrityError) as caught:
        load(tmp_path, PLANE + DOCUMENT + text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pattern_never_leaves_out_what_is_taken(tmp_path: Path) -> None:
    """An update may move a document into a folder that a pattern covers."""
    wide = LEFT_OUT.replace("specification/*/draft.json", "specification/*").replace(
        "2025-01-01", "2024-01-01"
    )
    assert 1 == len(load(tmp_path, PLANE + DOCUMENT + wide).documents)


def test_every_reason_of_today_is_a_sentence(manifest: Manifest) -> None:
    assert manifest.left_out
    assert [] == [
        r.path for r in manifest.left_out if not r.reason.endswith(".") or len(r.reason) < 20
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [("scanning", "scanning@2023-09-01"), ("datamap@2023-10-01-preview",) * 2],
)
def test_a_document_is_found_by_its_name(manifest: Manifest, name: str, found: str) -> None:
    assert found == manifest.named(name).name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("scaning", "unknown plane 'scaning'; did you mean scanning?"),
        ("pds@x", "unknown version 'x' of pds; there are 2022-11-01-preview, 2023-01-01"),
    ],
)
def test_a_document_of_no_such_name_is_refused(manifest: Manifest, name: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        manifest.named(name)
    assert says == str(caught.value)
