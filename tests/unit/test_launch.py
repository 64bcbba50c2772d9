"""From a specification to descriptors, variables, and an identity."""

from __future__ import annotations

import errno
import fcntl
import grp
import os
import pwd
import resource
from typing import Any

import pytest

from pyinit import launch, protocol, spec
from pyinit.errors import PyinitError, SpecError
from pyinit.launch import (
    ERRORS,
    INPUT,
    LISTEN,
    OUTPUT,
    RELAY,
    SPEC,
    STAGING_ERRORS,
    STAGING_OUTPUT,
    STDERR,
    STDIN,
    STDOUT,
)

PIPES = {OUTPUT, STDOUT, ERRORS, STDERR, STAGING_OUTPUT, STAGING_ERRORS, SPEC}


def _spec(**values: Any) -> spec.Spec:
    return spec.check({"command": ["true"], **values})


def _open_fds() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        ({}, PIPES),
        ({"interactive": True}, PIPES | {STDIN, INPUT}),
        ({"tty": True}, {STDIN, INPUT, OUTPUT, RELAY, STAGING_OUTPUT, SPEC}),
        ({"tty": True, "interactive": True}, {STDIN, INPUT, OUTPUT, RELAY, STAGING_OUTPUT, SPEC}),
        ({"listen": ["tcp:127.0.0.1:0", "udp:127.0.0.1:0"]}, PIPES | {LISTEN, LISTEN + 1}),
    ],
)
def test_slots(said: dict[str, Any], slots: set[int]) -> None:
    """What is made for whom; our ends never block, the child's ends do, and none is inherited."""
    made = launch.make_slots(_spec(**said), b"text")
    try:
        assert set(made) == slots
        ours = {INPUT, OUTPUT, ERRORS, RELAY} & slots
        assert not any(os.get_blocking(made[slot]) for slot in ours)
        assert all(os.get_blocking(made[slot]) for slot in {STDIN, STDOUT, STDERR} & slots)
        assert not any(os.get_inheritable(fd) for fd in made.values())
        assert os.pread(made[SPEC], 100, 0) == b"text"
    finally:
        for fd in made.values():
            os.close(fd)


def test_the_pipes_are_connected() -> None:
    """What the child writes comes out at our end, each stream at its own."""
    made = launch.make_slots(_spec(interactive=True), b"")
    for inlet, outlet in ((STDOUT, OUTPUT), (STDERR, ERRORS), (INPUT, STDIN)):
        os.write(made[inlet], b"%d" % inlet)
        assert os.read(made[outlet], 10) == b"%d" % inlet
        assert fcntl.fcntl(made[outlet], fcntl.F_GETPIPE_SZ) >= 4096
    for fd in made.values():
        os.close(fd)


def test_no_descriptor_is_left_when_one_cannot_be_made() -> None:
    """EMFILE at any point of it, and a bad address at its end: all that was made is closed."""
    before = _open_fds()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = [number for number in range(1000) if str(number) not in before]
    for limit in free[:9]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                launch.make_slots(_spec(interactive=True, listen=["tcp:127.0.0.1:0"]), b"")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert _open_fds() == before
    with pytest.raises(SpecError, match=r"^listen: 'x' is no address"):
        launch.make_slots(_spec(listen=["tcp:127.0.0.1:0", "x"]), b"")
    assert _open_fds() == before


@pytest.mark.parametrize(
    ("said", "placed"),
    [
        ({}, {0: protocol.SLOT_NULL, 1: STDOUT, 2: STDERR}),
        ({"interactive": True}, {0: STDIN, 1: STDOUT, 2: STDERR}),
        ({"tty": True}, {0: STDIN, 1: STDIN, 2: STDIN}),
        ({"listen": ["a", "b"]}, {0: protocol.SLOT_NULL, 1: STDOUT, 2: STDERR, 3: LISTEN, 4: LISTEN + 1}),
        ({"tty": True, "listen": ["a"]}, {0: STDIN, 1: STDIN, 2: STDIN, 3: LISTEN}),
    ],
)
def test_descriptors(said: dict[str, Any], placed: dict[int, int]) -> None:
    """Which slot becomes which descriptor: sockets from 3 on, as sd_listen_fds(3) has it."""
    assert launch.descriptors(_spec(**said)) == placed


def test_all_sockets_that_a_spec_may_have_can_be_kept() -> None:
    """The last one's slot is the shim's last."""
    placed = launch.descriptors(_spec(listen=["x"] * spec.MOST_SOCKETS))
    assert max(slot for slot in placed.values() if slot != protocol.SLOT_NULL) == protocol.SLOTS - 1


def test_the_environment_is_ours_in_part_and_the_services() -> None:
    """PATH and locale are passed on, secrets of the client are not; what the service was given goes first."""
    inherited = {"PATH": "/p", "LANG": "C", "SECRET": "x", "HOME": "/h", "TERM": "vt100"}
    assert launch.environment(_spec(env={"A": "b", "LANG": "de"}), "id", inherited) == {
        "PATH": "/p", "LANG": "de", "HOME": "/h", "A": "b", launch.MARK: "id",
    }  # fmt: skip
    assert launch.environment(_spec(tty=True), "id", {})["TERM"] == "xterm"
    assert "/bin" in launch.environment(_spec(), "id", {})["PATH"].split(":")


def test_the_mark_cannot_be_changed_and_comes_first() -> None:
    """Processes that lost their shim are found by it, also in the first part of a very long environment."""
    made = launch.environment(_spec(env={launch.MARK: "other", "LONG": "x" * 100000}), "id", {"PATH": "/p"})
    assert next(iter(made.items())) == (launch.MARK, "id")


def test_listen_variables() -> None:
    """How many sockets, and for which process: the shim puts the pid in."""
    made = launch.environment(_spec(listen=["a", "b"], env={"LISTEN_FDS": "9"}), "id", {})
    assert (made["LISTEN_FDS"], made["LISTEN_PID"]) == ("2", "@")


def test_a_user_brings_home_and_name() -> None:
    """--user changes HOME and USER, unless the service's own variables do."""
    root = pwd.getpwuid(0)
    made = launch.environment(_spec(user="0:0", env={"USER": "me"}), "id", {"HOME": "/h", "USER": "x"})
    assert (made["HOME"], made["USER"]) == (root.pw_dir, "me")


def test_identity() -> None:
    """Names and numbers; a group of its own takes the others away; a uid that nobody has is allowed."""
    nobody, group = pwd.getpwnam("nobody"), grp.getgrgid(pwd.getpwnam("nobody").pw_gid)
    keep = protocol.KEEP_ID
    assert launch.identity(None) == launch.identity("") == (keep, keep, None)
    assert launch.identity("nobody")[:2] == (nobody.pw_uid, nobody.pw_gid)
    assert launch.identity(str(nobody.pw_uid))[:2] == (nobody.pw_uid, nobody.pw_gid)
    assert nobody.pw_gid in (launch.identity("nobody")[2] or [])
    assert launch.identity("nobody:7") == (nobody.pw_uid, 7, [])
    assert launch.identity(f"0:{group.gr_name}") == (0, group.gr_gid, [])
    assert launch.identity("987654321") == (987654321, 0, [])


@pytest.mark.parametrize(
    "user",
    ["no-such-user", ":0", "4294967295", "99999999999", "9" * 5000, "-1", "root:no-such-group", "0:4294967295",
     "0:99999999999", "0:" + "9" * 5000, "0:-1", "ro ot", "\udcff", "a\nb"],
)  # fmt: skip
def test_no_identity(user: str) -> None:
    """What is no user or group is refused in one line; above all what would mean "stay root" to the shim."""
    with pytest.raises(PyinitError, match=r"^user: .*: there is no such (user|group)$"):
        launch.identity(user)


def _payload(said: dict[str, Any], cgroup: str = "") -> bytes:
    fd = launch.payload(_spec(**said), "id", (100, 200), cgroup)
    try:
        return os.pread(fd, 1 << 20, 0)
    finally:
        os.close(fd)


def test_payload_holds_what_was_asked_for() -> None:
    """The memfd is what protocol.payload makes of the same numbers."""
    said: dict[str, Any] = {
        "command": ["a", "\udcff"], "env": {"X": "\udcfe"}, "workdir": "/w", "user": "0:0", "umask": 0o27, "nice": 5,
        "oom_score_adj": -7, "no_new_privs": True, "ulimits": {"core": "0:unlimited"}, "tty": True,
    }  # fmt: skip
    checked = _spec(**said)
    flags = protocol.PAYLOAD_SESSION | protocol.PAYLOAD_TERMINAL | protocol.PAYLOAD_NO_PRIVS
    variables = launch.environment(checked, "id", dict(os.environ))
    assert variables["X"] == "\udcfe"
    assert _payload(said, "/c") == protocol.payload(
        [b"a", b"\xff"],
        [os.fsencode(f"{key}={value}") for key, value in variables.items()],
        flags=flags, descriptors={0: STDIN, 1: STDIN, 2: STDIN}, cwd=b"/w", cgroup=b"/c", umask=0o27, nice=5,
        oom_score_adj=-7, uid=0, gid=0, groups=[], limits=[(7, 100, 200), (4, 0, 2**64 - 1)],
    )  # fmt: skip


def test_payload_keeps_what_was_not_asked_for() -> None:
    """But for the limit of descriptors, which the supervisor raised for itself alone."""
    plain = _payload({})
    assert plain.startswith(protocol.MAGIC)
    assert plain != _payload({"ulimits": {"nofile": 50}})
    assert _payload({"ulimits": {"nofile": [100, 200]}}) == plain


def test_a_payload_that_is_too_large_is_refused() -> None:
    """In one line, and no descriptor is left."""
    before = _open_fds()
    with pytest.raises(PyinitError, match=r"^at most 131072 arguments and variables"):
        launch.payload(_spec(command=["x"] * 140000), "id", (1, 1))
    with pytest.raises(PyinitError, match="there is no such user"):
        launch.payload(_spec(user="no-such-user"), "id", (1, 1))
    assert _open_fds() == before


@pytest.mark.parametrize(
    ("step", "error", "code", "text"),
    [
        (protocol.STEP_EXECUTE, errno.ENOENT, 127, 'cannot run "true": No such file or directory'),
        (protocol.STEP_EXECUTE, errno.ENOTDIR, 127, 'cannot run "true": Not a directory'),
        (protocol.STEP_EXECUTE, errno.EACCES, 126, 'cannot run "true": Permission denied'),
        (protocol.STEP_EXECUTE, errno.ENOEXEC, 126, 'cannot run "true": Exec format error'),
        (protocol.STEP_EXECUTE, errno.ELIBBAD, 126, 'cannot run "true": its interpreter was not found'),
        (protocol.STEP_DIRECTORY, errno.ENOENT, 125, 'workdir "/": No such file or directory'),
        (protocol.STEP_FORK, errno.EAGAIN, 125, "cannot start a process: Resource temporarily unavailable"),
        (99, errno.EPERM, 125, "cannot do step 99: Operation not permitted"),
    ],
)
def test_failures_have_podmans_exit_codes(step: int, error: int, code: int, text: str) -> None:
    """127 for a command that is not there, 126 for one that cannot be executed, 125 for all else."""
    failure = launch.failure(_spec(), step, error)
    assert (str(failure), failure.exit_code) == (text, code)


@pytest.mark.parametrize("step", range(1, len(protocol.STEPS)))
def test_every_step_has_words(step: int) -> None:
    """Whatever step fails, the sentence is whole."""
    assert str(launch.failure(_spec(), step, errno.EPERM)).endswith(": Operation not permitted")


def test_signals_and_codes_are_translated() -> None:
    """Rewrite and map_exit, and nothing for who has none."""
    checked = _spec(rewrite="15:3,HUP:0", map_exit="143:0")
    assert [launch.translated(checked, number) for number in (15, 1, 2)] == [3, 0, 2]
    assert [launch.mapped(checked, code) for code in (143, 1)] == [0, 1]
