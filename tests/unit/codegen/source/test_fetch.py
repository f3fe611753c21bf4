"""Fetching over HTTP from a loopback server: whole, continued, refused, and what is left in the
cache each time.
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest
from tests.unit.codegen.conftest import tiny

from purview_codegen import cli

Json = dict[str, Any]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PATH = "specification/tiny/{}.json"


@attrs.define
class Upstream:
    """What the server holds and how it behaves; `requests` are (path, Range header) in the order
    they came.
    """

    files: dict[str, bytes] = attrs.Factory(dict)
    ranges: bool = True
    shift: int = 0  # a range that begins elsewhere than asked
    breaks_after: int | None = None
    status: int | None = None
    requests: list[tuple[str, str | None]] = attrs.Factory(list)
    encodings: set[str | None] = attrs.Factory(set)
    base_url: str = ""

    def answer(self, path: str, asked: str | None) -> tuple[int, dict[str, str], bytes]:
        if self.status is not None:
            return self.status, {"Location": "/elsewhere"}, b""
        if path not in self.files:
            return 404, {}, b"404: Not Found"
        content = self.files[path]
        if not asked or not self.ranges:
            return 200, {}, content
        start = int(asked.removeprefix("bytes=").removesuffix("-")) + self.shift
        if start >= len(content):
            return 416, {}, b""
        return (
            206,
            {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"},
            content[start:],
        )


def handler(upstream: Upstream) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            upstream.requests.append((self.path, self.headers["Range"]))
            upstream.encodings.add(self.headers["Accept-Encoding"])
            status, headers, content = upstream.answer(self.path, self.headers["Range"])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: upstream.breaks_after])
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    made = Upstream()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


class Run(NamedTuple):
    code: int
    out: list[str]
    err: list[str]


class Project:
    """A specs folder with one plane of several versions, each locked, and the commands run on
    it.
    """

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.specs, self.cache, self.capsys = folder / "specs", folder / "cache", capsys
        self.documents: dict[str, bytes] = {}
        self.provenance: dict[str, str] = {}
        self.specs.mkdir()

    def add(self, version: str, document: bytes | None = None, provenance: str = "exact") -> str:
        """Puts a document in the manifest and the lock; its place below owner/repo/commit/path."""
        self.documents[version] = document or json.dumps(tiny()).encode()
        self.provenance[version] = provenance
        self.write()
        return f"owner/repo/{COMMIT}/{PATH.format(version)}"

    def write(self) -> None:
        lines = ["[planes.tiny]", *(f'{key} = "tiny"' for key in ("package", "title", "summary"))]
        lines += ['endpoint = "account"', "roles = []"]
        for i, version in enumerate(self.documents):
            lines += [
                "[[planes.tiny.documents]]",
                f'version = "{version}"',
                f"default = {str(i == 0).lower()}",
            ]
            lines += [
                'repository = "owner/repo"',
                f'commit = "{COMMIT}"',
                f'path = "{PATH.format(version)}"',
            ]
        (self.specs / "planes.toml").write_text("\n".join(lines))
        self.lock = {f"tiny {v}": self.entry(v, content) for v, content in self.documents.items()}
        (self.specs / "upstream.lock").write_text(json.dumps(self.lock))

    def entry(self, version: str, content: bytes) -> Json:
        return {
            "repository": "owner/repo",
            "commit": COMMIT,
            "path": PATH.format(version),
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "operations": 2,
            "definitions": 2,
            "provenance": self.provenance[version],
        }

    def fetch(self, *arguments: str) -> Run:
        code = cli.main(
            ["fetch", "--specs", str(self.specs), "--cache", str(self.cache), *arguments]
        )
        out, err = self.capsys.readouterr()
        return Run(code, out.splitlines(), err.splitlines())

    def cached(self) -> dict[str, bytes]:
        return {
            str(p.relative_to(self.cache)): p.read_bytes()
            for p in sorted(self.cache.rglob("*"))
            if p.is_file()
        }


@pytest.fixture
def project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Project:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return Project(tmp_path, capsys)


DONE = "fetch: 1 documents, 2 operations, 0 errors"
WHOLE = json.dumps(tiny()).encode()


def test_whole(project: Project, upstream: Upstream) -> None:
    place = project.add("1")
    upstream.files[f"/{place}"] = WHOLE
    assert Run(0, [DONE], []) == project.fetch("--base-url", upstream.base_url)
    assert {place: WHOLE} == project.cached()
    assert [(f"/{place}", None)] == upstream.requests
    assert {"identity"} == upstream.encodings  # a range of compressed bytes would not fit a part


def test_what_is_cached_is_not_fetched_again(project: Project, upstream: Upstream) -> None:
    upstream.files[f"/{project.add('1')}"] = WHOLE
    project.fetch("--base-url", upstream.base_url)
    assert Run(0, [DONE], []) == project.fetch("--base-url", upstream.base_url + "/")
    assert Run(0, [DONE], []) == project.fetch("--offline")
    assert 1 == len(upstream.requests)


def test_a_broken_transfer_is_continued(project: Project, upstream: Upstream) -> None:
    place = project.add("1")
    upstream.files[f"/{place}"] = WHOLE
    upstream.breaks_after = 100
    first = project.fetch("--base-url", upstream.base_url)
    assert (4, []) == (first.code, first.out)
    assert first.err[0].startswith(
        f"purview_codegen fetch: cannot reach {upstream.base_url}/{place}: "
    )
    assert {f"{place}.part": WHOLE[:100]} == project.cached()
    upstream.breaks_after = None
    assert Run(0, [DONE], []) == project.fetch("--base-url", upstream.base_url)
    assert [None, "bytes=100-"] == [asked for _, asked in upstream.requests]
    assert {place: WHOLE} == project.cached()


def test_a_server_without_ranges_begins_again(project: Project, upstream: Upstream) -> None:
    place = project.add("1")
    upstream.files[f"/{place}"] = WHOLE
    upstream.breaks_after, upstream.ranges = 100, False
    assert 4 == project.fetch("--base-url", upstream.base_url).code
    upstream.breaks_after = None
    assert Run(0, [DONE], []) == project.fetch("--base-url", upstream.base_url)
    assert {place: WHOLE} == project.cached()


@pytest.mark.parametrize(("shift", "part"), [(7, WHOLE[:100]), (0, WHOLE), (0, WHOLE + b"more")])
def test_a_part_that_does_not_fit_begins_again(
    project: Project, upstream: Upstream, shift: int, part: bytes
) -> None:
    place = project.add("1")
    upstream.files[f"/{place}"] = WHOLE
    upstream.shift = shift
    left = project.cache / f"{place}.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(part)
    assert Run(0, [DONE], []) == project.fetch("--base-url", upstream.base_url)
    assert [f"bytes={len(part)}-", None] == [asked for _, asked in upstream.requests]
    assert {place: WHOLE} == project.cached()


def test_a_part_of_another_file_is_found_out_and_gone(project: Project, upstream: Upstream) -> None:
    place = project.add("1")
    upstream.files[f"/{place}"] = WHOLE
    left = project.cache / f"{place}.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x" * 100)
    assert 3 == project.fetch("--base-url", upstream.base_url).code
    assert {} == project.cached()
    assert 0 == project.fetch("--base-url", upstream.base_url).code


def test_a_wrong_hash_keeps_nothing(project: Project, upstream: Upstream) -> None:
    place = project.add("1")
    other = json.dumps(tiny(host="x")).encode()
    upstream.files[f"/{place}"] = other
    found = project.fetch("--base-url", upstream.base_url)
    hashes = [hashlib.sha256(content).hexdigest() for content in (WHOLE, other)]
    assert (3, [], 1) == (found.code, found.out, len(found.err))
    assert (
        f"tiny 1 is not what upstream.lock names: expected sha256 {hashes[0]}, found {hashes[1]}"
        in found.err[0]
    )
    assert {} == project.cached()


def test_a_rebuilt_document_that_differs_is_a_change_to_review(
    project: Project, upstream: Upstream
) -> None:
    place = project.add("1", provenance="rebuilt")
    other = json.dumps(tiny(host="x")).encode()
    upstream.files[f"/{place}"] = other
    hashes = [hashlib.sha256(content).hexdigest()[:12] for content in (WHOLE, other)]
    line = f"tiny 1: a change to review: rebuilt copy {hashes[0]}, upstream {hashes[1]}"
    assert Run(0, [line, DONE], []) == project.fetch("--base-url", upstream.base_url)
    assert {place: other} == project.cached()
    assert Run(0, [line, DONE], []) == project.fetch("--offline")


def test_wrong_bytes_in_the_cache_are_replaced(project: Project, upstream: Upstream) -> None:
    place = project.add("1")
    upstream.files[f"/{place}"] = WHOLE
    (project.cache / place).parent.mkdir(parents=True)
    (project.cache / place).write_bytes(WHOLE[:50])
    offline = project.fetch("--offline")
    assert (3, 1) == (offline.code, len(offline.err))
    assert "tiny 1 is broken JSON at character " in offline.err[0]
    assert Run(0, [DONE], []) == project.fetch("--base-url", upstream.base_url)
    assert {place: WHOLE} == project.cached()


def test_a_document_that_is_not_there(project: Project, upstream: Upstream) -> None:
    place = project.add("1")
    says = f"{upstream.base_url}/{place} is not there (404); check commit and path in planes.toml"
    assert Run(4, [], [f"purview_codegen fetch: {says}"]) == project.fetch(
        "--base-url", upstream.base_url
    )
    assert {} == project.cached()


@pytest.mark.parametrize("status", [206, 302, 403, 500])
def test_an_answer_that_is_no_document(project: Project, upstream: Upstream, status: int) -> None:
    place = project.add("1")
    upstream.status = status
    moved = ": it is at '/elsewhere' now; correct the address or planes.toml"
    why = moved if status == 302 else "; try again, or use --mirror"
    says = f"{upstream.base_url}/{place} answered {status}{why}"
    assert Run(4, [], [f"purview_codegen fetch: {says}"]) == project.fetch(
        "--base-url", upstream.base_url
    )
    assert 1 == len(upstream.requests)


def test_nobody_listens(project: Project) -> None:
    place = project.add("1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        found = project.fetch("--base-url", base_url)
    assert (4, [], 1) == (found.code, found.out, len(found.err))
    assert found.err[0].startswith(f"purview_codegen fetch: cannot reach {base_url}/{place}: ")
    assert found.err[0].endswith("; use --mirror or --offline")


@pytest.mark.parametrize(
    "base_url", ["http://example.com", "ftp://127.0.0.1", "127.0.0.1", "", "http://[::1"]
)
def test_an_address_that_is_not_taken(project: Project, base_url: str) -> None:
    project.add("1")
    found = project.fetch("--base-url", base_url)
    assert (2, [], 1) == (found.code, found.out, len(found.err))
    assert found.err[0].startswith(f"purview_codegen fetch: --base-url {base_url} is ")


def test_others_are_fetched_when_some_fail(project: Project, upstream: Upstream) -> None:
    whole, broken, gone, last = (project.add(version) for version in "1234")
    upstream.files |= {f"/{whole}": WHOLE, f"/{broken}": WHOLE[:99], f"/{last}": WHOLE}
    found = project.fetch("--base-url", upstream.base_url)
    assert 3 == found.code
    assert {whole: WHOLE, last: WHOLE} == project.cached()
    assert 2 == len(found.err)
    assert f"purview_codegen fetch: {upstream.base_url}/{gone} is not there" in found.err[0]
    assert found.err[1].startswith("purview_codegen fetch: tiny 2 is broken JSON at character ")


def test_one_version_of_many(project: Project, upstream: Upstream) -> None:
    places = [project.add(version) for version in "123"]
    upstream.files |= {f"/{place}": WHOLE for place in places}
    assert Run(0, [DONE], []) == project.fetch(
        "--base-url", upstream.base_url, "--plane", "tiny", "--version", "2"
    )
    assert {places[1]: WHOLE} == project.cached()
    assert (
        "fetch: 3 documents, 6 operations, 0 errors"
        == project.fetch("--base-url", upstream.base_url).out[-1]
    )


def test_nothing_cached_and_offline(project: Project) -> None:
    project.add("1")
    says = (
        f"purview_codegen fetch: tiny 1 is not cached in {project.cache}; run fetch without "
        f"--offline"
    )
    assert Run(4, [], [says]) == project.fetch("--offline")


def test_a_cache_that_cannot_be_written(project: Project, upstream: Upstream) -> None:
    upstream.files[f"/{project.add('1')}"] = WHOLE
    project.cache.write_text("a file, not a folder")
    found = project.fetch("--base-url", upstream.base_url)
    assert (2, [], 1) == (found.code, found.out, len(found.err))
    assert found.err[0].startswith("purview_codegen fetch: cannot keep tiny 1: ")
    assert found.err[0].endswith("; choose a folder with --cache")


def mirror(folder: Path, files: dict[str, bytes]) -> Path:
    for place, content in files.items():
        path = folder / "mirror" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "mirror"


def test_from_a_mirror(project: Project, tmp_path: Path) -> None:
    place = project.add("1")
    folder = mirror(tmp_path, {place: WHOLE})
    assert Run(0, [DONE], []) == project.fetch("--mirror", str(folder))
    assert {place: WHOLE} == project.cached()


def test_a_document_that_a_mirror_lacks_is_kept(project: Project, tmp_path: Path) -> None:
    there, _ = project.add("1"), project.add("2")
    folder = mirror(tmp_path, {there: WHOLE})
    assert Run(0, ["tiny 2: not in mirror, kept", DONE], []) == project.fetch(
        "--mirror", str(folder)
    )
    lock = (project.specs / "upstream.lock").read_text()
    assert 0 == project.fetch("--mirror", str(folder), "--update-lock").code
    assert json.loads(lock) == json.loads((project.specs / "upstream.lock").read_text())


def test_a_mirror_without_the_commit_names_those_it_has(project: Project, tmp_path: Path) -> None:
    project.add("1")
    folder = mirror(tmp_path, {f"owner/repo/{letter * 40}/x.json": b"" for letter in "ba"})
    says = f"the mirror {folder} lacks commit {COMMIT} of owner/repo; it has aaaaaaaaaa, bbbbbbbbbb"
    assert Run(4, [], [f"purview_codegen fetch: {says}"]) == project.fetch("--mirror", str(folder))


def test_a_mirror_of_something_else(project: Project, tmp_path: Path) -> None:
    project.add("1")
    assert "it has nothing of owner/repo" in project.fetch("--mirror", str(tmp_path)).err[0]
    missing = project.fetch("--mirror", str(tmp_path / "gone"))
    assert (
        Run(4, [], [f"purview_codegen fetch: the mirror {tmp_path / 'gone'} is not a folder"])
        == missing
    )


def with_examples(*names: str) -> bytes:
    document: Json = tiny()
    document["paths"]["/pets"]["get"]["x-ms-examples"] = {name: {"$ref": name} for name in names}
    return json.dumps(document).encode()


Serve = Callable[[dict[str, bytes]], list[str]]


@pytest.fixture(params=["mirror", "http"])
def serve(request: pytest.FixtureRequest, tmp_path: Path, upstream: Upstream) -> Serve:
    """The arguments that name a source which holds the given files, on disk or over HTTP."""

    def over_http(files: dict[str, bytes]) -> list[str]:
        upstream.files = {f"/{place}": content for place, content in files.items()}
        return ["--base-url", upstream.base_url]

    return (
        over_http
        if request.param == "http"
        else lambda files: ["--mirror", str(mirror(tmp_path, files))]
    )


def test_examples_come_along(project: Project, serve: Serve) -> None:
    content = with_examples(
        "./examples/a.json", "examples/gone.json", "../shared.json", "../../../../../secret.json"
    )
    place = project.add("1", content)
    root = f"owner/repo/{COMMIT}/specification"
    files = {place: content, f"{root}/tiny/examples/a.json": b"{}", f"{root}/shared.json": b"[]"}
    source = serve(files | {"secret.json": b"no", "owner/secret.json": b"no"})
    found = project.fetch(*source, "--examples")
    assert Run(0, ["examples: 2 files, 1 missing", DONE], []) == found
    assert files == project.cached()
    assert found == project.fetch("--offline", "--examples")


def lock(project: Project) -> Json:
    found: Json = json.loads((project.specs / "upstream.lock").read_text())
    return found


def test_the_lock_is_written_only_when_asked(project: Project, serve: Serve) -> None:
    place = project.add("1")
    (project.specs / "upstream.lock").unlink()
    source = serve({place: WHOLE})
    assert Run(0, [DONE], []) == project.fetch(*source)
    assert not (project.specs / "upstream.lock").exists()
    assert Run(0, [DONE], []) == project.fetch(*source, "--update-lock")
    assert {"tiny 1": project.entry("1", WHOLE)} == lock(project)


def test_a_new_lock_keeps_provenance_of_equal_bytes_alone(project: Project, serve: Serve) -> None:
    other = json.dumps(tiny(host="x")).encode()
    equal, changed = project.add("1", provenance="rebuilt"), project.add("2", provenance="rebuilt")
    found = project.fetch(*serve({equal: WHOLE, changed: other}), "--update-lock")
    assert Run(0, ["fetch: 2 documents, 4 operations, 0 errors"], []) == found
    expected = project.entry("2", other) | {"provenance": "exact"}
    assert {"tiny 1": project.entry("1", WHOLE), "tiny 2": expected} == lock(project)


def test_a_new_lock_forgets_what_the_manifest_does_not_name(project: Project, serve: Serve) -> None:
    place, _ = project.add("1"), project.add("2")
    before = lock(project)
    del project.documents["2"]
    project.write()
    (project.specs / "upstream.lock").write_text(json.dumps(before))
    assert 0 == project.fetch(*serve({place: WHOLE}), "--update-lock").code
    assert ["tiny 1"] == list(lock(project))


def test_a_failed_document_leaves_the_lock_alone(project: Project, serve: Serve) -> None:
    good, bad = project.add("1"), project.add("2")
    before = lock(project)
    content = json.dumps(tiny(host="x")).encode()
    assert 3 == project.fetch(*serve({good: content, bad: content[:50]}), "--update-lock").code
    assert before == lock(project)
