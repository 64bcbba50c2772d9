from __future__ import annotations

import json
import os
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from pyinit.errors import PyinitError
from pyinit.history import History

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0


def _event(number: int, name: str = "web", ident: str = "0123456789ab") -> dict[str, Any]:
    return {"time": NOW + number, "event": f"e{number}", "id": ident, "name": name}


def _append(path: Path, *events: dict[str, Any], end: str = "\n") -> None:
    with path.open("a") as file:
        file.write("\n".join(json.dumps(event) for event in events) + end)


def _numbers(state: Path, *names: str, **how: Any) -> list[int]:
    with History(str(state)) as history:
        history.take_in(NOW + 100)
        return [int(event["event"][1:]) for event in history.find(list(names), **how)]


def test_lines_are_taken_in_once(tmp_path: Path) -> None:
    """What was taken in is not taken in again, and what came since is."""
    path = tmp_path / "events.jsonl"
    assert _numbers(tmp_path) == []
    _append(path, _event(1), _event(2))
    assert _numbers(tmp_path) == [1, 2]
    _append(path, _event(3))
    assert _numbers(tmp_path) == [1, 2, 3]
    assert _numbers(tmp_path) == [1, 2, 3]


def test_a_line_that_is_being_written_waits(tmp_path: Path) -> None:
    """A line without its end is taken in when it has one."""
    path = tmp_path / "events.jsonl"
    _append(path, _event(1))
    _append(path, _event(2), end="")
    assert _numbers(tmp_path) == [1]
    _append(path, end="\n")
    assert _numbers(tmp_path) == [1, 2]


def test_a_file_that_was_moved_aside_is_known_again(tmp_path: Path) -> None:
    """After a rotation the rest of the old file is taken in, and all of the new one."""
    path = tmp_path / "events.jsonl"
    _append(path, _event(1))
    assert _numbers(tmp_path) == [1]
    _append(path, _event(2))
    path.rename(tmp_path / "events.jsonl.1")
    _append(path, _event(3))
    assert _numbers(tmp_path) == [1, 2, 3]
    path.rename(tmp_path / "events.jsonl.1")
    _append(path, _event(4))
    assert _numbers(tmp_path) == [1, 2, 3, 4]


def test_an_inode_that_is_used_again_is_another_file(tmp_path: Path) -> None:
    """A file of the same inode but with another first line is read from its beginning."""
    path = tmp_path / "events.jsonl"
    _append(path, _event(1))
    assert _numbers(tmp_path) == [1]
    inode = path.stat().st_ino
    path.write_text("")
    _append(path, _event(2), _event(3), _event(4))
    assert path.stat().st_ino == inode
    assert _numbers(tmp_path) == [1, 2, 3, 4]


def test_what_is_no_event_is_passed_over(tmp_path: Path) -> None:
    """Garbage between events, as a full disk leaves it, hides none of them."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'\xff\xfe\n{"time": 1}\n[]\n{"ti\n\n')
    _append(path, _event(1))
    assert _numbers(tmp_path) == [1]


def test_it_is_found_by_name_id_and_time(tmp_path: Path) -> None:
    """A name, an id or its beginning choose the service; since, until and last choose the events."""
    _append(tmp_path / "events.jsonl", _event(1), _event(2, "db", "fedcba987654"), _event(3))
    assert _numbers(tmp_path, "web") == [1, 3]
    assert _numbers(tmp_path, "fedcba987654") == [2]
    assert _numbers(tmp_path, "0123") == [1, 3]
    assert _numbers(tmp_path, "web", "db") == [1, 2, 3]
    assert _numbers(tmp_path, since=NOW + 2) == [2, 3]
    assert _numbers(tmp_path, until=NOW + 2) == [1, 2]
    assert _numbers(tmp_path, last=1) == [3]
    assert _numbers(tmp_path, "web", last=0) == []
    with pytest.raises(PyinitError, match="nobody"):
        _numbers(tmp_path, "nobody")


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    """No more events than allowed are kept, and none that is too old."""
    _append(tmp_path / "events.jsonl", *(_event(number) for number in range(10)))
    with History(str(tmp_path), most=4) as history:
        history.take_in(NOW)
        assert [event["event"] for event in history.find([])] == ["e6", "e7", "e8", "e9"]
    with History(str(tmp_path), oldest=2.0) as history:
        history.take_in(NOW + 10)
        assert [event["event"] for event in history.find([])] == ["e8", "e9"]


def test_a_damaged_database_is_put_aside(tmp_path: Path) -> None:
    """A file that is no database is kept under another name, and the events are taken in anew."""
    _append(tmp_path / "events.jsonl", _event(1))
    (tmp_path / "history.db").write_bytes(b"no database, " * 1000)
    assert _numbers(tmp_path) == [1]
    assert (tmp_path / "history.db.damaged").exists()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """One that a newer version made is left alone, with an error that says so."""
    database = sqlite3.connect(tmp_path / "history.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(PyinitError, match="newer"):
        History(str(tmp_path))


def test_it_is_its_owner_s_alone(tmp_path: Path) -> None:
    """The database is readable by its owner only: command lines may be in it."""
    assert _numbers(tmp_path) == []
    assert os.stat(tmp_path / "history.db").st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Where no file can be made the error names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PyinitError, match="history"):
        History(str(tmp_path / "file"))
