"""What steps have shown: only looks and tests of the table, whoever asked for them."""

import json

from algorithms.diagnosis.evidence import CaseEvidence, object_of
from state.diagnosis import AffectedRows, Cause
from state.reasoning import ActionCall, Observation, ReasoningStep, Thought
from state.symptoms import TestResult

GOOD = {"rows": 5.0, "apart": 1.0, "share": 0.1, "different": 1.0}


def step_of(
    cause: Cause, figures: dict[str, float] | None = None, *, failed: str = "", **arguments: object
) -> ReasoningStep:
    result = TestResult(table="t", cause=cause, rows=AffectedRows(count=5 if figures else 0), figures=figures or {})
    call = ActionCall(
        call_id="1", name="validate_data", arguments=json.dumps({"table": "t", "cause": cause.value, **arguments})
    )
    seen = Observation(
        call_id="1", content=result.model_dump_json(), quality=0.0 if failed else 1.0, failed=bool(failed), error=failed
    )
    return ReasoningStep(number=1, thought=Thought(), actions=(call,), observations=(seen,))


def test_a_test_of_another_table_is_none() -> None:
    known = CaseEvidence("t", (step_of(Cause.SENTINEL, GOOD, table="other"),))
    assert not known.results
    assert not known.failed


def test_a_test_of_some_columns_counts_only_where_it_passes() -> None:
    assert not CaseEvidence("t", (step_of(Cause.SENTINEL, columns=["a"]),)).results
    assert Cause.SENTINEL in CaseEvidence("t", (step_of(Cause.SENTINEL),)).results
    both = (step_of(Cause.SENTINEL), step_of(Cause.SENTINEL, GOOD, columns=["a"]), step_of(Cause.SENTINEL))
    assert CaseEvidence("t", both).results[Cause.SENTINEL].rows.count == 5


def test_a_failed_test_is_not_asked_for_again_unless_it_was_of_some_columns() -> None:
    assert CaseEvidence("t", (step_of(Cause.SENTINEL, failed="broken"),)).failed == {"sentinel": "broken"}
    assert not CaseEvidence("t", (step_of(Cause.SENTINEL, failed="no column", columns=["x"]),)).failed


def test_an_answer_of_another_form_is_a_failure() -> None:
    step = step_of(Cause.SENTINEL)
    odd = step.model_copy(update={"observations": (Observation(call_id="1", content="[]", quality=1.0),)})
    assert "another form" in CaseEvidence("t", (odd,)).failed["sentinel"]
    assert object_of("[1]") == object_of("{") == {}
