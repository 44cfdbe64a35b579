"""JSON with one meaning."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.bundle.refusal import Refused
from headstart.bundle.strict_json import parse_object


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": 1, "a": 1}', "the key 'a' twice"),
        (b'{"x": {"a": 1, "b": 2, "a": 1}}', "the key 'a' twice"),
        (b'{"\\u0061": 1, "a": 1}', "the key 'a' twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e999}', "1e999"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b'{"a": "\xff"}', "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"", "not JSON"),
        (b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}", "nested deeper than 32"),
        (b'{"a":' * 300_000, "more than the 1,048,576"),
        (b'{"a":' * 150_000, "nested deeper"),
    ],
)
def test_json_that_can_be_read_in_two_ways_or_not_at_all_is_refused(text, words):
    with pytest.raises(Refused, match=words):
        parse_object(text)


def test_brackets_in_strings_are_not_depth():
    assert parse_object(b'{"a": "' + b"[{" * 100 + b'\\"[[\\\\"}') == {"a": "[{" * 100 + '"[[\\'}


def test_a_hostile_text_costs_no_more_than_its_length():
    for text in (b'{"' + b'\\"' * 200_000, b'{"a' * 200_000, _many_keys()):
        start = time.process_time()
        with pytest.raises(Refused):
            parse_object(text)
        assert time.process_time() - start < 2


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**63)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_what_was_written_is_read(document):
    assert parse_object(json.dumps(document).encode()) == document


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_read_or_refused_and_nothing_worse(data):
    with suppress(Refused):
        assert isinstance(parse_object(data), dict)


def _many_keys() -> bytes:
    keys = [f'"{i}":0' for i in range(50_000)]
    return f"{{{','.join(keys)},{keys[-1]}}}".encode()
