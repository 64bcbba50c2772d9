"""How fast the way of a log is: 80-byte lines in 64 kB writes, staged, framed with time stamps, onto a tmpfs.

Run it as `python -m bench.logpath [DRIVER] [MEGABYTES] [BYTES A LINE]`.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import shutil
import sys
import tempfile
import time

from pyinit import logs, staging

WRITE = 64 << 10


def produce(out: int, count: int, width: int) -> None:
    """Write the lines and leave."""
    line = b"x" * (width - 1) + b"\n"
    block = line * max(1, WRITE // width)
    for _ in range(count // len(block)):
        os.write(out, block)
    os._exit(0)


def measure(driver: str, megabytes: int, width: int, pipe_size: int) -> tuple[float, float, float]:
    """Return MB/s, and CPU seconds per GB of us and of the writer."""
    folder = tempfile.mkdtemp(dir="/dev/shm")  # it has to be a tmpfs
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, pipe_size)
    start, before = time.perf_counter(), time.process_time()
    writer = os.fork()
    if writer == 0:
        os.close(read_end)
        produce(write_end, megabytes * 1_000_000, width)
    os.close(write_end)
    path = logs.LogPath(read_end, None, staging.create("bench"), None, logs.check_options(driver, {}), folder)
    poll = select.epoll()
    poll.register(read_end, select.EPOLLIN)
    while not path.ended(0):
        poll.poll()
        path.pump(0)
    path.settle()
    took, own = time.perf_counter() - start, time.process_time() - before
    os.waitpid(writer, 0)
    path.close()
    shutil.rmtree(folder)
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return megabytes / took, own / megabytes * 1000, (theirs.ru_utime + theirs.ru_stime) / megabytes * 1000


def main() -> None:
    """Measure with both usual sizes of pipes."""
    driver = sys.argv[1] if len(sys.argv) > 1 else "k8s-file"
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    width = int(sys.argv[3]) if len(sys.argv) > 3 else 80
    for pipe_size in (64 << 10, 1 << 20):
        rate, own, theirs = measure(driver, megabytes, width, pipe_size)
        print(
            f"{driver}, lines of {width} bytes, pipe of {pipe_size >> 10} kB: {rate:.0f} MB/s, {own:.2f} CPU-s/GB"
            f" (all writers so far {theirs:.2f}), peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss} kB resident"
        )


if __name__ == "__main__":
    main()
