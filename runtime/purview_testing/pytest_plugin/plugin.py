"""The pytest plug-in: fixtures over a sandbox, over recordings, or over a real account.

It does nothing until a fixture is used, and imports nothing of the sandbox before: every run of
pytest loads it in an environment that has the package.
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
    from .test_case import FaultBook, TestSetup
    from .watched import WatchedSandbox

_OPTIONS = pytest.StashKey[Options]()
_SETUP = pytest.StashKey["TestSetup"]()
_SANDBOX_MARK = """\
purview(planes=, seed=, strict=, recording=, page_size=, exact=, fill=, pace=, token_lifetime=, \
search_lag=, page_lifetime=, longest_url=, parents_return=, rate=): the sandbox of a test. \
planes: names such as 'scanning' or 'scanning@2023-09-01'; \
seed: a number (of ids and examples), or calls (or a JSON file of them) that fill the state; \
strict: whether requests that break the contract fail the test; \
recording: the file of its recording."""
_LIVE_MARK = (
    "purview_live: the test may run against a real account; "
    "with --purview-mode live all others are skipped."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the plug-in's options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Adds the markers, and reads the options, so that a wrong one ends the run at once."""
    for marker in (_SANDBOX_MARK, _LIVE_MARK):
        config.addinivalue_line("markers", marker)
    options = read_options(config)
    config.stash[_OPTIONS] = options
    if options.mode == "live":
        # every run of pytest imports this, few use a fixture
        from purview_testing.live import configured

        configured(options.account)


def pytest_report_header(config: pytest.Config) -> str | None:
    """The line of the report's head that names the mode, where that is not the sandbox."""
    options = config.stash[_OPTIONS]
    return None if options.mode == "sandbox" else f"purview: mode {options.mode}"


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explains `==` of two models that differ: by the members in which they do.

    Secrets do not show.
    """
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
    """Fails a test whose requests broke the contract.

    The report of a test that failed already tells it in a section of its own.
    """
    setup = item.stash.get(_SETUP, None)
    if setup is None:
        return (yield)
    try:
        result = yield
    except BaseException:
        if text := setup.verdict(whole=False):
            item.add_report_section("call", "purview", text)
        raise
    if text := setup.verdict(whole=True):
        pytest.fail(text, pytrace=False)
    return result


@pytest.fixture
def _purview_setup(request: pytest.FixtureRequest) -> Generator[TestSetup]:
    # every run of pytest imports this, few use a fixture
    from .test_case import open_setup

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
    setup = open_setup(
        options, {k: v for m in markers for k, v in m.kwargs.items()}, item.nodeid, item.path.parent
    )
    item.stash[_SETUP] = setup
    try:
        yield setup
    finally:
        del item.stash[_SETUP]
        setup.close()
    if text := setup.verdict(whole=False):
        pytest.fail(text, pytrace=False)


@pytest.fixture
def purview_sandbox(_purview_setup: TestSetup) -> WatchedSandbox:
    """A sandbox with a fresh state, in process.

    Its `url` opens a port on this machine at its first use, until the test ends.
    """
    return _purview_setup.need_sandbox("purview_sandbox")


@pytest.fixture
def purview_client(_purview_setup: TestSetup) -> Clients:
    """Makes clients: of a plane by name or by the class of its client, or of all planes.

    `purview_client("scanning")`, `purview_client(ScanningClient)` and `purview_client()` are the
    three ways to call it. The clients are closed when the test ends. Waits between tries are kept
    in `purview_client.waits`; they are slept in live mode alone.
    """
    return _purview_setup.clients


@pytest.fixture
def purview_async_client(_purview_setup: TestSetup) -> AsyncClients:
    """As `purview_client`, for async clients, on asyncio and on trio."""
    return _purview_setup.async_clients


@pytest.fixture
def purview_faults(_purview_setup: TestSetup) -> FaultBook:
    """What goes wrong: `purview_faults.add("throttled", operation="Scans_Get", count=2)`.

    A fault that never strikes fails the test.
    """
    return _purview_setup.need_faults()


@pytest.fixture
def purview_recorder(_purview_setup: TestSetup) -> Recording:
    """The calls of this test so far, without secrets: `.calls`, `.save(path)`."""
    return _purview_setup.recording
