"""The fixtures of the plug-in in the sandbox: state, clients, ports, seeds, recordings."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.unit.testing.plugged import Runs

HEAVY = {
    "httpx",
    "attrs",
    "attr",
    "msgspec",
    "purview_dataplane",
    "purview_testing.sandbox.sandbox",
    "purview_testing.pytest_plugin.test_case",
}


@pytest.fixture
def run(pytester: pytest.Pytester) -> Runs:
    return Runs(pytester)


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = {sys.path!r}; {code}; print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_plugin_loads_nothing_heavy() -> None:
    loaded = loaded_by("import purview_testing.pytest_plugin.plugin")
    assert "purview_testing.pytest_plugin.plugin" in loaded
    assert set() == HEAVY & loaded


def test_a_run_without_fixtures_loads_nothing_heavy(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    pytester.makepyfile(
        f"import sys\ndef test_it():\n    assert set() == {HEAVY!r} & set(sys.modules)\n"
    )
    pytester.runpytest_subprocess("-p", "purview_testing.pytest_plugin.plugin").assert_outcomes(
        passed=1
    )


def test_each_test_has_a_fresh_state(run: Runs) -> None:
    outcome = run(
        """
        @pytest.mark.parametrize("n", [1, 2])
        def test_it(purview_client, n):
            client = purview_client("scanning")
            assert [] == list(client.data_sources.list())
            put(client, "lake")
            assert ["lake"] == [s.name for s in client.data_sources.list()]
        """
    )
    assert {"passed": 2} == outcome.counts


def test_clients_by_name_by_class_and_for_all_planes(run: Runs) -> None:
    outcome = run(
        """
        from purview_dataplane import Purview
        from purview_dataplane.scanning import ScanningClient

        def test_it(purview_client, purview_sandbox):
            assert type(purview_client("scanning")) is ScanningClient
            assert type(purview_client(ScanningClient)) is ScanningClient
            purview = purview_client()
            assert isinstance(purview, Purview)
            put(purview.scanning, "lake")
            assert "lake" == purview_client("scanning").data_sources.get("lake").name
            assert purview.unified_catalog is not None
            assert [] == list(purview.unified_catalog.business_domain.enumerate())
            planes = {seen.plane for seen in purview_sandbox.requests}
            assert {"scanning", "unified_catalog"} == planes
        """
    )
    assert {"passed": 1} == outcome.counts


def test_clients_are_closed_when_the_test_ends(run: Runs) -> None:
    outcome = run(
        """
        KEPT = []

        def test_one(purview_client, purview_async_client):
            KEPT.append(purview_client("scanning"))
            KEPT.append(purview_client())
            KEPT.append(purview_async_client("scanning"))

        def test_two():
            one, all_, other = KEPT
            for call in (
                lambda: one.data_sources.get("lake"),
                lambda: all_.scanning.data_sources.get("lake"),
                lambda: asyncio.run(other.data_sources.get("lake")),
            ):
                with pytest.raises(RuntimeError, match="closed"):
                    call()
        """
    )
    assert {"passed": 2} == outcome.counts


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_async_clients_on_both_loops(run: Runs, loop: str) -> None:
    outcome = run(
        f"""
        import anyio

        def test_it(purview_async_client, purview_faults):
            purview_faults.add("slow-first-byte", operation="DataSources_List", delay=0.01)
            purview_faults.add("throttled", operation="DataSources_Get", retry_after=30)

            async def story():
                client = purview_async_client("scanning")
                await put(client, "lake")
                assert "lake" == (await client.data_sources.get("lake")).name
                async with purview_async_client() as purview:
                    return [s.name async for s in purview.scanning.data_sources.list()]

            assert ["lake"] == anyio.run(story, backend="{loop}")
            assert [30] == purview_async_client.waits
        """
    )
    assert {"passed": 1} == outcome.counts, outcome.text


def test_waits_are_kept_and_not_slept(run: Runs) -> None:
    outcome = run(
        """
        import time

        def test_it(purview_client, purview_faults):
            which = {"operation": "DataSources_List", "count": 2}
            fault = purview_faults.add("throttled", retry_after=25, **which)
            begun = time.monotonic()
            assert [] == list(purview_client("scanning").data_sources.list())
            assert [25, 25] == purview_client.waits
            assert 2 == fault.used
            assert time.monotonic() - begun < 20
        """
    )
    assert {"passed": 1} == outcome.counts


def test_options_of_a_client_are_handed_on(run: Runs) -> None:
    outcome = run(
        """
        from purview_core import NO_RETRY

        def test_it(purview_client, purview_faults):
            purview_faults.add("unavailable", operation="DataSources_List", count=1)
            with pytest.raises(ServerError):
                list(purview_client("scanning", retry=NO_RETRY).data_sources.list())
            with pytest.raises(TypeError, match="transport="):
                purview_client("scanning", transport=None)
            with pytest.raises(ValueError, match="did you mean scanning"):
                purview_client("scaning")
        """
    )
    assert {"passed": 1} == outcome.counts


def test_the_url_is_a_port_until_the_test_ends(run: Runs) -> None:
    pytest.importorskip("uvicorn", reason="a port needs the extra testing")
    outcome = run(
        """
        import httpx

        URLS = []

        def test_one(purview_sandbox, purview_client):
            put(purview_client("scanning"), "lake")
            url = f"{purview_sandbox.url}/scan/datasources/lake?api-version=2023-09-01"
            assert purview_sandbox.url == purview_sandbox.url
            answer = httpx.get(url, auth=purview_sandbox.auth, trust_env=False)
            assert "lake" == answer.json()["name"]
            first = purview_sandbox.url
            with purview_sandbox.serve() as other:
                assert first != other == purview_sandbox.url
                assert 200 == httpx.get(f"{other}/__sandbox/state", trust_env=False).status_code
            URLS.append(purview_sandbox.url)

        def test_two():
            with pytest.raises(httpx.ConnectError):
                httpx.get(URLS[0], trust_env=False)
        """
    )
    assert {"passed": 2} == outcome.counts, outcome.text


def test_the_marker_shapes_the_sandbox(run: Runs) -> None:
    outcome = run(
        """
        @pytest.mark.purview(planes=["scanning@2022-07-01-preview"])
        def test_planes(purview_sandbox, purview_client):
            contracts = purview_sandbox.app.validator.contracts
            assert ["scanning@2022-07-01-preview"] == [c.document.name for c in contracts]
            with pytest.raises(ValueError, match="scanning@2023-09-01 is not served"):
                purview_client("scanning")

        @pytest.mark.purview(page_size=2)
        class TestPages:
            @pytest.mark.purview(planes="scanning")
            def test_pages(self, purview_sandbox, purview_client):
                client = purview_client("scanning")
                for name in ("one", "two", "three"):
                    put(client, name)
                assert [2, 1] == [len(page.items) for page in client.data_sources.list().by_page()]
                assert 1 == len(purview_sandbox.app.validator.contracts)

        @pytest.mark.purview(seed=7)
        def test_a_number(purview_client):
            account = purview_client("account").accounts.get_account_properties()
            assert account == purview_client("account").accounts.get_account_properties()
        """
    )
    assert {"passed": 3} == outcome.counts, outcome.text


CALLS = [
    {
        "method": "PUT",
        "path": f"/scan/datasources/{name}?api-version=2023-09-01",
        "body": {"kind": "AmazonS3", "properties": {"serviceUrl": "s3://contoso"}},
    }
    for name in ("one", "two")
]


def test_seeds_fill_the_state(run: Runs) -> None:
    run.pytester.path.joinpath("calls.json").write_text(json.dumps(CALLS))
    outcome = run(
        f"""
        @pytest.mark.parametrize("n", [1, 2])
        @pytest.mark.purview(seed="calls.json")
        def test_file(purview_client, n):
            sources = purview_client("scanning").data_sources.list()
            assert ["one", "two"] == [s.name for s in sources]

        def test_list(purview_sandbox, purview_client):
            assert 2 == purview_sandbox.load({CALLS!r})
            assert "one" == purview_client("scanning").data_sources.get("one").name
            put(purview_client("scanning"), "two", {CALLS[1]["body"]!r})
        """
    )
    assert {"passed": 3} == outcome.counts, outcome.text


def test_a_seed_that_is_never_used_fails_the_test(run: Runs) -> None:
    outcome = run(
        f"""
        @pytest.mark.purview(seed={CALLS!r})
        def test_it(purview_client):
            assert "one" == purview_client("scanning").data_sources.get("one").name
        """
    )
    assert {"failed": 1} == outcome.counts
    assert (
        "purview: seeded data never used: PUT /scan/datasources/two"
        == outcome.lines("never used")[0]
    )
    assert "datasources/one" not in outcome.text.partition("FAILURES")[2]


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        ([{"method": "PUT"}], "seed data, call 1: an object with method, path and body is needed"),
        ([{"method": "GET", "path": "/scan/nothing"}], "seed data, call 1: GET /scan/nothing: 404"),
        ("none.json", "none.json: No such file or directory"),
    ],
)
def test_a_seed_that_does_not_work_is_an_error_of_one_line(
    run: Runs, seed: object, expected: str
) -> None:
    outcome = run(
        f"""
        @pytest.mark.purview(seed={seed!r})
        def test_it(purview_client):
            pass
        """
    )
    assert {"errors": 1} == outcome.counts
    assert expected in outcome.text
    assert "Traceback" not in outcome.text


def test_the_recorder_has_the_calls(run: Runs) -> None:
    outcome = run(
        """
        import json

        def test_it(purview_client, purview_recorder, tmp_path):
            put(purview_client("scanning"), "lake")
            (call,) = purview_recorder.calls
            assert "scanning@2023-09-01" == call["doc"]
            assert "DataSources_CreateOrReplace" == call["op"]
            assert BODY == call["liveRequest"]["body"]
            assert "201" == call["liveResponse"]["statusCode"]
            assert "authorization" not in call["liveRequest"]["headers"]
            path = purview_recorder.save(tmp_path / "a" / "b.jsonl")
            assert [call] == [json.loads(line) for line in path.read_text().splitlines()]
        """
    )
    assert {"passed": 1} == outcome.counts, outcome.text


def test_workers_of_xdist_do_not_meet(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    pytest.importorskip("uvicorn", reason="a port needs the extra testing")
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    outcome = run(
        """
        import httpx

        @pytest.mark.parametrize("n", range(8))
        def test_it(purview_client, purview_sandbox, n):
            put(purview_client("scanning"), f"lake-{n}")
            url = f"{purview_sandbox.url}/scan/datasources?api-version=2023-09-01"
            found = httpx.get(url, auth=purview_sandbox.auth, trust_env=False).json()["value"]
            assert [f"lake-{n}"] == [s["name"] for s in found]
        """,
        *("-p", "xdist", "-n", "2", "--purview-record"),
    )
    assert {"passed": 8} == outcome.counts, outcome.text
    assert 8 == len(list(run.pytester.path.glob("recordings/test_it/*.jsonl")))
