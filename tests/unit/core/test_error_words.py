"""What errors say: every cause that an answer holds, on one line, of a bounded size, and what a
person can do.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from purview_auth.texts import cleaned, shortened, shown
from purview_core import (
    NO_RETRY,
    BadRequestError,
    HttpError,
    NotFoundError,
    PagingError,
    TransportError,
    UnauthorizedError,
)
from purview_core.call.urls import LONGEST_LINE, LONGEST_URL
from purview_core.client.outcome import OperationStatus
from purview_core.error_words import said
from purview_core.model.codec import codec
from purview_core.model.definitions import NOTHING
from purview_dataplane import AsyncPurview, Purview
from purview_dataplane.datamap import DataMapClient
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient
from purview_dataplane.unified_catalog import UnifiedCatalogClient

from .support import ENDPOINT, Recorder

DETAIL = {
    "code": "X",
    "message": "serverEndpoint is not reachable",
    "target": "properties.serverEndpoint",
}
BODIES: dict[str, tuple[Any, str | None, str | None, list[str]]] = {
    # body; code; message; what else the text has to say
    "details": (
        {"error": {"code": "BadRequest", "message": "Validation failed", "details": [DETAIL]}},
        *("BadRequest", "Validation failed", list(DETAIL.values())),
    ),
    "inner errors": (
        {
            "error": {
                "code": "B",
                "message": "m",
                "innererror": {"code": "C", "innererror": {"message": "login failed"}},
            }
        },
        *("B", "m", ["C", "login failed"]),
    ),
    "inner, other case": (
        {"error": {"message": "m", "innerError": {"type": "t", "trace": "why"}}},
        None,
        "m",
        ["why"],
    ),
    "fields alone": (
        {
            "errors": {
                "field": ["is required", "is short"],
                "path": "bad",
                "description": "long",
                "type": {"a": ["odd"]},
            }
        },
        *(
            None,
            "field: is required; field: is short; path: bad; description: long; type.a: odd",
            [],
        ),
    ),
    "problem with fields": (
        {"type": "https://x/y", "title": "Invalid", "status": 400, "errors": {"$.a": ["no JSON"]}},
        *(None, "Invalid", ["$.a", "no JSON"]),
    ),
    "problem": (
        {"title": "Not allowed", "detail": "Quota is 5", "instance": "/i"},
        None,
        "Not allowed: Quota is 5",
        [],
    ),
    "list": (
        [{"code": "A", "message": "first"}, {"code": "B", "message": "second"}],
        "A",
        "first",
        ["B", "second"],
    ),
    "list of text": (["one", "two"], None, "one", ["two"]),
    "list of errors": (
        {"error": [{"code": "A"}, {"code": "B", "message": "b"}]},
        "A",
        None,
        ["B: b"],
    ),
    "list in errors": (
        {"errors": [{"message": "a"}, {"field": ["b"]}, "c"]},
        None,
        "a; field: b; c",
        [],
    ),
    "Atlas": (
        {"requestId": "q", "errorCode": "E", "errorMessage": "m"},
        "E",
        "m",
        ["(request id q)"],
    ),
    "Atlas within": ({"error": {"errorCode": "E", "errorMessage": "m"}}, "E", "m", []),
    "other names": (
        {"error": {"kind": "Quota", "limit": 5, "password": "pw-1"}},
        *(None, "kind: Quota; limit: 5; password: ***", []),
    ),
    "an echo beside it": (
        {"error": {"code": "C"}, "request": {"a": "pw-1"}, "b": "pw-1"},
        "C",
        None,
        [],
    ),
    "names of secrets": (
        {"authKey1": "pw-1", "SasUri": "pw-1", "why": "no"},
        None,
        "authKey1: ***; SasUri: ***; why: no",
        [],
    ),
    "fault": (
        {"fault": {"faultstring": "Invalid key", "detail": {"errorcode": "oauth.Invalid"}}},
        *(None, "Invalid key", ["oauth.Invalid"]),
    ),
    "OAuth": ({"error": "invalid_request", "error_description": "no"}, "invalid_request", "no", []),
    "a sentence": ({"error": "it went wrong"}, "", "it went wrong", []),
    "framework": (
        {"Message": "Failed.", "ExceptionMessage": "boom", "StackTrace": "at x"},
        None,
        "Failed.",
        ["boom"],
    ),
    "message of one language": (
        {"odata.error": {"code": "", "message": {"lang": "en", "value": "no"}}},
        None,
        "no",
        [],
    ),
    "places": (
        {"detail": [{"loc": ["body", "x", 0], "msg": "missing"}]},
        None,
        "body.x.0: missing",
        [],
    ),
    "beside it": (
        {"error": {"code": "A"}, "details": ["x"], "message": "outer"},
        "A",
        None,
        ["outer", "x"],
    ),
    "odd values": ({"error": {"code": 7, "message": ["a"], "details": "x"}}, "7", "a", ["x"]),
    "deep in data": (
        {"error": {"message": "m"}, "data": {"steps": [{"message": "step failed"}]}},
        None,
        "m",
        ["step failed"],
    ),
    "HTML": (
        (
            "<!DOCTYPE html><head><title>502 Bad Gateway</title><style>p "
            "{}</style></head><p>no &lt;upstream&gt;</p>"
        ),
        *(None, "502 Bad Gateway no <upstream>", []),
    ),
    "XML": ("<Error><Code>Busy</Code><Message>later</Message></Error>", None, "Busy later", []),
    "text": ("no upstream", None, "no upstream", []),
    "cut off": ('{"error": {"key": "pw-1"', None, None, ["24 characters of JSON that is cut off"]),
    "code alone": ({"errorCode": "E", "errorMessage": None}, "E", None, []),
    "a success's": ({"error": {"errorCode": 0, "errorMessage": ""}}, None, None, ["no message"]),
    "null": ({"error": None}, None, None, ["no message"]),
    "nothing": ({"error": {}}, None, None, ["no message"]),
}


def answer(body: Any, status: int = 400, **headers: str) -> httpx.Response:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return httpx.Response(
        status, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def failure(response: httpx.Response, **options: Any) -> Any:
    client = ScanningClient(ENDPOINT, transport=Recorder(response).sync, retry=NO_RETRY, **options)
    with pytest.raises(HttpError) as caught:
        client.scans.get("s1", "n1")
    return caught.value


def async_failure(response: httpx.Response, **options: Any) -> Any:
    async def main() -> None:
        async with AsyncScanningClient(
            ENDPOINT, transport=Recorder(response).both, retry=NO_RETRY, **options
        ) as client:
            await client.scans.get("s1", "n1")

    with pytest.raises(HttpError) as caught:
        asyncio.run(main())
    return caught.value


@pytest.mark.parametrize("name", BODIES)
def test_every_cause_is_in_the_text(name: str) -> None:
    body, code, message, more = BODIES[name]
    error = failure(answer(body))
    assert (code or None, message) == (error.code, error.message)
    assert [] == [text for text in (code, message, *more) if text and text not in str(error)]
    assert "pw-1" not in str(error)
    assert body == error.body
    assert str(error) == str(async_failure(answer(body))) == str(pickle.loads(pickle.dumps(error)))


def test_details_are_the_services_own_or_all_causes() -> None:
    assert [DETAIL] == failure(answer(BODIES["details"][0])).details
    assert [{"message": "no JSON", "target": "$.a"}] == failure(
        answer(BODIES["problem with fields"][0])
    ).details
    assert [{"code": "B", "message": "second"}] == failure(answer(BODIES["list"][0])).details
    assert [{"code": "C"}, {"message": "login failed"}] == failure(
        answer(BODIES["inner errors"][0])
    ).details
    assert {"code": "C", "innererror": {"message": "login failed"}} == failure(
        answer(BODIES["inner errors"][0])
    ).innererror
    assert [] == failure(answer(BODIES["text"][0])).details


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "errors",
                    "message",
                    "code",
                    "details",
                    "innererror",
                    "field",
                    "loc",
                    "x",
                    "",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_whatever_comes_becomes_one_line(body: Any) -> None:
    error = HttpError(400, operation_id="O", method="GET", url=ENDPOINT, headers={}, body=body)
    assert cleaned(str(error)) == str(error)
    assert len(str(error)) < 4_000
    assert body is error.body
    for words in (error.code, error.message, error.target):
        assert words is None or words == cleaned(words).strip() != ""


@given(
    st.text(alphabet=st.characters(categories=("L", "N", "P")), min_size=4, max_size=30),
    json_values,
)
def test_no_cause_is_lost(text: str, other: Any) -> None:
    """A message in a place that an error may have is in the text, whatever stands beside it."""
    places = [
        {"error": {"code": "C", "message": "m", "details": [other, {"message": text}]}},
        {"error": {"message": "m", "innererror": {"x": other, "innererror": {"message": text}}}},
        {"errors": {"a": other, "field": [text]}},
        {"title": "t", "errors": {"field": [text]}, "x": other},
        [{"message": "m"}, other, {"message": text}],
        {"error": {"one": {"two": text}}},
    ]
    for body in places:
        words = said(body)
        assert text in " ".join([str(words.message), str(words.code), *map(str, words.causes)]), (
            body
        )


def test_long_words_are_shortened_in_the_middle() -> None:
    causes = [{"code": f"C{i}", "message": f"cause {i} " + "x" * 50} for i in range(3_000)]
    error = failure(
        answer({"error": {"message": "start " + "m" * 10_000_000 + " end", "details": causes}})
    )
    text = str(error)
    assert len(text) < 4_000
    assert [] == [
        part
        for part in ("start m", "m end", "C0: cause 0", "C2999: cause 2999", " [..] ")
        if part not in text
    ]
    assert 10_000_010 == len(error.body["error"]["message"])
    assert len(error.message) <= 4_000
    assert causes == error.details


def test_a_hostile_body_costs_no_more_than_a_plain_one() -> None:
    """Counted in processor time of this thread, with room for a slow machine: what is quadratic
    takes minutes.
    """
    bodies = [
        "<" * 2_000_000,
        "<script>" * 300_000,
        "\x1b]" * 1_000_000,
        "\x1b[" * 1_000_000,
        " \n" * 1_000_000,
    ]
    nested: Any = "deep"
    for _ in range(500):
        nested = {"error": [nested, nested]} if isinstance(nested, str) else {"innererror": nested}
    wide: Any = "x"
    for _ in range(9):
        wide = (
            {"errors": {f"f{i}": wide for i in range(9)}} if wide == "x" else {"errors": [wide] * 9}
        )
    started = time.thread_time()
    for body in (*bodies, nested, wide, {"error": {"errors": [{"message": "x"}] * 300_000}}):
        str(HttpError(400, operation_id="O", method="GET", url=ENDPOINT, headers={}, body=body))
    assert time.thread_time() - started < 30


STEERING = (
    "a\r\nb\x1b[31mred\x1b[0m\x1b]0;title\x07 \u202eevil\u2066 "
    "c\u2028d\x00\x9b2J\x85\u200f\ufeff\ud800 \u00e9\u4e2d"
)


@pytest.mark.parametrize(
    "body",
    [
        {
            "error": {
                "code": STEERING,
                "message": STEERING,
                "target": STEERING,
                "details": [{"message": STEERING}],
            }
        },
        {"requestId": STEERING, "errorCode": STEERING, "errorMessage": STEERING},
        {"errors": {STEERING: [STEERING]}},
        STEERING,
    ],
)
def test_nothing_of_the_service_steers_a_terminal_or_a_log(
    body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    content = body if isinstance(body, str) else json.dumps(body)
    error = failure(httpx.Response(400, content=content.encode("utf-8", "surrogatepass")))
    for text in (
        str(error),
        *filter(None, (error.code, error.message, error.target, error.request_id)),
        caplog.text,
    ):
        assert "\x1b" not in text
        assert [] == [c for c in text.replace("\n", "") if not (c.isprintable() or c == "\xa0")]
    assert "\n" not in str(error)
    assert "evil" in str(error)
    assert "\u00e9\u4e2d" in str(error)
    assert body == error.body or isinstance(body, str)


def test_a_good_page_with_an_error_in_it_is_cleaned_too() -> None:
    client = ScanningClient(
        ENDPOINT, transport=Recorder(answer({"error": {"message": STEERING}}, 200)).sync
    )
    with pytest.raises(PagingError) as caught:
        list(client.data_sources.list())
    assert str(caught.value) == cleaned(str(caught.value))
    assert "evil" in str(caught.value)


@given(st.text(max_size=60), st.integers(0, 80))
def test_texts(text: str, limit: int) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)
    assert len(shown(text, limit)) <= max(limit, 6)
    assert shortened(text, 60) == text
    if text.isprintable():
        assert cleaned(text) == text


UMLAUTS = "Der Schl\u00fcssel f\u00fcr \u201eM\u00fcller\u201c fehlt"
JSON_TEXT = json.dumps(
    {"error": {"code": "Schl\u00fcssel", "message": UMLAUTS}}, ensure_ascii=False
)


@pytest.mark.parametrize(
    ("charset", "said_as", "whole"),
    [
        ("windows-1252", "windows-1252", True),
        ("windows-1252", '"Windows-1252"', True),
        ("utf-8", "utf-8", True),
        ("utf-8", "iso-8859-1", True),  # JSON is UTF-8, whatever is said
        ("utf-16", None, True),
        ("utf-8-sig", None, True),
        ("windows-1252", None, False),
        ("windows-1252", "utf-8", False),
        ("windows-1252", "rot13", False),
        ("windows-1252", "no-such-charset", False),
        ("windows-1252", "zlib", False),
        ("windows-1252", "unicode_escape", False),
        ("windows-1252", "ut\u00e9f", False),
    ],
)
def test_an_error_body_is_read_in_its_charset(
    charset: str, said_as: str | None, whole: bool
) -> None:
    header = [
        (
            b"content-type",
            b"application/json" + (f"; charset={said_as}".encode() if said_as else b""),
        )
    ]
    error = failure(httpx.Response(400, content=JSON_TEXT.encode(charset), headers=header))
    expected = UMLAUTS if whole else UMLAUTS.encode("windows-1252").decode("utf-8", "replace")
    assert (expected, type({})) == (error.message, type(error.body))
    assert expected in str(error)


def test_text_in_a_charset() -> None:
    header = {"content-type": "text/plain; charset=iso-8859-1"}
    assert "f\u00fcr" == failure(httpx.Response(502, content=b"f\xfcr", headers=header)).message
    assert "f\ufffdr" == failure(httpx.Response(502, content=b"f\xfcr")).message


GUIDS = [f"{n:08d}-2222-3333-4444-555555555555" for n in range(3_000)]


@pytest.mark.parametrize("status", [400, 404, 413, 414, 431, 502])
def test_a_long_request_line_is_shortened_and_says_so(status: int) -> None:
    client = DataMapClient(
        ENDPOINT, transport=Recorder(httpx.Response(status)).sync, retry=NO_RETRY
    )
    for call in (client.entity.list_by_guids, client.entity.bulk_delete):
        with pytest.raises(HttpError) as caught:
            call(guid=GUIDS[:1_000])
        text = str(caught.value)
        assert len(text) < 600
        assert "guid=.. (1000 times)" in text
        assert "send at most 193 of the 1,000 values of guid in one call." in text
        assert len(caught.value.url) < 200


def test_how_many_values_fit() -> None:
    """193 guids in one GET are taken, 194 are not; no hint where the line is short enough."""
    client = DataMapClient(ENDPOINT, transport=Recorder(httpx.Response(414)).sync, retry=NO_RETRY)
    hints = []
    for count in (193, 194):
        with pytest.raises(HttpError) as caught:
            client.entity.list_by_guids(guid=GUIDS[:count])
        hints.append(caught.value.hint)
    assert "" == hints[0]
    assert (
        f"and the services take {LONGEST_LINE:,}: send at most 193 of the 194 values of guid"
        in hints[1]
    )


def test_a_connection_that_ends_at_a_long_line_says_so() -> None:
    broken = httpx.RemoteProtocolError("Server disconnected")
    client = DataMapClient(ENDPOINT, transport=Recorder(broken).sync, retry=NO_RETRY)
    with pytest.raises(
        TransportError, match=r"disconnected. The request line has .* send at most 193 of the 500"
    ):
        client.entity.list_by_guids(guid=GUIDS[:500])
    with pytest.raises(TransportError) as caught:
        client.entity.list_by_guids(guid=GUIDS[:5])
    assert "request line" not in str(caught.value)


def test_a_url_that_no_service_takes_is_not_sent() -> None:
    recorder = Recorder()
    client = DataMapClient(ENDPOINT, transport=recorder.sync)
    with pytest.raises(
        ValueError,
        match="nothing was sent. The request line has .* at most 193 of the 3,000 values of guid",
    ):
        client.entity.bulk_delete(guid=GUIDS)
    with pytest.raises(ValueError, match="nothing was sent. .*: send a shorter value."):
        client.entity.get("g" * LONGEST_URL)
    assert [] == recorder.seen


class Token(httpx.Auth):
    def auth_flow(self, request: httpx.Request) -> Any:
        yield request


def test_a_401_without_auth_says_that_nobody_signed_in() -> None:
    refused = answer({"error": {"code": "Unauthenticated"}}, 401)
    for error in (failure(refused), async_failure(refused)):
        assert isinstance(error, UnauthorizedError)
        assert "Nobody signed in" in str(error)
        assert "auth=" in str(error)
        assert "audience" not in str(error)
    for error in (failure(refused, auth=Token()), async_failure(refused, auth=Token())):
        assert "audience" in str(error)
        assert "Nobody" not in str(error)


def test_a_facade_without_auth_says_so_in_every_plane() -> None:
    recorder = Recorder(httpx.Response(401))
    with Purview("contoso", transport=recorder.sync) as purview:
        for call in (
            purview.account.accounts.get_account_properties,
            lambda: purview.unified_catalog.terms.get("t"),
            lambda: list(purview.scanning.data_sources.list()),
        ):
            with pytest.raises(UnauthorizedError, match="Nobody signed in"):
                call()

    async def main() -> None:
        async with AsyncPurview("contoso", transport=recorder.both) as other:
            await other.account.accounts.get_account_properties()

    with pytest.raises(UnauthorizedError, match="Nobody signed in"):
        asyncio.run(main())


OWN = [  # the service's own word that a thing is not there
    {"error": {"code": "Scan_NotFound", "message": "Scan n1 is not found."}},
    {
        "error": {
            "code": "CollectionNotFound",
            "message": "Collection with name Sales does not exist",
        }
    },
    {"error": {"code": "NotFound", "message": "The data source 's1' could not be found."}},
    {"error": {"code": "ResourceNotFound", "message": "Data source s1 was not found"}},
    {
        "requestId": "r",
        "errorCode": "ATLAS-404-00-005",
        "errorMessage": "Given instance guid 1 is invalid/not found",
    },
    {
        "requestId": "r",
        "errorCode": "X",
        "errorMessage": "Referenced entity AtlasObjectId{guid='null'} is not found",
    },
    {"message": "no such scan: n1"},
]
NOT_OWN = [  # what a wrong path or api-version gets
    {"error": {"code": "ResourceNotFound", "message": "Resource not found"}},
    {"error": {"code": "ResourceNotFound", "message": "The resource could not be found."}},
    {
        "requestId": "r",
        "errorCode": "RequestUriNotFound",
        "errorMessage": "null for uri: http://internal/s1 not found",
    },
    {"error": {"code": "NotFound", "message": "Not Found"}},
    {"statusCode": 404, "message": "Resource not found"},
    {
        "Message": (
            "No HTTP resource was found that matches the request URI "
            "'https://h/scan/datasources/s1'."
        )
    },
    {"error": {"code": "UnsupportedApiVersion", "message": "api-version 1 is not supported"}},
    "<html><title>404 Not Found</title></html>",
    "",
]


@pytest.mark.parametrize("body", OWN)
def test_a_thing_that_is_not_there_blames_no_path(body: Any) -> None:
    error = failure(answer(body, 404))
    assert isinstance(error, NotFoundError)
    assert "" == error.hint


@pytest.mark.parametrize("body", NOT_OWN)
def test_a_404_of_no_plane_names_path_and_version(body: Any) -> None:
    error = failure(answer(body, 404))
    assert "path /scan/datasources/s1/scans/n1, prefix /scan, api-version 2023-09-01." in error.hint
    assert error.hint in str(error)


LINKS = [
    "https://11111111-api.purview-service.microsoft.com/x?y=1",
    "https://api.purview-service.microsoft.com:444/x",
]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_to_the_tenants_own_host_names_the_way(link: str) -> None:
    client = UnifiedCatalogClient(
        "contoso", transport=Recorder(answer({"value": [{"id": "1"}], "nextLink": link}, 200)).sync
    )
    with pytest.raises(PagingError) as caught:
        list(client.terms.list())
    host = link[: link.index("/x")]
    assert (
        f"to call that host, give the client tenant_endpoint='{host}'; nothing was sent there"
        in str(caught.value)
    )


@pytest.mark.parametrize(
    "link",
    [
        "https://evil-api.purview-service.microsoft.com.evil.example/x",
        "http://1-api.purview-service.microsoft.com/x",
    ],
)
def test_a_link_to_another_host_names_no_way(link: str) -> None:
    client = UnifiedCatalogClient(
        "contoso", transport=Recorder(answer({"value": [], "nextLink": link}, 200)).sync
    )
    with pytest.raises(PagingError) as caught:
        list(client.terms.list())
    assert "tenant_endpoint" not in str(caught.value)


def test_bad_requests_keep_their_class() -> None:
    assert isinstance(failure(answer(["x"])), BadRequestError)


def test_a_constructor_names_all_that_it_misses() -> None:
    from purview_dataplane.data_quality import models

    with pytest.raises(TypeError) as caught:
        models.Alert(name="Sales")  # type: ignore[call-arg]  # that is the point
    required = [
        f.name
        for f in codec(models.Alert).fields.values()
        if f.default is NOTHING and f.name != "name"
    ]
    text = str(caught.value)
    assert f"Alert.__init__() missing {len(required)} required keyword-only argument" in text
    assert [] == [name for name in required if f"{name!r} (" not in text]
    assert "plain JSON" in text
    assert "Sales" == models.Alert.from_dict({"name": "Sales"}).name


@pytest.mark.parametrize("link", LINKS)
def test_a_poller_whose_link_is_refused_names_the_way(link: str) -> None:
    host = link[: link.index("/x")]
    status = OperationStatus("Accepted", None, {}, link_refused=host)
    assert (
        f"its link to {host} was not followed; to call that host, give the client "
        f"tenant_endpoint='{host}'"
    ) in str(status)
