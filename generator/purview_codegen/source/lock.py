"""`specs/upstream.lock`: what each document was when its contract was made."""

from __future__ import annotations

import json
from pathlib import Path

import attrs

from purview_codegen.errors import IntegrityError
from purview_core.manifest import Document


@attrs.frozen
class Entry:
    """One locked document.

    `provenance` is "exact", or "rebuilt" where our copy was compiled anew from upstream's sources.
    """

    repository: str
    commit: str
    path: str
    sha256: str
    bytes: int
    operations: int
    definitions: int
    provenance: str


@attrs.frozen
class Lock:
    """The entries of upstream.lock, by plane and version."""

    entries: dict[str, Entry]

    @classmethod
    def load(cls, specs: Path) -> Lock:
        """The lock of a folder of specs."""
        path = specs / "upstream.lock"
        if not path.exists():
            return cls({})
        try:
            return cls(
                {
                    name: Entry(**entry)
                    for name, entry in json.loads(path.read_text(encoding="utf-8")).items()
                }
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise IntegrityError(f"upstream.lock cannot be read: {error}") from None

    def entry(self, document: Document) -> Entry:
        """The entry of a document; raises IntegrityError where there is none."""
        found = self.entries.get(str(document))
        if found is None or f"{found.repository}/{found.commit}/{found.path}" != document.location:
            raise IntegrityError(
                f"upstream.lock does not know {document} at its commit; run fetch --update-lock"
            )
        return found

    def text(self) -> str:
        """The file, sorted."""
        entries = {name: attrs.asdict(entry) for name, entry in sorted(self.entries.items())}
        return json.dumps(entries, indent=1) + "\n"
