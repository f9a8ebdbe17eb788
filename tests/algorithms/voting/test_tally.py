import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from algorithms.voting.tally import certain, tally
from state.voting import (
    Absence,
    AbsenceKind,
    Base,
    Electorate,
    Method,
    Motion,
    SealedBallot,
    VotingRule,
    share,
)

OPTIONS = ("red", "green", "blue", "grey")
BY_SHARE = (Method.SIMPLE, Method.QUALIFIED, Method.UNANIMITY, Method.WEIGHTED)
Vote = tuple[Motion, Electorate, list[SealedBallot]]


def motion(method: Method, options: tuple[str, ...] = OPTIONS, **rule: object) -> Motion:
    return Motion(
        motion_id="m", subject="s", options=options, rule=VotingRule.model_validate({"method": method, **rule})
    )


def electorate(number: int, **more: object) -> Electorate:
    return Electorate.model_validate({"voters": tuple(f"v{place}" for place in range(number)), **more})


def choices(*given: str | None) -> list[SealedBallot]:
    return [SealedBallot(voter=f"v{place}", choice=choice) for place, choice in enumerate(given)]


def rankings(*given: tuple[str, ...]) -> list[SealedBallot]:
    return [SealedBallot(voter=f"v{place}", ranking=ranking) for place, ranking in enumerate(given)]


@st.composite
def ballots_of(draw: st.DrawFn, method: Method, voter: str) -> SealedBallot:
    if draw(st.integers(0, 4)) == 0:
        return SealedBallot(voter=voter)
    if method is Method.RANKED:
        order = draw(st.permutations(OPTIONS))
        return SealedBallot(voter=voter, ranking=tuple(order[: draw(st.integers(1, len(order)))]))
    if method is Method.APPROVAL:
        approved = draw(st.sets(st.sampled_from(OPTIONS), min_size=1))
        return SealedBallot(voter=voter, approvals=tuple(sorted(approved)))
    return SealedBallot(voter=voter, choice=draw(st.sampled_from(OPTIONS)))


@st.composite
def votes(draw: st.DrawFn, grouped: bool = True) -> Vote:  # noqa: FBT001, FBT002
    number = draw(st.integers(1, 8))
    method = draw(st.sampled_from(Method))
    rule = {
        "quorum": draw(st.sampled_from([0, 0.5, 0.75, 1])),
        "threshold": draw(st.sampled_from([0.6, 2 / 3, 0.75, 1])),
        "base": draw(st.sampled_from(Base)),
        "weighted": draw(st.booleans()),
    }
    group = draw(st.sets(st.integers(0, number - 1), max_size=3)) if grouped else set()
    weights = {f"v{place}": draw(st.sampled_from([0, 0.1, 0.5, 1, 2.5])) for place in range(number)}
    voters = electorate(number, weights=weights, groups=(tuple(f"v{place}" for place in sorted(group)),))
    return motion(method, **rule), voters, [draw(ballots_of(method, voter)) for voter in voters.voters]


def winner_of(vote: Vote) -> str | None:
    return tally(*vote).winner


@given(votes(), st.randoms())
def test_the_order_of_arrival_changes_nothing(vote: Vote, order: random.Random) -> None:
    subject, voters, ballots = vote
    mixed = order.sample(ballots, len(ballots))
    assert tally(subject, voters, mixed) == tally(subject, voters, ballots)


@given(votes(grouped=False), st.randoms())
def test_anonymity_voters_of_equal_weight_may_swap_their_ballots(vote: Vote, order: random.Random) -> None:
    subject, voters, ballots = vote
    equal = voters.model_copy(update={"weights": {}})
    mixed = order.sample(ballots, len(ballots))
    swapped = [one.model_copy(update={"voter": other.voter}) for one, other in zip(ballots, mixed, strict=True)]
    assert tally(subject, equal, swapped).winner == tally(subject, equal, ballots).winner
    assert tally(subject, equal, swapped).tally == tally(subject, equal, ballots).tally


@given(votes(), st.permutations(OPTIONS))
def test_neutrality_renaming_options_renames_the_winner(vote: Vote, names: list[str]) -> None:
    subject, voters, ballots = vote
    new = dict(zip(OPTIONS, names, strict=True))
    renamed = [
        ballot.model_copy(
            update={
                "choice": None if ballot.choice is None else new[ballot.choice],
                "ranking": tuple(new[option] for option in ballot.ranking),
                "approvals": tuple(new[option] for option in ballot.approvals),
            }
        )
        for ballot in ballots
    ]
    other = subject.model_copy(update={"options": tuple(new[option] for option in OPTIONS)})
    before = tally(subject, voters, ballots).winner
    assert tally(other, voters, renamed).winner == (None if before is None else new[before])


@given(votes(), st.permutations(OPTIONS))
def test_the_stated_order_matters_only_for_what_is_said_to_be_tied(vote: Vote, order: list[str]) -> None:
    subject, voters, ballots = vote
    result = tally(subject, voters, ballots)
    other = tally(subject.model_copy(update={"options": tuple(order)}), voters, ballots)
    assert set(other.tied) == set(result.tied)
    if result.tied:
        assert result.winner == min(result.tied, key=OPTIONS.index)
        assert other.winner == min(result.tied, key=order.index)
    else:
        assert other.winner == result.winner


@given(votes(), st.integers(0, 7))
def test_monotonicity_more_support_never_harms_the_winner(vote: Vote, place: int) -> None:
    subject, voters, ballots = vote
    winner = winner_of(vote)
    ballot = ballots[place % len(ballots)]
    assume(winner is not None and not ballot.abstains)
    method = subject.rule.method
    if method is Method.RANKED:
        lifted = [option for option in ballot.ranking if option != winner]
        at = max(0, (ballot.ranking.index(winner) if winner in ballot.ranking else len(lifted)) - 1)
        better = ballot.model_copy(update={"ranking": (*lifted[:at], winner, *lifted[at:])})
    elif method is Method.APPROVAL:
        better = ballot.model_copy(update={"approvals": tuple({*ballot.approvals, winner})})
    else:
        better = ballot.model_copy(update={"choice": winner})
    others = [other for other in ballots if other.voter != ballot.voter]
    assert tally(subject, voters, [*others, better]).winner == winner


@given(votes(), st.lists(st.sampled_from(["vote", "late", "vote", "vote"]), min_size=8, max_size=8))
def test_an_early_stop_never_changes_who_wins(vote: Vote, fates: list[str]) -> None:
    subject, voters, ballots = vote
    came: list[SealedBallot] = []
    absent: list[Absence] = []
    early = None
    for ballot, fate in zip(ballots, fates, strict=False):
        early = early or certain(subject, voters, came, absent)
        if fate == "vote":
            came.append(ballot)
        else:
            absent.append(Absence(voter=ballot.voter, kind=AbsenceKind.LATE))
    final = tally(subject, voters, came, absent)
    assert early is None or early.winner == final.winner
    assert certain(subject, voters, came, absent) == final


@pytest.mark.parametrize("method", [Method.SIMPLE, Method.QUALIFIED, Method.UNANIMITY, Method.PLURALITY])
def test_a_vote_stops_as_early_as_it_can(method: Method) -> None:
    """Completeness for ballots that count alike: stopped exactly when both continuations end the same."""
    draw = random.Random(5)  # noqa: S311
    for _ in range(40):
        voters = electorate(4)
        came = choices(*(draw.choice([None, "red", "green"]) for _ in range(draw.randint(0, 3))))
        rest = voters.voters[len(came) :]
        subject = motion(method, ("red", "green"), base=draw.choice(list(Base)), quorum=draw.choice([0, 0.6]))
        endings = {
            tally(subject, voters, [*came, *last], gone).winner
            for last, gone in _continuations(rest, ("red", "green", None, "gone"))
        }
        found = certain(subject, voters, came)
        assert (found is not None) == (len(endings) == 1), (came, subject.rule, endings)


def _continuations(
    rest: tuple[str, ...], fates: tuple[str | None, ...]
) -> list[tuple[list[SealedBallot], list[Absence]]]:
    if not rest:
        return [([], [])]
    found = []
    for ballots, absences in _continuations(rest[1:], fates):
        for fate in fates:
            if fate == "gone":
                found.append((ballots, [*absences, Absence(voter=rest[0], kind=AbsenceKind.LATE)]))
            else:
                found.append(([*ballots, SealedBallot(voter=rest[0], choice=fate)], absences))
    return found


@given(votes(grouped=False), st.sampled_from([0.1, 1, 3.7]))
def test_weighted_with_equal_weights_is_simple(vote: Vote, weight: float) -> None:
    subject, voters, ballots = vote
    assume(subject.rule.method in BY_SHARE)
    equal = voters.model_copy(update={"weights": dict.fromkeys(voters.voters, weight)})
    rule = subject.rule.model_copy(update={"weighted": False})
    weighted = subject.model_copy(update={"rule": rule.model_copy(update={"method": Method.WEIGHTED})})
    simple = subject.model_copy(update={"rule": rule.model_copy(update={"method": Method.SIMPLE})})
    assert tally(weighted, equal, ballots).winner == tally(simple, voters, ballots).winner


@given(votes(grouped=False))
def test_shares_bound_the_winner(vote: Vote) -> None:
    subject, voters, ballots = vote
    method, base = subject.rule.method, subject.rule.base
    assume(method in BY_SHARE and not subject.rule.counts_weights)
    result = tally(subject, voters, ballots)
    spoken = [ballot.choice for ballot in ballots if not ballot.abstains]
    whole = len(spoken) if base is Base.VOTES else len(ballots)
    most = max((spoken.count(option) for option in OPTIONS), default=0)
    reached = Fraction(most, whole) if whole else Fraction(0)
    bounds: dict[Method, Callable[[], bool]] = {
        Method.SIMPLE: lambda: reached > Fraction(1, 2),
        Method.QUALIFIED: lambda: reached >= share(subject.rule.threshold),
        Method.UNANIMITY: lambda: reached == 1,
    }
    assert result.consensus == bounds[method]()
    if result.winner is not None:
        assert spoken.count(result.winner) == most


@given(votes())
def test_a_stricter_rule_never_finds_another_winner(vote: Vote) -> None:
    subject, voters, ballots = vote
    assume(subject.rule.method in BY_SHARE)
    found = [
        tally(
            subject.model_copy(update={"rule": subject.rule.model_copy(update={"method": method})}), voters, ballots
        ).winner
        for method in ((Method.SIMPLE, Method.QUALIFIED, Method.UNANIMITY) if not subject.rule.weighted else BY_SHARE)
    ]
    for looser, stricter in pairwise(found[:3]):
        assert stricter in (None, looser)


def _beaten(ballots: list[SealedBallot], better: str, worse: str) -> bool:
    """Whether more rankings put `better` above `worse` than the other way round, counted anew."""
    lead = 0
    for ballot in ballots:
        place = {option: ballot.ranking.index(option) if option in ballot.ranking else 9 for option in (better, worse)}
        lead += (place[better] < place[worse]) - (place[worse] < place[better])
    return lead > 0


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(*(ballots_of(Method.RANKED, f"v{p}") for p in range(n)))))
def test_who_beats_all_others_in_pairs_wins_and_who_loses_to_all_never_does(given_: tuple[SealedBallot, ...]) -> None:
    ballots = list(given_)
    assume(any(not ballot.abstains for ballot in ballots))
    winner = tally(motion(Method.RANKED), electorate(len(ballots)), ballots).winner
    for option in OPTIONS:
        others = [other for other in OPTIONS if other != option]
        if all(_beaten(ballots, option, other) for other in others):
            assert winner == option
        if all(_beaten(ballots, other, option) for other in others):
            assert winner != option


def test_where_nobody_beats_all_the_points_decide() -> None:
    cycle = rankings(("red", "green", "blue"), ("green", "blue", "red"), ("blue", "red", "green"), ("green", "red"))
    result = tally(motion(Method.RANKED, ("red", "green", "blue")), electorate(4), cycle)
    assert result.winner == "green"
    assert result.tally == {"red": 4.0, "green": 5.0, "blue": 3.0}
    result = tally(motion(Method.RANKED, ("red", "green", "blue")), electorate(3), cycle[:3])
    assert (result.winner, result.tied) == ("red", ("red", "green", "blue"))


def test_two_thirds_of_three_is_two() -> None:
    subject = motion(Method.QUALIFIED, ("yes", "no"))
    for number in (3, 6, 9, 300):
        ballots = choices(*["yes"] * (2 * number // 3), *["no"] * (number // 3))
        assert tally(subject, electorate(number), ballots).winner == "yes"
        fewer = choices(*["yes"] * (2 * number // 3 - 1), *["no"] * (number // 3 + 1))
        assert tally(subject, electorate(number), fewer).winner != "yes"


@pytest.mark.parametrize(("base", "winner"), [(Base.VOTES, "yes"), (Base.PRESENT, None), (Base.ALL, None)], ids=str)
def test_whether_abstentions_count_is_stated(base: Base, winner: str | None) -> None:
    subject = motion(Method.SIMPLE, ("yes", "no"), base=base)
    assert tally(subject, electorate(4), choices("yes", "yes", None, None)).winner == winner


def test_who_is_absent_counts_for_all_but_not_for_present() -> None:
    absent = [Absence(voter="v3", kind=AbsenceKind.LATE)]
    for base, winner in ((Base.PRESENT, "yes"), (Base.ALL, None)):
        subject = motion(Method.SIMPLE, ("yes", "no"), base=base)
        assert tally(subject, electorate(4), choices("yes", "yes", "no"), absent).winner == winner


def test_no_consensus_says_why() -> None:
    two = ("yes", "no")
    told = [
        tally(motion(Method.SIMPLE, two), electorate(4), choices("yes")).reason,
        tally(motion(Method.SIMPLE, two), electorate(4), choices(None, None)).reason,
        tally(motion(Method.SIMPLE, two), electorate(4), choices("yes", "yes", "no", "no")).reason,
        tally(motion(Method.QUALIFIED, two, base="all"), electorate(4), choices("yes", "yes", None)).reason,
        tally(motion(Method.UNANIMITY, two), electorate(3), choices("no", "yes", "no")).reason,
    ]
    assert told == [
        "no quorum: 1 of 4 voters present, 50% needed",
        "nobody with a weight voted for an option",
        "'yes' has 50% of votes; more than half is needed",
        "'yes' has 50% of all voters; at least 66.7% are needed",
        "'no' has 66.7% of votes; all are needed",
    ]


def test_who_did_not_answer_is_named() -> None:
    result = tally(motion(Method.SIMPLE), electorate(3), choices("red", None))
    assert result.abstained == ("v1",)
    assert result.absent == (Absence(voter="v2", kind=AbsenceKind.FAILED, reason="no ballot"),)


def test_a_certain_result_names_who_was_not_awaited() -> None:
    result = certain(motion(Method.SIMPLE), electorate(5), choices("red", "red", "red"))
    assert result is not None
    assert (result.winner, result.stopped_early) == ("red", True)
    assert [absence.kind for absence in result.absent] == [AbsenceKind.NOT_AWAITED] * 2
    assert result.reason == "the lead of 'red' cannot be caught; 2 ballots not awaited"


def test_voters_that_share_a_model_count_as_one_and_a_bit() -> None:
    weights = {"v0": 1.0, "v1": 1.0, "v2": 1.15, "v3": 1.0, "v4": 1.0}
    subject = motion(Method.PLURALITY, ("red", "green"), weighted=True)
    group = (("v0", "v1", "v3", "v4"),)
    ballots = choices("red", "red", "green", "red", "red")
    result = tally(subject, electorate(5, weights=weights, groups=group), ballots)
    assert result.tally["red"] == pytest.approx(4 / (1 + 3 * 0.8))  # 1.18: four count as little more than one
    assert result.winner == "red"
    independent = tally(subject, electorate(5, weights=weights, groups=group, correlation=0), ballots)
    assert independent.tally["red"] == 4
    alone = tally(subject, electorate(5, weights=weights, groups=group), choices("red", None, "green", None, None))
    assert alone.tally["red"] == 1  # whose fellows abstain counts whole


def test_malformed_doubled_and_foreign_ballots_are_refused() -> None:
    voters = electorate(2)
    bad = [
        SealedBallot(voter="v9", choice="red"),
        SealedBallot(voter="v0", choice="mauve"),
        SealedBallot(voter="v0", ranking=("red", "red")),
        SealedBallot(voter="v0", ranking=("red", "green")),
    ]
    for ballot in bad:
        with pytest.raises(ValueError, match="does not count"):
            tally(motion(Method.SIMPLE), voters, [ballot])
    with pytest.raises(ValueError, match="another of this voter"):
        tally(motion(Method.SIMPLE), voters, choices("red") * 2)
    with pytest.raises(ValueError, match="absent"):
        tally(motion(Method.SIMPLE), voters, choices("red"), [Absence(voter="v0", kind=AbsenceKind.LATE)])
