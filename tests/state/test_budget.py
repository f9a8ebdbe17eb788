import pytest

from state.budget import BudgetLimits, Spent, check_budget, total
from state.errors import BudgetExhausted


@pytest.mark.parametrize(
    ("limits", "spent", "named"),
    [
        (BudgetLimits(steps=3), Spent(steps=3), "3 steps"),
        (BudgetLimits(tokens=10), Spent(prompt_tokens=6, completion_tokens=4), "10 tokens"),
        (BudgetLimits(model_requests=1), Spent(model_requests=1), "1 model requests"),
        (BudgetLimits(seconds=0.5), Spent(seconds=0.6), "0.5 seconds"),
    ],
)
def test_a_spent_budget_names_its_limit(limits: BudgetLimits, spent: Spent, named: str) -> None:
    with pytest.raises(BudgetExhausted, match=named):
        check_budget(limits, spent)


def test_what_is_left_may_be_spent() -> None:
    check_budget(BudgetLimits(steps=3, tokens=10, model_requests=2, seconds=1), Spent(steps=2, prompt_tokens=9))


def test_an_act_recorded_twice_under_its_id_counts_once() -> None:
    act = Spent(steps=1, seconds=2.0)
    assert total({"a": act} | {"a": act} | {"b": act}) == Spent(steps=2, seconds=4.0)
