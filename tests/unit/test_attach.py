"""Attached clients: frames, bounds, and input that is not read."""

from __future__ import annotations

import os
from struct import pack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyinit import attach, records, spec, states
from pyinit.attach import DROPPED, END_OF_INPUT, EXIT, RESIZE, SIGNAL, STDERR, STDIN, STDOUT, frame
from pyinit.loop import Loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinit.control import Client
    from pyinit.service import Service


class World:
    """A client and a service, as far as an attachment sees them."""

    def __init__(self, *, stdin: bool = True) -> None:
        self.sent: list[bytes] = []
        self.input = bytearray()
        self.takes_input = True
        self.ended_input = 0
        self.signals: list[int] = []
        self.state = records.State(1.0)
        self.state.state, self.state.run, self.state.pid = states.RUNNING, 1, 77
        self.service = SimpleNamespace(
            attachments=[], watchers=[], state=self.state, slots={}, removed=False, show_output=lambda: None,
            spec=spec.check({"command": ["x"]}), write_input=self._write, end_input=self._end_input,
            kill=self.signals.append,
        )  # fmt: skip
        self.client = SimpleNamespace(
            gone=[],
            taken=None,
            most_unread=0,
            unread=0,
            send=self.sent.append,
            end=self._end,
            ended=False,
            held=0,
            hold=self._hold,
            go_on=lambda: None,
        )
        client, service = cast("Client", self.client), cast("Service", self.service)
        self.attachment = attach.Attachment(client, service, stdin=stdin, ends_with_run=True)

    def _hold(self) -> None:
        self.client.held += 1

    def _write(self, data: bytes, _emptied: Callable[[], None]) -> bool:
        self.input += data
        return self.takes_input

    def _end_input(self) -> None:
        self.ended_input += 1

    def _end(self) -> None:
        self.client.ended = True

    def say(self, data: bytes) -> None:
        """Let the client send something."""
        take = cast("Callable[[bytearray], None]", self.client.taken)
        take(bytearray(data))

    def dropped(self) -> str:
        """Why the client was dropped; "" if it was not."""
        if not self.client.ended:
            return ""
        assert self.service.attachments == self.service.watchers == []
        last = self.sent[-1]
        assert last[0] == DROPPED
        return last[4:].decode()


@pytest.fixture
def world() -> World:
    """Give an attachment that has begun."""
    made = World()
    made.attachment.begin()
    return made


def test_a_frame_is_kind_length_and_data() -> None:
    """One byte, three bytes big endian, and the data."""
    assert frame(STDOUT, b"abc") == b"\1\0\0\3abc"
    assert frame(EXIT, b"") == b"\4\0\0\0"


def test_output_is_framed_by_stream_and_in_bounded_pieces(world: World) -> None:
    """The streams are apart; a large piece in several frames."""
    world.attachment.output(0, b"out")
    world.attachment.output(1, b"err")
    world.attachment.output(0, b"x" * (attach.LARGEST + 1))
    assert world.sent[:2] == [frame(STDOUT, b"out"), frame(STDERR, b"err")]
    assert [len(one) for one in world.sent[2:]] == [attach.LARGEST + 4, 5]


def test_output_before_the_answer_comes_after_it() -> None:
    """What a service writes before the request was answered is not lost and not mixed into the answer."""
    world = World()
    world.attachment.output(0, b"early")
    assert world.sent == []
    world.attachment.begin()
    world.attachment.output(0, b"late")
    assert world.sent == [frame(STDOUT, b"early"), frame(STDOUT, b"late")]


def test_whoever_does_not_read_is_dropped(world: World) -> None:
    """Once a megabyte waits, the client is told why and let go; the service's output goes on without it."""
    world.client.unread = attach.MOST_UNREAD + 1
    world.attachment.output(0, b"x")
    assert world.dropped() == "it does not read its output"
    assert world.client.most_unread > attach.MOST_UNREAD


def test_input_and_its_end(world: World) -> None:
    """Bytes go to the service, in whatever pieces they come; the end is passed on."""
    data = frame(STDIN, b"hello ") + frame(STDIN, b"world") + frame(END_OF_INPUT, b"")
    buffer = bytearray()
    for byte in data:
        buffer.append(byte)
        world.client.taken(buffer)
    assert (bytes(world.input), world.ended_input, bytes(buffer)) == (b"hello world", 1, b"")


def test_while_a_service_does_not_read_its_client_is_not_read(world: World) -> None:
    """Nothing waits without a bound: not here, but where it comes from."""
    world.say(frame(STDIN, b"x"))
    assert world.client.held == 0
    world.takes_input = False
    world.say(frame(STDIN, b"x"))
    assert (world.client.held, world.dropped()) == (1, "")


def test_signals_go_to_a_running_process_only(world: World) -> None:
    """A signal after the end is nothing; a number that is none drops the client."""
    world.say(frame(SIGNAL, b"\2"))
    world.state.pid = 0
    world.say(frame(SIGNAL, b"\3"))
    assert world.signals == [2]
    world.say(frame(SIGNAL, b"\0"))
    assert world.dropped() == "a frame that means nothing"


@pytest.mark.parametrize(
    "data",
    [
        frame(STDOUT, b"x"),
        frame(RESIZE, b"x"),
        frame(SIGNAL, b""),
        frame(SIGNAL, b"\x41"),
        frame(255, b""),
        frame(EXIT, b""),
    ],
)
def test_frames_that_mean_nothing_drop_the_client(world: World, data: bytes) -> None:
    """And what comes after them is not heeded."""
    world.say(data + frame(STDIN, b"more") + frame(SIGNAL, b"\2"))
    assert world.dropped() == "a frame that means nothing"
    assert (bytes(world.input), world.signals) == (b"", [])
    world.say(frame(SIGNAL, b"\2"))
    assert world.signals == []


def test_without_stdin_input_is_refused() -> None:
    """A client that did not ask for stdin may not write."""
    world = World(stdin=False)
    world.attachment.begin()
    world.say(frame(STDIN, b"x"))
    assert world.dropped() == "a frame that means nothing"
    assert world.input == b""


def test_a_frame_that_is_too_long_is_not_waited_for(world: World) -> None:
    """Its length alone is enough."""
    world.say(bytes((STDIN,)) + (attach.MOST_INPUT + 1).to_bytes(3, "big") + b"x")
    assert world.dropped() == "a frame that is too long"


def test_the_end_of_the_run_is_the_last_frame(world: World) -> None:
    """With the exit code; then the connection ends, and the client's last words are for nobody."""
    world.state.ended = records.ended_without_record(1, 3, 0.0, 1.0)
    world.state.state = states.ENDING
    world.service.watchers[0](world.service)
    assert not world.client.ended
    world.state.state = states.EXITED
    world.service.watchers[0](world.service)
    assert world.sent == [frame(EXIT, pack(">i", 3))]
    assert world.client.ended
    assert world.service.attachments == world.service.watchers == []
    world.say(frame(STDIN, b"late"))
    assert world.input == b""


def test_a_client_that_leaves_is_forgotten(world: World) -> None:
    """Twice is no error."""
    for _ in range(2):
        world.client.gone[0]()
    assert world.service.attachments == world.service.watchers == []


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), max_size=8))
def test_garbage_frames_raise_nothing(pieces: list[bytes]) -> None:
    """Whatever arrives, in whatever pieces: it is taken, waited for, or the client is dropped."""
    world = World()
    world.attachment.begin()
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        world.client.taken(buffer)
    assert world.dropped() in {"", "a frame that means nothing", "a frame that is too long"}


def _nothing() -> None:
    """What is to be called when input was read."""


def _input() -> tuple[Loop, attach.Input, int]:
    """A pipe's reading end, and Input at the other one."""
    loop = Loop()
    reader, writer = os.pipe2(os.O_NONBLOCK)
    made = attach.Input(cast("Service", SimpleNamespace(loop=loop)), writer)
    os.close(writer)
    return loop, made, reader


def _read_all(loop: Loop, reader: int) -> bytes:
    """What comes out until the end, or until nothing more does."""
    found = b""
    while True:
        loop.soon(loop.stop)
        loop.run()
        loop._stopped = False  # noqa: SLF001
        try:
            data = os.read(reader, 1 << 16)
        except BlockingIOError:
            return found
        if not data:
            return found + b"<end>"
        found += data


def test_input_waits_for_a_slow_reader_up_to_a_bound() -> None:
    """All that was taken arrives in order; whoever sent too much is told when it has been read."""
    loop, made, reader = _input()
    data = os.urandom(1 << 17)
    told: list[int] = []
    assert made.write(data, lambda: told.append(1))
    assert made.write(data, lambda: told.append(2))
    assert not made.write(data, lambda: told.append(3))
    assert not made.write(b"y", lambda: told.append(4))
    assert told == []
    assert _read_all(loop, reader) == data * 3 + b"y"
    assert told == [3, 4]
    made.close()
    assert _read_all(loop, reader) == b"<end>"
    os.close(reader)


def test_input_ends_after_what_waits() -> None:
    """The end comes when all has been read, not before."""
    loop, made, reader = _input()
    data = os.urandom(1 << 17)
    made.write(data, _nothing)
    made.close()
    assert _read_all(loop, reader) == data + b"<end>"
    os.close(reader)


@pytest.mark.parametrize("waiting", [0, 1 << 17])
def test_abandoned_input_leaves_nothing(waiting: int) -> None:
    """Its descriptor is closed once, whatever waits."""
    loop, made, reader = _input()
    before: Any = os.listdir("/proc/self/fd")
    made.write(b"x" * waiting, _nothing)
    made.abandon()
    assert len(os.listdir("/proc/self/fd")) == len(before) - 1
    assert loop._calls == {}  # noqa: SLF001
    os.close(reader)


def test_a_reader_that_is_gone_takes_everything() -> None:
    """Nobody will ever read it: no error, and nothing waits."""
    loop, made, reader = _input()
    made.write(b"x" * (1 << 17), _nothing)
    os.close(reader)
    loop.soon(loop.stop)
    loop.run()
    assert made.write(b"y" * attach.MOST_INPUT, _nothing)
    made.abandon()
