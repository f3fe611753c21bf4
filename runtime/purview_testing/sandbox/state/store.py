"""The state of a sandbox: JSON values by kind and key, with tags to find them by.

A kind is a list of the service ("/scan/datasources"), a key the name of an item in it. The state is
in SQLite, in memory or in a file that survives. Every look-up goes by an index, and numbers of
items are kept instead of counted, so the cost of a call does not grow with what is stored. In a
file, a call is one transaction that is on the disk (WAL, synchronous FULL) before its answer goes
out.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Generator, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from purview_core.command_errors import UsageError
from purview_core.model.json_text import dumps, loads

_TABLES = """
CREATE TABLE IF NOT EXISTS item (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL,
    value BLOB NOT NULL, UNIQUE (kind, key));
CREATE INDEX IF NOT EXISTS item_order ON item (kind, seq);
CREATE TABLE IF NOT EXISTS tag (
    kind TEXT NOT NULL, tag TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (kind, tag, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tag_of ON tag (seq);
CREATE TABLE IF NOT EXISTS total (
    kind TEXT NOT NULL, tag TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (kind, tag)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
"""
_ADD = "INSERT INTO total VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"
_FORMAT = 1  # the user_version of a state file; another one is refused
_LAST = "\U0010ffff"  # the last character there is: the end of all texts with a prefix
Changed = Callable[[str, str, Any, Collection[str]], None]


class Row(NamedTuple):
    """An item as it is stored.

    Attributes:
        seq: The position of the item; it grows with every new item, and a replaced item keeps it.
    """

    seq: int
    key: str
    value: Any


class Store:
    """The state of a sandbox.

    Several threads may use it: a transaction holds a lock. `path` None keeps the state in memory.

    Raises:
        UsageError: The file cannot be opened, or was made by another version of the sandbox.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._followed: Collection[str] = ()
        self._changed: Changed | None = None
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
                f"--state {path}: made by another version of the sandbox; "
                "remove it or name another file"
            )
        self._db.executescript(_TABLES)
        self._db.execute(f"PRAGMA user_version={_FORMAT}")

    def follow(self, kinds: Collection[str], changed: Changed) -> None:
        """Calls a function at each write and removal of items of these kinds.

        It gets the kind, the key, the value (None for what is removed) and the tags.
        """
        self._followed = kinds
        self._changed = changed

    def _tell(self, kind: str, key: str, value: Any, tags: Collection[str]) -> None:
        if self._changed is not None and kind in self._followed:
            self._changed(kind, key, value, tags)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Makes the writes in its context take effect together, or not at all.

        They are on the disk when it ends. Within another transaction it does nothing of its own.
        """
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
        """Returns the value of an item; None where there is none."""
        with self._lock:
            row = self._db.execute(
                "SELECT value FROM item WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
        return None if row is None else loads(row[0])

    def put(self, kind: str, key: str, value: Any, tags: Iterable[str] = ()) -> bool:
        """Adds or replaces an item; returns whether it is new."""
        with self.transaction():
            row = self._db.execute(
                "SELECT seq FROM item WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
            if row is None:
                done = self._db.execute(
                    "INSERT INTO item (kind, key, value) VALUES (?, ?, ?)",
                    (kind, key, dumps(value)),
                )
                seq = int(done.lastrowid or 0)
                old: set[str] = set()
                self._db.execute(_ADD, (kind, "", 1))
            else:
                seq = row[0]
                self._db.execute("UPDATE item SET value = ? WHERE seq = ?", (dumps(value), seq))
                old = self._tags_of(seq)
            new = set(tags)
            self._tag(kind, seq, old, new)
            self._tell(kind, key, value, new)
        return row is None

    def _tags_of(self, seq: int) -> set[str]:
        return {t for (t,) in self._db.execute("SELECT tag FROM tag WHERE seq = ?", (seq,))}

    def _tag(self, kind: str, seq: int, old: set[str], new: set[str]) -> None:
        """Changes the tags of an item, and the numbers of items with these tags."""
        gone = old - new
        come = new - old
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
        """Removes an item; returns whether there was one."""
        with self.transaction():
            row = self._db.execute(
                "SELECT seq FROM item WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
            if row is None:
                return False
            self._tag(kind, row[0], self._tags_of(row[0]), set())
            self._db.execute("DELETE FROM item WHERE seq = ?", (row[0],))
            self._db.execute(_ADD, (kind, "", -1))
            self._tell(kind, key, None, ())
        return True

    def delete_below(self, prefix: str) -> None:
        """Removes everything whose kind begins with a path."""
        with self.transaction():
            rows = self._db.execute(
                "SELECT kind, key FROM item WHERE kind >= ? AND kind < ?", (prefix, prefix + _LAST)
            ).fetchall()
            for kind, key in rows:
                self.delete(kind, key)

    def page(
        self, kind: str, limit: int, *, after: int = 0, skip: int = 0, tag: str | None = None
    ) -> list[Row]:
        """Returns items in the order in which they came.

        Args:
            kind: The kind of the items.
            limit: The largest number of items.
            after: The position after which to begin.
            skip: How many items to leave out before the first.
            tag: A tag that the items carry; None for all items.
        """
        if tag is None:
            text = (
                "SELECT seq, key, value FROM item WHERE kind = ? AND seq > ?"
                " ORDER BY seq LIMIT ? OFFSET ?"
            )
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
        """Returns the first item with a tag; None where there is none."""
        return next(iter(self.page(kind, 1, tag=tag)), None)

    def total(self, kind: str, tag: str = "") -> int:
        """Returns how many items a kind has, or how many of them carry a tag."""
        with self._lock:
            row = self._db.execute(
                "SELECT n FROM total WHERE kind = ? AND tag = ?", (kind, tag)
            ).fetchone()
        return int(row[0]) if row else 0

    def tags(self, kind: str, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Returns tags in use that begin with a text, and how many items carry each of them."""
        with self._lock:
            return self._db.execute(
                "SELECT tag, n FROM total WHERE kind = ? AND tag >= ? AND tag < ? AND n > 0"
                " ORDER BY tag LIMIT ?",
                (kind, prefix, prefix + _LAST, limit),
            ).fetchall()

    def next(self, name: str) -> int:
        """Returns the next number of a sequence, which begins with 1."""
        with self._lock:
            row = self._db.execute(
                "INSERT INTO counter VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
                (name,),
            ).fetchone()
        return int(row[0])

    def kinds(self) -> dict[str, int]:
        """Returns the number of items of each kind that has any."""
        with self._lock:
            return dict(
                self._db.execute("SELECT kind, n FROM total WHERE tag = '' AND n > 0 ORDER BY kind")
            )

    def clear(self) -> None:
        """Removes all items, tags and sequences."""
        with self.transaction():
            for table in ("item", "tag", "total", "counter"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def close(self) -> None:
        """Closes the database."""
        with self._lock:
            self._db.close()
