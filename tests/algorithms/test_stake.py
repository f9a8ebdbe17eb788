"""Agreement by stake: the draw of leaders, weights, locks, slashing, changes of stake, catching up."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from algorithms.consensus.authentication import derived_codes, derived_signatures
from algorithms.consensus.signed_group import Round
from algorithms.consensus.stake import StakeReplica
from algorithms.consensus.stake_certificates import StakeNotary, Stakes, changed_stakes
from algorithms.consensus.stake_group import StakeGroup
from algorithms.consensus.stake_keeper import StakeOutput
from evals.consensus.stake_runs import ChangingReplica, run_stake, stake_group_with, stake_left_waiting
from evals.consensus.stake_scenes import two_stories
from state.faults import Crash, FaultSchedule, Partition
from state.pbft import Request
from state.signed import Refusal, Signed, SignedMessage, StatementT
from state.stake import Block, DoubleSigning, Phase, StakeSettings, StakeState, StakeStorage, Vote

STAKES = {1: 10, 2: 20, 3: 30, 4: 40}


def group_of(
    stakes: dict[int, int], schedule: FaultSchedule | None = None, *, signed: bool = False, most_requests: int = 16
) -> StakeGroup:
    keys = (derived_signatures if signed else derived_codes)("test", stakes)
    return StakeGroup(schedule or FaultSchedule(), keys, stakes, StakeSettings(most_requests=most_requests))


def play(group: StakeGroup, rounds: int) -> list[Round[StakeOutput]]:
    return [group.play_round() for _ in range(rounds)]


def heights(group: StakeGroup) -> set[int]:
    return {kept.state.height for kept in group.storage.values()}


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("stakes", [{1: 5}, {1: 1, 2: 1}, STAKES, dict.fromkeys(range(1, 8), 3)])
def test_all_decide_the_same_blocks(stakes: dict[int, int], *, signed: bool) -> None:
    group = group_of(stakes, signed=signed)
    play(group, 1)
    for number in range(6):
        assert group.ask(number % len(stakes) + 1, f"{number}")
        play(group, 3)
    play(group, 30)
    states = [kept.state for kept in group.storage.values()]
    assert all(state == states[0] for state in states)
    assert sum(number for _, number in states[0].asked) == 6
    assert not any(kept.requests for kept in group.storage.values())


def test_nothing_is_decided_when_nothing_is_asked() -> None:
    group = group_of(STAKES)
    play(group, 60)
    assert heights(group) == {0}


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.text(max_size=5))
@settings(max_examples=15, deadline=None)
def test_leaders_are_drawn_as_often_as_they_have_stake(weights: list[int], seed: str) -> None:
    stakes = Stakes(tuple(enumerate(weights, start=1)))
    drawn = Counter(stakes.leader(seed, height, 0) for height in range(2_000))
    for member, weight in stakes.stakes:
        share = weight / stakes.total
        assert abs(drawn[member] / 2_000 - share) < 6 * (share * (1 - share) / 2_000) ** 0.5 + 1e-9


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any), st.data())
def test_two_groups_that_decide_share_more_than_a_third(weights: list[int], data: st.DataObject) -> None:
    stakes = Stakes(tuple(enumerate(weights)))
    members = st.sets(st.sampled_from([member for member, _ in stakes.stakes]))
    one, other = data.draw(members), data.draw(members)
    if stakes.decides(one) and stakes.decides(other):
        assert stakes.has_honest(one & other)


def test_stake_decides_and_not_the_number_of_members() -> None:
    apart = Partition(first=2, last=60, groups=((1, 2, 3), (4,)))  # 60 of 100
    group = group_of(STAKES, FaultSchedule(partitions=(apart,)))
    play(group, 1)
    group.ask(1, "x")
    play(group, 59)
    assert heights(group) == {0}
    play(group, 60)
    assert heights(group) == {1}
    apart = Partition(first=2, last=60, groups=((1,), (2, 3, 4)))  # 90 of 100
    group = group_of(STAKES, FaultSchedule(partitions=(apart,)))
    play(group, 1)
    group.ask(2, "x")
    play(group, 59)
    assert heights(group) == {0, 1}


def test_who_was_away_verifies_all_that_was_decided() -> None:
    group = group_of(STAKES, FaultSchedule(crashes=(Crash(member=1, first=2, rounds=100),)), most_requests=1)
    play(group, 2)
    for number in range(12):
        group.ask(4, f"{number}")
    play(group, 99)
    assert group.storage[1].state.height == 0
    play(group, 60)
    assert heights(group) == {12}
    chains = [[decision.block for decision in group.storage[member].decisions] for member in (1, 4)]
    assert chains[0] == chains[1]


def signed_by(group: StakeGroup, statement: StatementT, signer: int) -> Signed[StatementT]:
    return Signed(signer, statement, group.authenticators[signer].sign(statement.text))


def test_anybody_can_verify_who_signed_twice() -> None:
    group = group_of(STAKES, signed=True)
    first = signed_by(group, Vote(3, 0, Phase.PREVOTE, "a"), 2)
    evidence = DoubleSigning(first, signed_by(group, Vote(3, 0, Phase.PREVOTE, "b"), 2))
    notary = StakeNotary(group.authenticators[1])
    assert notary.is_double_signing(evidence)
    for harmless in (
        first,
        signed_by(group, Vote(3, 0, Phase.PRECOMMIT, "b"), 2),
        signed_by(group, Vote(3, 1, Phase.PREVOTE, "b"), 2),
        signed_by(group, Vote(3, 0, Phase.PREVOTE, "b"), 3),
        replace(signed_by(group, Vote(3, 0, Phase.PREVOTE, "b"), 3), signer=2),
    ):
        assert not notary.is_double_signing(DoubleSigning(first, harmless))


def test_who_tells_two_stories_loses_its_stake_by_a_decision() -> None:
    group = stake_group_with(
        dict.fromkeys((1, 2, 3, 4), 10), {2: "equivocating"}, FaultSchedule(), StakeSettings(), signed=True
    )
    play(group, 1)
    for number in range(15):
        group.ask(number % 4 + 1, f"{number}")
        play(group, 12)
    for member in (1, 3, 4):
        state = group.storage[member].state
        assert state.slashed == (2,)
        assert dict(state.stakes) == {1: 10, 2: 0, 3: 10, 4: 10}
    proofs = [proof for decision in group.storage[1].decisions for proof in decision.block.evidence]
    assert all(StakeNotary(group.authenticators[3]).is_double_signing(proof) for proof in proofs)


def test_stakes_change_only_by_decisions_and_where_members_approve() -> None:
    for make, after in ((StakeReplica, 10), (ChangingReplica, 100)):
        group = group_of(dict.fromkeys((1, 2, 3, 4), 10))
        group.make = make
        play(group, 1)
        group.ask(1, "stake 3 100")
        play(group, 40)
        assert {dict(kept.state.stakes)[3] for kept in group.storage.values()} == {after}


@given(
    st.dictionaries(st.integers(1, 5), st.integers(0, 9), min_size=1).filter(lambda stakes: any(stakes.values())),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 9)), max_size=6),
)
def test_no_change_of_stake_adds_a_member_or_takes_the_last_stake(
    stakes: dict[int, int], changes: list[tuple[int, int]]
) -> None:
    requests = tuple(
        Signed(1, Request(1, number, f"stake {who} {much}"), "") for number, (who, much) in enumerate(changes)
    )
    after, slashed = changed_stakes(StakeState(tuple(sorted(stakes.items()))), Block(1, "", requests))
    assert [member for member, _ in after] == sorted(stakes)
    assert sum(stake for _, stake in after) > 0
    assert slashed == ()


def test_what_is_forged_strange_or_said_before_is_refused_and_counted() -> None:
    group = group_of(STAKES)
    play(group, 1)
    replica = group.replicas[1]
    assert isinstance(replica, StakeReplica)
    vote = signed_by(group, Vote(1, 0, Phase.PREVOTE, "a"), 2)
    for signed in (
        vote,
        vote,
        replace(vote, signer=3),
        replace(vote, signer=9),
        signed_by(group, Vote(1, 0, Phase.PREVOTE, "b"), 2),
        signed_by(group, Vote(0, 0, Phase.PREVOTE, "b"), 2),
        signed_by(group, Vote(2, 0, Phase.PREVOTE, "b"), 2),
        signed_by(group, Vote(1, 10_000, Phase.PREVOTE, "b"), 2),
    ):
        replica.receive(SignedMessage(2, 1, signed))
    refused = (Refusal.DUPLICATE, Refusal.FORGED, Refusal.STRANGER, Refusal.CONFLICTING)
    assert replica.refused == dict.fromkeys((*refused, Refusal.STALE, Refusal.EARLY, Refusal.BEYOND), 1)
    assert list(replica.evidence) == [2]


def test_storage_is_plain_data() -> None:
    group = group_of(STAKES, FaultSchedule(drop=0.1, crash_rate=0.02))
    play(group, 1)
    for number in range(20):
        group.ask(number % 4 + 1, f"{number}")
        play(group, 3)
    adapter = TypeAdapter(StakeStorage)
    for kept in group.storage.values():
        assert adapter.validate_json(adapter.dump_json(kept)) == kept


@given(st.integers(0, 10_000), st.sampled_from([4, 7]))
@settings(max_examples=8, deadline=None)
def test_no_faults_and_no_traitors_of_less_than_a_third_break_safety(seed: int, size: int) -> None:
    assert run_stake(seed, 60, sizes=(size,)).violation == ""


@given(st.integers(0, 10_000))
@settings(max_examples=3, deadline=None)
def test_a_group_whose_faults_end_decides_all_that_was_asked(seed: int) -> None:
    assert stake_left_waiting(seed, 30, 400, sizes=(4,)) == []


def test_two_stories_are_told_in_vain_by_less_than_a_third_and_break_agreement_by_more() -> None:
    assert [two_stories(stake) for stake in (10, 33, 34)] == ["", "", "agreement"]
