from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from algorithms.htn_match import Trace, bindings
from algorithms.htn_model import Absent, Different, Fact, Holds, Variable
from algorithms.htn_state import State

NAMES = ("a", "b", "x")  # "x" is also the name of a variable
X, Y = Variable("x"), Variable("y")
ground = st.builds(Fact, st.sampled_from(("p", "q")), st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)))
terms = st.sampled_from((*NAMES, X, Y))
patterns = st.builds(Fact, st.sampled_from(("p", "q")), st.tuples(terms, terms))
changes = st.lists(st.tuples(ground, st.booleans()), max_size=12)


@given(st.frozensets(ground), changes, changes)
def test_undo_restores_facts_key_and_matches(start: frozenset[Fact], kept: list, undone: list) -> None:
    state, model = State(start), set(start)
    for fact, present in kept:
        state.change(fact, present=present)
        (model.add if present else model.discard)(fact)
    mark, key = state.mark(), state.key
    for fact, present in undone:
        state.change(fact, present=present)
    state.undo(mark)
    assert state.facts() == model
    assert state.key == key == State(model).key
    for fact in product("pq", product(NAMES, NAMES)):
        assert (Fact(*fact) in state) == (Fact(*fact) in model)
    state.undo(0)
    assert state.facts() == start


@given(st.frozensets(ground), st.frozensets(ground))
def test_the_key_tells_sets_of_facts_apart(one: frozenset[Fact], other: frozenset[Fact]) -> None:
    assert (State(one).key == State(other).key) == (one == other)


@given(st.frozensets(ground), changes, st.lists(patterns, min_size=1, max_size=3), patterns)
def test_bindings_are_those_of_trying_every_constant(
    start: frozenset[Fact], changed: list, joined: list[Fact], absent: Fact
) -> None:
    state = State(start)
    for fact, present in changed:
        state.change(fact, present=present)
    free = sorted({term for fact in joined for term in fact.args if type(term) is Variable})
    known = {term: "a" for term in absent.args if type(term) is Variable and term not in free}
    conditions = (*(Holds(fact) for fact in joined), Absent(absent), Different(absent.args[0], "b"))
    expected = set()
    for values in product(NAMES, repeat=len(free)):
        binding = {**known, **dict(zip(free, values, strict=True))}
        if (
            all(fact.bound(binding) in state.facts() for fact in joined)
            and absent.bound(binding) not in state.facts()
            and absent.bound(binding).args[0] != "b"
        ):
            expected.add(frozenset(binding.items()))
    found = [frozenset(binding.items()) for binding in bindings(conditions, known, state, Trace())]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_a_suspended_match_survives_changes_that_are_undone() -> None:
    state = State(Fact("p", (name, name)) for name in NAMES)
    seen = []
    for binding in bindings((Holds(Fact("p", (X, Y))),), {}, state, Trace()):
        mark = state.mark()
        for name in NAMES:
            state.change(Fact("p", (name, name)), present=False)
            state.change(Fact("p", (name, "new")), present=True)
        state.undo(mark)
        seen.append(binding[X])
    assert seen == list(NAMES)
