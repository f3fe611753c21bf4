"""The pytest plug-in: fixtures over a sandbox, over recordings, or over a real account.

It does nothing until a fixture is used, and imports nothing of the sandbox before: it is loaded by every run of pytest in an
environment that has the package.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, cast

import pytest

from .options import Options, add_options, read_options

if TYPE_CHECKING:
    from .clients import AsyncClients, Clients
    from .recording import Recording
    from .test_case import Bench, FaultBook
    from .watched import WatchedSandbox

_OPTIONS = pytest.StashKey[Options]()
_BENCH = pytest.StashKey["Bench"]()
_SANDBOX_MARK = """\
purview(planes=, seed=, strict=, recording=, page_size=, exact=, fill=, pace=, token_lifetime=, \
search_lag=, page_lifetime=, longest_url=, parents_return=, rate=): the sandbox of a test. \
planes: names such as 'scanning' or 'scanning@2023-09-01'; seed: a number (of ids and examples), or calls (or a JSON file of them) \
that fill the state; strict: whether requests that break the contract fail the test; recording: the file of its recording."""
_LIVE_MARK = "purview_live: the test may run against a real account; with --purview-mode live all others are skipped."


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    for marker in (_SANDBOX_MARK, _LIVE_MARK):
        config.addinivalue_line("markers", marker)
    options = read_options(config)
    config.stash[_OPTIONS] = options
    if options.mode == "live":
        # every run of pytest imports this, few use a fixture
        from purview_testing.live import configured

        configured(options.account)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Says so where calls do not go to the sandbox."""
    options = config.stash[_OPTIONS]
    return None if options.mode == "sandbox" else f"purview: mode {options.mode}"


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Two models that should be equal: the members in which they differ, without their secrets."""
    core = sys.modules.get("purview_core.model")
    if (
        core is None
        or op != "=="
        or type(left) is not type(right)
        or not isinstance(left, core.Model)
    ):
        return None
    # every run of pytest imports this, few compare models
    from purview_core.model.display import differences

    return [
        f"{type(left).__name__} == {type(right).__name__}",
        *differences(cast(Any, left), cast(Any, right)),
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that broke the contract fails itself; where it failed already, its report says so too."""
    bench = item.stash.get(_BENCH, None)
    if bench is None:
        return (yield)
    try:
        result = yield
    except BaseException:
        if text := bench.verdict(whole=False):
            item.add_report_section("call", "purview", text)
        raise
    if text := bench.verdict(whole=True):
        pytest.fail(text, pytrace=False)
    return result


@pytest.fixture
def _purview_bench(request: pytest.FixtureRequest) -> Generator[Bench]:
    # every run of pytest imports this, few use a fixture
    from .test_case import open_bench

    item: pytest.Item = request.node
    markers = list(item.iter_markers("purview"))[::-1]  # the closest one last, so that it decides
    if any(marker.args for marker in markers):
        pytest.fail(
            "@pytest.mark.purview takes named arguments alone, such as planes=['scanning']",
            pytrace=False,
        )
    options = request.config.stash[_OPTIONS]
    if options.mode == "live" and item.get_closest_marker("purview_live") is None:
        pytest.skip("not marked purview_live, so it may not touch a real account")
    bench = open_bench(
        options, {k: v for m in markers for k, v in m.kwargs.items()}, item.nodeid, item.path.parent
    )
    item.stash[_BENCH] = bench
    try:
        yield bench
    finally:
        del item.stash[_BENCH]
        bench.close()
    if text := bench.verdict(whole=False):
        pytest.fail(text, pytrace=False)


@pytest.fixture
def purview_sandbox(_purview_bench: Bench) -> WatchedSandbox:
    """A sandbox with a fresh state, in process. Its `url` opens a port on this machine at its first use, until the test ends."""
    return _purview_bench.need_sandbox("purview_sandbox")


@pytest.fixture
def purview_client(_purview_bench: Bench) -> Clients:
    """Makes clients: `purview_client("scanning")`, `purview_client(ScanningClient)`, or `purview_client()` for all planes. They
    are closed when the test ends; waits between tries are not slept but kept in `purview_client.waits`, but for live mode."""
    return _purview_bench.clients


@pytest.fixture
def purview_async_client(_purview_bench: Bench) -> AsyncClients:
    """As `purview_client`, for async clients; on asyncio and on trio."""
    return _purview_bench.async_clients


@pytest.fixture
def purview_faults(_purview_bench: Bench) -> FaultBook:
    """What goes wrong: `purview_faults.add("throttled", operation="Scans_Get", count=2)`. One that never strikes fails the test."""
    return _purview_bench.need_faults()


@pytest.fixture
def purview_recorder(_purview_bench: Bench) -> Recording:
    """The calls of this test so far, without secrets: `.calls`, `.save(path)`."""
    return _purview_bench.recording
