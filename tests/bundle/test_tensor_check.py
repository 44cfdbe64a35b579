"""Headers of safetensors entries: written by the library, and forged."""

import json

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from headstart.bundle.manifest import TensorSpec
from headstart.bundle.refusal import Refused
from headstart.bundle.tensor_check import tensor_specs

F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def forged(header: object, data: bytes = bytes(8)) -> memoryview:
    text = json.dumps(header).encode()
    return memoryview(len(text).to_bytes(8, "little") + text + data)


def test_what_the_library_writes_is_described():
    arrays = {
        "b": np.zeros((2, 3), np.float32),
        "a": np.zeros((), np.int64),
        "c": np.zeros(5, np.uint8),
        "h": np.zeros((1, 2, 3), np.float16),
    }
    specs = tensor_specs(memoryview(safetensors.numpy.save(arrays, {"made by": "a test"})))
    assert specs == {
        "a": TensorSpec(dtype="I64", shape=()),
        "b": TensorSpec(dtype="F32", shape=(2, 3)),
        "c": TensorSpec(dtype="U8", shape=(5,)),
        "h": TensorSpec(dtype="F16", shape=(1, 2, 3)),
    }
    assert list(specs) == ["a", "b", "c", "h"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"a": F32 | {"shape": [10**12], "data_offsets": [0, 4 * 10**12]}}, "claim 4,000,000,000"),
        ({"a": F32 | {"shape": [10**12]}}, "its shape needs others"),
        ({"a": F32 | {"shape": [2**62, 4]}}, "its shape needs others"),
        ({"a": F32 | {"shape": [-1, -2]}}, "that no array has"),
        ({"a": F32 | {"shape": [1] * 9}}, "that no array has"),
        ({"a": F32 | {"shape": [0], "data_offsets": [0, 0]}}, "that no array has"),
        ({"a": F32, "b": F32}, "overlaps"),
        ({"a": F32, "b": F32 | {"data_offsets": [4, 12]}}, "overlaps"),
        ({"a": F32 | {"shape": [1], "data_offsets": [4, 8]}}, "hole"),
        ({"a": F32 | {"shape": [1], "data_offsets": [0, 4]}}, "claim 4 bytes of 8"),
        ({}, "claim 0 bytes of 8"),
        ({"a": F32 | {"data_offsets": [8, 0]}}, "needs others"),
        ({"a": F32 | {"data_offsets": [-8, 0]}}, "that no array has"),
        ({"a": F32 | {"dtype": "F8_E4M3"}}, "dtype 'F8_E4M3'"),
        ({"a": F32 | {"shape": [2.0]}}, "whole numbers"),
        ({"a": F32 | {"shape": [True, 2]}}, "whole numbers"),
        ({"a": F32 | {"extra": 1}}, "whole numbers"),
        ({"a": F32 | {"data_offsets": [0]}}, "not described by"),
        ({"a": [1]}, "not described by"),
        ([1], "not a JSON object"),
    ],
)
def test_fault_50_tensors_that_do_not_fit_their_bytes_are_refused(header, words):
    with pytest.raises(Refused, match=words):
        tensor_specs(forged(header))


def test_fault_50_a_header_longer_than_the_entry_or_than_1_mb_is_refused():
    for data in (
        b"",
        bytes(7),
        (2**63).to_bytes(8, "little") + b"{}",
        (3).to_bytes(8, "little") + b"{}",
        (1 << 21).to_bytes(8, "little") + b"{" + b" " * (1 << 21),
    ):
        with pytest.raises(Refused, match="header claims"):
            tensor_specs(memoryview(data))


def test_fault_50_a_tensor_named_twice_is_refused():
    text = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8"}}'
    with pytest.raises(Refused, match="twice"):
        tensor_specs(memoryview(len(text).to_bytes(8, "little") + text + b"\0"))


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.fixed_dictionaries(
            {
                "dtype": st.sampled_from(["F32", "U8", "I64", "X"]),
                "shape": st.lists(st.integers(-1, 4), max_size=3),
                "data_offsets": st.lists(st.integers(-1, 40), min_size=2, max_size=2),
            }
        ),
        max_size=3,
    ),
    st.integers(0, 40),
)
def test_what_is_accepted_the_library_reads_alike(header, size):
    data = forged(header, bytes(size))
    try:
        specs = tensor_specs(data)
    except Refused:
        return
    arrays = safetensors.numpy.load(bytes(data))
    assert {name: array.shape for name, array in arrays.items()} == {
        name: spec.shape for name, spec in specs.items()
    }
