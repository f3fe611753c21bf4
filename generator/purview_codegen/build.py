"""The steps behind the commands: documents to contracts, contracts to packages, and the check
that all of them agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from purview_core.manifest import Document, Manifest, PlaneEntry

from . import documents_page
from .contract.from_bytes import contract_of
from .contract.overlay import Overlay, apply
from .diff.pairing import operations_in
from .errors import Counts, GateError, IntegrityError
from .openapi import operations_of
from .package import aliases, names_lock, write
from .package.docs import Docs
from .package.names import Name, operation_names
from .package.plan import Plan, plan, public_names
from .package.render import HEADER, render_plane, render_root
from .package.words import AllWords
from .pointer import Json, join
from .source import pins
from .source.inspect import inspect
from .source.lock import Lock
from .source.manifest import load_manifest

PACKAGE = "purview_dataplane"
VERSIONS = "purview_versions"


def normalise(
    specs: Path, documents: Sequence[Document], read: Callable[[Document], bytes]
) -> Counts:
    """Writes the contracts of `documents`; `read` gives a document's bytes.

    All of them are made before any is written.
    """
    manifest, lock = load_manifest(specs), Lock.load(specs)
    made = {(d.plane, d.version): contract(specs, d, read(d)) for d in documents}
    for plane in {d.plane: manifest.plane(d.plane) for d in documents}.values():
        fresh = {version: made[name, version] for name, version in made if name == plane.name}
        old = {
            d.version: load(specs, d)
            for d in plane.documents
            if d.version not in fresh and _path(specs, d).exists()
        }
        _overlay(specs, plane.name).check(old | fresh)
    for document in documents:
        _count(document, made[document.plane, document.version], lock)
    for document in documents:
        write.replace(
            _path(specs, document),
            json.dumps(made[document.plane, document.version], indent=1) + "\n",
        )
    return Counts("normalise", len(documents), sum(map(_operations, made.values())))


def drafted(
    specs: Path, documents: Sequence[Document], read: Callable[[Document], bytes]
) -> dict[str, int]:
    """Drafts the summaries that overlays lack of the operations of `documents`; returns plane ->
    how many.
    """
    out: dict[str, int] = {}
    for document in documents:
        path = specs / "overlays" / f"{document.plane}.toml"
        said = Overlay.read(path).summaries
        made = contract_of(read(document), document.plane, str(document))
        lacking = [
            op.id for op in operations_in(made) if op.id not in said and not op.value.get("summary")
        ]
        if lacking:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            path.parent.mkdir(exist_ok=True)
            write.replace(path, pins.carried(text, {}, {*said, *lacking}, lacking))
            out[document.plane] = len(lacking)
    return out


def contract(specs: Path, document: Document, content: bytes) -> Json:
    """One contract, not written: upgraded where it is Swagger, shaped, with the plane's overlay
    laid over it.
    """
    found = contract_of(content, document.plane, str(document))
    if found["info"]["version"] != document.version:
        where = join("info", "version")
        raise IntegrityError(
            f"{document.plane} {document.version}: the document says "
            f"{found['info']['version']}: {where}"
        )
    if not found["paths"]:
        raise IntegrityError(f"{document} has no operations: {join('paths')}")
    out = apply(found, _overlay(specs, document.plane))
    if document.default:
        for path, method, operation in operations_of(out):
            if not operation.get("summary"):
                where = f"{operation['operationId']}: {join('paths', path, method)}"
                place = f"specs/overlays/{document.plane}.toml, or normalise --draft-summaries"
                raise GateError(f"no summary for {where}; write one in {place}")
    return out


def load(specs: Path, document: Document) -> Json:
    """The committed contract of a document."""
    path = _path(specs, document)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise IntegrityError(f"no contract for {document}: {path}; run normalise") from None
    inspect(content, f"the contract of {document}")
    found: Json = json.loads(content)
    if "swagger" in found:
        raise IntegrityError(
            f"the contract of {document} is a Swagger {found['swagger']} document; run "
            f"normalise to convert it"
        )
    if not all(found.get(key) for key in ("openapi", "info", "servers", "components")):
        raise IntegrityError(f"the contract of {document} is none: {path}; run normalise")
    return found


def generate(
    specs: Path, plane: str | None, version: str | None, out: Path, *, accept_names: bool = False
) -> Counts:
    """Writes packages below `out`: the default ones (`purview_dataplane`), or with a version
    those of `purview_versions`.
    """
    manifest = load_manifest(specs)
    planes = [manifest.plane(plane)] if plane is not None else list(manifest.planes)
    plans = Plans(specs, manifest)
    documents = manifest.select(plane, version)
    # the lock is about all versions, whichever of them is written
    every = [d for p in planes for d in p.documents]
    names = plans.names(every if version is None else documents)
    locked = names_lock.merged(names_lock.read(specs / "names.lock"), names, accept=accept_names)
    if version is None:
        _write_defaults(plans, documents, out, whole=plane is None)
    else:
        _write_versions(plans, documents, out)
    if locked != names_lock.read(specs / "names.lock"):
        write.replace(specs / "names.lock", names_lock.text(locked))
    return Counts("generate", len(documents), sum(len(plans[d].operations) for d in documents))


def check(specs: Path, out: Path, stage: Path | None = None) -> Counts:
    """Contracts, locks, overlays and the generated tree agree; raises GateError with the first
    thing that does not. What the tree is compared with is made below `stage`, or beside the tree.
    """
    manifest, lock = load_manifest(specs), Lock.load(specs)
    plans = Plans(specs, manifest)
    documents = manifest.documents
    documents_page.check(specs)
    for plane in manifest.planes:
        _overlay(specs, plane.name).check(plans.contracts.of(plane))
    for document in documents:
        _count(document, plans.contracts[document], lock)
    for document in documents:
        all(plans.docs(document, manifest.plane(document.plane)).everything())
    plans.words.check()
    names, locked = plans.names(documents), names_lock.read(specs / "names.lock")
    names_lock.merged(locked, names, accept=False)
    if stale := [
        f"{v} {k}"
        for v in locked.keys() | names.keys()
        for k in set(locked.get(v, {})) ^ set(names.get(v, {}))
    ]:
        raise GateError(f"names.lock is behind: {min(stale)}; run generate")
    with write.staged(
        stage or out.parent, _default_files(plans, [d for d in documents if d.default])
    ) as stage:
        if changed := write.differences(stage / PACKAGE, out / PACKAGE):
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            raise GateError(
                f"the generated tree is not what the contracts give: "
                f"{out / PACKAGE / changed[0]}{more}; run generate"
            )
    return Counts("check", len(documents), sum(len(plans[d].operations) for d in documents))


class Contracts:
    """The committed contracts of a folder of specs, each read once."""

    def __init__(self, specs: Path) -> None:
        self._specs = specs
        self._read: dict[Document, Json] = {}

    def __getitem__(self, document: Document) -> Json:
        if document not in self._read:
            self._read[document] = load(self._specs, document)
        return self._read[document]

    def of(self, plane: PlaneEntry) -> dict[str, Json]:
        """api-version -> contract, of all versions of a plane."""
        return {d.version: self[d] for d in plane.documents}


class Plans:
    """Plans made once each; the names of a plane depend on all of its versions."""

    def __init__(self, specs: Path, manifest: Manifest) -> None:
        self.specs, self.manifest = specs, manifest
        self.contracts, self.words = Contracts(specs), AllWords.read(specs)
        self._made: dict[Document, Plan] = {}
        self._names: dict[str, dict[str, dict[str, Name]]] = {}
        self._locked = names_lock.read(specs / "names.lock")

    def __getitem__(self, document: Document) -> Plan:
        if document not in self._made:
            if document.plane not in self._names:
                contracts = self.contracts.of(self.manifest.plane(document.plane))
                methods = _overlay(self.specs, document.plane).methods
                self._names[document.plane] = operation_names(contracts, methods)
            named = self._names[document.plane][document.version]
            kept = aliases.read(self._locked.get(str(document), {}))
            self._made[document] = plan(self.contracts[document], named, kept)
        return self._made[document]

    def docs(self, document: Document, plane: PlaneEntry) -> Docs:
        """What the classes and methods of a document say of themselves."""
        words = self.words.of(plane.name)
        return Docs(self.contracts[document], self[document], plane.roles, words)

    def names(self, documents: Sequence[Document]) -> names_lock.Names:
        """The public names of documents, as names.lock has them."""
        return {f"{d.plane} {d.version}": public_names(self[d]) for d in documents}


def _overlay(specs: Path, plane: str) -> Overlay:
    return Overlay.read(specs / "overlays" / f"{plane}.toml")


def _path(specs: Path, document: Document) -> Path:
    return specs / "contracts" / document.plane / f"{document.version}.json"


def _operations(contract: Json) -> int:
    return sum(1 for _ in operations_of(contract))


def _count(document: Document, found: Json, lock: Lock) -> None:
    """No operation may be lost between the document and its contract."""
    expected, actual = lock.entry(document).operations, _operations(found)
    if expected != actual:
        where = f"{document.plane} {document.version}: {join('paths')}"
        raise GateError(f"the document has {expected} operations, its contract {actual}: {where}")


def _default_files(plans: Plans, documents: Sequence[Document]) -> dict[str, str]:
    """All files of the given planes' packages, and those of the root package over all planes."""
    manifest = plans.manifest
    files: dict[str, str] = {}
    for document in documents:
        plane = manifest.plane(document.plane)
        files |= _below(
            f"{PACKAGE}/{plane.package}",
            render_plane(plans[document], plane, plans.docs(document, plane)),
        )
    facts = {}
    for plane in manifest.planes:
        found = plans.contracts[plane.default]
        facts[plane.name] = (
            plane.default.version,
            found["servers"][0]["url"].removeprefix("{endpoint}"),
        )
    return files | _below(PACKAGE, render_root(manifest.planes, facts))


def _below(folder: str, files: Mapping[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


def _write_defaults(plans: Plans, documents: Sequence[Document], out: Path, *, whole: bool) -> None:
    with write.staged(out, _default_files(plans, documents)) as stage:
        if whole or not (out / PACKAGE).exists():
            write.put(stage / PACKAGE, out / PACKAGE)
            return
        for document in documents:
            package = plans.manifest.plane(document.plane).package
            write.put(stage / PACKAGE / package, out / PACKAGE / package)
        for name in ("__init__.py", "facade.py", "py.typed"):
            write.replace(
                out / PACKAGE / name, (stage / PACKAGE / name).read_text(encoding="utf-8")
            )


def _version_folders(
    plans: Plans, documents: Sequence[Document]
) -> Iterator[tuple[str, PlaneEntry, Document]]:
    for document in documents:
        plane = plans.manifest.plane(document.plane)
        yield f"{plane.package}/v{document.version.replace('-', '_')}", plane, document


def _write_versions(plans: Plans, documents: Sequence[Document], out: Path) -> None:
    """Each version as its own package, beside those that are there already."""
    # for `__upstream__`
    entries, beside = (
        Lock.load(plans.specs).entries,
        Lock.load(out / VERSIONS).entries,
    )
    lock = Lock(beside | {str(d): entries[str(d)] for d in documents if str(d) in entries})
    files = {f"{VERSIONS}/__init__.py": HEADER + "\n", f"{VERSIONS}/py.typed": ""}
    for folder, plane, document in _version_folders(plans, documents):
        files |= _below(
            f"{VERSIONS}/{folder}",
            render_plane(plans[document], plane, plans.docs(document, plane)),
        )
        files[f"{VERSIONS}/{plane.package}/__init__.py"] = HEADER + "\n"
    with write.staged(out, files) as stage:
        for folder, _, _ in _version_folders(plans, documents):
            write.put(stage / VERSIONS / folder, out / VERSIONS / folder)
        for name in files:
            if name.count("/") <= 2 and not (out / name).exists():
                write.replace(out / name, files[name])
    write.replace(out / VERSIONS / "upstream.lock", lock.text())
