"""Tini's own test suite, with pyinit as `tini`: test/run_inner_tests.py, and one of its helpers under a PID 1.

The rest of tini's suite is shell lines in its build script and docker commands. They compare sentences, or need docker
and Python 2; what else they say is tested in our own words in test_differential.py.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers import upstream
from tests.running import Namespaced

WAYS = {
    "with a subreaper above": ("{src}/test/subreaper-proxy.py {tini}", "{{}}"),
    "with -s": ("{tini} -s", "{{}}"),
    "with TINI_SUBREAPER": ("{tini}", "{{'TINI_SUBREAPER': ''}}"),
}

SECTIONS = {
    "exit codes, mapped and not": "Running exit code test for {tini}",
    **{f"reaping {way}": f"Running reaping test ({how} with env {env})" for way, (how, env) in WAYS.items()},
    **{f"-w {way}": f"Running reaping display test ({how} with env {env})" for way, (how, env) in WAYS.items()},
    **{
        f"signal {number} {way}": f"running signal test for: {number} ({how} with env {env})"
        for way, (how, env) in WAYS.items()
        for number in (15, 10, 12)
    },
    "group by -g": "Running process group test (arguments)",
    "group by TINI_KILL_PROCESS_GROUP": "Running process group test (environment variable)",
    "not reaping when not asked to": "Running zombie reaping failure test (Tini should warn)",
    "mask and ignored signals": "Running signal configuration test",
    "parent death signal": "Running parent death signal test",
    "the end": "end",
}


@pytest.fixture(scope="module")
def copy(source: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of tini's source with the C helper of its tests compiled."""
    folder = tmp_path_factory.mktemp("tini") / "source"
    shutil.copytree(source("tini"), folder)
    helper = folder / "test" / "sigconf" / "sigconf-test.c"
    subprocess.run(
        [os.environ.get("CC") or shutil.which("cc") or "gcc", "-o", folder / "sigconf-test", helper], check=True
    )
    return folder


@pytest.fixture(scope="module")
def results(copy: Path, personas: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Give what was wrong under each heading of the inner tests, and what the headings' placeholders stand for."""
    build = copy / "build"
    build.mkdir()
    (build / "tini").symlink_to((personas / "tini").resolve())
    (copy / "sigconf-test").rename(build / "sigconf-test")
    script = [str(upstream.HERE / "soft_asserts.py"), "test/run_inner_tests.py", "results.json"]
    where = {"SOURCE_DIR": str(copy), "BUILD_DIR": str(build), "FORCE_SUBREAPER": "1"}
    output = upstream.run([sys.executable, *script], copy, personas, **where)
    file = copy / "results.json"
    if not file.exists():
        pytest.fail(f"tini's suite did not run:\n{output[-4000:]}", pytrace=False)
    return json.loads(file.read_text()), {"src": str(copy), "tini": str(build / "tini")}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("section", SECTIONS)
def test_inner(results: tuple[dict[str, list[str]], dict[str, str]], section: str) -> None:
    """No assert under this heading of tini's tests fails."""
    found, names = results
    heading = SECTIONS[section].format(**names)
    assert found.get(heading, "not reached") == []


@pytest.mark.timeout(300)
def test_every_heading_is_listed(results: tuple[dict[str, list[str]], dict[str, str]]) -> None:
    """No part of tini's inner tests is left out."""
    found, names = results
    known = {heading.format(**names) for heading in SECTIONS.values()} | {f"Running exit code test for {names['tini']}"}
    assert set(found) - known == set()


def test_reaping_as_pid_1(copy: Path, personas: Path) -> None:
    """As PID 1, tini's own reaping test passes without -s, as it has to in tini's docker tests."""
    stage = copy / "test" / "reaping" / "stage_1.py"
    with Namespaced([str(personas / "tini"), "--", sys.executable, str(stage)]) as running:
        running.hang_up()
        output = running.out.end()
        assert running.wait() == 0, output
        assert running.errors == ""
