"""The history of all services, in an SQLite database in the state directory.

The supervisor only appends lines to events.jsonl, and moves it aside when it is large; SQLite would cost it 2 MB for
good. Whoever asks for the history takes the new lines in first. What was taken of a file is remembered by its inode,
which stays when it is moved aside, and by its first line, since the number of an inode is used again.
"""

from __future__ import annotations

import os
import sqlite3

from pyinit import jsontext
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

MOST = 100_000  # events that are kept
OLDEST = 400 * 86400.0  # seconds that they are kept
BLOCK = 1 << 20  # bytes read at once
VERSION = 1

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, time REAL NOT NULL, event TEXT NOT NULL,
    name TEXT NOT NULL, id TEXT NOT NULL, line TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_name ON events (name, time);
CREATE INDEX IF NOT EXISTS events_by_id ON events (id, time);
CREATE INDEX IF NOT EXISTS events_by_time ON events (time);
CREATE TABLE IF NOT EXISTS sources (
    device INTEGER NOT NULL, inode INTEGER NOT NULL, first BLOB NOT NULL, taken INTEGER NOT NULL,
    PRIMARY KEY (device, inode)
);
PRAGMA user_version = {VERSION};
"""


class History:
    """The open database; `with` closes it. PyinitError where it cannot be opened or used."""

    def __init__(self, state: str, most: int = MOST, oldest: float = OLDEST) -> None:
        self._state = state
        self._most = most
        self._oldest = oldest
        self._path = f"{state}/history.db"
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise self._problem(error) from error
            # It is damaged. What is left of the events is taken in again, and nothing is thrown away.
            os.replace(self._path, f"{self._path}.damaged")
            for ending in ("-wal", "-shm"):
                if os.path.exists(self._path + ending):
                    os.unlink(self._path + ending)
            self._database = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _problem(self, error: Exception) -> PyinitError:
        return PyinitError(f"history: {self._path}: {error}")

    def _refuse(self) -> None:
        message = f"history: {self._path} is of a newer version of pyinit"
        raise PyinitError(message)

    def _open(self) -> sqlite3.Connection:
        try:
            os.makedirs(self._state, 0o700, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            message = f"history: cannot open {self._path}: {error.strerror}"
            raise PyinitError(message) from error
        database = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                self._refuse()
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            if version < VERSION:
                database.executescript(_SCHEMA)
        except BaseException:
            database.close()
            raise
        return database

    def take_in(self, now: float) -> int:
        """Read what is new in the events' files, and forget what is too old or too much; the number of new events."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                new = sum(self._take_file(f"{self._state}/events.jsonl{ending}") for ending in (".1", ""))
                self._prune(now)
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._problem(error) from error
        return new

    def _take_file(self, path: str) -> int:
        try:
            file = open(path, "rb")  # noqa: SIM115 (closed below)
        except FileNotFoundError:
            return 0
        with file:
            found = os.fstat(file.fileno())
            first = file.readline(512)
            if not first.endswith(b"\n") and len(first) < 512:
                return 0
            source = (found.st_dev, found.st_ino)
            row = self._database.execute(
                "SELECT first, taken FROM sources WHERE device = ? AND inode = ?", source
            ).fetchone()
            taken = row[1] if row and row[0] == first and row[1] <= found.st_size else 0
            file.seek(taken)
            new, rest = 0, b""
            while block := file.read(BLOCK):
                *lines, rest = (rest + block).split(b"\n")
                taken += sum(map(len, lines)) + len(lines)
                new += self._add(lines)
            self._database.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)", (*source, first, taken))
            return new

    def _add(self, lines: list[bytes]) -> int:
        rows = [row for row in map(_row, lines) if row]
        self._database.executemany("INSERT INTO events (time, event, name, id, line) VALUES (?, ?, ?, ?, ?)", rows)
        return len(rows)

    def _prune(self, now: float) -> None:
        self._database.execute("DELETE FROM events WHERE time < ?", (now - self._oldest,))
        self._database.execute(
            "DELETE FROM events WHERE number <= (SELECT number FROM events ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (self._most,),
        )
        # Two files at most have something to take; the others are gone.
        self._database.execute(
            "DELETE FROM sources WHERE rowid NOT IN (SELECT rowid FROM sources ORDER BY rowid DESC LIMIT 8)"
        )

    def find(
        self, names: list[str], since: float | None = None, until: float | None = None, last: int | None = None
    ) -> list[dict[str, Any]]:
        """The events of services of these names or ids (or the beginnings of ids), or of all, the oldest first.

        PyinitError for a name that no event tells of.
        """
        try:
            where, values = self._where(names)
            if since is not None:
                where, values = f"{where} AND time >= ?", [*values, since]
            if until is not None:
                where, values = f"{where} AND time <= ?", [*values, until]
            # S608: where is made of constants alone.
            query = f"SELECT line FROM events WHERE {where} ORDER BY time DESC, number DESC LIMIT ?"  # noqa: S608
            rows = self._database.execute(query, [*values, -1 if last is None else last]).fetchall()
        except sqlite3.Error as error:
            raise self._problem(error) from error
        return [jsontext.loads(line) for (line,) in reversed(rows)]

    def _where(self, names: list[str]) -> tuple[str, list[Any]]:
        parts: list[str] = []
        values: list[Any] = []
        for name in names:
            part, arguments = "name = ? OR id = ?", [name, name]
            if len(name) >= 4 and set(name) <= set("0123456789abcdef"):
                part, arguments = f"{part} OR id GLOB ?", [*arguments, f"{name}*"]
            # S608: part is a constant.
            known = self._database.execute(f"SELECT 1 FROM events WHERE {part} LIMIT 1", arguments).fetchone()  # noqa: S608
            if not known:
                message = f"history: nothing is known of a service {name}"
                raise PyinitError(message)
            parts.append(part)
            values += arguments
        return (f"({' OR '.join(parts)})" if parts else "1"), values


def _row(line: bytes) -> tuple[float, str, str, str, str] | None:
    """An event's row; None for a line that is none, such as one that a full disk cut off."""
    try:
        text = line.decode()
        event = jsontext.loads(text)
        return float(event["time"]), str(event["event"]), str(event.get("name", "")), str(event.get("id", "")), text
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
