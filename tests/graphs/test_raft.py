"""Raft as a graph: the same rounds as `RaftGroup` plays, and the same end after an interruption anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.sqlite import SqliteSaver
from pydantic import TypeAdapter

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft_group import RaftGroup
from graphs.raft import build, graph
from graphs.serialization import strict_serializer
from nodes.raft import ROUNDS, RaftRules
from nodes.rounds import Rounds
from state.errors import SetupError
from state.faults import Crash, FaultSchedule, Partition
from state.raft import RaftStorage
from state.rounds import GroupRequest, TimedProposal, TurnInput, TurnOutput

STORAGE = TypeAdapter(RaftStorage)
LARGEST = 64 * 1024

SCHEDULES = st.builds(
    FaultSchedule,
    seed=st.integers(0, 10_000),
    drop=st.sampled_from((0.0, 0.1, 0.3)),
    duplicate=st.sampled_from((0.0, 0.2)),
    delay=st.integers(0, 3),
    crash_rate=st.sampled_from((0.0, 0.03)),
    partition_rate=st.sampled_from((0.0, 0.05)),
)


def group_of(request: GroupRequest) -> RaftGroup:
    return RaftGroup(Configuration(frozenset(request.members)), request.schedule)


def played_by_group(request: GroupRequest) -> tuple[RaftGroup, list[tuple[int, int, int]]]:
    """The group after all rounds; of each round: number, messages delivered and sent."""
    group, rounds = group_of(request), []
    for number in range(1, request.rounds + 1):
        for proposal in request.proposals:
            if proposal.round == number:
                group.propose(proposal.data)
        played = group.play_round()
        rounds.append((played.number, len(played.delivered), len(played.sent)))
    return group, rounds


def played_by_graph(request: GroupRequest) -> tuple[dict[str, Any], list[tuple[int, int, int]]]:
    rounds, values = [], {}
    for mode, part in graph.stream({"group": request}, stream_mode=["custom", "values"]):
        if mode == "custom":
            rounds.append((part["round"], part["delivered"], part["sent"]))
        else:
            values = part
    return values, rounds


def kept(values: dict[str, Any]) -> dict[int, RaftStorage]:
    return {int(member): STORAGE.validate_python(each) for member, each in values["kept"].items()}


@settings(max_examples=25, deadline=None)
@given(SCHEDULES, st.integers(1, 5), st.lists(st.integers(1, 60), max_size=6))
def test_the_graph_plays_the_rounds_of_the_group(schedule: FaultSchedule, size: int, when: list[int]) -> None:
    proposals = tuple(TimedProposal(round=number, data=f"{place}") for place, number in enumerate(when))
    request = GroupRequest(size=size, rounds=70, proposals=proposals, schedule=schedule)
    group, expected = played_by_group(request)
    values, rounds = played_by_graph(request)
    assert rounds == expected
    assert kept(values) == group.storage
    for member, replica in group.replicas.items():
        assert (replica.role.value, replica.leader) == tuple(
            values["memory"][str(member)][name] for name in ("role", "leader")
        )


STORM = GroupRequest(
    size=3,
    rounds=45,
    proposals=(TimedProposal(round=1, data="a"), TimedProposal(round=25, data="b")),
    schedule=FaultSchedule(
        seed=5,
        drop=0.1,
        duplicate=0.1,
        delay=1,
        crashes=(Crash(member=1, first=18, rounds=6), Crash(member=2, first=30, rounds=3)),
        partitions=(Partition(first=33, last=36, groups=((1,), (2, 3))),),
    ),
)


@contextmanager
def saver_at(path: Path) -> Iterator[SqliteSaver]:
    with SqliteSaver.from_conn_string(str(path)) as saver:
        saver.serde = strict_serializer()
        yield saver


def play_until(path: Path, steps: int | None, *, begin: bool) -> dict[str, Any] | None:
    """Play so many supersteps, as a process of its own would: the saver is opened and closed. None: to the end."""
    config: Any = {"configurable": {"thread_id": "one"}}
    given = {"group": STORM} if begin else None
    with saver_at(path) as saver:
        compiled = build(ROUNDS).compile(checkpointer=saver)
        stream = compiled.stream(given, config, stream_mode="values", durability="sync")
        for number, _ in enumerate(stream):
            if number == steps:
                stream.close()
                return None
        return dict(compiled.get_state(config).values)


def test_a_graph_interrupted_at_any_superstep_ends_the_same(tmp_path: Path) -> None:
    whole = play_until(tmp_path / "whole.sqlite", None, begin=True)
    assert whole is not None
    assert all("b" in decided for decided in whole["decided"].values())
    for stop in range(1, 2 * STORM.rounds, 7):
        path = tmp_path / f"{stop}.sqlite"
        assert play_until(path, stop, begin=True) is None
        assert play_until(path, None, begin=False) == whole


def test_a_graph_interrupted_after_every_superstep_ends_the_same(tmp_path: Path) -> None:
    whole = play_until(tmp_path / "whole.sqlite", None, begin=True)
    path = tmp_path / "often.sqlite"
    ended = play_until(path, 1, begin=True)
    while ended is None:
        ended = play_until(path, 1, begin=False)
    assert ended == whole


def test_what_a_crash_takes_is_memory_and_nothing_else() -> None:
    request = STORM.model_copy(update={"rounds": 19})
    values, _ = played_by_graph(request)
    assert values["memory"]["1"] is None
    assert kept(values)[1].term > 0
    again, _ = played_by_graph(STORM)
    assert again["memory"]["1"] is not None


def test_a_checkpoint_of_the_largest_example_is_small() -> None:
    proposals = tuple(TimedProposal(round=20 + number, data="x" * 40) for number in range(50))
    request = GroupRequest(size=5, rounds=100, proposals=proposals)
    values, _ = played_by_graph(request)
    assert len(values["decided"]["3"]) == 50
    assert len(strict_serializer().dumps_typed(values)[1]) < LARGEST


def test_a_round_is_told_readably() -> None:
    told = [part["told"] for part in graph.stream({"group": STORM}, stream_mode="custom")]
    assert len(told) == STORM.rounds
    assert any("leads in term 1" in line for line in told)
    assert any("lost" in line and "→1" in line for line in told)
    assert any(line.endswith("down: 1") for line in told)


def test_a_request_that_is_wrong_is_told_in_one_line() -> None:
    with pytest.raises(SetupError, match=r"group\.size"):
        graph.invoke({"group": {"size": 0}})  # type: ignore[dict-item]


def test_all_members_down_is_no_end() -> None:
    schedule = FaultSchedule(crashes=tuple(Crash(member=member, first=3, rounds=4) for member in (1, 2, 3)))
    request = GroupRequest(size=3, rounds=40, proposals=(TimedProposal(data="late"),), schedule=schedule)
    values, rounds = played_by_graph(request)
    assert len(rounds) == 40
    assert values["decided"]["2"] == ["late"]
    group, _ = played_by_group(request)
    assert kept(values) == group.storage


class Forgetful(RaftRules):
    """Starts every round as if after a crash."""

    def turn(self, group: GroupRequest, given: TurnInput) -> TurnOutput:
        return super().turn(group, {**given, "memory": None})


def test_a_planted_loss_of_memory_is_found() -> None:
    values = build(Rounds(Forgetful())).compile().invoke({"group": STORM})
    assert values["decided"] != played_by_graph(STORM)[0]["decided"]
