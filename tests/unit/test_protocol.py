from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinit import protocol

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent.parent
I64 = st.integers(-(2**63), 2**63 - 1)
I32 = st.integers(-(2**31), 2**31 - 1)
U32 = st.integers(0, 2**32 - 1)
WORD = st.binary().filter(lambda word: b"\0" not in word)
WORDS = st.lists(WORD.filter(bool), max_size=9)
PATH = st.just(b"/") | WORD.map(lambda word: b"/" + word)


def constants() -> dict[str, int]:
    """Give the header's plain constants, named as Python names them."""
    text = (ROOT / "csrc/shim/protocol.h").read_text()
    found = re.findall(r"^ {4}([A-Z][A-Z_]*) = (\d+),", text, re.MULTILINE)
    return {name.removeprefix("MSG_").replace("PROTOCOL_", ""): int(number) for name, number in found}


def test_constants() -> None:
    """The header of the shim and the Python module have the same names with the same numbers."""
    text = (ROOT / "csrc/shim/protocol.h").read_text()
    ours = {name: value for name, value in vars(protocol).items() if name.isupper() and isinstance(value, int)}
    assert re.search(r"#define KEEP_UMASK \(-1\)", text)
    assert re.search(r"#define KEEP_NUMBER INT32_MIN", text)
    assert re.search(r"#define KEEP_ID UINT32_MAX", text)
    assert re.search(r"PROTOCOL_VERSION = 1 }", text)
    special = {"VERSION": 1, "KEEP_UMASK": -1, "KEEP_NUMBER": -(2**31), "KEEP_ID": 2**32 - 1, "UNLIMITED": 2**64 - 1}
    assert constants() | special == {name: value for name, value in ours.items() if name != "TYPE_CHECKING"}


def test_steps_have_words() -> None:
    """Each step that can fail has words for it."""
    assert len(protocol.STEPS) == max(value for name, value in constants().items() if name.startswith("STEP_")) + 1


def test_documented() -> None:
    """The page names each message with its number."""
    text = (ROOT / "docs/protocol.md").read_text()
    for number, name in re.findall(r"MSG_([A-Z]+) = (\d+)", (ROOT / "csrc/shim/protocol.h").read_text()):
        assert number == "ORPHAN" or f"| {name} | `{number}` |" in text


@given(st.integers(0, 255), U32, st.integers(0, 65535), I64, I64, I32, st.binary(max_size=99))
def test_round_trip(kind: int, number: int, slot: int, a: int, b: int, c: int, body: bytes) -> None:
    """Every message comes back as it was packed."""
    got = protocol.parse(protocol.message(kind, number, slot=slot, a=a, b=b, c=c, body=body))
    assert (got.version, got.type, got.id, got.slot) == (protocol.VERSION, kind, number, slot)
    assert (got.a, got.b, got.c, got.body) == (a, b, c, body)


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    """Any bytes are a message of their very length, or refused."""
    try:
        got = protocol.parse(data)
    except protocol.ProtocolError:
        return
    assert len(got.body) == len(data) - 32


@given(PATH, PATH, PATH, WORDS, WORDS)
def test_config(record: bytes, lock: bytes, socket: bytes, argv: list[bytes], env: list[bytes]) -> None:
    """A configuration comes back as it was packed."""
    body = protocol.config(record, lock, socket, argv, env)
    assert protocol.parse_config(body) == (record, lock, socket, argv, env)


@given(st.binary(max_size=60) | st.lists(st.sampled_from([b"/a\0", b"\0", b"x\0"]), max_size=12).map(b"".join))
def test_any_config(body: bytes) -> None:
    """Any body is a configuration that packs to itself, or refused."""
    try:
        words = protocol.parse_config(body)
    except protocol.ProtocolError:
        return
    assert protocol.config(*words) == body


@given(st.binary(max_size=100))
def test_any_kept(body: bytes) -> None:
    """A STATUS's body is whole records, or refused."""
    try:
        assert len(protocol.kept(body)) == len(body) // 12
    except protocol.ProtocolError:
        assert len(body) % 12


@given(st.binary())
def test_any_record(text: bytes) -> None:
    """Any text is read as a record, as far as it is one."""
    protocol.record(text)


def test_record() -> None:
    """A record is read by its keys."""
    assert protocol.record(b"run 3\nsignal TERM\nodd\n") == {"run": "3", "signal": "TERM"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"argv": []},
        {"argv": [b""]},
        {"argv": [b"a\0b"]},
        {"env": [b"A=\0"]},
        {"cwd": b"\0"},
        {"uid": -1},
        {"uid": 2**32},
        {"limits": [(1, -1, 0)]},
        {"groups": [-1]},
        {"groups": [0] * 65537},
        {"descriptors": {1024: 0}},
        {"descriptors": {3: 65536}},
        {"descriptors": dict.fromkeys(range(65), 0)},
        {"argv": [b"x"] * 131073},
        {"argv": [b"x" * 9_000_000]},
    ],
)
def test_payloads_that_cannot_be(wrong: dict[str, object]) -> None:
    """What the shim would refuse is refused when it is packed."""
    right: dict[str, object] = {"argv": [b"x"], "env": []}
    with pytest.raises(protocol.ProtocolError):
        protocol.payload(**(right | wrong))  # type: ignore[arg-type]


def test_messages_that_cannot_be() -> None:
    """What does not fit into a message is refused when it is packed."""
    wrong: list[Callable[[], bytes]] = [
        lambda: protocol.message(protocol.STOP, body=b"x" * 16385),
        lambda: protocol.message(256),
        lambda: protocol.message(1, a=2**63),
        lambda: protocol.config(b"", b"/b", b"/c", [], []),
        lambda: protocol.config(b"/a", b"/b", b"/c", [b""], []),
        lambda: protocol.config(b"/a", b"/b", b"/c", [b"x" * 17000], []),
        lambda: protocol.config(b"/a", b"/b", b"/c", [b"x"] * 1025, []),
        lambda: protocol.stop([(1, 1)] * 33),
    ]
    for make in wrong:
        with pytest.raises(protocol.ProtocolError):
            make()
