"""Where pyinit, called by a peer's name, does on purpose not what that peer does: the peer's fault, and what is right.

BETTER[peer][scenario, what was seen] = what is seen with pyinit, for any options or for those after that name.
Any other difference is a failure. That the peer has the fault is not demanded, so that a newer one without it does not
fail. Faults that no comparison can show, since the peer hangs or the outcome is a race, are in test_better.py.
"""

from __future__ import annotations

BETTER: dict[str, dict[tuple[str, str], object]] = {"dumb-init": {}, "tini": {}, "catatonit": {}}

# tini and catatonit look for options behind the command as well: `tini ls -l` prints tini's licence.
for option in ("-h", "-l", "-V", "-g", "--help", "--version"):
    for peer in ("tini", "catatonit"):
        BETTER[peer]["command_line", f"command's own {option}"] = (0, f"a {option}\n")

# tini and catatonit leave these to the kernel, so a kill(1) with one of them ends the init and orphans the application.
for number in (4, 5, 6, 7, 8, 11):
    for peer in ("tini", "catatonit"):
        BETTER[peer]["forwarding", f"signal {number}"] = []
for peer in ("tini", "catatonit"):
    BETTER[peer]["forwarding_all", "signal 31"] = []

# The application is started with the mask and the ignored signals that the init was started with: dumb-init loses
# both, catatonit blocks TSTP, TTIN and TTOU. On the terminal of these tests Python has XFSZ and PIPE ignored.
BETTER["dumb-init"]["surroundings", "mask"] = "2200"
BETTER["dumb-init"]["surroundings", "ignored"] = "200003"
BETTER["catatonit"]["surroundings", "mask"] = "2200"
for scenario in ("terminal", "terminal_of_another"):
    BETTER["dumb-init"][scenario, "ignored"] = "1001000"
    BETTER["catatonit"][scenario, "mask"] = "0"

# Descriptors that are not the init's own are closed in it, so that whoever waits for their end is not kept waiting; and
# it keeps no file system busy by standing in it.
for peer in ("dumb-init", "tini"):
    BETTER[peer]["left_in_the_init", "a descriptor"] = False
for peer in ("tini", "catatonit"):
    BETTER[peer]["left_in_the_init", "directory"] = "/"

# The closing TERM of dumb-init is rewritten as any other, but `-r 15:0` means what comes from outside.
BETTER["dumb-init"]["leftovers -r 15:0", "got"] = ["g 15 -"]

# LISTEN_PID names the process that is to have the sockets, or it is of no use; catatonit does this too.
for peer in ("dumb-init", "tini"):
    BETTER[peer]["listen_pid", "LISTEN_PID"] = "child"

# tini ends with "tcsetpgrp failed" when it has no standard input.
for which in ("0", "0,1,2"):
    BETTER["tini"]["closed_descriptors", f"without {which}"] = 7
