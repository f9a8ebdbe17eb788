"""Values are frozen and closed; a digest tells contents apart and nothing else."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from state.budget import Spent
from state.checks import CheckResult, Verdict
from state.contract import Severity
from state.run import TableAccount
from state.values import digest

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON, JSON)
def test_a_digest_is_the_same_for_the_same_content_and_no_other(one: Any, other: Any) -> None:
    canonical = [json.dumps(content, sort_keys=True) for content in (one, other)]
    assert (digest(one) == digest(other)) is (canonical[0] == canonical[1])
    assert len(digest(one)) == 64


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_matter(content: dict[str, int]) -> None:
    assert digest(content) == digest(dict(reversed(content.items())))


def test_a_value_is_digested_by_what_it_holds() -> None:
    assert digest([Spent(steps=1)]) == digest([Spent(steps=1).model_dump(mode="json")]) != digest([Spent(steps=2)])
    with pytest.raises(TypeError, match="datetime has no canonical JSON"):
        digest({"at": datetime.now(UTC)})


def test_values_cannot_be_changed_or_given_unknown_fields() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Spent().steps = 2  # type: ignore[misc]  what must not work
    with pytest.raises(ValidationError, match="Extra inputs"):
        Spent.model_validate({"step": 1})


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("severity", list(Severity))
def test_only_broken_or_uncheckable_rules_of_severity_error_block(verdict: Verdict, severity: Severity) -> None:
    result = CheckResult(rule="r", kind="k", table="t", column=None, severity=severity, result=verdict, count=0)
    assert result.blocking is (severity == "error" and verdict in ("failed", "error"))


@given(st.tuples(*[st.integers(0, 5)] * 4))
def test_books_balance_when_every_row_has_one_end(rows: tuple[int, int, int, int]) -> None:
    read, published, quarantined, merged = rows
    account = TableAccount(
        table="t", derived=False, rows_read=read, rows_published=published, rows_quarantined=quarantined,
        rows_merged=merged, cells_changed=0,
    )  # fmt: skip
    assert account.balanced is (read == published + quarantined + merged)
    assert account.quarantine_share == (quarantined / read if read else 0.0)
