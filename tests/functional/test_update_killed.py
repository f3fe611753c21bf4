"""An update that is killed leaves the old tree or the new one, whole, once the next command has
run.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.functional import killed

from purview_codegen import cli
from purview_codegen.errors import IntegrityError, UsageError
from purview_codegen.update import transaction

from .test_update import environment
from .upstream import PETS, Tree, Upstream, document, renamed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

# its server has the generator loaded, as these tests need it often
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [f"purview_codegen.{name}" for name in ("cli", "update_cli", "update", "build", "report_text")]
)


def command(
    tree: Tree,
    arguments: Sequence[str],
    killed_at: int | None = None,
) -> multiprocessing.process.BaseProcess:
    """A process that carries a command out; it kills itself in its step on files of that number."""
    sources = environment(tree)["PYTHONPATH"].split(os.pathsep)
    process = PROCESSES.Process(target=killed.carry_out, args=(sources, list(arguments), killed_at))
    process.start()
    return process


@pytest.fixture(scope="module")
def update(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tree, str, dict[str, bytes]]:
    """A tree, the commit it is to go to, and its files when it is there."""
    folder = tmp_path_factory.mktemp("killed")
    upstream = Upstream(folder)
    tree = Tree(folder, upstream, upstream.commit({PETS: document()}))
    to = upstream.commit({PETS: renamed(document(), "Owner", "Keeper")})
    new = tree.copy(folder / "new")
    assert new.update(to) == 0
    return tree, to, new.files()


def whole(tree: Tree, old: dict[str, bytes], new: dict[str, bytes]) -> str:
    """Which of both the tree is, once a command has looked at it."""
    assert (
        cli.main(["normalise", "--specs", str(tree.specs), "--offline", "--cache", str(tree.cache)])
        == 0
    )
    found = tree.files()
    assert found in (old, new), sorted(found.items() ^ old.items())[:3]
    return "new" if found == new else "old"


def test_at_every_rename(update: tuple[Tree, str, dict[str, bytes]], tmp_path: Path) -> None:
    original, to, new = update
    old, seen = original.files(), []
    for count in range(40):
        tree = original.copy(tmp_path / str(count))
        process = command(tree, tree.arguments(to), killed_at=count)
        process.join()
        if process.exitcode == 0:
            break
        assert -signal.SIGKILL == process.exitcode
        seen.append(whole(tree, old, new))
    else:
        raise AssertionError("the update never came to its end")
    assert sorted(seen, reverse=True) == seen  # old up to the journal, new from there on
    assert {"old", "new"} == set(seen)
    assert len(seen) >= 10


@pytest.mark.slow
def test_at_ten_random_moments(update: tuple[Tree, str, dict[str, bytes]], tmp_path: Path) -> None:
    original, to, new = update
    old, seed = original.files(), 20240101
    rng = random.Random(seed)
    begun = time.monotonic()
    tree = original.copy(tmp_path / "whole")
    process = command(tree, tree.arguments(to))
    process.join()
    assert 0 == process.exitcode
    lasts = time.monotonic() - begun
    for i in range(10):
        tree = original.copy(tmp_path / str(i))
        process = command(tree, tree.arguments(to))
        process.join(rng.uniform(0.0, 1.0) * lasts)
        process.kill()
        process.join()
        assert whole(tree, old, new) in ("old", "new"), (seed, i)
        assert tree.update(to) == 0
        assert new == tree.files()


def test_no_command_sweeps_away_what_another_is_making(tmp_path: Path) -> None:
    with transaction.staged(tmp_path), pytest.raises(UsageError, match="an update is running in"):
        transaction.recover(tmp_path)


def test_a_failure_in_the_stage_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with transaction.staged(tmp_path) as stage:
            (stage / "specs").mkdir()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [] == list(tmp_path.iterdir())


def test_a_journal_is_carried_out_by_the_next_command(tmp_path: Path) -> None:
    stage = tmp_path / transaction.STAGE
    (stage / "new" / "specs").mkdir(parents=True)
    (stage / "new" / "specs" / "a").write_text("new")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "a").write_text("old")
    (stage / "journal.json").write_text(json.dumps(["specs"]))
    transaction.recover(tmp_path)
    assert ("new", [tmp_path / "specs"]) == (
        (tmp_path / "specs" / "a").read_text(),
        list(tmp_path.iterdir()),
    )


def test_a_lock_that_was_swept_away_holds_nothing(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("a") as old:
        (tmp_path / "lock").unlink()
        with pytest.raises(UsageError, match="an update is running in"):
            transaction._hold(old, tmp_path)


def test_an_interruption_among_the_renames_ends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, left = os.replace, [KeyboardInterrupt()]

    def interrupted(old: Path, new: Path) -> None:
        if new.name == "b" and left:
            raise left.pop()
        replace(old, new)

    monkeypatch.setattr(transaction.os, "replace", interrupted)

    def commit() -> None:
        with transaction.staged(tmp_path) as stage:
            for name in ("a", "b"):
                (stage / name).write_text("new")
            transaction.commit(tmp_path, ["a", "b"])

    with pytest.raises(KeyboardInterrupt):
        commit()
    assert ["a", "b"] == sorted(p.name for p in tmp_path.iterdir())


def test_what_still_writes_to_a_swept_stage_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / transaction.STAGE / "new" / "generated").mkdir(parents=True)
    with monkeypatch.context() as patched:
        # a folder that is never empty
        patched.setattr(transaction.shutil, "rmtree", lambda *_, **__: None)
        with transaction.staged(tmp_path) as stage:
            assert [] == list(stage.iterdir())


def test_a_journal_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / transaction.STAGE).mkdir()
    (tmp_path / transaction.STAGE / "journal.json").write_text("{")
    with pytest.raises(IntegrityError, match="cannot be read: .*; restore the tree and delete"):
        transaction.recover(tmp_path)
