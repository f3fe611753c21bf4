"""The plug-in's options and ini keys, read and checked once.

Every run of pytest imports this module, so it imports nothing of the sandbox.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

MODES = ("sandbox", "replay", "live")
_TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_INI = {
    "purview_mode": "where calls go: sandbox, replay or live (default: sandbox)",
    "purview_record": "keep the calls of each test in purview_recordings (default: false)",
    "purview_recordings": "folder of recordings, below the root of the tests (default: recordings)",
    "purview_strict": "fail a test whose requests break the contract (default: true)",
    "purview_contracts": (
        "folder with planes.toml and contracts/, in place of the ones that come with the package"
    ),
}


class Options(NamedTuple):
    """What a run is asked for.

    Attributes:
        mode: One of MODES.
        record: Whether the calls of each test are kept.
        recordings: The folder of the recordings.
        strict: Whether a request that breaks its contract fails the test.
        contracts: A folder with planes.toml and contracts/, None for that of the package.
        account: What --purview-live-account says.
        root: The root folder of the tests.
    """

    mode: str
    record: bool
    recordings: Path
    strict: bool
    contracts: Path | None
    account: str | None
    root: Path


def add_options(parser: pytest.Parser) -> None:
    """Adds the options of the command line, and the ini keys that stand for them."""
    group = parser.getgroup("purview", "Microsoft Purview: sandbox, recordings, live account")
    group.addoption("--purview-mode", metavar="MODE", help=_INI["purview_mode"])
    group.addoption(
        "--purview-record", action="store_true", default=None, help=_INI["purview_record"]
    )
    group.addoption("--purview-recordings", metavar="DIR", help=_INI["purview_recordings"])
    group.addoption(
        "--purview-strict", action="store_true", default=None, help=_INI["purview_strict"]
    )
    group.addoption(
        "--purview-lenient", action="store_true", default=None, help="let such requests pass"
    )
    group.addoption("--purview-contracts", metavar="DIR", help=_INI["purview_contracts"])
    group.addoption(
        "--purview-live-account",
        metavar="NAME",
        help="the account that live tests may use; the same as PURVIEW_ACCOUNT",
    )
    for name, text in _INI.items():
        parser.addini(name, text, default=None)


def read_options(config: pytest.Config) -> Options:
    """The options of a run.

    Raises:
        pytest.UsageError: An option is wrong; the text is one line that names it and the way out.
    """
    mode = config.getoption("purview_mode")
    where = "--purview-mode" if mode is not None else "purview_mode (ini)"
    mode = mode if mode is not None else config.getini("purview_mode") or "sandbox"
    if mode not in MODES:
        # every run of pytest imports this, few have wrong options
        from purview_core.suggest import nearest

        raise pytest.UsageError(f"{where}: unknown mode {mode!r}; {nearest(mode, MODES)}")
    record = _truth(config, "purview_record", default=False)
    options = Options(
        mode=mode,
        record=record,
        recordings=_folder(config, "purview_recordings") or config.rootpath / "recordings",
        strict=_strict(config),
        contracts=_folder(config, "purview_contracts"),
        account=config.getoption("purview_live_account"),
        root=config.rootpath,
    )
    _check(options)
    return options


def _strict(config: pytest.Config) -> bool:
    strict, lenient = config.getoption("purview_strict"), config.getoption("purview_lenient")
    if strict and lenient:
        raise pytest.UsageError(
            "--purview-strict and --purview-lenient exclude each other; give one of them"
        )
    return not lenient if strict or lenient else _truth(config, "purview_strict", default=True)


def _truth(config: pytest.Config, name: str, *, default: bool) -> bool:
    if config.getoption(name) is not None:
        return True
    text = config.getini(name)
    if text is None or text == "":
        return default
    if isinstance(text, bool):
        return text
    if str(text).lower() not in _TRUTH:
        raise pytest.UsageError(f"{name} (ini): {text!r} is neither true nor false")
    return _TRUTH[str(text).lower()]


def _folder(config: pytest.Config, name: str) -> Path | None:
    """A folder: of the command line, below the current one; of the ini file, below its own."""
    if (given := config.getoption(name)) is not None:
        if not given:
            raise pytest.UsageError(
                f"--{name.replace('_', '-')}: has an empty value; name a folder"
            )
        return Path(given).absolute()
    text = config.getini(name)
    base = config.inipath.parent if config.inipath is not None else config.rootpath
    return base / text if text else None


def _check(options: Options) -> None:
    if options.record and options.mode == "replay":
        raise pytest.UsageError(
            "--purview-record: replay makes no calls; record with --purview-mode sandbox or live"
        )
    if options.mode == "replay" and not options.recordings.is_dir():
        text = (
            "is no folder; make recordings with --purview-mode live --purview-record (or sandbox)"
        )
        raise pytest.UsageError(f"--purview-recordings {options.recordings}: {text}")
    if options.recordings.exists() and not options.recordings.is_dir():
        raise pytest.UsageError(
            f"--purview-recordings {options.recordings}: is a file; name a folder"
        )
    contracts = options.contracts
    if contracts is not None and not (contracts / "planes.toml").is_file():
        text = "has no planes.toml; name a folder that holds it beside contracts/, as specs/ does"
        raise pytest.UsageError(f"--purview-contracts {contracts}: {text}")
    if options.mode != "live" and options.account is not None:
        raise pytest.UsageError(
            "--purview-live-account: is for --purview-mode live alone; give both, or neither"
        )
