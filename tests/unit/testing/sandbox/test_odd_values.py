"""Odd arguments of sandboxes, faults, clients of the plug-in and the command.

Each of them is an error of one line that names the argument.
"""

from __future__ import annotations

import errno
import gzip
import json
import math
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.unit.testing.sandbox.clients import client_of

from purview_dataplane import AsyncPurview, Purview
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient
from purview_testing import Fault, Sandbox, UsageError
from purview_testing.__main__ import main
from purview_testing.contracts.judge import Validator, twice
from purview_testing.contracts.messages import RequestMessage
from purview_testing.pytest_plugin.clients import AsyncClients, Clients, InProcess, Waits

SOURCE = "/scan/datasources/lake?api-version=2023-09-01"
BODY = {"kind": "AmazonS3", "properties": {"serviceUrl": "s3://b"}}


ODD_NUMBERS: list[Any] = ["2", "", True, math.nan, math.inf, -1, [2]]


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        *(("page_size", odd) for odd in [*ODD_NUMBERS, 0, 1.5, None]),
        *(("pace", odd) for odd in ODD_NUMBERS),
        *(("token_lifetime", odd) for odd in [*ODD_NUMBERS, None]),
        *(("seed", odd) for odd in ("2", True, 1.5, math.nan, None)),
        *((name, odd) for name in ("exact", "strict", "fill") for odd in ("no", 0, None)),
        *((name, odd) for name in ("state", "record") for odd in ("", 7, b"s.db")),
        *(("planes", odd) for odd in ("scanning", [], [7], 7, "")),
    ],
    ids=repr,
)
def test_a_sandbox_names_the_argument_that_is_wrong(name: str, odd: Any) -> None:
    with pytest.raises(UsageError, match=f"^{name} ") as caught:
        Sandbox(**{name: odd})
    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        *((name, odd) for name in ("nth", "count") for odd in [*ODD_NUMBERS, 0, 1.5]),
        *(("probability", odd) for odd in [*ODD_NUMBERS, 1.5, None]),
        *(("delay", odd) for odd in [*ODD_NUMBERS, None]),
        *(("retry_after", odd) for odd in ("2", True, math.nan, math.inf)),
        *(("seed", odd) for odd in ("2", 1.5, None)),
        *((name, odd) for name in ("plane", "operation", "to") for odd in (7, "", ["x"])),
        *(("form", odd) for odd in (7, "", None)),
    ],
    ids=repr,
)
def test_a_fault_names_the_argument_that_is_wrong(name: str, odd: Any) -> None:
    said = "form of Retry-After" if name == "form" else name
    with pytest.raises(UsageError, match=said) as caught:
        Fault("throttled", **{name: odd})
    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize("odd", [7, None, ["throttled"], ""])
def test_a_kind_of_fault_is_text(odd: Any) -> None:
    with pytest.raises(UsageError, match="unknown fault"):
        Fault(odd)
    with (
        Sandbox(["scanning"]) as sandbox,
        pytest.raises(TypeError, match=r"faults.add takes a Fault, such as .*, not "),
    ):
        sandbox.faults.add(odd)


@pytest.mark.parametrize(
    "odd",
    [
        7,
        "GET /x",
        {"method": "GET"},
        [7],
        [{"method": 7, "path": "/x"}],
        [{"method": "GET", "path": "x"}],
    ],
)
def test_seed_data_is_a_list_of_calls(odd: Any) -> None:
    with Sandbox(["scanning"]) as sandbox, pytest.raises(UsageError, match="^seed data[:,]"):
        sandbox.load(odd)


@pytest.mark.parametrize("odd", ["5", True, math.nan, math.inf])
def test_a_token_lasts_for_a_number_of_seconds(odd: Any) -> None:
    with Sandbox(["scanning"]) as sandbox, pytest.raises(UsageError, match="^lifetime "):
        sandbox.token(odd)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        *((["--pace", odd], "pace ") for odd in ("-1", "nan", "inf")),
        (["--pace", "x"], "--pace"),
        *((["--page-size", odd], "page_size ") for odd in ("-1", "0")),
        (["--page-size", "1.5"], "--page-size"),
        (["--seed", "x"], "--seed"),
        *((["--port", odd], f"--port {odd}: ") for odd in ("-1", "65536")),
        *(
            (["--host", odd], f"--host {odd}: ")
            for odd in ("256.0.0.1", "192.0.2.1", "[::1]", f"{'a' * 70}.example")
        ),
        (["--host", ""], "--host '': "),
        *((["--planes", odd], "planes []: ") for odd in ("", ",")),
        *(([f"--{name}", ""], f"{name} '': ") for name in ("state", "record")),
        *(([f"--{name}", ""], f"--{name} ") for name in ("faults", "seed-data")),
    ],
    ids=repr,
)
def test_the_command_names_the_option_that_is_wrong(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(["serve", *arguments])
    error = capsys.readouterr().err
    assert (1, True) == (len(error.splitlines()), said in error), error


def test_a_port_that_is_taken_is_not_blamed_on_the_host(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert 2 == main(["serve", "--port", port])
    error = capsys.readouterr().err
    assert error.startswith(f"--port {port}: [Errno {errno.EADDRINUSE}]"), error


def clients(kind: Any) -> Any:
    waits = Waits()
    validator = Validator(["scanning"])
    return kind(
        InProcess(lambda _: None, None, "http://127.0.0.1", "http://127.0.0.1", waits),
        validator,
        waits,
        real=False,
    )


@pytest.mark.parametrize(
    ("kind", "named", "odd"),
    [
        *(
            (Clients, "purview_client takes .* or Purview, not", odd)
            for odd in (int, 7, ["scanning"], AsyncScanningClient)
        ),
        *(
            (AsyncClients, "purview_async_client takes .* or AsyncPurview, not", odd)
            for odd in (int, ScanningClient, Purview)
        ),
        (Clients, "not AsyncPurview$", AsyncPurview),
        (Clients, "not int$", int),
    ],
)
def test_clients_of_a_test_are_made_from_generated_classes_only(
    kind: Any, named: str, odd: Any
) -> None:
    with pytest.raises(TypeError, match=named) as caught:
        clients(kind)(odd)
    assert 1 == len(str(caught.value).splitlines())
    assert ScanningClient is type(clients(Clients)(type("Mine", (ScanningClient,), {}))).__base__


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("squeeze", [gzip.compress, bytes], ids=["gzip", "plain"])
def test_a_body_with_a_coding_is_refused(squeeze: Any, strict: bool) -> None:
    with Sandbox(["scanning"], strict=strict) as sandbox, client_of(sandbox) as http:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        answer = http.put(SOURCE, content=squeeze(json.dumps(BODY).encode()), headers=headers)
        assert (415, "UnsupportedMediaType") == (answer.status_code, answer.json()["error"]["code"])
        assert "with no coding" in answer.json()["error"]["message"]
        assert 404 == http.get(SOURCE).status_code
        headers["Content-Encoding"] = "identity"
        assert 201 == http.put(SOURCE, content=json.dumps(BODY), headers=headers).status_code


DOUBLE = b'{"kind": "AmazonS3", "properties": {"serviceUrl": "s3://a", "serviceUrl": "s3://b"}}'


def test_a_strict_sandbox_refuses_a_member_that_is_there_twice() -> None:
    for strict, exact, status in ((False, False, 201), (True, False, 400), (False, True, 400)):
        with (
            Sandbox(["scanning"], strict=strict, exact=exact) as sandbox,
            client_of(sandbox) as http,
        ):
            answer = http.put(SOURCE, content=DOUBLE, headers={"Content-Type": "application/json"})
            assert (status, status == 400) == (
                answer.status_code,
                "'serviceUrl' twice" in answer.text,
            )
            assert (201 if status == 400 else 200) == http.put(SOURCE, json=BODY).status_code
    request = RequestMessage.of(
        "PUT", f"http://x{SOURCE}", {"content-type": "application/json"}, DOUBLE
    )
    assert [["twice"], []] == [
        [d.kind for d in Validator(["scanning"], strict=s).request(request).violations]
        for s in (True, False)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "b": {"a": 1}, "c": [{"a": 1}, {"a": 2}]}', []),
        ('{"a": 1, "a": 1}', ["a"]),
        ('[[{"x": {"b": 1, "a": 1, "b": 2, "a": 3, "a": 4}}]]', ["b", "a"]),
        ('{"a": 1, "\\u0061": 2}', ["a"]),
        ("\ufeff" + '{"a": 1, "a": ' + "1" * 5_000 + "}", ["a"]),
        ("[" * 100_000, []),
        ("no JSON", []),
        ("", []),
    ],
    ids=range(8),
)
def test_a_member_that_is_there_twice_is_found_at_any_depth(text: str, expected: list[str]) -> None:
    assert expected == twice(text.encode())


def test_state_and_record_are_kept_in_the_files_that_are_named(tmp_path: Path) -> None:
    with Sandbox(["scanning"], state=tmp_path / "s.db", record=str(tmp_path / "r")):
        assert {"s.db", "r"} <= {p.name for p in tmp_path.iterdir()}
