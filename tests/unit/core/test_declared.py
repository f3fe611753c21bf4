"""What generated modules declare, over all planes.

Operations know how they are called, and groups are made at their first use.
"""

from __future__ import annotations

import copy
import itertools
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

import purview_core
from purview_core import AsyncClient, Client, Operation, Plane
from purview_core.declarations import Body, path
from purview_core.lazy import Part
from purview_dataplane import PLANES, AsyncPurview, Purview
from purview_dataplane.scanning import OPERATIONS, ScanningClient

ROOT = Path(purview_core.__file__).parents[2]
CASES = itertools.product(PLANES.values(), ("", "Async"))
KINDS = [pytest.param(plane, kind, id=kind + plane.title) for plane, kind in CASES]


def client(plane: Plane, kind: str) -> Any:
    return getattr(import_module(plane.package), f"{kind}{plane.title}Client")(
        "https://contoso.purview.azure.com",
    )


def parts(owner: type) -> dict[str, Part]:
    return {name: part for name, part in vars(owner).items() if isinstance(part, Part)}


def operations(plane: Plane) -> Iterator[Operation[Any]]:
    yield from import_module(f"{plane.package}.operations").OPERATIONS.values()


@pytest.mark.parametrize(("plane", "kind"), KINDS)
def test_an_operation_is_called_as_it_says(plane: Plane, kind: str) -> None:
    one = client(plane, kind)
    called = set()
    for operation in operations(plane):
        group = getattr(one, operation.group)
        method = getattr(type(group), operation.name)
        declared = sys.modules[type(group).__module__]
        assert operation is getattr(vars(declared)["_Operations"], operation.name)
        assert {"_Operations", operation.name} <= {*method.__code__.co_names}
        assert f"{plane.package}.models" == operation.models
        assert operation.body is None or operation.models == operation.body.models
        called.add((operation.group, operation.name))
    methods = {
        (group, name)
        for group in parts(type(one))
        for name, found in vars(type(getattr(one, group))).items()
        if hasattr(found, "__code__")
        if "lazy.py" not in found.__code__.co_filename  # no old names
    }
    assert methods == called


@pytest.mark.parametrize(("plane", "kind"), KINDS)
def test_a_group_is_made_once_a_client(plane: Plane, kind: str) -> None:
    one = client(plane, kind)
    other = one.with_options(total_timeout=5)
    groups = parts(type(one))
    assert groups.keys() <= {*dir(one)}
    assert {operation.group for operation in operations(plane)} == groups.keys()
    for name, part in groups.items():
        assert name not in vars(one)
        made = getattr(one, name)
        assert made is getattr(one, name) is vars(one)[name]
        assert type(one).__annotations__[name] == type(made).__name__
        shown = f"<{type(made).__name__} of {type(one).__name__}>"
        assert shown == repr(part) == repr(getattr(type(one), name))
        assert made is not getattr(other, name)
        assert getattr(other, name)._client is other


@pytest.mark.parametrize(("facade", "base"), [(Purview, Client), (AsyncPurview, AsyncClient)])
def test_a_facade_makes_each_client_once(facade: type, base: type) -> None:
    one: Any = facade("contoso")
    assert parts(facade).keys() == PLANES.keys()
    for name, plane in PLANES.items():
        assert isinstance(getattr(one, name), base)
        assert getattr(one, name) is getattr(one, name)
        assert plane.name == getattr(one, name).plane.name
        assert getattr(one, name)._session is one._session


def test_a_derived_client_has_the_groups_of_its_base() -> None:
    class Mine(ScanningClient):
        """In another module, with no groups of its own."""

    mine = Mine("contoso")
    assert "Scans" == type(mine.scans).__name__
    assert mine.scans._client is mine


def test_threads_get_one_group() -> None:
    one, found = ScanningClient("contoso"), []
    barrier = Barrier(8)

    def use() -> None:
        barrier.wait()
        found.append(one.scans)

    threads = [Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == len({*map(id, found)})


def test_no_group_and_no_plane_is_imported_before_its_first_use() -> None:
    folders = [str(ROOT / part) for part in ("auth_plugin", "runtime", "generated")]
    code = (
        f"import sys; sys.path[:0] = {folders!r}\n"
        "from purview_dataplane import Purview\n"
        "one = Purview('contoso')\n"
        "prefix = 'purview_dataplane.'\n"
        "def loaded(): return {m[len(prefix):] for m in sys.modules if m.startswith(prefix)}\n"
        "assert {'facade'} == loaded(), loaded()\n"
        "dir(one), Purview.scanning\n"
        "one.scanning, dir(one.scanning), type(one.scanning).scans\n"
        "assert {'facade', 'scanning', 'scanning.client'} == loaded(), loaded()\n"
        "one.scanning.scans\n"
        "more = {'scanning.operations', 'scanning.operations.scans'}\n"
        "assert {'facade', 'scanning', 'scanning.client', *more} == loaded(), loaded()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_mentions_an_operation_renames_nothing() -> None:
    get = OPERATIONS["Scans_Get"]

    class Mine:
        read = get

    assert ("scans", "get", "purview_dataplane.scanning.models") == (
        Mine.read.group,
        Mine.read.name,
        get.models,
    )
    assert get is pickle.loads(pickle.dumps(get)) is copy.deepcopy(get)


def test_an_operation_takes_keywords_alone() -> None:
    with pytest.raises(TypeError, match="positional"):
        Operation("Scans_Get", method="GET", path="/", responses={})  # type: ignore[misc]


def test_an_operation_that_no_module_declares_says_so() -> None:
    alone: Operation[Any] = Operation(
        id="Scans_Get", method="PUT", path="/", responses={200: "Scan"}, body=Body("Scan")
    )
    assert "<Operation Scans_Get: PUT />" == repr(alone)
    with pytest.raises(LookupError, match="Scans_Get is declared by no class of a module"):
        assert alone.responses


def test_path_parameters_of_one_name_are_one() -> None:
    assert path("name") is path("name")
    assert path("name", "int") == path("name", "int") != path("name")
    assert ("typeName", "name") == (
        path("name", "str", "typeName").wire_name,
        path("name").wire_name,
    )
