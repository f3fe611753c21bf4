"""What the plug-in says of requests that broke the contract and faults that never struck."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.testing.plugged import Runs

BAD = """
def test_it(purview_client):
    with pytest.raises(BadRequestError):
        body = {"kind": "AdlsGen2", "name": "x", "properties": {"endpoint": 3}}
        put(purview_client("scanning"), "lake", body)
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Runs:
    return Runs(pytester)


def test_a_broken_contract_fails_the_test_and_is_told_whole(run: Runs) -> None:
    outcome = run(BAD)
    assert {"failed": 1} == outcome.counts
    lines = [line.strip() for line in outcome.text.splitlines()]
    at = next(
        n
        for n, line in enumerate(lines)
        if line.startswith("purview: 1 request broke the contract")
    )
    template = "/scan/datasources/{dataSourceName}"
    assert [
        "PUT /scan/datasources/lake?api-version=2023-09-01 -> 400",
        f"operation DataSources_CreateOrReplace: PUT {template} (scanning@2023-09-01)",
        "body /name: expected nothing, since it is read-only, found 'x'",
        "body /properties/endpoint: expected a string, found 3",
    ] == lines[at + 1 : at + 5]


@pytest.mark.parametrize("arguments", [["--purview-lenient"], ["-o", "purview_strict=false"]])
def test_lenient_lets_it_pass(run: Runs, arguments: list[str]) -> None:
    assert {"passed": 1} == run(BAD, *arguments).counts


def test_the_command_line_is_above_the_ini_file(run: Runs) -> None:
    run.pytester.makeini("[pytest]\npurview_strict = false\n")
    assert {"passed": 1} == run(BAD).counts
    assert {"failed": 1} == run.again("--purview-strict").counts


def test_the_marker_is_above_all(run: Runs) -> None:
    outcome = run("@pytest.mark.purview(strict=False)" + BAD, "--purview-strict")
    assert {"passed": 1} == outcome.counts
    outcome = run("@pytest.mark.purview(strict=True)" + BAD, "--purview-lenient")
    assert {"failed": 1} == outcome.counts


def test_an_enum_is_closed_where_strict_and_open_where_not(run: Runs) -> None:
    outcome = run(
        """
        def test_it(purview_client):
            invented = {"dataSourceType": "Invented"}
            with pytest.raises((NotFoundError, BadRequestError)) as caught:
                purview_client("scanning").call("SystemScanRulesets_Get", invented)
            print("status", caught.value.status_code)
        """,
        *("-s", "--purview-lenient"),
    )
    assert {"passed": 1} == outcome.counts
    assert [] != outcome.lines("status 404")
    strict = run.again("-s")
    assert {"failed": 1} == strict.counts
    assert [] != strict.lines("status 400")
    assert [] != strict.lines("path dataSourceType: expected one of None, Fabric,")


def test_a_test_that_fails_anyway_keeps_its_failure_and_adds_the_reason(run: Runs) -> None:
    outcome = run(BAD + "    assert 1 == 2, 'its own words'\n")
    assert {"failed": 1} == outcome.counts
    assert [] != outcome.lines("its own words")
    assert [] != outcome.lines("Captured purview call")
    assert [] != outcome.lines("body /name: expected nothing")


def test_a_request_of_a_later_teardown_counts_too(run: Runs) -> None:
    outcome = run(
        """
        @pytest.fixture
        def cleanup(purview_client):
            yield
            with pytest.raises(BadRequestError):
                put(purview_client("scanning"), "lake", {"kind": 3})

        def test_it(cleanup):
            pass
        """
    )
    assert {"passed": 1, "errors": 1} == outcome.counts
    assert [] != outcome.lines("body /kind: expected")


@pytest.mark.parametrize("path", ["/nowhere", "/scan/nowhere"])
def test_a_path_of_no_contract_breaks_it(run: Runs, path: str) -> None:
    outcome = run(
        f"""
        import httpx

        def test_it(purview_sandbox):
            transport = purview_sandbox.transport()
            with httpx.Client(transport=transport, auth=purview_sandbox.auth) as client:
                assert 404 == client.get("http://127.0.0.1{path}").status_code
        """
    )
    assert {"failed": 1} == outcome.counts
    assert [f"GET {path} -> 404"] == outcome.lines("-> 404")


def test_what_the_sandbox_sent_may_come_back_and_links_may_be_followed(run: Runs) -> None:
    outcome = run(
        """
        @pytest.mark.purview(page_size=1)
        def test_it(purview_client):
            client = purview_client("scanning")
            for name in ("one", "two", "three"):
                put(client, name)
            source = client.data_sources.get("one")
            client.data_sources.create_or_replace("one", body=source)
            assert 3 == len(list(client.data_sources.list()))

        @pytest.mark.purview(fill=True)
        def test_operation(purview_client, purview_sandbox):
            share = "11111111-1111-4111-8111-111111111111"
            purview_client("share").sent_shares.begin_delete(share).result()
            statuses = [seen for seen in purview_sandbox.requests if seen.operation is None]
            assert [] != statuses
        """
    )
    assert {"passed": 2} == outcome.counts, outcome.text


def test_a_secret_is_not_shown(run: Runs) -> None:
    outcome = run(
        """
        import httpx

        def test_it(purview_sandbox):
            transport = purview_sandbox.transport()
            with httpx.Client(transport=transport, auth=purview_sandbox.auth) as client:
                sources = "http://127.0.0.1/scan/datasources?api-version=2023-09-01"
                client.get(sources + "&sig=canary-sig-1234")
                body = {"status": "canary-status", "authKey1": "canary-key-1234", "keyName": 3}
                url = "http://127.0.0.1/scan/integrationruntimes/one:regenerateAuthKey?api-version=2023-09-01"
                client.post(url, json=body)
        """
    )
    assert {"failed": 1} == outcome.counts
    told = outcome.text.partition("broke the contract")[2]
    assert ["GET /scan/datasources?api-version=2023-09-01&sig=left-out -> 400"] == outcome.lines(
        "GET "
    )[:1]
    assert [] != outcome.lines("body /authKey1: expected")
    assert "canary-sig" not in told
    assert "canary-key" not in told


def test_a_fault_that_never_strikes_fails_the_test(run: Runs) -> None:
    outcome = run(
        """
        def test_it(purview_client, purview_faults):
            purview_faults.add("throttled", operation="DataSources_Get", nth=2)
            put(purview_client("scanning"), "lake")
            purview_client("scanning").data_sources.get("lake")
        """
    )
    assert {"failed": 1} == outcome.counts
    which = "throttled (operation=DataSources_Get, nth=2); 1 calls fitted it"
    assert f"purview: fault never struck: {which}" == outcome.lines("never struck")[0]
    assert {"passed": 1} == run.again("--purview-lenient").counts


def test_a_fault_that_is_not_known_names_its_neighbours(run: Runs) -> None:
    outcome = run(
        """
        def test_it(purview_faults):
            for kind, more, expected in (
                ("throtled", {}, "did you mean throttled"),
                ("throttled", {"operation": "Scan_Get"}, "did you mean Scans_Get"),
                ("throttled", {"plane": "scaning"}, "did you mean scanning"),
                ("throttled", {"cuont": 1}, "did you mean count"),
            ):
                with pytest.raises(ValueError, match=expected):
                    purview_faults.add(kind, **more)
        """
    )
    assert {"passed": 1} == outcome.counts, outcome.text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--purview-mode", "replya"],
            "--purview-mode: unknown mode 'replya'; did you mean replay?",
        ),
        (
            ["-o", "purview_mode=lvie"],
            "purview_mode (ini): unknown mode 'lvie'; did you mean live?",
        ),
        (
            ["--purview-strict", "--purview-lenient"],
            "--purview-strict and --purview-lenient exclude each other",
        ),
        (
            ["--purview-mode", "replay", "--purview-record"],
            "--purview-record: replay makes no calls",
        ),
        (
            ["--purview-mode", "replay", "--purview-recordings", "nowhere"],
            "nowhere: is no folder; make recordings",
        ),
        (["--purview-recordings", "test_it.py"], "test_it.py: is a file; name a folder"),
        *(
            ([f"--purview-{name}", ""], f"--purview-{name}: has an empty value; name a folder")
            for name in ("recordings", "contracts")
        ),
        (["--purview-contracts", "nowhere"], "nowhere: has no planes.toml"),
        (
            ["--purview-live-account", "contoso"],
            "--purview-live-account: is for --purview-mode live alone",
        ),
        (
            ["-o", "purview_strict=perhaps"],
            "purview_strict (ini): 'perhaps' is neither true nor false",
        ),
    ],
)
def test_a_wrong_option_is_one_line(run: Runs, arguments: list[str], expected: str) -> None:
    outcome = run("def test_it():\n    pass\n", *arguments)
    assert int(pytest.ExitCode.USAGE_ERROR) == outcome.ret
    (line,) = outcome.lines("ERROR")
    assert expected in line


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("plane='scanning'", "unknown argument 'plane'; did you mean planes"),
        ("planes=['scaning']", "unknown plane 'scaning'; did you mean scanning?"),
        (
            "planes=['scanning@2023-09-02']",
            "unknown version '2023-09-02' of scanning; did you mean 2023-09-01",
        ),
        ("page_size=0", "page_size 0: a whole number, 1 or more, is needed"),
        ("page_size='2'", "page_size '2': a whole number, 1 or more, is needed"),
        ("strict='no'", "strict 'no': True or False is needed"),
        ("planes=7", "planes 7: a list of names is needed, such as"),
        ("'scanning'", "takes named arguments alone"),
    ],
)
def test_a_wrong_marker_is_one_line(run: Runs, marker: str, expected: str) -> None:
    outcome = run(f"@pytest.mark.purview({marker})\ndef test_it(purview_client):\n    pass\n")
    assert {"errors": 1} == outcome.counts
    assert [] != outcome.lines(expected)
    assert "Traceback" not in outcome.text


SCANNING = """
[planes.scanning]
package = "scanning"
title = "Scanning"
summary = "Data sources and their scans."
endpoint = "account"
roles = []

[[planes.scanning.documents]]
version = "2023-09-01"
default = true
repository = "owner/repo"
commit = "0123456789abcdef0123456789abcdef01234567"
path = "scanning.json"
"""


def test_a_manifest_of_ones_own_that_cannot_be_read_is_one_line(run: Runs) -> None:
    specs = run.pytester.path / "specs"
    specs.mkdir()
    (specs / "planes.toml").write_text(SCANNING.replace('"account"', '"moon"'))
    outcome = run(
        "def test_it(purview_client):\n    pass\n", "--purview-contracts", "specs", "--no-header"
    )
    assert {"errors": 1} == outcome.counts
    assert [] != outcome.lines("endpoint is 'moon', not one of account, tenant")
    assert "Traceback" not in outcome.text


def test_contracts_of_ones_own_are_served(run: Runs, root: Path) -> None:
    specs = run.pytester.path / "specs"
    (specs / "contracts" / "scanning").mkdir(parents=True)
    (specs / "planes.toml").write_text(SCANNING)
    text = (root / "specs/contracts/scanning/2023-09-01.json").read_text("utf-8")
    (specs / "contracts/scanning/2023-09-01.json").write_text(
        text.replace('"/datasources"', '"/sources"'), "utf-8"
    )
    outcome = run(
        """
        def test_it(purview_client, purview_sandbox):
            contracts = purview_sandbox.app.validator.contracts
            assert ["scanning@2023-09-01"] == [c.document.name for c in contracts]
            with pytest.raises(NotFoundError):
                list(purview_client("scanning").data_sources.list())
        """,
        *("--purview-contracts", "specs", "--purview-lenient"),
    )
    assert {"passed": 1} == outcome.counts, outcome.text
