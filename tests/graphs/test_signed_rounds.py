"""PBFT and stake as graphs: the same rounds as their groups play, and the same end after an interruption anywhere."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.sqlite import SqliteSaver

from algorithms.consensus.memory import from_plain, memory_of, remember, to_plain
from algorithms.consensus.pbft import Replica
from algorithms.consensus.pbft_certificates import Committee
from algorithms.consensus.pbft_group import PbftGroup
from algorithms.consensus.signed_group import SignedGroup
from algorithms.consensus.stake_group import StakeGroup
from graphs.pbft import graph as pbft
from graphs.rounds import build_signed
from graphs.serialization import strict_serializer
from graphs.stake import graph as stake
from nodes.signed_rounds import PBFT, STAKE, client_of, keys_of, listed
from state.faults import Crash, FaultSchedule, Partition
from state.rounds import SignedRequest, TimedProposal

ROUNDS = {"pbft": PBFT, "stake": STAKE}
GRAPHS: dict[str, Any] = {"pbft": pbft, "stake": stake}
LARGEST = 64 * 1024

SCHEDULES = st.builds(
    FaultSchedule,
    seed=st.integers(0, 10_000),
    drop=st.sampled_from((0.0, 0.1)),
    duplicate=st.sampled_from((0.0, 0.2)),
    delay=st.integers(0, 2),
    crash_rate=st.sampled_from((0.0, 0.03)),
)


def pbft_group(request: SignedRequest) -> tuple[SignedGroup[Any, Any], Callable[[str], object]]:
    keys = keys_of(request.schedule.seed, request.size + 1)
    group = PbftGroup(request.schedule, keys, Committee(request.members), make=lambda *given: Replica(*given, listed))
    client = group.clients[request.size + 1] = client_of(request)
    return group, client.ask


def stake_group(request: SignedRequest) -> tuple[SignedGroup[Any, Any], Callable[[str], object]]:
    keys = keys_of(request.schedule.seed, request.size)
    group = StakeGroup(request.schedule, keys, {member: member for member in request.members})
    return group, lambda data: group.ask(min(group.replicas), data)


MADE = {"pbft": pbft_group, "stake": stake_group}


def played_by_group(name: str, request: SignedRequest) -> tuple[SignedGroup[Any, Any], list[tuple[int, int, int]]]:
    (group, ask), rounds = MADE[name](request), []
    for number in range(1, request.rounds + 1):
        for proposal in request.proposals:
            if proposal.round == number:
                ask(proposal.data)
        played = group.play_round()
        rounds.append((played.number, len(played.delivered), len(played.sent)))
    return group, rounds


def played_by_graph(graph: Any, request: SignedRequest) -> tuple[dict[str, Any], list[tuple[int, int, int]]]:
    rounds, values = [], {}
    for mode, part in graph.stream({"group": request}, stream_mode=["custom", "values"]):
        if mode == "custom":
            rounds.append((part["round"], part["delivered"], part["sent"]))
        else:
            values = part
    return values, rounds


@pytest.mark.parametrize("name", GRAPHS)
@settings(max_examples=8, deadline=None)
@given(SCHEDULES, st.sampled_from((4, 5)), st.lists(st.integers(5, 30), max_size=3))
def test_the_graph_plays_the_rounds_of_the_group(
    name: str, schedule: FaultSchedule, size: int, when: list[int]
) -> None:
    # In the group a member that is down cannot be asked; in the graph the next one is.
    asked = when if name == "pbft" or not schedule.crash_rate else []
    proposals = tuple(TimedProposal(round=number, data=f"{place}") for place, number in enumerate(asked))
    request = SignedRequest(size=size, rounds=40, proposals=proposals, schedule=schedule)
    group, expected = played_by_group(name, request)
    values, rounds = played_by_graph(GRAPHS[name], request)
    assert rounds == expected
    assert {int(member): from_plain(kept) for member, kept in values["kept"].items() if kept} == group.storage


STORM = SignedRequest(
    rounds=45,
    proposals=(TimedProposal(round=3, data="a"), TimedProposal(round=20, data="b")),
    schedule=FaultSchedule(
        seed=5,
        drop=0.05,
        duplicate=0.1,
        delay=1,
        crashes=(Crash(member=1, first=5, rounds=9),),
        partitions=(Partition(first=30, last=33, groups=((1, 2), (3, 4, 5))),),
    ),
)


def play_until(name: str, path: Path, steps: int | None, *, begin: bool) -> dict[str, Any] | None:
    """Play so many supersteps, as a process of its own would: the saver is opened and closed. None: to the end."""
    config: Any = {"configurable": {"thread_id": "one"}}
    given: Any = {"group": STORM} if begin else None
    with SqliteSaver.from_conn_string(str(path)) as saver:
        saver.serde = strict_serializer()
        compiled = build_signed(ROUNDS[name]).compile(checkpointer=saver)
        stream = compiled.stream(given, config, stream_mode="values", durability="sync")
        for number, _ in enumerate(stream):
            if number == steps:
                stream.close()
                return None
        return dict(compiled.get_state(config).values)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_interrupted_again_and_again_ends_the_same(name: str, tmp_path: Path) -> None:
    whole = play_until(name, tmp_path / "whole.sqlite", None, begin=True)
    assert whole is not None
    assert all("b" in decided for decided in whole["decided"].values())
    ended = play_until(name, tmp_path / "often.sqlite", 7, begin=True)
    while ended is None:
        ended = play_until(name, tmp_path / "often.sqlite", 7, begin=False)
    assert ended == whole


@pytest.mark.parametrize("name", GRAPHS)
def test_a_checkpoint_of_four_members_is_small(name: str) -> None:
    largest = 0
    for values in GRAPHS[name].stream({"group": STORM}, stream_mode="values"):
        largest = max(largest, len(strict_serializer().dumps_typed(values)[1]))
    assert 0 < largest < LARGEST


@pytest.mark.parametrize("name", GRAPHS)
def test_a_machine_that_remembers_goes_on_like_the_one_it_was(name: str) -> None:
    group, _ = played_by_group(name, STORM.model_copy(update={"rounds": 25}))
    for member, machine in group.replicas.items():
        other = group._started(member)
        remember(other, memory_of(machine))
        assert memory_of(other) == memory_of(machine)


def test_values_come_back_as_they_were_and_strangers_are_refused() -> None:
    for value in (None, True, 3, "x", (1, ("y",)), [1], {2}, frozenset({1}), {(1, 2): [True]}):
        again = from_plain(to_plain(value))
        assert again == value
        assert type(again) is type(value)
    with pytest.raises(TypeError, match="no part of a memory"):
        to_plain(partial(print))
