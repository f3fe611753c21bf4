"""upstream.lock: what it holds today, against the manifest and, where there is a mirror, against
the documents.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from purview_codegen.errors import IntegrityError
from purview_codegen.source.inspect import inspect
from purview_codegen.source.lock import Entry, Lock
from purview_core.manifest import Document, Manifest

ROOT = Path(__file__).parents[4]
SPECS = ROOT / "specs"
SHARED = ROOT.parent / "shared"
ENTRY = Entry("owner/repo", "0" * 40, "a/b.json", "f" * 64, 10, 2, 1, "exact")
DOCUMENT = Document("tiny", "1", "owner/repo", "0" * 40, "a/b.json")


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return Manifest.load(SPECS)


@pytest.fixture(scope="module")
def lock() -> Lock:
    return Lock.load(SPECS)


def test_every_document_is_locked_and_nothing_else(manifest: Manifest, lock: Lock) -> None:
    assert {str(d) for d in manifest.documents} == set(lock.entries)
    assert 1437 == sum(lock.entry(d).operations for d in manifest.documents)
    assert 617 == sum(lock.entry(d).operations for d in manifest.select(None, None))


def test_the_governance_documents_are_rebuilt_and_the_classic_ones_exact(
    manifest: Manifest, lock: Lock
) -> None:
    rebuilt = {d for d in manifest.documents if d.path.startswith("specification/purviewdatagover")}
    assert 8 == len(rebuilt)
    assert rebuilt == {d for d in manifest.documents if lock.entry(d).provenance == "rebuilt"}
    assert {"exact", "rebuilt"} == {e.provenance for e in lock.entries.values()}


def test_the_file_is_what_the_lock_writes(lock: Lock) -> None:
    assert lock.text() == (SPECS / "upstream.lock").read_text(encoding="utf-8")


def test_the_documents_are_the_locked_ones(manifest: Manifest, lock: Lock) -> None:
    if not (SHARED / "upstream").is_dir():
        pytest.skip("no mirror of the upstream documents beside the checkout")
    for document in manifest.documents:
        content = (SHARED / "upstream" / document.location).read_bytes()
        entry, facts = lock.entry(document), inspect(content, str(document))
        expected = (entry.sha256, entry.bytes, entry.operations, entry.definitions)
        assert expected == (facts.sha256, facts.bytes, facts.operations, facts.definitions), (
            document
        )


def test_an_entry_is_found_by_name_and_place() -> None:
    assert ENTRY == Lock({"tiny 1": ENTRY}).entry(DOCUMENT)


@pytest.mark.parametrize(
    "change", [{"repository": "fork/repo"}, {"commit": "1" * 40}, {"path": "c.json"}]
)
def test_a_document_that_moved_is_not_the_locked_one(change: dict[str, Any]) -> None:
    moved = attrs.evolve(DOCUMENT, **change)
    with pytest.raises(IntegrityError) as caught:
        Lock({"tiny 1": ENTRY}).entry(moved)
    assert "upstream.lock does not know tiny 1 at its commit; run fetch --update-lock" == str(
        caught.value
    )


def test_no_lock_is_an_empty_one(tmp_path: Path) -> None:
    assert {} == Lock.load(tmp_path).entries


def test_the_text_is_sorted_and_read_back(tmp_path: Path) -> None:
    lock = Lock({"b 1": ENTRY, "a 2": ENTRY})
    (tmp_path / "upstream.lock").write_text(lock.text(), encoding="utf-8")
    assert ["a 2", "b 1"] == list(json.loads(lock.text()))
    assert lock == Lock.load(tmp_path)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"a 1": 3}', '{"a 1": {"commit": ""}}', '{"a 1": {"odd": 1}}']
)
def test_a_lock_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "upstream.lock").write_text(text, encoding="utf-8")
    with pytest.raises(IntegrityError) as caught:
        Lock.load(tmp_path)
    assert str(caught.value).startswith("upstream.lock cannot be read: ")
