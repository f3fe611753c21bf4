"""Replay: recordings answer; and what a recording may not hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.testing.plugged import Outcome, Runs

from purview_testing import Validator
from purview_testing.contracts.messages import RequestMessage, ResponseMessage
from purview_testing.pytest_plugin.recording import Recording, file_name, read_file
from purview_testing.pytest_plugin.replay import NotRecordedError, Replay

RECORDED = "recordings/test_it/test_it.jsonl"


@pytest.fixture
def run(pytester: pytest.Pytester) -> Runs:
    return Runs(pytester)


def recorded(run: Runs, text: str) -> Outcome:
    outcome = run(text, "--purview-record")
    assert {"passed": 1} == outcome.counts, outcome.text
    return outcome


def replayed(run: Runs, old: str = "", new: str = "") -> Outcome:
    """The tests once more, with another text in place of one."""
    path = run.pytester.path / "test_it.py"
    text = path.read_text()
    assert old in text
    path.unlink()
    for cached in run.pytester.path.glob("__pycache__/test_it*"):
        cached.unlink()
    path.write_text(text.replace(old, new) if old else text)
    return run.again("-rs", "--purview-mode", "replay")


STORY = """
@pytest.mark.purview(page_size=1)
def test_it(purview_client):
    client = purview_client("scanning")
    with pytest.raises(NotFoundError):
        client.data_sources.get("lake")
    put(client, "lake")
    put(client, "pond")
    assert "lake" == client.data_sources.get("lake").name
    assert ["lake", "pond"] == [s.name for s in client.data_sources.list()]
    assert 2 == len(list(client.data_sources.list().by_page()))
"""


def test_recordings_answer_in_order(run: Runs) -> None:
    recorded(run, STORY)
    assert {"passed": 1} == replayed(run).counts


def test_recordings_of_all_planes_and_of_async_clients(run: Runs) -> None:
    recorded(
        run,
        """
        def test_it(purview_async_client):
            async def story():
                async with purview_async_client() as purview:
                    account = await purview.account.accounts.get_account_properties()
                    assert "sandbox" == account.name
                    domains = purview.unified_catalog.business_domain.enumerate()
                    assert [] == [d async for d in domains]
                    return [s async for s in purview.scanning.data_sources.list()]

            assert [] == asyncio.run(story())
        """,
    )
    outcome = replayed(run)
    assert {"passed": 1} == outcome.counts, outcome.text


def test_a_request_that_differs_names_the_closest_recording(run: Runs) -> None:
    recorded(run, STORY)
    outcome = replayed(run, '"https://contoso.dfs', '"https://fabrikam.dfs')
    assert {"failed": 1} == outcome.counts
    (line, *_) = outcome.lines("NotRecordedError: PUT ")
    assert RECORDED in line
    for part in (
        "PUT /scan/datasources/lake",
        "line 2",
        "body /properties/endpoint",
        "fabrikam",
        "--purview-record",
    ):
        assert part in line, part


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('client.data_sources.get("lake")', "every recording of DataSources_Get has been used"),
        (
            'client.scans.get("lake", "weekly")',
            "Scans_Get was not recorded; there are DataSources_CreateOrReplace,",
        ),
        ('client.data_sources.delete("lake")', "DataSources_Delete was not recorded"),
    ],
)
def test_a_request_without_recording_fails_even_if_its_error_is_swallowed(
    run: Runs, call: str, expected: str
) -> None:
    recorded(run, STORY)
    swallowed = f"\n    try:\n        {call}\n    except AssertionError:\n        pass\n"
    old = "    assert 2 == len(list(client.data_sources.list().by_page()))"
    outcome = replayed(run, old, old + swallowed)
    assert {"failed": 1} == outcome.counts
    assert [] != [line for line in outcome.lines(expected) if RECORDED in line]


def test_a_test_without_a_recording_says_how_to_make_one(run: Runs) -> None:
    run.pytester.mkdir("recordings")
    outcome = run(STORY, "--purview-mode", "replay")
    assert {"errors": 1} == outcome.counts
    expected = (
        f"{RECORDED}: is not there; record this test with --purview-mode live --purview-record"
    )
    assert [] != outcome.lines(expected)


def test_a_file_that_is_not_a_recording_is_named(run: Runs) -> None:
    recorded(run, STORY)
    with (run.pytester.path / RECORDED).open("a") as file:
        file.write('{"doc": "scanning@2023-09-01"\n')
    outcome = replayed(run)
    assert {"errors": 1} == outcome.counts
    assert [] != outcome.lines(
        f"{RECORDED}, line 9: is no call with doc, op, liveRequest and liveResponse"
    )


def test_ids_that_are_made_anew_are_exchanged(run: Runs) -> None:
    recorded(
        run,
        """
        import uuid

        COLLECTION = BODY["properties"]["collection"]
        SCAN = {"kind": "AdlsGen2Msi", "properties": {"collection": COLLECTION}}

        def test_it(purview_client):
            client, run_id = purview_client("scanning"), str(uuid.uuid4())
            put(client, "lake")
            names = {"dataSourceName": "lake", "scanName": "weekly"}
            client.call("Scans_CreateOrReplace", names, SCAN)
            client.scan_result.begin_run_scan("lake", "weekly", run_id=run_id).result()
            (found,) = client.scan_result.list_scan_history("lake", "weekly")
            assert run_id == found.id
        """,
    )
    outcome = replayed(run)
    assert {"passed": 1} == outcome.counts, outcome.text


def test_the_status_of_an_operation_is_recorded_too(run: Runs) -> None:
    recorded(
        run,
        """
        @pytest.mark.purview(fill=True)
        def test_it(purview_client, purview_recorder):
            purview_client("share").sent_shares.begin_delete("11111111-1111-4111-8111-111111111111").result()
            assert None in [call["op"] for call in purview_recorder.calls]
        """,
    )
    assert {"passed": 1} == replayed(run).counts


def test_replay_needs_no_sandbox_and_has_none(run: Runs) -> None:
    recorded(run, STORY)
    assert {"passed": 1} == replayed(
        run, "@pytest.mark.purview(page_size=1)", "@pytest.mark.purview(seed='no.json')"
    ).counts
    outcome = replayed(run, "(purview_client)", "(purview_client, purview_faults)")
    assert {"skipped": 1} == outcome.counts
    assert [] != outcome.lines("purview_faults needs the sandbox, and --purview-mode is replay")


def test_a_recording_may_have_a_name_of_its_own(run: Runs) -> None:
    outcome = run(
        STORY.replace("page_size=1", "page_size=1, recording='one.jsonl'"), "--purview-record"
    )
    assert {"passed": 1} == outcome.counts
    assert (run.pytester.path / "recordings" / "one.jsonl").is_file()
    assert {"passed": 1} == replayed(run).counts


def test_a_violation_in_replay_fails_as_in_the_sandbox(run: Runs) -> None:
    recorded(
        run,
        """
        @pytest.mark.purview(strict=False)
        def test_it(purview_client):
            with pytest.raises(BadRequestError):
                put(purview_client("scanning"), "lake", {**BODY, "properties": "none"})
        """,
    )
    outcome = replayed(run, "strict=False", "")
    assert {"failed": 1} == outcome.counts
    assert [] != outcome.lines("body /properties: expected an object")


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("a/test_b.py::test_c", "a/test_b/test_c.jsonl"),
        ("test_b.py::TestX::test_c", "test_b/TestX.test_c.jsonl"),
        ("test_b.py::test_c[one]", "test_b/test_c_one_-"),
    ],
)
def test_a_recording_is_named_after_its_test(nodeid: str, expected: str) -> None:
    assert file_name(nodeid).as_posix().startswith(expected)


def test_no_two_tests_share_a_recording() -> None:
    assert file_name("t.py::t[a/b]") != file_name("t.py::t[a_b]")
    assert ".." not in file_name("t.py::t[../../x]").parts


URL = "https://contoso.purview.azure.com"
JSON = {"content-type": "application/json"}


def call(
    method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> RequestMessage:
    content = b"" if body is None else json.dumps(body).encode()
    return RequestMessage.of(
        method, URL + path, {**(JSON if content else {}), **(headers or {})}, content
    )


@pytest.mark.parametrize(
    "response",
    [
        ResponseMessage(200, {"content-type": "text/csv"}, "name,é\r\n1,2".encode()),
        ResponseMessage(200, {"content-type": "application/octet-stream"}, bytes(range(256))),
        ResponseMessage(200, JSON, b"null"),
        ResponseMessage(200, JSON, b'{"broken": '),
        ResponseMessage(200, JSON, b'[1, "\\ud800", 123456789012345678901234567890]'),
        ResponseMessage(204, {}, b""),
    ],
)
def test_any_body_comes_back_as_it_was(response: ResponseMessage, tmp_path: Path) -> None:
    recording = Recording(Validator(["scanning"]))
    request = call("GET", "/scan/datasources?api-version=2023-09-01")
    recording.write(request, response)
    replay = Replay(recording.save(tmp_path / "one.jsonl"), recording)
    answer = replay.handle(request)
    assert response.status == answer.status
    assert response.content.replace(b" ", b"") == answer.content.replace(b" ", b"")
    with pytest.raises(NotRecordedError, match="every recording of DataSources_List has been used"):
        replay.handle(request)


CANARIES = [f"canary-{n}-Zx9+/w==" for n in range(12)]
TOKEN = "eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOiAxfQ.canary-signature"


def test_no_secret_is_in_a_recording(tmp_path: Path) -> None:
    """It may stand in headers, queries, bodies, links, errors that echo it, and other bodies."""
    recording = Recording(Validator(), [CANARIES[0]])
    key = call("POST", "/scan/integrationruntimes/one:listAuthKeys?api-version=2023-09-01", None)
    keys = {"authKey1": CANARIES[1], "authKey2": CANARIES[2]}
    calls = [
        (key, ResponseMessage(200, JSON, json.dumps(keys).encode())),
        (
            call(
                "GET",
                f"/scan/datasources?api-version=2023-09-01&sig={CANARIES[3].replace('+', '%2B')}",
            ),
            ResponseMessage(
                200, {**JSON, "x-custom": CANARIES[4], "set-cookie": CANARIES[5]}, b'{"value": []}'
            ),
        ),
        (
            call(
                "PUT",
                "/scan/credentials/one?api-version=2023-09-01",
                {"properties": {"password": CANARIES[6]}},
            ),
            ResponseMessage(
                400,
                JSON,
                json.dumps({"error": {"code": "Bad", "message": f"{CANARIES[6]} is bad"}}).encode(),
            ),
        ),
        (
            call(
                "GET",
                "/scan/datasources/one?api-version=2023-09-01",
                None,
                {"authorization": f"Bearer {TOKEN}"},
            ),
            ResponseMessage(
                200,
                JSON,
                json.dumps(
                    {"note": f"by {CANARIES[0]} and {TOKEN}", "keys": [CANARIES[1]]}
                ).encode(),
            ),
        ),
        (
            call("POST", "/account/listkeys?api-version=2023-10-01-preview"),
            ResponseMessage(
                200,
                JSON,
                json.dumps(
                    {"atlasKafkaPrimaryEndpoint": f"Endpoint=sb://x;SharedAccessKey={CANARIES[7]}"}
                ).encode(),
            ),
        ),
        (
            call("GET", "/scan/datasources/two?api-version=2023-09-01"),
            ResponseMessage(
                200, {"content-type": "text/plain"}, f"{CANARIES[0]} {CANARIES[1]}".encode()
            ),
        ),
        (
            call(
                "GET",
                "/scan/datasources/three?api-version=2023-09-01",
                None,
                {"x-ms-token": CANARIES[8]},
            ),
            ResponseMessage(
                200,
                JSON,
                json.dumps(
                    {"url": f"https://x/y?sv=1&sig={CANARIES[9]}&se=2", "accountKey": CANARIES[10]}
                ).encode(),
            ),
        ),
    ]
    for request, response in calls:
        recording.write(request, response)
    path = recording.save(tmp_path / "one.jsonl")
    text = path.read_text() + "".join(map(decoded, read_file(path)))
    assert len(calls) == len(recording.calls)
    assert [] == [c for c in ("canary", TOKEN, "Zx9") if c in text]
    assert "Bad" in text


def decoded(line: dict[str, Any]) -> str:
    import base64

    return base64.b64decode(line["liveResponse"].get("content", "")).decode("utf-8", "replace")


def test_calls_to_others_are_not_recorded() -> None:
    recording = Recording(Validator(["scanning"]))
    recording.write(
        call("POST", "/tenant/oauth2/token"),
        ResponseMessage(200, JSON, b'{"access_token": "canary"}'),
    )
    assert [] == recording.calls


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    recording = Recording(Validator(["scanning"]))
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="name a folder that can be written"):
        recording.save(tmp_path / "file" / "one.jsonl")
