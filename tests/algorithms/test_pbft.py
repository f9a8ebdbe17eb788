"""PBFT: the normal case, changes of view, checkpoints, state transfer and restarts."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from algorithms.consensus.authentication import derived_codes, derived_signatures
from algorithms.consensus.pbft import Replica
from algorithms.consensus.pbft_certificates import Committee
from algorithms.consensus.pbft_group import PbftGroup
from evals.consensus.pbft_runs import left_waiting, run_pbft
from evals.consensus.pbft_scenes import two_stories
from state.faults import Crash, FaultSchedule, Partition
from state.pbft import (
    PbftSettings,
    PbftStorage,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Request,
    ViewChange,
    request_digest,
)
from state.signed import Refusal, Signed, SignedMessage, Statement, StatementT

CLIENTS = (1001, 1002, 1003)


def group_of(size: int, schedule: FaultSchedule | None = None, *, signed: bool = False, **how: int) -> PbftGroup:
    members = tuple(range(1, size + 1))
    derived = derived_signatures if signed else derived_codes
    keys = derived("test", (*members, *CLIENTS))
    return PbftGroup(schedule or FaultSchedule(), keys, Committee(members), PbftSettings(**how))


def ask(group: PbftGroup, times: int) -> None:
    for number in range(times):
        group.ask(CLIENTS[number % len(CLIENTS)], f"request {number}")


def play(group: PbftGroup, rounds: int) -> Counter[str]:
    """Play rounds; return how many messages of each kind were sent."""
    kinds: Counter[str] = Counter()
    for _ in range(rounds):
        kinds.update(type(message.signed.statement).__name__ for message in group.play_round().sent)
    return kinds


def replicas_of(group: PbftGroup) -> list[Replica]:
    return [replica for replica in group.replicas.values() if isinstance(replica, Replica)]


def answered(group: PbftGroup) -> int:
    return sum(len(client.answered) for client in group.clients.values())


def refused(group: PbftGroup) -> Counter[Refusal]:
    return sum((replica.refused for replica in replicas_of(group)), Counter())


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("size", [1, 2, 4, 6, 7])
def test_all_execute_the_same_in_the_same_order(size: int, *, signed: bool) -> None:
    group = group_of(size, signed=signed)
    ask(group, 20)
    play(group, 60)
    assert answered(group) == 20
    assert {replica.state.sequence for replica in replicas_of(group)} == {20}
    assert len({replica.state for replica in replicas_of(group)}) == 1
    assert {replica.view for replica in replicas_of(group)} == {0}


@pytest.mark.parametrize("size", [4, 7, 10])
def test_one_request_takes_as_many_messages_as_the_paper_says(size: int) -> None:
    group = group_of(size)
    ask(group, 1)
    n = size
    assert play(group, 6) == {
        "Request": 1,
        "PrePrepare": n - 1,
        "Prepare": (n - 1) ** 2,
        "Commit": n * (n - 1),
        "Reply": n,
    }


def test_a_primary_that_is_down_is_replaced_and_comes_back_to_the_same_state() -> None:
    group = group_of(4, FaultSchedule(crashes=(Crash(member=1, first=3, rounds=80),)))
    ask(group, 20)
    play(group, 120)
    assert answered(group) == 20
    assert {replica.view for replica in replicas_of(group)} == {1}
    assert len({replica.state for replica in replicas_of(group)}) == 1


def test_what_is_decided_survives_the_restart_of_all() -> None:
    down = tuple(Crash(member=member, first=20, rounds=3) for member in range(1, 5))
    group = group_of(4, FaultSchedule(crashes=down))
    ask(group, 12)
    play(group, 19)
    before = {member: group.storage[member].state for member in group.members}
    assert max(state.sequence for state in before.values()) > 0
    play(group, 5)
    assert all(group.storage[member].state.sequence >= before[member].sequence for member in group.members)
    play(group, 100)
    assert answered(group) == 12


def test_a_stable_checkpoint_lets_the_log_be_forgotten() -> None:
    group = group_of(4, checkpoint_interval=4, window=8)
    ask(group, 30)
    play(group, 100)
    for replica in replicas_of(group):
        assert replica.log.stable == 28
        assert [slot.sequence for slot in replica.log.slots()] == [29, 30]
    assert all(len(kept.slots) == 2 for kept in group.storage.values())


def test_a_member_that_missed_more_than_the_window_is_given_the_state() -> None:
    apart = Partition(first=2, last=80, groups=((1, 2, 3, *CLIENTS), (4,)))
    group = group_of(4, FaultSchedule(partitions=(apart,)), checkpoint_interval=2, window=4)
    ask(group, 30)
    play(group, 80)
    assert group.storage[4].state.sequence == 0
    kinds = play(group, 20)
    assert kinds["Transfer"] > 0
    assert group.storage[4].state == group.storage[1].state


def test_without_a_quorum_nothing_is_decided() -> None:
    parted = Partition(first=1, last=200, groups=((1, 2, *CLIENTS), (3, 4)))
    group = group_of(4, FaultSchedule(partitions=(parted,)))
    ask(group, 3)
    play(group, 200)
    assert {replica.state.sequence for replica in replicas_of(group)} == {0}
    play(group, 150)
    assert answered(group) == 3


def signed_by(group: PbftGroup, statement: StatementT, signer: int, by: int | None = None) -> Signed[StatementT]:
    """Return a statement in the name of `signer`, with the keys of `by` (its own, unless told)."""
    return Signed(signer, statement, group.authenticators[by or signer].sign(statement.text))


def message_to(
    group: PbftGroup, member: int, statement: Statement, signer: int, by: int | None = None
) -> SignedMessage:
    return SignedMessage(by or signer, member, signed_by(group, statement, signer, by))


def started(group: PbftGroup) -> dict[int, Replica]:
    group.play_round()
    return {replica.id: replica for replica in replicas_of(group)}


@pytest.mark.parametrize("signed", [True, False])
def test_what_is_forged_spoofed_strange_or_said_before_is_refused_and_counted(*, signed: bool) -> None:
    group = group_of(4, signed=signed)
    replica = started(group)[3]
    vote = Prepare(0, 1, "d")
    spoofed = message_to(group, 3, vote, 2, by=4)
    true = message_to(group, 3, vote, 2)
    altered = replace(true, signed=replace(true.signed, statement=Prepare(0, 1, "e")))
    stranger = message_to(group, 3, vote, CLIENTS[0])
    other = message_to(group, 3, Prepare(0, 1, "e"), 2)
    for message in (spoofed, altered, stranger, true, true, other):
        replica.receive(message)
    assert replica.refused == {
        Refusal.FORGED: 2,
        Refusal.STRANGER: 1,
        Refusal.DUPLICATE: 1,
        Refusal.CONFLICTING: 1,
    }


def test_what_is_out_of_place_is_refused() -> None:
    group = group_of(4, window=8)
    replica = started(group)[3]
    request = Signed(CLIENTS[0], Request(CLIENTS[0], 1, "x"), "")
    request = replace(request, tag=group.authenticators[CLIENTS[0]].sign(request.statement.text))
    digest = request_digest(request)
    refusals = {
        Refusal.UNEXPECTED: message_to(group, 3, PrePrepare(0, 1, digest, request), 2),
        Refusal.BEYOND: message_to(group, 3, PrePrepare(0, 9, digest, request), 1),
        Refusal.EARLY: message_to(group, 3, Prepare(1, 1, digest), 2),
        Refusal.INVALID: message_to(group, 3, PrePrepare(0, 1, "d", request), 1),
    }
    for reason, message in refusals.items():
        replica.receive(message)
        assert replica.refused[reason] == 1
    assert not replica.log.slot(1).pre_prepare


def test_a_view_change_without_proof_is_refused_and_does_not_move_a_replica() -> None:
    group = group_of(4)
    replica = started(group)[3]
    place = signed_by(group, PrePrepare(0, 1, "d"), 1)
    forged = PreparedCertificate(place, (signed_by(group, Prepare(0, 1, "d"), 2),))
    for member in (2, 4):
        replica.receive(message_to(group, 3, ViewChange(5, 0, (), (forged,)), member))
    assert (replica.view, replica.changing) == (0, False)
    assert replica.refused[Refusal.INVALID] == 2


def test_f_members_cannot_make_a_replica_leave_its_view_but_one_more_can() -> None:
    group = group_of(7)
    replica = started(group)[3]
    for number, member in enumerate((2, 4, 5)):
        assert (replica.view, replica.changing) == (0, False), number
        replica.receive(message_to(group, 3, ViewChange(5, 0, (), ()), member))
    assert (replica.view, replica.changing) == (5, True)


def test_a_restart_does_not_let_a_replica_vote_for_another_request() -> None:
    group = group_of(4)
    replica = started(group)[3]

    def proposal(data: str) -> SignedMessage:
        asked = Request(CLIENTS[0], 1, data)
        request = Signed(CLIENTS[0], asked, group.authenticators[CLIENTS[0]].sign(asked.text))
        return message_to(group, 3, PrePrepare(0, 1, request_digest(request), request), 1)

    replica.receive(proposal("one"))
    kept = replica.output().kept(group.storage[3])
    again = Replica(3, group.committee, group.authenticators[3], kept, group.settings)
    again.receive(proposal("two"))
    assert again.refused[Refusal.CONFLICTING] == 1
    assert [slot.pre_prepare for slot in again.log.slots()] == [proposal("one").signed]


def test_a_request_that_a_member_does_not_approve_of_needs_the_others() -> None:
    class Doubting(Replica):
        def approves(self, request: Request) -> bool:
            return request.data != "request 0"

    for doubting, done in (({4}, 2), ({2, 3, 4}, 1)):
        group = group_of(4)
        group.make = lambda member, *rest, who=doubting: (Doubting if member in who else Replica)(member, *rest)
        ask(group, 2)
        play(group, 150)
        assert answered(group) == done


def test_storage_is_plain_data() -> None:
    group = group_of(4, FaultSchedule(drop=0.1, crash_rate=0.02))
    ask(group, 10)
    play(group, 60)
    adapter = TypeAdapter(PbftStorage)
    for kept in group.storage.values():
        assert adapter.validate_json(adapter.dump_json(kept)) == kept
    messages = TypeAdapter(Signed[PrePrepare])
    for slot in group.storage[1].slots:
        if slot.pre_prepare:
            assert messages.validate_json(messages.dump_json(slot.pre_prepare)) == slot.pre_prepare


@given(st.integers(0, 10_000), st.sampled_from([4, 7]))
@settings(max_examples=8, deadline=None)
def test_no_faults_and_no_traitors_break_safety(seed: int, size: int) -> None:
    assert run_pbft(seed, 60, sizes=(size,)).violation == ""


@given(st.integers(0, 10_000))
@settings(max_examples=4, deadline=None)
def test_a_group_whose_faults_end_decides_all_that_was_asked(seed: int) -> None:
    assert left_waiting(seed, 30, 400, sizes=(4,)) == []


def test_who_waits_for_a_view_goes_on_when_another_has_gone_further() -> None:
    assert left_waiting(2058, 30, 400, sizes=(4,)) == []  # once, all waited for a quorum that one of them had left


@pytest.mark.parametrize("size", [10, 31])
def test_f_colluding_members_break_nothing_in_large_groups(size: int) -> None:
    run = run_pbft(1, 20, sizes=(size,), traitor="colluding")
    assert (run.violation, len(run.traitors)) == ("", (size - 1) // 3)


def test_two_stories_are_told_in_vain_by_f_and_break_agreement_by_one_more() -> None:
    assert [two_stories(traitors) for traitors in (0, 1, 2)] == ["", "", "agreement"]
