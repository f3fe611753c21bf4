"""Updates over HTTP: the listing of GitHub's REST interface, the files of the raw host, both served
on loopback.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .host import Host
from .upstream import FOLDER, PETS, REPOSITORY, Json, Tree, Upstream, document, plants


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path)


@pytest.fixture
def host(upstream: Upstream) -> Iterator[Host]:
    made = Host(upstream.mirror)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def tree(tmp_path: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> Tree:
    made = Tree(tmp_path, upstream, upstream.commit({PETS: document()}))
    capsys.readouterr()
    return made


def changed() -> Json:
    found = document()
    found["definitions"]["Owner"]["properties"]["email"] = {"type": "string"}
    return found


def over(host: Host) -> tuple[str, ...]:
    return ("--base-url", host.url, "--api-url", host.url)


def test_a_branch_is_followed_and_only_what_changed_is_fetched(
    tree: Tree, upstream: Upstream, host: Host
) -> None:
    added = f"{FOLDER}/Zoo.Pets/stable/2025-01-01/pets.json"
    other = "specification/other/data-plane/Other/stable/2025-01-01/other.json"
    to = upstream.commit(
        {PETS: document(), added: document("2025-01-01"), other: document("2025-01-01")}
    )
    host.branches["main"] = to
    assert 0 == tree.update("main", *over(host))
    raw = [path for path in host.asked if not path.startswith("/repos/")]
    assert [f"/{REPOSITORY}/{to}/{added}"] == raw
    lock = json.loads((tree.specs / "upstream.lock").read_text())
    assert to == lock["pets 2025-01-01"]["commit"]


def test_a_whole_hash_then_offline(tree: Tree, upstream: Upstream, host: Host) -> None:
    to = upstream.commit({PETS: changed()})
    assert 0 == tree.update(to, "--dry-run", *over(host))
    before = tree.files()
    host.asked.clear()
    assert 0 == tree.update(to, "--offline")
    assert ([], True) == (host.asked, before != tree.files())


@pytest.mark.parametrize("ref", ["nowhere", "e" * 40])
def test_an_unknown_commit(
    tree: Tree, host: Host, capsys: pytest.CaptureFixture[str], ref: str
) -> None:
    before = tree.files()
    assert 4 == tree.update(ref, *over(host))
    says = (
        f"{host.url}/repos/{REPOSITORY}/commits/{ref} is not there (404); check the commit or "
        f"branch of --to"
    )
    assert f"purview_codegen update: {says}\n" == capsys.readouterr().err
    assert before == tree.files()


def test_a_document_that_lost_its_path(
    tree: Tree, upstream: Upstream, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({f"{FOLDER}/plants/stable/2025-01-01/plants.json": plants("2025-01-01")})
    before = tree.files()
    assert 3 == tree.update(to, *over(host))
    rule = "document.lost@pets/2024-01-01"
    says = (
        f"pets 2024-01-01 lost its path at {to[:10]}: {PETS}; --accept {rule} keeps it at its "
        f"old commit"
    )
    assert f"purview_codegen update: {says}\n" == capsys.readouterr().err
    assert 0 == tree.update(to, "--accept", rule, *over(host))
    assert before == tree.files()


def test_bytes_that_are_not_those_of_the_listing(
    tree: Tree, upstream: Upstream, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: changed()})
    host.spoilt[f"/{REPOSITORY}/{to}/{PETS}"] = json.dumps(changed()).encode()
    before = tree.files()
    for _ in range(2):  # nothing of the first try is kept
        assert 3 == tree.update(to, *over(host))
        err = capsys.readouterr().err
        assert (1, True) == (err.count("\n"), "is not what the listing names: expected blob" in err)
    assert before == tree.files()


def test_a_listing_that_is_cut_short(
    tree: Tree, upstream: Upstream, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    host.truncated = True
    assert 3 == tree.update(upstream.commit({PETS: changed()}), *over(host))
    assert "was cut short; use --mirror" in capsys.readouterr().err


def test_nobody_answers(tree: Tree, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.server.shutdown()
    host.server.server_close()
    assert 4 == tree.update("main", *over(host))
    assert f"cannot reach {host.url}/repos/{REPOSITORY}/commits/main: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ref", "url", "code", "says"),
    [
        ("a b", "https://127.0.0.1:1", 2, "not the name of a commit or branch: 'a b'"),
        ("../../user", "https://127.0.0.1:1", 2, "not the name of a commit or branch"),
        ("main", "http://example.com", 2, "--api-url http://example.com is not https"),
    ],
)
def test_odd_options(
    tree: Tree, capsys: pytest.CaptureFixture[str], ref: str, url: str, code: int, says: str
) -> None:
    assert code == tree.update(ref, "--base-url", "https://127.0.0.1:1", "--api-url", url)
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("start", ["/repos/", "/owner/"])
@pytest.mark.parametrize(
    ("status", "headers", "says"),
    [
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000000"},
            (
                "answered 403: too many requests; try again after 2023-11-14 22:13:21 UTC, or "
                "use --mirror"
            ),
        ),
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 30},
            "answered 403; try again, or use",
        ),
        (429, {"Retry-After": "60"}, "answered 429; try again in 60 s, or use --mirror"),
        (503, {"Retry-After": "soon"}, "answered 503; try again, or use --mirror"),
        (
            301,
            {"Location": "https://example.com/x"},
            (
                "answered 301: it is at 'https://example.com/x' now; correct the address or "
                "planes.toml"
            ),
        ),
    ],
)
def test_a_refusal_says_what_to_do(
    tree: Tree,
    upstream: Upstream,
    host: Host,
    capsys: pytest.CaptureFixture[str],
    start: str,
    status: int,
    headers: dict[str, str],
    says: str,
) -> None:
    to = upstream.commit({PETS: changed()})
    host.refused = (start, status, headers)
    before = tree.files()
    assert 4 == tree.update(to, *over(host))
    err = capsys.readouterr().err
    assert (1, True, before) == (err.count("\n"), says in err, tree.files()), err
    host.refused = None
    assert 0 == tree.update(to, *over(host))


SHA = "e" * 40
ODD = {"path": "../../x.json", "type": "blob", "sha": SHA}


@pytest.mark.parametrize(
    ("what", "value", "says"),
    [
        ("commits", [], "is not laid out as GitHub's: no 'sha'"),
        ("commits", {"sha": 1}, "is not laid out as GitHub's: no 'sha'"),
        ("commits", {"sha": SHA}, f"of owner/repo, {SHA} was answered"),
        ("git/trees", {"tree": None}, "is not laid out as GitHub's: no 'tree'"),
        ("git/trees", {"tree": [1]}, "is not laid out as GitHub's: no 'path'"),
        (
            "git/trees",
            {"tree": [{"path": "specification"}]},
            "is not laid out as GitHub's: no 'type'",
        ),
        ("git/trees", {"tree": [ODD]}, "has an odd path or hash '../../x.json'"),
        (
            "git/trees",
            {"tree": [{**ODD, "path": "x.json", "sha": "7"}]},
            "has an odd path or hash '7'",
        ),
    ],
)
def test_a_listing_that_is_none(
    tree: Tree,
    upstream: Upstream,
    host: Host,
    capsys: pytest.CaptureFixture[str],
    what: str,
    value: Json,
    says: str,
) -> None:
    host.listed[f"/repos/{REPOSITORY}/{what}/"] = value
    before = tree.files()
    assert 3 == tree.update(upstream.commit({PETS: changed()}), *over(host))
    err = capsys.readouterr().err
    assert (1, True, before) == (err.count("\n"), says in err, tree.files()), err


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (b"{", 3, "; delete it and run update without --offline"),
        (b"{}", 3, "is no listing: Listing.__init__() missing 4"),
        (
            b'{"repository": "owner/repo", "commit": "x", "files": {}, "whole": true}',
            3,
            "is no listing: odd path or",
        ),
        (
            b'{"repository": "o/r", "commit": "%s", "files": {}, "whole": true}' % SHA.encode(),
            3,
            "is another commit's",
        ),
        (
            (
                b'{"repository": "owner/repo", "commit": "COMMIT", "files": {}, "whole": true, '
                b'"roots": ["a/b"]}'
            ),
            4,
            "specification/zoo of commit COMMIT was never listed; run update without --offline",
        ),
    ],
)
def test_a_kept_listing_that_is_none(
    tree: Tree,
    upstream: Upstream,
    host: Host,
    capsys: pytest.CaptureFixture[str],
    text: bytes,
    code: int,
    says: str,
) -> None:
    to = upstream.commit({PETS: changed()})
    assert 0 == tree.update(to, "--dry-run", *over(host))
    (tree.cache / REPOSITORY / to / ".listing.json").write_bytes(
        text.replace(b"COMMIT", to.encode())
    )
    before = tree.files()
    capsys.readouterr()
    assert code == tree.update(to, "--offline")
    err = capsys.readouterr().err
    assert (1, True, before) == (
        err.count("\n"),
        says.replace("COMMIT", to) in err,
        tree.files(),
    ), err


@pytest.mark.parametrize("path", ["zoo.json", "zoo/pets.json", "zoo/a/pets.json"])
def test_documents_near_the_top_are_listed(
    tmp_path: Path, upstream: Upstream, host: Host, path: str
) -> None:
    tree = Tree(tmp_path, upstream, upstream.commit({path: document()}), path)
    assert 0 == tree.update(upstream.commit({path: changed()}), *over(host))
    assert "email" in (tree.specs / "contracts/pets/2024-01-01.json").read_text()
