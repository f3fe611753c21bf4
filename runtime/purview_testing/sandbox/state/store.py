"""What a sandbox holds: JSON values by kind and key, with tags to find them by. SQLite in memory, or in a file that survives.

A kind is a list of the service ("/scan/datasources"), a key the name of an item. Every look-up goes by an index, and numbers of
items are kept, not counted, so the cost of a call does not grow with what is stored. In a file, a call is one transaction that
is on the disk (WAL, synchronous FULL) before its answer goes out.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Generator, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from purview_core.model.json_text import dumps, loads
from purview_testing.contracts.documents import UsageError

_TABLES = """
CREATE TABLE IF NOT EXISTS item (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (kind, key));
CREATE INDEX IF NOT EXISTS item_order ON item (kind, seq);
CREATE TABLE IF NOT EXISTS tag (
    kind TEXT NOT NULL, tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (kind, tag, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tag_of ON tag (seq);
CREATE TABLE IF NOT EXISTS total (kind TEXT NOT NULL, tag TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (kind, tag)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
"""
_ADD = "INSERT INTO total VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"
_FORMAT = 1
_LAST = "\U0010ffff"


class Row(NamedTuple):
    """`seq` grows with every new item; a replaced one keeps its own."""

    seq: int
    key: str
    value: Any


class Store:
    """`path` None keeps all in memory. Safe to use from several threads: a transaction holds a lock."""

    def __init__(self, path: Path | str | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._followed: Collection[str] = ()
        self._changed: Callable[[str, str, Any, Collection[str]], None] | None = None
        try:
            self._db = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False
            )
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if path is not None:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error as error:
            raise UsageError(
                f"--state {path}: {error}; name a file that is writable, or one made by the sandbox"
            ) from None
        if version not in (0, _FORMAT):
            self._db.close()
            raise UsageError(
                f"--state {path}: made by another version of the sandbox; remove it or name another file"
            )
        self._db.executescript(_TABLES)
        self._db.execute(f"PRAGMA user_version={_FORMAT}")

    def follow(
        self, kinds: Collection[str], changed: Callable[[str, str, Any, Collection[str]], None]
    ) -> None:
        """Calls a function with (kind, key, value, tags) at each write of these kinds; the value of what goes is None."""
        self._followed, self._changed = kinds, changed

    def _tell(self, kind: str, key: str, value: Any, tags: Collection[str]) -> None:
        if self._changed is not None and kind in self._followed:
            self._changed(kind, key, value, tags)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """All of it or nothing; on the disk when it ends."""
        with self._lock:
            if self._depth:
                yield
                return
            self._depth += 1
            self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    def get(self, kind: str, key: str) -> Any:
        """The value, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT value FROM item WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
        return None if row is None else loads(row[0])

    def put(self, kind: str, key: str, value: Any, tags: Iterable[str] = ()) -> bool:
        """Adds or replaces an item; True where it is new."""
        with self.transaction():
            row = self._db.execute(
                "SELECT seq FROM item WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
            if row is None:
                done = self._db.execute(
                    "INSERT INTO item (kind, key, value) VALUES (?, ?, ?)",
                    (kind, key, dumps(value)),
                )
                seq, old = int(done.lastrowid or 0), set[str]()
                self._db.execute(_ADD, (kind, "", 1))
            else:
                seq = row[0]
                self._db.execute("UPDATE item SET value = ? WHERE seq = ?", (dumps(value), seq))
                old = {t for (t,) in self._db.execute("SELECT tag FROM tag WHERE seq = ?", (seq,))}
            new = set(tags)
            self._tag(kind, seq, old, new)
            self._tell(kind, key, value, new)
        return row is None

    def _tag(self, kind: str, seq: int, old: set[str], new: set[str]) -> None:
        gone, come = old - new, new - old
        if gone:
            self._db.executemany(
                "DELETE FROM tag WHERE kind = ? AND tag = ? AND seq = ?",
                [(kind, t, seq) for t in gone],
            )
        if come:
            self._db.executemany("INSERT INTO tag VALUES (?, ?, ?)", [(kind, t, seq) for t in come])
        if gone or come:
            self._db.executemany(_ADD, [(kind, t, -1) for t in gone] + [(kind, t, 1) for t in come])

    def delete(self, kind: str, key: str) -> bool:
        """False where there is none."""
        with self.transaction():
            row = self._db.execute(
                "SELECT seq FROM item WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
            if row is None:
                return False
            self._tag(
                kind,
                row[0],
                {t for (t,) in self._db.execute("SELECT tag FROM tag WHERE seq = ?", (row[0],))},
                set(),
            )
            self._db.execute("DELETE FROM item WHERE seq = ?", (row[0],))
            self._db.execute(_ADD, (kind, "", -1))
            self._tell(kind, key, None, ())
        return True

    def delete_below(self, prefix: str) -> None:
        """Everything whose kind begins with a path."""
        with self.transaction():
            rows = self._db.execute(
                "SELECT kind, key FROM item WHERE kind >= ? AND kind < ?", (prefix, prefix + _LAST)
            ).fetchall()
            for kind, key in rows:
                self.delete(kind, key)

    def page(
        self, kind: str, limit: int, *, after: int = 0, skip: int = 0, tag: str | None = None
    ) -> list[Row]:
        """At most `limit` items in the order they came, those after a seq; with a tag only those that carry it."""
        if tag is None:
            text = "SELECT seq, key, value FROM item WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ? OFFSET ?"
            arguments: tuple[Any, ...] = (kind, after, limit, skip)
        else:
            text = (
                "SELECT item.seq, key, value FROM tag JOIN item ON item.seq = tag.seq"
                " WHERE tag.kind = ? AND tag = ? AND tag.seq > ? ORDER BY tag.seq LIMIT ? OFFSET ?"
            )
            arguments = (kind, tag, after, limit, skip)
        with self._lock:
            rows = self._db.execute(text, arguments).fetchall()
        return [Row(seq, key, loads(value)) for seq, key, value in rows]

    def first(self, kind: str, tag: str) -> Row | None:
        """The first item with a tag."""
        return next(iter(self.page(kind, 1, tag=tag)), None)

    def total(self, kind: str, tag: str = "") -> int:
        """How many items a kind has, or how many of them carry a tag."""
        with self._lock:
            row = self._db.execute(
                "SELECT n FROM total WHERE kind = ? AND tag = ?", (kind, tag)
            ).fetchone()
        return int(row[0]) if row else 0

    def tags(self, kind: str, prefix: str, limit: int) -> list[tuple[str, int]]:
        """The tags in use that begin with a text, and how many items carry each."""
        with self._lock:
            return self._db.execute(
                "SELECT tag, n FROM total WHERE kind = ? AND tag >= ? AND tag < ? AND n > 0 ORDER BY tag LIMIT ?",
                (kind, prefix, prefix + _LAST, limit),
            ).fetchall()

    def next(self, name: str) -> int:
        """The next number of a sequence, from 1."""
        with self._lock:
            row = self._db.execute(
                "INSERT INTO counter VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
                (name,),
            ).fetchone()
        return int(row[0])

    def kinds(self) -> dict[str, int]:
        """Each kind and its number of items."""
        with self._lock:
            return dict(
                self._db.execute("SELECT kind, n FROM total WHERE tag = '' AND n > 0 ORDER BY kind")
            )

    def clear(self) -> None:
        with self.transaction():
            for table in ("item", "tag", "total", "counter"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def close(self) -> None:
        with self._lock:
            self._db.close()
