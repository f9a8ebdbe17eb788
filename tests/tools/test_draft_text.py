"""The YAML of a draft reads back as the same data, whatever the values are; notes stay comments."""

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from state.draft import Draft
from tools.draft.text import draft_text

TEXTS = st.text(max_size=30).filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))
SCALARS = TEXTS | st.integers(-(10**18), 10**18) | st.booleans() | st.floats(-1e9, 1e9)


def written(contract: dict[str, Any], notes: dict[str, str]) -> Any:
    return yaml.safe_load(draft_text(Draft(contract=contract, notes=notes, tables=())))


@settings(deadline=None)
@given(SCALARS, st.lists(SCALARS, min_size=1, max_size=20), TEXTS)
def test_values_read_back_and_notes_do_not_break_out(value: Any, values: list[Any], note: str) -> None:
    contract = {"name": value, "schema": [{"name": value, "items": values, "inner": {"least": value}}]}
    notes = dict.fromkeys(("name", "schema/0/#", "schema/0/name", "schema/0/items", "schema/0/inner/least"), note)
    assert written(contract, notes) == contract


def test_a_note_with_line_breaks_is_one_comment() -> None:
    evil = "seen\nname: other\r\n- item\x85\u2028version: 2\x1b[31m"
    text = draft_text(Draft(contract={"name": "right"}, notes={"name": evil}, tables=()))
    assert yaml.safe_load(text) == {"name": "right"}
    assert "\x1b" not in text


def test_what_is_told_of_an_item_stands_above_it() -> None:
    text = draft_text(Draft(contract={"schema": [{"name": "t"}]}, notes={"schema/0/#": "one\ntwo"}, tables=()))
    assert text.endswith("schema:\n  # one\n  # two\n  - name: t\n")
