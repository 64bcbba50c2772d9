"""dumb-init's own test suite, with pyinit as `dumb-init`."""

import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.peers import upstream

TESTS = [
    "child_processes_test.test_setsid_signals_entire_group",
    "child_processes_test.test_no_setsid_doesnt_signal_entire_group",
    "child_processes_test.test_all_processes_receive_term_on_exit_if_setsid",
    "child_processes_test.test_processes_dont_receive_term_on_exit_if_no_setsid",
    "cwd_test.test_working_directories",
    "exit_status_test.test_exit_status_regular_exit",
    "exit_status_test.test_exit_status_terminated_by_signal",
    "proxies_signals_test.test_proxies_signals",
    "proxies_signals_test.test_proxies_signals_with_rewrite",
    "proxies_signals_test.test_default_rewrites_can_be_overriden_with_setsid_enabled",
    "proxies_signals_test.test_ignored_signals_are_not_proxied",
    "shell_background_test.test_shell_background_support_setsid",
    "shell_background_test.test_shell_background_support_without_setsid",
    "tty_test.test_tty",
    "tty_test.test_child_gets_controlling_tty_if_we_had_one",
]

# Not run, since they compare sentences, and pyinit's are its own. What else they say is tested in test_differential.py.
SENTENCES = {
    "child_processes_test.test_fails_nonzero_with_bad_exec": "the message for a command that is not there",
    "cli_test.test_no_arguments_prints_usage": "the usage",
    "cli_test.test_exits_invalid_with_invalid_args": "the message for an unknown option",
    "cli_test.test_help_message": "the help",
    "cli_test.test_version_message": "the version",
    "cli_test.test_verbose": "debug lines",
    "cli_test.test_verbose_and_single_child": "debug lines",
    "cli_test.test_rewrite_errors": "the message for a bad --rewrite",
    "tty_test.test_sighup_sigcont_ignored_if_was_session_leader": "debug lines, in place of the signals themselves",
}


class Case(NamedTuple):
    """One case of an upstream test, and what was wrong with it, if anything was."""

    name: str
    wrong: str


@pytest.fixture(scope="module")
def results(
    source: Callable[[str], Path], personas: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Case]]:
    """Give the cases of each upstream test, as one run of the whole suite saw them."""
    folder = tmp_path_factory.mktemp("dumb-init") / "source"
    shutil.copytree(source("dumb-init"), folder)
    helpers = folder / "testing" / "__init__.py"  # it takes LocalPath from a package that pytest has since swallowed
    helpers.write_text(helpers.read_text().replace("from py._path.local import", "from _pytest._py.path import"))
    unwanted = [f"--deselect=tests/{name.replace('.', '.py::')}" for name in SENTENCES]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={folder.parent / 'basetemp'}"]
    output = upstream.run([*command, "-o", "timeout=20", "--junitxml=results.xml", *unwanted], folder, personas)
    if not (folder / "results.xml").exists():
        pytest.fail(f"dumb-init's suite did not run to its end:\n{output[-4000:]}", pytrace=False)
    found: dict[str, list[Case]] = {}
    for case in ET.parse(folder / "results.xml").iter("testcase"):  # noqa: S314 - pytest wrote it
        name = case.get("name", "")
        wrong = "\n".join(part.text or part.tag for part in case if part.tag in ("failure", "error", "skipped"))
        key = f"{case.get('classname', '').removeprefix('tests.')}.{name.partition('[')[0]}"
        found.setdefault(key, []).append(Case(name, wrong))
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", TESTS)
def test_upstream(results: dict[str, list[Case]], name: str) -> None:
    """Every case of this test of dumb-init's passes."""
    assert name in results, "the test was not run"
    wrong = [f"{case.name}:\n{case.wrong}" for case in results[name] if case.wrong]
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(300)
def test_every_upstream_test_is_listed(results: dict[str, list[Case]]) -> None:
    """No test of dumb-init's is left out unless it is among those that compare sentences."""
    assert sorted(results) == sorted(TESTS)
