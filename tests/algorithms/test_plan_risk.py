import random
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from algorithms.plan_risk import step_risks, success_probability
from state.plans import Step, StepKind


def steps_of(chances: list[float]) -> list[Step]:
    return [
        Step(
            step_id=f"s{number}",
            kind=StepKind.MAP,
            table=None,
            after=(),
            preconditions=(),
            effects=(),
            seconds=1.0,
            probability=chance,
        )
        for number, chance in enumerate(chances)
    ]


CHANCES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8)


@given(CHANCES)
def test_the_shares_add_up_to_the_whole_risk(chances: list[float]) -> None:
    shares = [risk.share for risk in step_risks(steps_of(chances))]
    risky = any(chance < 1.0 for chance in chances)
    assert isclose(sum(shares), 1.0 if risky else 0.0, abs_tol=1e-9)
    assert shares == sorted(shares, reverse=True)


@given(CHANCES)
def test_the_gain_is_what_a_certain_step_would_win(chances: list[float]) -> None:
    steps = steps_of(chances)
    for risk in step_risks(steps):
        certain = [s.model_copy(update={"probability": 1.0}) if s.step_id == risk.step_id else s for s in steps]
        assert isclose(risk.gain, success_probability(certain) - success_probability(steps), abs_tol=1e-12)


def test_the_probability_is_the_share_of_simulated_runs_in_which_no_step_fails() -> None:
    chances, runs, draw = [0.9, 0.8, 0.97, 0.99], 40_000, random.Random(7)  # noqa: S311  a simulation
    won = sum(all(draw.random() < chance for chance in chances) for _ in range(runs))
    probability = success_probability(steps_of(chances))
    deviation = (probability * (1 - probability) / runs) ** 0.5
    assert abs(won / runs - probability) < 4 * deviation


def test_the_riskiest_step_comes_first() -> None:
    assert [risk.step_id for risk in step_risks(steps_of([0.99, 0.5, 0.9]))] == ["s1", "s2", "s0"]


def test_a_step_that_cannot_succeed_has_all_of_the_risk() -> None:
    first, second = step_risks(steps_of([0.5, 0.0]))
    assert (first.step_id, first.share, second.share) == ("s1", 1.0, 0.0)
