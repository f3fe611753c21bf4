"""The committed contracts, locks, overlays and clients agree: what `nox -s drift` says alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from purview_codegen import cli


def test_the_committed_tree_is_what_the_contracts_give(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    code = cli.main(["check"])
    output = capsys.readouterr()
    assert (0, "") == (code, output.err)
    assert output.out.splitlines()[-1].startswith("check: 32 documents, ")
