"""Limits by cgroups, on a tree of plain files that looks like cgroup v2."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from pyinit import cgroups, spec, system
from pyinit.errors import PyinitError

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = {"memory": "1m", "cpus": 1.5, "pids_limit": 7}


def _spec(**values: Any) -> spec.Spec:
    return spec.check({"command": ["true"], **values})


class Tree:
    """A mount of cgroup v2 in which the supervisor is in a cgroup."""

    def __init__(self, mount: Path, monkeypatch: pytest.MonkeyPatch, own: str = "/user/app") -> None:
        self.mount = mount
        self.own = mount / own.lstrip("/").removesuffix("supervisor").rstrip("/")
        self.service = self.own / "pyinit-id"
        self.leaf = self.own / "supervisor"
        self.service.mkdir(parents=True)
        self.leaf.mkdir()
        (mount / "cgroup.controllers").write_text("cpu memory pids\n")
        (self.own / "cgroup.subtree_control").write_text("")
        (self.leaf / "cgroup.procs").write_text("")
        for name in ("memory.max", "cpu.max", "pids.max"):
            (self.service / name).write_text("")
        read = system.read_file

        def read_file(path: str, most: int = 1 << 20) -> bytes | None:
            return f"1:name=old:/x\n0::{own}\n".encode() if path == "/proc/self/cgroup" else read(path, most)

        monkeypatch.setattr(system, "read_file", read_file)

    def enter(self, **values: Any) -> str:
        """Enter a service's cgroup in it."""
        return cgroups.enter("id", _spec(**values), str(self.mount))

    def limits(self) -> list[str]:
        """What is in the service's files."""
        return [(self.service / name).read_text() for name in ("memory.max", "cpu.max", "pids.max")]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Give a tree in which nothing is enabled yet."""
    return Tree(tmp_path, monkeypatch)


def test_no_limit_needs_no_cgroup(tmp_path: Path) -> None:
    """Without limits nothing is looked at, so that it works where there is no cgroup v2."""
    assert cgroups.enter("id", _spec(), f"{tmp_path}/none") == ""


def test_limits_are_written(tree: Tree) -> None:
    """Each into its file, in the kernel's words; the answer is where the process is to be put."""
    assert tree.enter(**LIMITS) == f"{tree.service}/cgroup.procs"
    assert tree.limits() == [str(1 << 20), "150000 100000", "7"]


def test_the_supervisor_makes_room(tree: Tree) -> None:
    """A cgroup with controlled children has no processes: the supervisor goes into a leaf, then enables controllers."""
    tree.enter(**LIMITS)
    assert (tree.leaf / "cgroup.procs").read_text() == str(os.getpid())
    assert (tree.own / "cgroup.subtree_control").read_text() == "+memory +cpu +pids"


def test_what_is_enabled_is_not_enabled_again(tree: Tree) -> None:
    """Then the supervisor stays where it is."""
    (tree.own / "cgroup.subtree_control").write_text("cpu memory pids\n")
    tree.enter(memory="1m")
    assert (tree.own / "cgroup.subtree_control").read_text() == "cpu memory pids\n"
    assert (tree.leaf / "cgroup.procs").read_text() == ""
    assert tree.limits() == [str(1 << 20), "", ""]


def test_a_supervisor_that_has_moved_already_finds_the_same_cgroup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its successor is started in the leaf, which is not where the services go."""
    tree = Tree(tmp_path, monkeypatch, "/user/app/supervisor")
    assert tree.own == tmp_path / "user/app"
    assert tree.enter(pids_limit=3) == f"{tree.service}/cgroup.procs"


def test_the_root_of_a_container_needs_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mount's own cgroup may have processes and children."""
    tree = Tree(tmp_path, monkeypatch, "/")
    assert tree.enter(pids_limit=3) == f"{tmp_path}/pyinit-id/cgroup.procs"
    assert (tree.leaf / "cgroup.procs").read_text() == ""


def test_without_cgroup_v2_limits_are_refused(tmp_path: Path) -> None:
    """Never ignored: the error says what is missing."""
    with pytest.raises(
        PyinitError, match=f"^memory, cpus and pids_limit need cgroup v2, which is not mounted at {tmp_path}"
    ):
        cgroups.enter("id", _spec(memory="1m"), str(tmp_path))


def test_a_process_in_no_v2_cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hybrid mount where only v1 has us."""
    (tmp_path / "cgroup.controllers").write_text("")
    monkeypatch.setattr(system, "read_file", lambda *_: b"3:memory:/x\n")
    with pytest.raises(PyinitError, match="/proc/self/cgroup names none"):
        cgroups.enter("id", _spec(memory="1m"), str(tmp_path))


def test_what_is_not_delegated_is_refused(tree: Tree) -> None:
    """The error names the limits, the cgroup, and the system's reason, in one line."""
    (tree.own / "cgroup.subtree_control").unlink()
    with pytest.raises(PyinitError) as caught:
        tree.enter(memory="1m", pids_limit=3)
    assert str(caught.value) == (
        f"cannot limit memory, pids: {tree.own} is not delegated to us: No such file or directory"
    )


def test_remove(tree: Tree) -> None:
    """An empty cgroup is removed, one with something in it stays, and none is no error."""
    cgroups.remove("id", str(tree.mount))
    assert tree.service.is_dir()
    for path in tree.service.iterdir():
        path.unlink()
    cgroups.remove("id", str(tree.mount))
    assert not tree.service.exists()
    cgroups.remove("id", str(tree.mount))
    cgroups.remove("id", f"{tree.mount}/none")
