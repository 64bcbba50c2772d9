"""--user: whom the application runs as, by an /etc/passwd and an /etc/group of the test's own."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.running import fields

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")

USERS = """\
root:x:0:0:root:/root:/bin/sh
app:x:1000:1001:An app,,,:/srv/app:/bin/false
homeless:x:1002:1002:::
"""
GROUPS = """\
root:x:0:
web:x:33:root,app
app:x:1001:
log:x:4:homeless,app
"""


def in_image(files: dict[str, str], folder: Path, argv: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it where /etc holds those files alone."""
    for name in ("passwd", "group"):
        (folder / name).unlink(missing_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    script = 'mount -t tmpfs none /etc && cp -r "$0"/. /etc && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, str(folder), *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def as_user(pyinit: str, probe: Callable[[str], str], tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Give a function that runs the probe `show` with --user in such an image, and gives what it shows."""

    def run(spec: str, *options: str, users: str | None = USERS, groups: str | None = GROUPS) -> dict[str, str]:
        files = {name: text for name, text in [("passwd", users), ("group", groups)] if text is not None}
        done = in_image(files, tmp_path, [pyinit, "--user", spec, *options, "--", probe("show"), "HOME", "USER"])
        assert (done.returncode, done.stderr) == (0, "")
        return fields(done.stdout)

    return run


@pytest.fixture
def refused(pyinit: str, tmp_path: Path) -> Callable[..., str]:
    """Give a function that expects --user to be refused in such an image, and gives the message."""

    def run(spec: str, users: str | None = USERS, groups: str | None = GROUPS) -> str:
        files = {name: text for name, text in [("passwd", users), ("group", groups)] if text is not None}
        done = in_image(files, tmp_path, [pyinit, "--user", spec, "--", "echo", "started"])
        assert (done.returncode, done.stdout) == (125, "")
        return done.stderr

    return run


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("app", "1000 1001 33,4 app /srv/app"),
        ("1000", "1000 1001 33,4 app /srv/app"),
        ("root", "0 0 33 root /root"),
        ("homeless", "1002 1002 4 homeless /"),
        ("app:web", "1000 33  app /srv/app"),
        ("app:77", "1000 77  app /srv/app"),
        ("1000:web", "1000 33  app /srv/app"),
        ("4321", "4321 0  4321 /"),
        ("4321:web", "4321 33  4321 /"),
        ("4321:77", "4321 77  4321 /"),
        ("4294967294:4294967294", "4294967294 4294967294  4294967294 /"),
    ],
)
def test_identity(as_user: Callable[..., dict[str, str]], spec: str, expected: str) -> None:
    """The application has that user's ids, supplementary groups, USER and HOME."""
    shown = as_user(spec)
    shown["groups"] = ",".join(sorted(shown["groups"].split(",")))
    assert " ".join(shown[name] for name in ("uid", "gid", "groups", "USER", "HOME")) == expected


def test_all_ids(pyinit: str, tmp_path: Path) -> None:
    """No id of root is left to come back to: real, effective, saved and file system ids are the user's."""
    files = {"passwd": USERS, "group": GROUPS}
    done = in_image(
        files,
        tmp_path,
        [pyinit, "--user", "app", "--", "grep", "-E", "^([UG]id|Groups|CapEff|CapPrm)", "/proc/self/status"],
    )
    shown = {
        name.strip(): value.split() for name, _, value in (line.partition(":") for line in done.stdout.splitlines())
    }
    assert shown["Uid"] == ["1000"] * 4
    assert shown["Gid"] == ["1001"] * 4
    assert sorted(shown["Groups"]) == ["33", "4"]
    assert {*shown["CapEff"], *shown["CapPrm"]} == {"0" * 16}


def test_id(pyinit: str, tmp_path: Path) -> None:
    """The system's own `id` sees the same groups."""
    done = in_image({"passwd": USERS, "group": GROUPS}, tmp_path, [pyinit, "--user", "app", "--", "id", "-G"])
    assert sorted(done.stdout.split()) == ["1001", "33", "4"]


def test_no_files(as_user: Callable[..., dict[str, str]]) -> None:
    """A number needs no /etc/passwd, and a user no /etc/group."""
    shown = as_user("4321", users=None, groups=None)
    assert (shown["uid"], shown["gid"], shown["groups"]) == ("4321", "0", "")
    shown = as_user("app", groups=None)
    assert (shown["uid"], shown["gid"], shown["groups"]) == ("1000", "1001", "")


def test_crowded_group(as_user: Callable[..., dict[str, str]]) -> None:
    """A group of thousands of members, a line of many kilobytes, is one of the user's."""
    members = ",".join(f"user{number}" for number in range(5000))
    assert as_user("app", groups=f"crowd:x:99:{members},app\n")["groups"] == "99"


def test_no_end_of_line(as_user: Callable[..., dict[str, str]]) -> None:
    """The files' last lines count without a newline, too."""
    shown = as_user("app", users="app:x:7:8::/srv:/bin/sh", groups="web:x:33:app")
    assert (shown["uid"], shown["gid"], shown["groups"], shown["HOME"]) == ("7", "8", "33", "/srv")


def test_first_entry(as_user: Callable[..., dict[str, str]]) -> None:
    """Of two entries with one name the first counts, and one that is broken does not."""
    shown = as_user("app", users="app:x:seven:7::/bad:\n#app:x:6:6::/:\napp:x:8:8::/good:\napp:x:9:9::/late:\n")
    assert (shown["uid"], shown["HOME"]) == ("8", "/good")


def test_with_no_new_privs(as_user: Callable[..., dict[str, str]]) -> None:
    """--no-new-privs does not get in the way of the change of user."""
    shown = as_user("app", "--no-new-privs")
    assert (shown["uid"], shown["nnp"]) == ("1000", "1")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nobdy", "no such user in /etc/passwd"),
        ("nobdy:web", "no such user in /etc/passwd"),
        ("app:wbe", "no such group in /etc/group"),
        ("-1", "no such user in /etc/passwd"),
        ("4294967295", "a uid is 0 to 4294967294"),
        ("1:4294967295", "a gid is 0 to 4294967294"),
        ("99999999999999999999", "a uid is 0 to 4294967294"),
        ("", "no user is named"),
        (":web", "no user is named"),
        ("app:", "no group after the colon"),
    ],
)
def test_refused(refused: Callable[..., str], spec: str, message: str) -> None:
    """What cannot be said who it is does not run, and one line names it and says why."""
    assert refused(spec) == f'pyinit: --user "{spec}": {message}\n'


def test_missing_files(refused: Callable[..., str]) -> None:
    """A name without the file to look it up in is refused, and the file is named."""
    assert refused("app", users=None) == 'pyinit: --user "app": no such user, and no /etc/passwd\n'
    assert refused("app:web", groups=None) == 'pyinit: --user "app:web": no such group, and no /etc/group\n'


def test_too_many_groups(refused: Callable[..., str]) -> None:
    """A user of more groups than there is room for is refused, not stripped of some."""
    groups = "".join(f"g{number}:x:{5000 + number}:app\n" for number in range(300))
    assert refused("app", groups=groups) == 'pyinit: --user "app": in more than 256 groups by /etc/group\n'


def test_too_long(refused: Callable[..., str]) -> None:
    """A home directory that does not fit is refused, not cut."""
    message = refused("app", users=f"app:x:1:1::/{'x' * 2000}:/bin/sh\n")
    assert message == 'pyinit: --user "app": its name or home directory in /etc/passwd is too long\n'


def test_not_root(pyinit: str, tmp_path: Path) -> None:
    """Who may not change users is told so."""
    files = {"passwd": USERS, "group": GROUPS}
    command = [
        "setpriv",
        "--reuid=1002",
        "--regid=1002",
        "--clear-groups",
        pyinit,
        "--user",
        "app",
        "--",
        "echo",
        "started",
    ]
    done = in_image(files, tmp_path, command)
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.startswith("pyinit: ")
    assert "app" in done.stderr
    assert done.stderr.endswith("operation not permitted\n")
