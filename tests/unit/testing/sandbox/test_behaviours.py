"""Behaviours belong to operations, and one is added as the package and its page say."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import pytest

from purview_testing import Sandbox
from purview_testing.contracts.documents import documents
from purview_testing.contracts.facts import load
from purview_testing.contracts.messages import Problem, RequestMessage
from purview_testing.sandbox import behaviours
from purview_testing.sandbox.call import Call, Reply
from purview_testing.sandbox.state.paths import unnamed_template

PAGE = Path(__file__).parent.parent.parent.parent.parent / "docs" / "testing.md"
LAKE = b'{"kind": "AdlsGen2", "properties": {"endpoint": "https://lake.dfs.core.windows.net/"}}'
WEEKLY = b'{"kind": "AdlsGen2Msi", "properties": {"scanRulesetName": "AdlsGen2"}}'


@pytest.fixture(scope="module")
def operations() -> set[tuple[str, str, str]]:
    """Plane, method and path of every operation of every contract."""
    return {
        (document.plane, operation.method, unnamed_template(operation.path.removeprefix(prefix)))
        for document in documents()
        for prefix in [load(document).prefix]
        for operation in load(document).operations.values()
    }


@pytest.mark.parametrize("area", behaviours.AREAS, ids=lambda area: area.__name__)
def test_every_behaviour_belongs_to_an_operation(
    area: ModuleType, operations: set[tuple[str, str, str]]
) -> None:
    assert [] == [
        (method, path)
        for method, path in area.ROUTES
        if not any((plane, method, path) in operations for plane in area.PLANES)
    ]


def test_an_operation_has_one_behaviour() -> None:
    with pytest.raises(ValueError, match=r"devops: devops_policies GET /devops-policies has a"):
        behaviours.table_of([behaviours.devops, behaviours.devops])


def example(text: str) -> str:
    """The module that a text shows as an example of an area."""
    found = re.search(r"^( *)PLANES = .*?^\1ROUTES = [^\n]*\n", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return textwrap.dedent(found[0])


def send(sandbox: Sandbox, method: str, path: str, content: bytes = b"") -> int:
    headers = {
        "authorization": f"Bearer {sandbox.token()}",
        "content-type": "application/json",
    }
    url = f"{sandbox.url}/scan/datasources/{path}?api-version=2023-09-01"
    return sandbox.handle(RequestMessage.of(method, url, headers, content)).status


@pytest.mark.parametrize(
    "text", [behaviours.__doc__, PAGE.read_text(encoding="utf-8")], ids=["docstring", "page"]
)
def test_the_example_of_a_behaviour_does_what_it_says(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    area = ModuleType("area")
    vars(area).update(Call=Call, Problem=Problem, Reply=Reply, quote=quote)
    exec(example(text), vars(area))
    monkeypatch.setattr(behaviours, "TABLE", behaviours.table_of([*behaviours.AREAS, area]))
    with Sandbox(["scanning"]) as sandbox:
        assert 201 == send(sandbox, "PUT", "lake", LAKE)
        assert 201 == send(sandbox, "PUT", "lake/scans/weekly", WEEKLY)
        assert 409 == send(sandbox, "DELETE", "lake")
        assert 1 == sandbox.app.store.total("/scan/datasources/lake/scans")
        assert send(sandbox, "DELETE", "lake/scans/weekly") in (200, 204)
        assert send(sandbox, "DELETE", "lake") in (200, 204)
        assert 404 == send(sandbox, "GET", "lake")
