"""`logs`: what services wrote, of the files themselves; no supervisor is asked for more than where these are."""

from __future__ import annotations

import os
import select
import time

from pyinit import client, logreader, moments, ondisk, show
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from pyinit.dirs import Dirs
    from pyinit.logreader import Reader, Record
    from pyinit.options import Parsed

READABLE = ("k8s-file", "json-file", "raw")
COLORS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
BLOCK = 1 << 16  # bytes written at once
LONGEST = 1 << 20  # bytes of a line in parts that is put together


class Source:
    """One service's log, and what its lines begin with."""

    __slots__ = ("folder", "held", "name", "prefix", "reader")

    def __init__(self, name: str, folder: str, reader: Reader) -> None:
        self.name = name
        self.folder = folder
        self.reader = reader
        self.prefix = b""
        self.held: dict[str, bytearray] = {}  # by stream: the parts of a line that has no end yet


def run(parsed: Parsed) -> int:
    """Print the lines, those of several services by their time; with -f, until all of them are removed."""
    now = time.time()
    times = [_nanoseconds(name, parsed[name], now) for name in ("since", "until")]
    dirs = client.find_dirs()
    sources = [open_log(service, dirs, parsed, times) for service in chosen(dirs, parsed)]
    give_prefixes(sources, parsed)
    printer = Printer(times=parsed["timestamps"])
    try:
        printer.take(merged(sources), together=len(sources) > 1)
        printer.flush()
        if parsed["follow"]:
            follow(sources, printer)
    except BrokenPipeError:
        return 0
    return 0


def chosen(dirs: Dirs, parsed: Parsed) -> list[dict[str, Any]]:
    """name, id, path and driver of each log: from the supervisor if one runs, else from the disk."""
    try:
        with client.Connection(dirs, start=False) as connection:
            names = {} if parsed["all"] else {"names": parsed.operands}
            found: list[dict[str, Any]] = connection.request("log_paths", **names)["services"]
    except (client.NoSupervisor, client.Gone):
        known = ondisk.services(dirs)
        wanted = known if parsed["all"] else [ondisk.find(known, name) for name in parsed.operands]
        found = []
        for service in wanted:
            path, driver = ondisk.log(dirs, service)
            found.append({"name": service["name"], "id": service["id"], "path": path, "driver": driver})
    return list({service["id"]: service for service in found}.values())


def open_log(service: dict[str, Any], dirs: Dirs, parsed: Parsed, times: list[int | None]) -> Source:
    """The reader of a service's log. PyinitError if it has none that could be read."""
    name, path = service["name"], service["path"]
    driver = next((word for word in str(service["driver"]).split(",") if word in READABLE), None)
    if driver is None or not path:
        where = f"journalctl PYINIT_NAME={name}" if "journald" in str(service["driver"]) else "there is no file to read"
        message = f"logs: the log driver of {name} is {service['driver']}: {where}"
        raise PyinitError(message)
    try:
        reader = logreader.Reader(
            path,
            driver,
            tail=None if parsed["tail"] in (None, -1) else parsed["tail"],
            since=times[0],
            until=times[1],
            stream=parsed["stream"],
            follow=parsed["follow"],
        )
    except OSError as error:
        message = f"logs: {name}: {error.strerror or error}"
        raise PyinitError(message) from error
    return Source(name, dirs.service(service["id"]), reader)


def _nanoseconds(name: str, text: str | None, now: float) -> int | None:
    return None if text is None else int(moments.parse(f"logs: --{name}", text, now) * 1e9)


def give_prefixes(sources: list[Source], parsed: Parsed) -> None:
    """Several services' lines begin with their names, each in its colour."""
    if len(sources) < 2 and not parsed["names"]:
        return
    width = max((len(source.name) for source in sources), default=0)
    colored = parsed["color"] == "always" or (parsed["color"] != "never" and show.is_terminal(1))
    for index, source in enumerate(sources):
        text = f"{source.name:<{width}} |"
        if colored:
            text = f"\x1b[{COLORS[index % len(COLORS)]}m{text}\x1b[0m"
        source.prefix = f"{text} ".encode()


def merged(sources: list[Source]) -> Iterator[tuple[Source, Record]]:
    """Yield what can be read now, ordered by time."""
    if len(sources) == 1:
        return _pairs(sources[0])
    import heapq  # noqa: PLC0415 (for several)

    return heapq.merge(*map(_pairs, sources), key=lambda pair: pair[1].time)


def _pairs(source: Source) -> Iterator[tuple[Source, Record]]:
    return ((source, record) for record in source.reader.read())


def follow(sources: list[Source], printer: Printer) -> None:
    """Print what comes, as it comes, until no service is left."""
    left = {source.reader.fileno(): source for source in sources}
    poll = select.poll()
    for fd in left:
        poll.register(fd, select.POLLIN)
    while left:
        ready = [left[fd] for fd, _ in poll.poll() if fd in left]
        printer.take(merged(ready), together=len(sources) > 1)
        printer.flush()
        for source in ready:
            if not os.path.exists(f"{source.folder}/spec.json"):
                poll.unregister(source.reader.fileno())
                del left[source.reader.fileno()]


class Printer:
    """Writes records to our standard output and error, as the service did, in large pieces."""

    def __init__(self, *, times: bool) -> None:
        self._times = times
        self._fd = 1
        self._out = bytearray()
        self._unfinished: tuple[Source, str] | None = None  # whose line has no end yet

    def take(self, records: Iterable[tuple[Source, Record]], *, together: bool) -> None:
        """Print records. together: lines that come in parts wait for their end, lest another service's come between."""
        waiting: dict[int, Source] = {}
        for source, record in records:
            if together and self._hold(source, record):
                waiting[id(source)] = source
                continue
            self._print(source, record)
        for source in waiting.values():
            for stream, held in source.held.items():
                self._line(source, stream, 0, bytes(held), whole=False)
            source.held.clear()

    def _hold(self, source: Source, record: Record) -> bool:
        """Keep a part; false once the line is whole (and then in the record) or far too long."""
        held = source.held.get(record.stream)
        if record.whole and held is None:
            return False
        held = source.held.setdefault(record.stream, bytearray())
        held += record.data
        if record.whole or len(held) > LONGEST:
            record.data = bytes(held)
            del source.held[record.stream]
            return False
        return True

    def _print(self, source: Source, record: Record) -> None:
        self._line(source, record.stream, record.time, record.data, whole=record.whole)

    def _line(self, source: Source, stream: str, moment: int, data: bytes, *, whole: bool) -> None:
        fd = 2 if stream == "stderr" else 1
        if fd != self._fd or len(self._out) > BLOCK:
            self.flush()
            self._fd = fd
        going_on = self._unfinished is not None and self._unfinished[0] is source and self._unfinished[1] == stream
        if self._unfinished and not going_on:
            self._out += b"\n"
        if not going_on:
            self._out += source.prefix
            if self._times and moment:
                self._out += f"{moments.iso_nanoseconds(moment)} ".encode()
        self._out += data
        if whole:
            self._out += b"\n"
        self._unfinished = None if whole else (source, stream)

    def flush(self) -> None:
        """Write what was collected."""
        data, self._out = bytes(self._out), bytearray()
        if data:
            show.write(self._fd, data)
