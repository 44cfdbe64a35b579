"""Cells that a spreadsheet would run: none is written, and all come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.store.cells import escaped, plain

FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-rf.png",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\0=1",
    "-",
    "-1-1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_fault_46_a_cell_that_a_spreadsheet_would_run_is_written_as_text(text):
    assert escaped(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "cat", "0", "-1", "+1.5", "-.5", "-2E+7", "-3,5", "+23,500.5", "'s", "a=b"]
)
def test_fault_46_numbers_and_other_texts_stay_as_they_are(text):
    assert escaped(text) == text


@given(st.text(alphabet="'=+-@\t\r\0a1.") | st.text())
def test_fault_46_what_was_written_comes_back(text):
    cell = escaped(text)
    assert plain(cell) == text
    assert cell[:1] not in "=@\t\r\0" or not cell
