"""Prints `ready`, then the number of every signal that arrives, also of those that no libc lets one wait for (32, 33).

Signal 64 is the last one. All are blocked and read as the kernel gives them, so none is acted upon and none gets lost.
"""

import ctypes
import os
import platform
import struct

RT_SIGPROCMASK, SIGNALFD4 = (14, 289) if platform.machine() == "x86_64" else (135, 74)
SIG_BLOCK, WORD, RECORD = 0, 8, 128

call = ctypes.CDLL(None, use_errno=True).syscall
every = (ctypes.c_uint64 * 1)(2**64 - 1)
assert call(RT_SIGPROCMASK, SIG_BLOCK, every, None, WORD) == 0
arrivals = call(SIGNALFD4, -1, every, WORD, os.O_CLOEXEC)
assert arrivals >= 0

print("ready", flush=True)
number = 0
while number != 64:
    (number,) = struct.unpack_from("I", os.read(arrivals, RECORD))
    print(number, flush=True)
