"""Raft: quorums, logs, single scenes, and safety under drawn faults."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.consensus.quorum import WITHOUT_BOUND, Configuration, VoteResult, majority
from algorithms.consensus.raft import Replica
from algorithms.consensus.raft_group import RaftGroup
from algorithms.consensus.raft_log import RaftLog
from algorithms.consensus.scheduling import arriving, groups_in, members_down, sent
from evals.consensus.raft_safety import RaftObserver
from state.faults import Crash, FaultSchedule, Partition
from state.raft import Entry, RaftKind, RaftMessage, RaftRole, RaftSettings, RaftStorage, Snapshot

GROUPS = st.sets(st.integers(1, 7), max_size=7).map(frozenset)


def group_of(size: int, schedule: FaultSchedule | None = None, **how: object) -> RaftGroup:
    configuration = Configuration(frozenset(range(1, size + 1)))
    return RaftGroup(configuration, schedule or FaultSchedule(), RaftSettings(**how))


def played(group: RaftGroup, rounds: int) -> RaftObserver:
    observer = RaftObserver()
    for _ in range(rounds):
        observer.watch(group, group.play_round())
    return observer


@given(GROUPS, GROUPS, st.dictionaries(st.integers(1, 7), st.integers(0, 50)))
def test_an_index_is_reached_exactly_when_each_group_has_a_majority_at_it(
    voters: frozenset[int], outgoing: frozenset[int], indexes: dict[int, int]
) -> None:
    reached = Configuration(voters, outgoing).reached(indexes)

    def has(group: frozenset[int], index: int) -> bool:
        return not group or sum(indexes.get(voter, 0) >= index for voter in group) >= majority(len(group))

    assert reached == WITHOUT_BOUND or (has(voters, reached) and has(outgoing, reached))
    assert reached == WITHOUT_BOUND or not (has(voters, reached + 1) and has(outgoing, reached + 1))


@given(GROUPS, GROUPS, st.dictionaries(st.integers(1, 7), st.booleans()))
def test_a_vote_that_is_won_or_lost_stays_so_whatever_else_is_cast(
    voters: frozenset[int], outgoing: frozenset[int], votes: dict[int, bool]
) -> None:
    configuration = Configuration(voters, outgoing)
    result = configuration.result(votes)
    missing = configuration.members - votes.keys()
    for value in (True, False):
        final = configuration.result(votes | dict.fromkeys(missing, value))
        assert final is not VoteResult.PENDING
        assert result in (VoteResult.PENDING, final)


ENTRIES = st.lists(st.integers(1, 3), max_size=8).map(
    lambda steps: [Entry(sum(steps[: i + 1]), i + 1, f"{i}") for i in range(len(steps))]
)


@given(ENTRIES, st.integers(0, 8))
def test_an_old_message_takes_nothing_back(entries: list[Entry], cut: int) -> None:
    log = RaftLog(Snapshot(), entries)
    log.append(entries[:cut])
    assert log.entries == entries


@given(ENTRIES, ENTRIES)
def test_after_appending_the_log_holds_what_was_sent(mine: list[Entry], theirs: list[Entry]) -> None:
    log = RaftLog(Snapshot(), mine)
    log.append(theirs)
    assert log.entries[: len(theirs)] == theirs
    assert [entry.index for entry in log.entries] == list(range(1, len(log.entries) + 1))


@given(ENTRIES, st.integers(0, 8))
def test_a_compacted_log_knows_the_same_terms_from_the_snapshot_on(entries: list[Entry], index: int) -> None:
    whole, compacted = RaftLog(Snapshot(), entries), RaftLog(Snapshot(), entries)
    index = min(index, len(entries))
    compacted.compact(Snapshot(index, whole.term_at(index) or 0))
    assert all(compacted.term_at(at) == whole.term_at(at) for at in range(index, len(entries) + 2))
    assert (compacted.last_index, compacted.last_term) == (whole.last_index, whole.last_term)


def test_a_quiet_group_elects_one_leader_and_applies_everywhere_what_is_proposed() -> None:
    group = group_of(5)
    played(group, 40)
    leader = group.leader
    assert leader is not None
    assert leader.propose("a")
    assert not any(replica.propose("b") for replica in group.replicas.values() if replica is not leader)
    observer = played(group, 5)
    assert [entry.data for entry in observer.applied.values()] == ["a"]
    assert len({replica.commit for replica in group.replicas.values()}) == 1
    assert observer.leaders == {leader.term: leader.id}


def test_a_group_parted_in_halves_commits_only_where_the_majority_is() -> None:
    parted = Partition(first=40, last=200, groups=((1, 2), (3, 4, 5)))
    group = group_of(5, FaultSchedule(partitions=(parted,)))
    played(group, 100)
    for replica in list(group.replicas.values()):
        replica.propose(f"by {replica.id}")
    before = {member: replica.commit for member, replica in group.replicas.items()}
    played(group, 20)
    assert all(group.replicas[member].commit == before[member] for member in (1, 2))
    assert all(group.replicas[member].commit > before[member] for member in (3, 4, 5))
    played(group, 150)  # whole again
    assert len({replica.commit for replica in group.replicas.values()}) == 1


def test_who_was_parted_unseats_nobody_when_votes_are_asked_for_first() -> None:
    begun = {}
    for pre_vote in (True, False):
        group = group_of(3, pre_vote=pre_vote, check_quorum=False)
        played(group, 39)
        leader = group.leader
        assert leader is not None
        away = 1 if leader.id == 3 else 3
        rest = tuple(member for member in group.members if member != away)
        group.schedule = FaultSchedule(partitions=(Partition(first=40, last=140, groups=(rest, (away,))),))
        term = leader.term
        played(group, 160)
        begun[pre_vote] = max(replica.term for replica in group.replicas.values()) - term
    assert begun[True] == 0 < begun[False]


def test_a_leader_without_its_quorum_steps_down() -> None:
    group = group_of(3, FaultSchedule(crashes=()), check_quorum=True)
    played(group, 40)
    leader = group.leader
    assert leader is not None
    for _ in range(25):
        leader.tick()
    assert leader.role is RaftRole.FOLLOWER


def test_a_follower_that_is_far_behind_is_given_a_snapshot() -> None:
    group = group_of(3, FaultSchedule(crashes=(Crash(member=3, first=45, rounds=100),)), check_quorum=False)
    played(group, 44)
    if group.leader is not None and group.leader.id == 3:
        group = group_of(3, FaultSchedule(seed=8, crashes=(Crash(member=3, first=45, rounds=100),)), check_quorum=False)
        played(group, 44)
    played(group, 50)
    leader = group.leader
    assert leader is not None
    for number in range(20):
        leader.propose(f"{number}")
        group.play_round()
    played(group, 10)
    for replica in group.replicas.values():
        replica.compact(replica.commit, "all of it")
    observer = played(group, 60)
    assert group.storage[3].snapshot.data == "all of it"
    assert group.replicas[3].commit == leader.commit
    assert not observer.applied or 3 in group.replicas


def test_a_replica_answers_an_old_leader_with_its_term() -> None:
    replica = Replica(1, Configuration(frozenset({1, 2, 3})), RaftStorage(term=5))
    replica.receive(RaftMessage(RaftKind.APPEND, 2, 1, term=3))
    (answer,) = replica.output().messages
    assert (answer.term, answer.recipient) == (5, 2)


def test_a_stranger_is_not_heard() -> None:
    replica = Replica(1, Configuration(frozenset({1, 2, 3})))
    replica.receive(RaftMessage(RaftKind.VOTE, 9, 1, term=3, index=10, log_term=3))
    assert (replica.term, replica.has_output) == (0, False)


def test_a_vote_counts_only_when_it_is_kept() -> None:
    replica = Replica(1, Configuration(frozenset({1})), settings=RaftSettings(pre_vote=False))
    replica.campaign()
    assert replica.role is RaftRole.CANDIDATE
    output = replica.output()
    assert (output.term, output.vote) == (1, 1)
    replica.saved()
    assert replica.role is RaftRole.LEADER


SCHEDULES = st.builds(
    FaultSchedule,
    seed=st.integers(0, 10_000),
    drop=st.sampled_from([0.0, 0.2]),
    duplicate=st.sampled_from([0.0, 0.2]),
    delay=st.integers(0, 4),
    partition_rate=st.sampled_from([0.0, 0.1]),
    crash_rate=st.sampled_from([0.0, 0.1]),
    outage=st.integers(1, 10),
)
SETTINGS = st.builds(
    RaftSettings,
    election_ticks=st.integers(5, 8),
    pre_vote=st.booleans(),
    check_quorum=st.booleans(),
    most_in_flight=st.sampled_from([1, 3, 256]),
    most_entries=st.sampled_from([1, 1_000]),
)


@given(st.integers(1, 5), SCHEDULES, SETTINGS)
@settings(max_examples=25, deadline=None)
def test_no_fault_breaks_safety_and_a_group_that_is_left_alone_agrees(
    size: int, schedule: FaultSchedule, how: RaftSettings
) -> None:
    group = RaftGroup(Configuration(frozenset(range(1, size + 1))), schedule, how)
    observer, draw = RaftObserver(), random.Random(schedule.seed)  # noqa: S311
    for number in range(80):
        observer.watch(group, group.play_round())
        for replica in group.replicas.values():
            if draw.random() < 0.3:
                replica.propose(f"{number}")
            if draw.random() < 0.05:
                replica.compact(replica.commit - 2, "state")
    group.schedule = FaultSchedule(seed=schedule.seed)
    for _ in range(150):
        observer.watch(group, group.play_round())
    assert group.leader is not None
    assert len({replica.commit for replica in group.replicas.values()}) == 1


def test_a_snapshot_that_is_lost_is_sent_again() -> None:
    how = RaftSettings(election_ticks=7, most_in_flight=1)
    schedule = FaultSchedule(seed=1, drop=0.2, duplicate=0.2)
    group = RaftGroup(Configuration(frozenset(range(1, 6))), schedule, how)
    draw = random.Random(1)  # noqa: S311
    for number in range(80):
        group.play_round()
        for replica in group.replicas.values():
            if draw.random() < 0.3:
                replica.propose(f"{number}")
            if draw.random() < 0.05:
                replica.compact(replica.commit - 2, "state")
    group.schedule = FaultSchedule(seed=1)
    for _ in range(60):
        group.play_round()
    assert len({replica.commit for replica in group.replicas.values()}) == 1


@given(SCHEDULES, st.integers(1, 60))
def test_a_round_of_faults_that_is_played_again_is_the_same(schedule: FaultSchedule, number: int) -> None:
    members = (1, 2, 3, 4)
    messages = [RaftMessage(RaftKind.HEARTBEAT, 1, other, 1) for other in (2, 3, 4)] * 5
    assert sent(schedule, number, messages) == sent(schedule, number, messages)
    held = [(number, message) for message in messages]
    assert arriving(schedule, number, held, members) == arriving(schedule, number, held, members)
    assert members_down(schedule, number, members) <= set(members)
    groups = groups_in(schedule, number, members)
    assert not groups or sorted(member for group in groups for member in group) == list(members)
