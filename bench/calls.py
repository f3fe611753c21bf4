"""One small call over loopback, and how soon a fresh interpreter has made its first."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import bodies
import httpx
import peers
from measure import cpu, python, race, show, wall

from purview_auth import CredentialAuth
from purview_dataplane.scanning import ScanningClient

_PATH, _VERSION = "/scan/datasources/sales/scans/weekly", "2023-09-01"


class Credential:
    """Gives a token of the usual length, for an hour."""

    def get_token(self, *_: str, **__: object) -> SimpleNamespace:
        return SimpleNamespace(token="t" * 1200, expires_on=int(time.time()) + 3600)


@contextmanager
def loopback(scratch: Path) -> Generator[str]:
    """The address of a server, in a process of its own, that answers everything with one scan."""
    answer = scratch / "scan.json"
    answer.write_text(json.dumps(bodies.scans(1)["value"][0]))
    command = [sys.executable, str(Path(__file__).with_name("server.py")), str(answer)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


def calls(scratch: Path, rounds: int, number: int = 200) -> None:
    """Sync, one after another over a kept connection."""
    with loopback(scratch) as address, httpx.Client() as plain:
        url = f"{address}{_PATH}?api-version={_VERSION}"
        ours = ScanningClient(address)
        signed = ScanningClient(
            address, auth=CredentialAuth(Credential(), allow_insecure_localhost=True)
        )
        contenders: dict[str, Callable[[], object]] = {
            "httpx.Client.get().json()": lambda: plain.get(url).json(),
            "purview_dataplane": lambda: ours.scans.get("sales", "weekly").name,
            "purview_dataplane with auth": lambda: signed.scans.get("sales", "weekly").name,
            "stock": _stock_call(address),
        }
        repeated = {
            name: lambda call=call: [call() for _ in range(number)]
            for name, call in contenders.items()
        }
        times = {
            "wall-clock time": race(repeated, wall, rounds),
            "CPU time of the caller": race(repeated, cpu, rounds),
        }
        ours.close()
        signed.close()
    for clock, measured in times.items():
        show(
            f"One small sync call over loopback, {clock}",
            measured,
            "httpx.Client.get().json()",
            unit="us",
            calls=number,
        )


def _stock_call(address: str) -> Callable[[], object]:
    client = import_module(f"{peers.STOCK_SCANNING}").Client(base_url=f"{address}/scan")
    get = import_module(f"{peers.STOCK_SCANNING}.api.scans.scans_get")
    version = get.ScansGetApiVersion(_VERSION)
    return lambda: get.sync("sales", "weekly", client=client, api_version=version).name


_MOCK = (
    "import httpx; "
    "answer = lambda r: httpx.Response(200, content=open({answer!r}, 'rb').read()); "
    "t = httpx.MockTransport(answer)"
)
_OURS = "from purview_dataplane.scanning import ScanningClient"
_SMALL = (
    "from purview_dataplane.account import AccountClient; "
    "AccountClient({}).accounts.get_account_properties().name"
)
_STOCK = (
    f"from {peers.STOCK_SCANNING} import Client; "
    f"from {peers.STOCK_SCANNING}.api.scans import scans_get as g; "
    "client = Client(base_url='https://x.example', httpx_args={'transport': t}); "
    "g.sync('sales', 'weekly', client=client,"
    f"api_version=g.ScansGetApiVersion('{_VERSION}')).name"
)
_AZURE = (
    "from azure.purview.datamap import DataMapClient; "
    "C = type('C', (), {'get_token': lambda *a, **k: None});"
    "DataMapClient('https://contoso.purview.azure.com', C())"
)


def first_calls(scratch: Path, rounds: int) -> None:
    """Each in a fresh interpreter with cached bytecode; CPU time of the statements alone."""
    with loopback(scratch) as address:
        mock = _MOCK.format(answer=str(scratch / "scan.json"))
        ours = f"{_OURS}; ScanningClient({{}}).scans.get('sales', 'weekly').name"
        statements = {
            "import httpx": "import httpx",
            "import purview_dataplane.scanning": "import purview_dataplane.scanning",
            "import httpx, attrs, msgspec": "import httpx, attrs, msgspec",
            "azure.purview.datamap: import": "import azure.purview.datamap",
            "azure.purview.datamap: client built": _AZURE,
            "stock: models imported": f"import {peers.STOCK_SCANNING}.models",
            "mock transport, httpx: first get": (
                f"{mock}; httpx.Client(transport=t).get('https://x.example').json()"
            ),
            "mock transport, purview_dataplane: first scans.get": mock
            + "; "
            + ours.format("'contoso', transport=t"),
            "mock transport, stock: first scans_get": f"{mock}; {_STOCK}",
            "loopback and TLS context, httpx: first get": (
                f"import httpx; httpx.Client().get('{address}').json()"
            ),
            "loopback and TLS context, purview_dataplane: first scans.get": ours.format(
                repr(address)
            ),
            "loopback and TLS context, purview_dataplane: first account.get": _SMALL.format(
                repr(address)
            ),
        }
        times = race(statements, lambda code: _fresh(code, scratch), rounds)
    show("Import and first call", times, "import httpx")


def _fresh(code: str, scratch: Path) -> float:
    """CPU seconds of the statements in a fresh interpreter.

    It is without click, which httpx imports for its command line where it is installed, as it is
    here: the yardstick would take half as long again.
    """
    clean = "import sys, time; sys.modules['click'] = None"
    timed = f"{clean}; start = time.process_time()\n{code}\nprint(time.process_time() - start)"
    return float(python("-c", timed, scratch=scratch))
