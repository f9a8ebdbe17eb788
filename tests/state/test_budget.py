import pytest

from state.budget import BudgetLimits, Spent, check_budget, check_model_budget, total
from state.errors import BudgetExhausted


@pytest.mark.parametrize(
    ("limits", "spent", "named"),
    [
        (BudgetLimits(steps=3), Spent(steps=3), "3 steps"),
        (BudgetLimits(seconds=0.5), Spent(seconds=0.6), "0.5 seconds"),
    ],
)
def test_a_spent_budget_names_its_limit(limits: BudgetLimits, spent: Spent, named: str) -> None:
    with pytest.raises(BudgetExhausted, match=named):
        check_budget(limits, spent)


@pytest.mark.parametrize(
    ("limits", "spent", "named"),
    [
        (BudgetLimits(tokens=10), Spent(prompt_tokens=6, completion_tokens=4), "10 tokens"),
        (BudgetLimits(model_requests=1), Spent(model_requests=1), "1 model requests"),
        (BudgetLimits(seconds=0.5), Spent(seconds=0.6), "0.5 seconds"),
    ],
)
def test_a_spent_model_budget_ends_questions_and_only_time_ends_the_work(
    limits: BudgetLimits, spent: Spent, named: str
) -> None:
    with pytest.raises(BudgetExhausted, match=named):
        check_model_budget(limits, spent)
    if limits.seconds is None:
        check_budget(limits, spent)


def test_what_is_left_may_be_spent() -> None:
    limits, spent = BudgetLimits(steps=3, tokens=10, model_requests=2, seconds=1), Spent(steps=2, prompt_tokens=9)
    check_budget(limits, spent)
    check_model_budget(limits, spent)


def test_an_act_recorded_twice_under_its_id_counts_once() -> None:
    act = Spent(steps=1, seconds=2.0)
    assert total({"a": act} | {"a": act} | {"b": act}) == Spent(steps=2, seconds=4.0)
