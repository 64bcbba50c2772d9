"""JSON without the json package: it agrees with it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyinit import jsontext

ROOT = Path(__file__).resolve().parent.parent.parent
_text = st.text(st.characters(exclude_categories=())) | st.text("\udc80\udcff\ud83d\ude00ab\n\0")
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)


def _surrogates_joined(value: Any) -> Any:
    """What JSON makes of escapes: two that are a pair become one character."""
    return json.loads(json.dumps(value))


@settings(deadline=None)
@given(_values)
def test_what_we_write_json_reads(value: Any) -> None:
    """One line of ASCII, the same as json.dumps makes."""
    text = jsontext.dumps(value)
    assert text == json.dumps(value)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == _surrogates_joined(value)


@settings(deadline=None)
@given(_values, st.sampled_from([None, 2]), st.booleans())
def test_what_json_writes_we_read(value: Any, indent: int | None, ascii_only: bool) -> None:
    """Whatever its spacing and escapes."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert jsontext.loads(text) == json.loads(text)
    assert jsontext.loads(f" \t\r\n{text}\n ") == json.loads(text)


@settings(deadline=None)
@given(st.binary(max_size=30).map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_bytes_that_are_no_text_come_back(text: str) -> None:
    """Surrogates as os.fsdecode() makes them survive both ways, so that no byte of an argument is lost."""
    assert jsontext.loads(jsontext.dumps(text)) == text


@settings(deadline=None)
@given(st.text(max_size=40) | st.text('{}[]",:0123456789.eE+-truefalsn\\u \n', max_size=40))
def test_garbage_raises_nothing_but_value_error(text: str) -> None:
    """Read by both in the same way, or refused by ValueError; NaN and Infinity are no JSON."""
    try:
        value = jsontext.loads(text)
    except ValueError:
        try:
            value = json.loads(text)
        except ValueError:
            return
        assert "NaN" in text or "Infinity" in text
        return
    assert value == json.loads(text)


@settings(deadline=None)
@given(_values, st.data())
def test_half_a_text_is_refused(value: Any, data: st.DataObject) -> None:
    """A text that was cut off is refused, unless what is left is JSON as well (12 of 123)."""
    text = jsontext.dumps(value)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        found = jsontext.loads(cut)
    except ValueError:
        return
    assert found == json.loads(cut)


@pytest.mark.parametrize(
    "text",
    ["", " ", "nul", "NaN", "-Infinity", "[NaN]", "1 2", "{}x", '"\n"', '"abc', '"\\x"', '"\\u12', "[1,]", "{1:2}",
     "01", "'a'", "[" * 100000, '{"a":' * 100000, "9" * 5000,
     "\ufeff1", "\udc80", "{", "[", '{"a"', '{"a":', '{"a":1', "-"],
)  # fmt: skip
def test_what_is_no_json(text: str) -> None:
    """Each is refused by ValueError, with text that is one line; also where the json package was never imported."""
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        jsontext.loads(text)


def test_the_same_without_the_json_package() -> None:
    """In a bare interpreter the C scanner cannot make its own error, and ours is a ValueError still."""
    code = """if 1:
        import sys
        sys.path.insert(0, sys.argv[1])
        from pyinit import jsontext
        for text in ('', '"abc', '[1,', '{1:2}', '"\\\\u12', '[' * 100000, '{"a":1', 'NaN', '9' * 5000, '1 2'):
            try:
                jsontext.loads(text)
            except ValueError:
                continue
            raise SystemExit(text[:20])
        assert jsontext.loads(jsontext.dumps({"a": [1, None, "\\udc80"]})) == {"a": [1, None, "\\udc80"]}
        """
    subprocess.run([sys.executable, "-I", "-S", "-c", code, str(ROOT)], check=True)


@pytest.mark.parametrize("value", [b"x", object(), {1, 2}, [b""], {"a": object()}])
def test_what_has_no_json(value: object) -> None:
    """TypeError says which type."""
    with pytest.raises(TypeError, match="has no JSON"):
        jsontext.dumps(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]])
def test_numbers_that_are_no_json(value: object) -> None:
    """They are not written as something that nobody reads."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        jsontext.dumps(value)
