"""Recordings of tests as the judges read them: what no contract declares is counted where the
service gave its address.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.judge import recordings, table
from tests.judge.upstream import Upstream

from purview_codegen.errors import UsageError
from purview_testing import Sandbox

Json = dict[str, Any]
HOST = "https://contoso.purview.azure.com"
STATUS = f"{HOST}/share/operations/1?api-version=2023-05-30-preview"


def call(
    op: str | None,
    url: str,
    headers: Json | None = None,
    answer: Any = None,
    body: Any = None,
    method: str = "GET",
) -> Json:
    request = {"method": method, "url": url, "headers": {}, "query": {}, "body": body}
    response = {"statusCode": "200", "headers": headers or {}, "body": answer}
    return {
        "doc": "share@2023-05-30-preview",
        "op": op,
        "liveRequest": request,
        "liveResponse": response,
    }


def saved(folder: Path, *calls: Json) -> Path:
    path = folder / "test_it" / "test_one.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(c) + "\n" for c in calls))
    return folder


@pytest.mark.parametrize("link", [STATUS, STATUS.replace("?", "%3F")])
def test_a_status_is_a_poll_and_what_else_is_of_no_operation_is_strange(
    tmp_path: Path, link: str
) -> None:
    begun = call(
        "SentShares_Delete",
        f"{HOST}/share/sentShares/a",
        {"operation-location": link},
        method="DELETE",
    )
    wrong = call(None, f"{HOST}/share/sentShare/a")
    found = recordings.read(
        saved(tmp_path, call(None, STATUS), begun, call(None, STATUS), call(None, STATUS), wrong)
    )
    assert (1, 2) == (len(found.records), found.polls)
    assert (
        "test_one.jsonl:1: GET /share/operations/1 is of no operation",
        "test_one.jsonl:5: GET /share/sentShare/a is of no operation",
    ) == found.strange


def test_records_are_as_the_judges_take_them(tmp_path: Path) -> None:
    one = call("SentShares_Get", f"{HOST}/share/sentShares/a", answer={"id": "a"})
    (record,) = recordings.read(saved(tmp_path, one)).records
    assert ("share 2023-05-30-preview", "SentShares_Get") == (record["doc"], record["op"])
    assert ("test_one.jsonl:1", True, False) == (
        record["pass"],
        record["whole"],
        record["followed"],
    )
    assert ("body" in record["liveRequest"], {"id": "a"}) == (False, record["liveResponse"]["body"])


def test_the_query_of_a_next_page_and_a_form_that_was_not_kept_are_not_held_against_the_caller(
    tmp_path: Path,
) -> None:
    upload = {"name": "file", "in": "formData", "type": "file", "required": True}
    paths = {
        "/a": {
            "get": {"operationId": "A_List", "parameters": []},
            "post": {"operationId": "A_Import", "parameters": [upload]},
        }
    }
    upstream = Upstream({"info": {"version": "2023-05-30-preview"}, "paths": paths})
    following = f"{HOST}/a?$skipToken=page.1"
    form = call("A_Import", f"{HOST}/a", body="9 bytes of multipart/form-data", method="POST")
    calls = [call("A_List", following), call("A_List", f"{HOST}/a", answer={"nextLink": following})]
    found = recordings.read(saved(tmp_path, *calls, call("A_List", following), form)).records
    for record in found:
        record["liveRequest"]["query"] = (
            {"$skipToken": "page.1"} if "skip" in record["liveRequest"]["url"] else {}
        )
    assert [["unknown query $skipToken"], [], [], []] == [
        [str(n) for n in upstream.notes(r)] for r in found
    ]


def test_the_sandbox_s_own_recordings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with Sandbox(["scanning"], record=path) as sandbox:
        sandbox.load([{"method": "GET", "path": "/scan/datasources?api-version=2023-09-01"}])
    assert ["DataSources_List"] == [r["op"] for r in recordings.read(path).records]


@pytest.mark.parametrize("text", ["", "{}\n"])
def test_no_recording(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(UsageError, match=r"no recorded call|a\.jsonl, line 1"):
        recordings.read(tmp_path)


def test_what_was_not_called_and_what_failed_is_no_fault_of_a_recording() -> None:
    empty = dict.fromkeys(("wrongOperation", "refused", "notes"), ())
    bad = {
        "missing": ["a"],
        "unanswered": ["b"],
        "broken": [{"op": "c", "pass": "", "status": "500"}],
    }
    refused = {"answersRefused": [{"op": "d", "pass": "", "reasons": ["more"]}]}
    assert 4 == len(list(table.faults({"doc": {**empty, **bad, **refused}})))
    assert [] == list(table.faults({"doc": table.of_recordings({**empty, **bad, **refused})}))
