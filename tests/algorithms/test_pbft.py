"""PBFT: the normal case, changes of view, checkpoints, state transfer and restarts."""

from collections import Counter

import pytest

from algorithms.consensus.authentication import derived_codes, derived_signatures
from algorithms.consensus.pbft import Replica
from algorithms.consensus.pbft_certificates import Committee
from algorithms.consensus.pbft_group import PbftGroup
from state.faults import Crash, FaultSchedule, Partition
from state.pbft import PbftSettings
from state.signed import Refusal

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
