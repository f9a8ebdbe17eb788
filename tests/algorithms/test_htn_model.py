import pytest

from algorithms.htn_domain import Domain, Method, Network, Operator, Problem
from algorithms.htn_model import Absent, Adds, Deletes, Different, Fact, ForAll, Holds, Task, Variable, join_order
from state.errors import SetupError

X, Y, Z = Variable("x"), Variable("y"), Variable("z")


def test_a_variable_is_not_the_constant_of_the_same_name() -> None:
    assert X != "x"
    assert "x" != X  # noqa: SIM300  both sides are asked
    assert Variable("x") == X
    assert Fact("p", (X, "x")).bound({X: "a"}) == Fact("p", ("a", "x"))


def test_facts_and_tasks_read_as_text() -> None:
    assert str(Fact("at", ("van", "oslo"))) == "at(van, oslo)"
    assert str(Fact("verified", ())) == "verified"
    assert str(Task("conform", ("orders",))) == "conform(orders)"


def test_tests_come_before_joins_and_joins_bind() -> None:
    near, far = Holds(Fact("near", (X, Y))), Holds(Fact("far", (Y, Z)))
    differ, empty = Different(Y, Z), Absent(Fact("taken", (Y,)))
    ordered, bound = join_order((differ, empty, near, far), {X}, "here")
    assert ordered == (near, empty, far, differ)
    assert bound == {X, Y, Z}


@pytest.mark.parametrize(
    "conditions",
    [
        (Absent(Fact("p", (Y,))),),
        (Different(X, Y),),
        (ForAll((Z,), (Fact("p", (Z,)),), Fact("q", (Y, Z))),),
    ],
)
def test_a_variable_that_no_condition_binds_is_refused(conditions: tuple[Absent | Different | ForAll, ...]) -> None:
    with pytest.raises(SetupError, match="go: no condition binds y"):
        Operator(Task("go", (X,)), conditions)


def test_for_all_must_bind_its_own_variables() -> None:
    with pytest.raises(SetupError, match="`when` does not bind z"):
        ForAll((Y, Z), (Fact("p", (Y,)),), Fact("q", (Y,)))


def test_free_variables_in_effects_networks_and_goals_are_refused() -> None:
    with pytest.raises(SetupError, match="operator go: nothing binds y"):
        Operator(Task("go", (X,)), (), (Adds(Fact("p", (Y,))),))
    with pytest.raises(SetupError, match="operator go: nothing binds y"):
        Operator(Task("go", (X,)), (), (Deletes(Fact("p", (X,)), when=(Fact("q", (Y,)),)),))
    with pytest.raises(SetupError, match="method m: nothing binds y"):
        Method("m", Task("go", (X,)), Network((Task("step", (Y,)),)))
    with pytest.raises(SetupError, match="nothing binds x"):
        Problem(Domain.of([Operator(Task("go", (X,)))], []), frozenset(), Network((Task("go", (X,)),)), "g")
    with pytest.raises(SetupError, match="nothing binds x"):
        Problem(Domain.of([], []), frozenset({Fact("p", (X,))}), Network(()), "g")


def test_a_network_with_a_circular_or_unknown_order_is_refused() -> None:
    tasks = (Task("a", ()), Task("b", ()))
    with pytest.raises(SetupError, match="circular"):
        Network(tasks, order=((0, 1),), necessary=((1, 0),))
    with pytest.raises(SetupError, match=r"the order \(0, 2\) names no task"):
        Network(tasks, order=((0, 2),))


def test_a_domain_checks_its_names() -> None:
    walk = Operator(Task("walk", ()))
    with pytest.raises(SetupError, match="another operator of that name"):
        Domain.of([walk, walk], [])
    with pytest.raises(SetupError, match="walk is an operator already"):
        Domain.of([walk], [Method("m", Task("walk", ()))])
    with pytest.raises(SetupError, match="nothing does the task run"):
        Domain.of([walk], [Method("m", Task("go", ()), Network((Task("run", ()),)))])


def test_a_goal_that_nothing_does_is_refused() -> None:
    with pytest.raises(SetupError, match="goal 'g': nothing does the task go"):
        Problem(Domain.of([], []), frozenset(), Network((Task("go", ()),)), "g")


def test_conditions_on_changing_facts_cannot_be_static() -> None:
    close = Operator(Task("close", (X,)), (), (Deletes(Fact("open", (X,))),))
    over = ForAll((Y,), (Fact("open", (Y,)),), Fact("safe", (Y,)))
    with pytest.raises(SetupError, match="`when` uses open"):
        Domain.of([close], [Method("m", Task("go", ()), Network(()), (over,))])
    with pytest.raises(SetupError, match="`when` uses open"):
        Domain.of([close, Operator(Task("warm", (X,)), (), (Adds(Fact("hot", (X,)), when=(Fact("open", (X,)),)),))], [])
