"""What a service may be asked to be: every key, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyinit import jsontext, spec
from pyinit.errors import OWN_ERROR, PyinitError, SpecError

LEAST = {"command": ["true"]}
# key: (what was said, what it means) …
GOOD: dict[str, list[tuple[Any, Any]]] = {
    "command": [(["a", ""], ["a", ""]), (["\udcff"], ["\udcff"])],
    "name": [("a", "a"), ("A.b_c-9", "A.b_c-9"), ("0" * 200, "0" * 200), (None, None)],
    "env": [({"A": "b=c", "b": ""}, {"A": "b=c", "b": ""}), (["A=b=c", "D"], {"A": "b=c", "D": ""}), ({}, {})],
    "workdir": [("/x", "/x")],
    "user": [("root", "root"), ("0:0", "0:0"), (None, None)],
    "umask": [(0, 0), (0o777, 0o777), (None, None)],
    "nice": [(-20, -20), (19, 19)],
    "oom_score_adj": [(-1000, -1000), (1000, 1000)],
    "no_new_privs": [(True, True)],
    "ulimits": [
        ({"nofile": "1024:4096"}, {"nofile": [1024, 4096]}),
        ({"core": "unlimited", "cpu": 5}, {"core": [2**64 - 1] * 2, "cpu": [5, 5]}),
        ({"stack": [1, "infinity"], "as": "0:-1"}, {"stack": [1, 2**64 - 1], "as": [0, 2**64 - 1]}),
        ({"nproc": [2**64 - 1, 2**64 - 1]}, {"nproc": [2**64 - 1, 2**64 - 1]}),
    ],
    "labels": [({"a b": "c"}, {"a b": "c"})],
    "memory": [("10m", 10 << 20), (None, None)],
    "cpus": [(0.5, 0.5), (2, 2.0)],
    "pids_limit": [(1, 1)],
    "restart": [(word, word) for word in ("no", "on-failure", "on-failure:3", "always", "unless-stopped")],
    "restart_delay": [("0", 0.0), ("100ms", 0.1)],
    "restart_max_delay": [("1m", 60.0)],
    "restart_stable": [(0, 0.0)],
    "start_limit": [(5, 5)],
    "start_window": [("1h", 3600.0)],
    "success_codes": [([0, 3], [0, 3]), ([], [])],
    "stop_signal": [("INT", 2), (15, 15), ("RTMIN+3", 37)],
    "stop_timeout": [("5s", 5.0)],
    "stop_sequence": [
        ("TERM/10s INT/5s KILL", [[15, 10.0], [2, 5.0], [9, 0.0]]), ([["HUP", 1]], [[1, 1.0]]), (None, None),
    ],
    "kill_mode": [(word, word) for word in ("tree", "group", "main")],
    "grace": [("0", 0.0)],
    "rewrite": [("15:3,HUP:0", {"15": 3, "1": 0}), ({"TERM": "QUIT"}, {"15": 3}), ({"15": 0}, {"15": 0})],
    "delay": [("TERM=5s", {"15": 5.0}), ({"15": 5.0}, {"15": 5.0})],
    "map_exit": [("143:0,1:2", {"143": 0, "1": 2}), ({"143": 0}, {"143": 0}), ("", {})],
    "tty": [(True, True)],
    "interactive": [(True, True)],
    "rm": [(True, True), (False, False)],
    "listen": [(["tcp:127.0.0.1:80"], ["tcp:127.0.0.1:80"])],
    "notify": [(True, True)],
    "log_driver": [("none", "none")],
    "log_opts": [({"max-size": "1m"}, {"max-size": "1m"}), (["path=/x"], {"path": "/x"})],
}  # fmt: skip
# key: what is refused …
BAD: dict[str, list[Any]] = {
    "command": [None, [], [""], "true", [1], ["a\0"], ["\ud800"], {}],
    "name": ["", "-a", ".a", "_a", "a b", "a/b", "a\n", "ä", "0" * 201, 1],
    "env": ["A=b", {"": "x"}, {"A=": "x"}, {"A\0": "x"}, {"A": 1}, {"\ud800": "x"}, {"A": "\0"}, ["=x"], [1], 1],
    "workdir": [None, 1, "\0"],
    "user": [1, "\0"],
    "umask": [-1, 0o1000, "022", True, 1.0],
    "nice": [-21, 20, "1"],
    "oom_score_adj": [-1001, 1001],
    "no_new_privs": [1, "true", None],
    "ulimits": [{"x": 1}, [], "nofile=1", {"cpu": "2:1"}, {"cpu": "1:2:3"}, {"cpu": [1]}, {"cpu": -2}, {"cpu": True},
                {"cpu": "9" * 5000}, {"cpu": 2**64}, {"cpu": 1.5}, {"cpu": None}, {"cpu": ":"}],
    "labels": [1, {"": "x"}],
    "memory": ["x", -1, True, "1" * 400],
    "cpus": [0, -1, "1", True, 10**400, float("inf")],
    "pids_limit": [0, -1, "5", 2**22 + 1],
    "restart": ["", "never", "no:1", "always:3", "on-failure:", "on-failure:-1", "on-failure:x",
                "on-failure:" + "9" * 5000, "on-failure:\u0663", 1, None],
    "restart_delay": ["x", -1, None],
    "restart_max_delay": ["x"],
    "restart_stable": [True],
    "start_limit": [-1, "5", 1000001],
    "start_window": ["1w"],
    "success_codes": [0, "0", [256], [-1], ["0"], [True]],
    "stop_signal": [0, 65, "SIGNOTHING", None],
    "stop_timeout": ["x", None],
    "stop_sequence": ["", [], "TERM/x", "X/1s", [["TERM"]], [["TERM", 1, 2]], ["TERM"], 1, "TERM " * 33],
    "kill_mode": ["", "all", None, 1],
    "grace": [-1],
    "rewrite": ["15", "15:", "x:3", "15:65", "", 1, {"TERM": []}, {"0": 1}],
    "delay": ["TERM", "X=5s", 1, ""],
    "map_exit": ["1:x", "x:1", "256:0", "0:256", "1", ":", 1, {"1": "x"}, {"1": None}, {"-1": 0}, "1:" + "9" * 5000],
    "tty": [1, None],
    "interactive": ["yes"],
    "rm": ["no", None],
    "listen": ["tcp::1", [1], [["x"]], ["tcp::1"] * 33],
    "notify": [0],
    "log_driver": [None, 1],
    "log_opts": ["max-size=1m", {"a": 1}, 1],
}  # fmt: skip


def _cases(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(key, one) for key, all_of_it in table.items() for one in all_of_it]


def test_no_key_is_forgotten_here() -> None:
    """Each key has good and bad values in this test."""
    assert set(GOOD) == set(BAD) == set(spec.KEYS)


@pytest.mark.parametrize(("key", "case"), _cases(GOOD))
def test_good_values(key: str, case: tuple[Any, Any]) -> None:
    """What may be said, and what it means; JSON and back, and checked again, it is the same."""
    said, meant = case
    checked = spec.check({**LEAST, key: said})
    assert getattr(checked, key) == meant
    again = spec.check(jsontext.loads(jsontext.dumps(checked.values)))
    assert again.values == checked.values
    assert json.loads(jsontext.dumps(checked.values)) == checked.values


@pytest.mark.parametrize(("key", "said"), _cases(BAD))
def test_bad_values(key: str, said: Any) -> None:
    """What is refused is refused with the key's name and what is allowed, in one printable line, exit code 125."""
    with pytest.raises(SpecError) as caught:
        spec.check({**LEAST, key: said})
    text = str(caught.value)
    assert text.startswith(key)
    assert ": " in text
    assert text.isprintable()
    assert caught.value.exit_code == OWN_ERROR


@pytest.mark.parametrize("said", [None, [], "x", 1, True])
def test_a_spec_is_an_object(said: Any) -> None:
    """Nothing else is one."""
    with pytest.raises(SpecError, match=r"^spec: .* is not allowed: an object"):
        spec.check(said)


def test_unknown_keys_are_refused_with_all_that_are_known() -> None:
    """A misspelt key is an error that lists the keys."""
    with pytest.raises(SpecError) as caught:
        spec.check({**LEAST, "comand": []})
    assert str(caught.value) == f"comand: there is no such key: {', '.join(spec.KEYS)}"


def test_a_command_is_needed() -> None:
    """Nothing else is."""
    with pytest.raises(SpecError, match=r"^command: missing"):
        spec.check({"name": "x"})
    assert {key: value for key, value in spec.check(LEAST).values.items() if key != "command"} == {
        key: default for key, (_, default) in spec.KEYS.items() if key != "command"
    }


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            {"restart_delay": 5, "restart_max_delay": 1},
            "restart_max_delay: 1.0 is not allowed: not below restart_delay",
        ),
        ({"rm": True, "restart": "always"}, "rm: True is not allowed: not together with a restart policy"),
    ],
)
def test_keys_that_contradict_each_other(said: dict[str, Any], text: str) -> None:
    """What cannot be together is refused."""
    with pytest.raises(SpecError) as caught:
        spec.check({**LEAST, **said})
    assert str(caught.value) == text


def test_attributes_are_the_keys() -> None:
    """Any other attribute is none."""
    checked = spec.check(LEAST)
    assert checked.command == ["true"]
    with pytest.raises(AttributeError):
        _ = checked.comand


def test_renaming_checks_the_name() -> None:
    """The new one has the new name, the old one stays; a bad name is refused."""
    checked = spec.check({**LEAST, "name": "a"})
    assert checked.renamed("b").name == "b"
    assert checked.name == "a"
    with pytest.raises(SpecError, match=r"^name: "):
        checked.renamed("a b")


def test_the_policy_is_made_of_its_keys() -> None:
    """restart.Policy gets what the keys say."""
    policy = spec.check(
        {
            **LEAST, "restart": "on-failure:7", "restart_delay": 1, "restart_max_delay": 2, "restart_stable": 3,
            "start_limit": 4, "start_window": 5, "success_codes": [6],
        }
    ).policy  # fmt: skip
    assert [getattr(policy, key) for key in sorted(policy.__slots__)] == [1.0, 2.0, 4, "on-failure", 7, 3.0, (6,), 5.0]


@pytest.mark.parametrize(
    ("said", "timeout", "steps"),
    [
        ({}, None, [(15, 10000)]),
        ({"stop_signal": "INT", "stop_timeout": "500ms"}, None, [(2, 500)]),
        ({}, 3, [(15, 3000)]),
        ({}, 0, [(15, 0)]),
        ({}, -1, [(15, -1000)]),
        ({}, -1e300, [(15, -1000)]),
        ({}, 1e300, [(15, 2**31 - 1)]),
        ({"stop_timeout": 999999999}, None, [(15, 2**31 - 1)]),
        ({"stop_sequence": "TERM/10s KILL"}, None, [(15, 10000), (9, 0)]),
        ({"stop_sequence": "INT/11111h"}, None, [(2, 2**31 - 1)]),
        ({"stop_sequence": "INT/1s"}, 2, [(15, 2000)]),
        ({"rewrite": "15:3"}, None, [(3, 10000)]),
        ({"rewrite": "15:0"}, None, [(15, 10000)]),
    ],
)
def test_stop_steps(said: dict[str, Any], timeout: float | None, steps: list[tuple[int, int]]) -> None:
    """Signals and milliseconds that fit into the 32 bits of the protocol; a timeout of the user's goes first."""
    assert spec.check({**LEAST, **said}).stop_steps(timeout) == steps


@pytest.mark.parametrize(("grace", "steps"), [(0, []), ("5s", [(15, 5000)]), (999999999, [(15, 2**31 - 1)])])
def test_clean_steps(grace: Any, steps: list[tuple[int, int]]) -> None:
    """What is left behind gets TERM and its grace, or is killed at once."""
    assert spec.check({**LEAST, "grace": grace}).clean_steps() == steps


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.sampled_from(list(spec.KEYS)), _values)
def test_garbage_means_something_or_is_refused(key: str, said: Any) -> None:
    """Whatever JSON can say, the answer is a Spec that survives JSON, or a SpecError of one line."""
    try:
        checked = spec.check({**LEAST, key: said})
    except SpecError as error:
        assert str(error).isprintable()  # noqa: PT017 (either is right)
        return
    assert spec.check(jsontext.loads(jsontext.dumps(checked.values))).values == checked.values
    checked.stop_steps()


@settings(deadline=None)
@given(st.text(max_size=20))
def test_unknown_keys_make_one_line(key: str) -> None:
    """A key with newlines or escape sequences in it does not get through to the terminal."""
    if key not in spec.KEYS:
        with pytest.raises(SpecError) as caught:
            spec.check({**LEAST, key: 1})
        assert str(caught.value).isprintable()


@settings(deadline=None)
@given(st.text())
def test_every_error_is_one_printable_line(text: str) -> None:
    """PyinitError itself sees to it, and leaves printable text as it is."""
    said = str(PyinitError(text))
    assert said.isprintable()
    assert said == text or not text.isprintable()
    assert str(PyinitError(said)) == said
