"""Equilibria: known games, every drawn game has one, certificates are true, dominated strategies are never played."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.games.certificates import certified
from algorithms.games.enumeration import all_equilibria
from algorithms.games.lemke_howson import one_equilibrium
from algorithms.games.many_players import pure_equilibria
from algorithms.games.structure import equilibria_of, structure_of
from evals.games.bugs import BUGS
from evals.games.judging import fault_of, regret_of
from evals.games.known import TEXTBOOKS, VON_STENGEL_COUNT, drawn_game, game_of, von_stengel
from state.games import Bimatrix, StrategicGame


@st.composite
def games(draw: st.DrawFn) -> Bimatrix:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    entries = st.fractions(-3, 3, max_denominator=3)
    matrix = st.lists(st.lists(entries, min_size=columns, max_size=columns), min_size=rows, max_size=rows)
    return game_of(draw(matrix), draw(matrix))


@pytest.mark.parametrize("book", TEXTBOOKS, ids=lambda book: book.name)
def test_textbook_games_have_the_equilibria_of_the_textbook(book: object) -> None:
    found = all_equilibria(book.game)  # type: ignore[attr-defined]
    assert {(each.first, each.second) for each in found.found} == book.equilibria  # type: ignore[attr-defined]
    assert all(each.certificate.regret == 0 for each in found.found)


def test_all_equilibria_of_the_six_by_six_game_with_most_are_found() -> None:
    game = von_stengel()
    found = all_equilibria(game)
    assert len(found.found) == VON_STENGEL_COUNT
    assert not found.degenerate
    assert fault_of(game, found.found) == ""


@settings(max_examples=35, deadline=None)
@given(games())
def test_every_game_has_an_equilibrium_that_an_own_judge_accepts(game: Bimatrix) -> None:
    every = all_equilibria(game)
    assert fault_of(game, every.found) == ""
    for dropped in range(sum(game.shape)):
        one = one_equilibrium(game, dropped)
        assert regret_of(game, one.first, one.second) == 0
        assert one in every.found
    if not every.degenerate:
        assert len(every.found) % 2 == 1


@settings(max_examples=20, deadline=None)
@given(games(), st.data())
def test_a_certificate_says_what_is_gained_by_deviating_from_any_profile(game: Bimatrix, data: st.DataObject) -> None:
    sides = []
    for size in game.shape:
        parts = data.draw(st.lists(st.integers(0, 5), min_size=size, max_size=size).filter(any))
        sides.append(tuple(Fraction(part, sum(parts)) for part in parts))
    assert certified(game, *sides).certificate.regret == regret_of(game, *sides)


def test_what_is_no_distribution_gets_no_certificate() -> None:
    with pytest.raises(ValueError, match="no distribution"):
        certified(TEXTBOOKS[0].game, (Fraction(1), Fraction(1)), (Fraction(1), Fraction(0)))


@settings(max_examples=20, deadline=None)
@given(games())
def test_no_equilibrium_plays_a_dominated_strategy(game: Bimatrix) -> None:
    found = all_equilibria(game)
    gone = structure_of(game, found).dominated
    for each in found.found:
        assert all(each.first[strategy] == 0 for strategy in gone[0])
        assert all(each.second[strategy] == 0 for strategy in gone[1])


def test_structure_tells_constant_sum_mixed_dominance_and_what_cooperation_is_worth() -> None:
    by_name = {book.name: structure_of(book.game) for book in TEXTBOOKS}
    assert by_name["matching pennies"].constant_sum
    assert not by_name["stag hunt"].constant_sum
    assert by_name["a strategy that only a mixture dominates"].dominated == ((2,), ())
    assert by_name["prisoners' dilemma"].undominated == ((1,), (1,))
    assert by_name["prisoners' dilemma"].cooperative_potential == 4


def test_a_game_too_large_to_list_still_has_one_equilibrium_and_says_that_it_is_not_all() -> None:
    rows = [[(3 * i + 5 * j + i * j) % 11 for j in range(10)] for i in range(12)]
    game = game_of(rows, [[11 - entry for entry in row] for row in rows])
    found = equilibria_of(game)
    assert (len(found.found), found.complete) == (1, False)
    assert regret_of(game, found.found[0].first, found.found[0].second) == 0
    with pytest.raises(ValueError, match="too large"):
        all_equilibria(game)


def test_pure_equilibria_of_three_players_are_all_found_and_nothing_else_is_claimed() -> None:
    def together(profile: tuple[int, ...]) -> tuple[Fraction, ...]:
        return (Fraction(int(len(set(profile)) == 1)),) * 3

    answer = pure_equilibria(StrategicGame((2, 2, 2), together))
    assert {each.profile for each in answer.equilibria} == {(0, 0, 0), (1, 1, 1)}
    assert "mixed ones were not looked for" in answer.claim


def test_a_game_without_pure_equilibrium_is_said_to_have_none_with_the_regret_of_the_nearest_profile() -> None:
    def pennies(profile: tuple[int, ...]) -> tuple[Fraction, ...]:
        same = 1 if profile[0] == profile[1] else -1
        return Fraction(same), Fraction(-same), Fraction(0)

    answer = pure_equilibria(StrategicGame((2, 2, 1), pennies))
    assert answer.equilibria == ()
    assert answer.nearest.certificate.regret == 2
    assert "no pure equilibrium" in answer.claim


@pytest.mark.parametrize("name", BUGS)
def test_a_solver_with_a_planted_bug_is_found_out(name: str) -> None:
    assert any(fault_of(game, BUGS[name].solver(game)) for game in map(drawn_game, range(60)))
