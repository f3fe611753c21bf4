"""How much is generated, and how long that takes."""

from __future__ import annotations

from pathlib import Path

import peers
from bodies import SCANNING
from measure import children, python, race, show

GENERATED = Path(__file__).resolve().parents[1] / "generated" / "purview_dataplane"


def lines(scratch: Path) -> None:
    """Lines of the generated tree, and of what stock makes of two of its contracts."""
    planes = sorted(p for p in GENERATED.iterdir() if (p / "client.py").exists())
    counted = {path: _lines(path) for path in GENERATED.rglob("*.py")}
    print("\n## Lines generated\n\n| what | files | lines |\n|---|---|---|")
    _row("Scanning", GENERATED / "scanning")
    _row("stock, Scanning", scratch / peers.STOCK_SCANNING)
    _row("Data Map", GENERATED / "datamap")
    _row("stock, Data Map", scratch / peers.STOCK_DATAMAP)
    _row(f"all {len(planes)} default planes", GENERATED)
    largest = max(counted, key=counted.__getitem__)
    print(f"| largest file, {largest.relative_to(GENERATED).as_posix()} | 1 | {counted[largest]} |")


def _row(what: str, folder: Path) -> None:
    files = list(folder.rglob("*.py"))
    print(f"| {what} | {len(files)} | {sum(map(_lines, files))} |")


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def generation(scratch: Path, rounds: int) -> None:
    """All documents by this project, one by stock, both formatted; CPU time of the processes."""
    own = ("-m", "purview_codegen", "generate", "--out", str(scratch / "everything"))
    said: set[str] = set()
    contenders = {
        "stock, Scanning": lambda: peers.generate(SCANNING, "stock_again", scratch),
        "purview_codegen, Scanning": lambda: python(*own, "--plane", "scanning", scratch=scratch),
        "purview_codegen, all documents": lambda: said.add(
            python(*own, "--version", "all", scratch=scratch).strip()
        ),
    }
    times = race(contenders, children, rounds)
    print(f"\nAll documents: {', '.join(said)}")
    show("Generation", times, "stock, Scanning", unit="s")
