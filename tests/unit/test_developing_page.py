"""The developing page leads to files that are there."""

from __future__ import annotations

import re

import pytest
from tests.unit.sources import ROOT

PAGE = (ROOT / "docs" / "developing.md").read_text(encoding="utf-8")
PLACES = [
    ROOT,
    ROOT / "runtime",
    ROOT / "runtime" / "purview_core",
    ROOT / "auth_plugin" / "purview_auth",
    ROOT / "generator" / "purview_codegen",
    ROOT / "generator" / "purview_codegen" / "package",
    ROOT / "runtime" / "purview_core" / "transport",
]
NAMED = sorted(set(re.findall(r"`([\w/.]+\.(?:py|toml|lock|md))`", PAGE)))
LINKED = sorted(set(re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", PAGE)))


def test_many_files_are_named() -> None:
    assert len(NAMED) > 50


@pytest.mark.parametrize("name", NAMED)
def test_a_named_file_is_there(name: str) -> None:
    assert [place for place in PLACES if (place / name).is_file()], name


@pytest.mark.parametrize("link", LINKED)
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("send_until_answered", "runtime/purview_core/call/pipeline.py"),
        ("_held", "runtime/purview_core/call/pipeline.py"),
        ("Caller", "runtime/purview_core/call/caller.py"),
        ("PreparedRequest", "runtime/purview_core/call/request.py"),
        ("Cursor", "runtime/purview_core/client/paging.py"),
        ("HostRules", "auth_plugin/purview_auth/hosts.py"),
        ("Flight", "auth_plugin/purview_auth/tokens/flight.py"),
        ("Slot", "auth_plugin/purview_auth/tokens/store.py"),
        ("class_name", "generator/purview_codegen/package/adapter.py"),
    ],
)
def test_what_it_names_is_where_it_says(name: str, file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert name in PAGE
    assert re.search(rf"^\s*(class|def|async def) {name}\b", text, re.MULTILINE)
