"""What leaves in a trace: shapes without cells, and no secrets in any case."""

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.run import RunRequest
from state.tracing import TraceValues
from tools.tracing.masking import scrubbed, shape, without_secrets
from tools.tracing.presenting import FACTS, OWN, present, readable

CELLS = st.one_of(
    st.text(alphabet="abcdefXYZäß0123456789,.;", min_size=6).map(lambda text: f"cell{text}"),
    st.integers(min_value=10**9),
    st.floats(min_value=1e9, allow_nan=False, allow_infinity=False),
)


class Word(StrEnum):
    """A closed word."""

    RUNNING = "running"


@given(st.recursive(CELLS, lambda inner: st.lists(inner) | st.dictionaries(CELLS, inner), max_leaves=8))
def test_a_shape_holds_no_cell_wherever_it_stands(value: Any) -> None:
    told = repr(shape({"rows": value}))
    assert "cell" not in told
    assert not any(number in told for number in ("000000", "1e+", "e+1"))


def test_a_shape_keeps_names_closed_words_and_how_much_there_is() -> None:
    request = RunRequest(contract="c.yaml", sources=("a", "b"), out="o", partial=True)
    told = shape({"request": request, "status": Word.RUNNING, "rows": 7, "by key": {"Ann": 1}})
    assert told["request"]["sources"] == "[2 items]"
    assert told["request"]["partial"] is True
    assert (told["status"], told["rows"], told["by key"]) == ("running", "[number]", "[1 entries]")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgresql://ann:pa55word@db:5432/x", "postgresql://ann:[hidden]@db:5432/x"),
        ("redis://:pa55word@db", "redis://:[hidden]@db"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer [hidden]"),
        ("key lsv2_pt_0123456789 and sk-0123456789abcdef", "key [hidden] and [hidden]"),
        ("api_key=abcdef, token: ghijkl", "api_key=[hidden], token: [hidden]"),
        ("12 tokens were used", "12 tokens were used"),
    ],
)
def test_secrets_of_known_shape_are_left_out(text: str, told: str) -> None:
    assert scrubbed(text) == told


def test_secrets_of_the_environment_and_fields_named_like_one_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DB_PASSWORD", "correct horse")
    cells = {"text": "it is correct horse", "api_key": "abc", "prompt_tokens": 3, "list": ["correct horse"]}
    told = {"text": "it is [hidden]", "api_key": "[hidden]", "prompt_tokens": 3, "list": ["[hidden]"]}
    assert without_secrets(cells) == told


def test_an_error_is_told_by_its_class_and_waiting_for_a_person_is_none() -> None:
    error = "ConversionError(\"cannot read 'Atlantis'\")\n\nTraceback ..."
    masked = present(TraceValues.MASKED, inputs={}, outputs=None, error=error, extra=None, tags=None)
    shown = present(TraceValues.SHOWN, inputs={}, outputs=None, error=error, extra=None, tags=None)
    assert masked.error == "ConversionError"
    assert "Atlantis" in (shown.error or "")
    waits = present(TraceValues.MASKED, inputs={}, outputs=None, error="GraphInterrupt((...))", extra=None, tags=None)
    assert (waits.error, waits.outputs) == (None, {"waits": "for a person"})


def test_facts_of_our_own_spans_become_metadata_and_others_cannot_pretend() -> None:
    outputs = {"status": "done", FACTS: {"status": "done"}}
    own = present(TraceValues.MASKED, inputs={}, outputs=outputs, error=None, extra={"metadata": {"a": 1}}, tags=[OWN])
    assert own.extra["metadata"] == {"a": 1, "status": "done"}
    other = present(TraceValues.MASKED, inputs={}, outputs=outputs, error=None, extra=None, tags=[])
    assert other.outputs == {"status": "[4 characters]", FACTS: "[1 entries]"}


def test_names_are_for_people() -> None:
    assert readable("read_request", "chain", None) == "read request"
    assert readable("LeanChat", "llm", {"metadata": {"ls_model_name": "sim"}}) == "model request: sim"
