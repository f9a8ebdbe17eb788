"""The hub as a graph: every order has its effect once, whatever is lost, and the same end after an interruption."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.sqlite import SqliteSaver

import algorithms.hub.talk
from graphs.hub import build, graph
from graphs.serialization import strict_serializer
from state.errors import SetupError
from state.faults import Crash, FaultSchedule
from state.hub import HubSettings
from state.hub_talk import HubTalk, TalkOrder

LARGEST = 64 * 1024
PATIENT = HubSettings(mailbox=20, visibility=3.0, deliveries=30, backoff=1.0)
ORDERS = tuple(TalkOrder(round=1 + place // 3, worker=1 + place % 3, text=f"task {place}") for place in range(9))
TALK = HubTalk(
    rounds=60,
    orders=ORDERS,
    settings=PATIENT,
    schedule=FaultSchedule(seed=3, drop=0.3, duplicate=0.2, crashes=(Crash(member=1, first=3, rounds=5),)),
)


def play(talk: HubTalk) -> dict[str, Any]:
    return dict(graph.invoke({"talk": talk}, {"recursion_limit": 1_000}))


def had_effect(values: dict[str, Any]) -> list[str]:
    return sorted(each for done in values["effects"].values() for each in done)


EVERY = sorted(f"order:{place}" for place in range(1, 10))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from((0.0, 0.3, 0.5)), st.sampled_from((0.0, 0.1)))
def test_every_order_has_its_effect_once(seed: int, drop: float, crash_rate: float) -> None:
    schedule = FaultSchedule(seed=seed, drop=drop, duplicate=0.3, crash_rate=crash_rate, outage=4)
    values = play(TALK.model_copy(update={"schedule": schedule, "rounds": 90}))
    assert had_effect(values) == EVERY
    assert not values["dead"]


def test_a_crash_between_effect_and_acknowledgement_is_met() -> None:
    schedule = FaultSchedule(crashes=(Crash(member=1, first=2, rounds=2),))
    talk = HubTalk(workers=1, rounds=12, orders=(TalkOrder(text="once"),), settings=PATIENT, schedule=schedule)
    values = play(talk)
    assert had_effect(values) == ["order:1"]
    assert [line.split(": ", 1)[1].split(";")[0] for line in values["told"]][3] == (
        "accepted 0, handed out 1 (order:1)"  # again, as the first acknowledgement was lost
    )


def test_a_planted_worker_without_memory_of_its_effects_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = algorithms.hub.talk.take_turn

    def forgetful(worker: str, messages: Any, effects: Any, number: int, signer: Any) -> Any:
        turn = real(worker, messages, [], number, signer)
        return turn._replace(effects=(*effects, *turn.effects))

    monkeypatch.setattr("nodes.hub.take_turn", forgetful)
    assert had_effect(play(TALK)) != EVERY


def test_urgent_orders_come_first_and_old_ones_expire() -> None:
    orders = (
        *(TalkOrder(text=f"plain {place}", priority=0) for place in range(3)),
        TalkOrder(text="urgent", priority=3),
        TalkOrder(text="old", priority=0, life=1),
    )
    values = play(HubTalk(workers=1, rounds=10, orders=orders))
    assert values["effects"]["worker:1"] == ["order:4", "order:1", "order:2", "order:3"]
    assert [dead["reason"] for dead in values["dead"]] == ["expired"]
    conversation = [each["message_id"] for each in values["conversation"] if each["sender"] == "chief"]
    assert conversation == [f"order:{place}" for place in range(1, 6)]


def test_a_graph_interrupted_after_every_third_superstep_ends_the_same(tmp_path: Path) -> None:
    config: Any = {"configurable": {"thread_id": "one"}, "recursion_limit": 1_000}
    given_: Any = {"talk": TALK}
    ended = False
    while not ended:
        with SqliteSaver.from_conn_string(str(tmp_path / "saver.sqlite")) as saver:
            saver.serde = strict_serializer()
            compiled = build().compile(checkpointer=saver)
            stream = compiled.stream(given_, config, stream_mode="values", durability="sync")
            for number, _ in enumerate(stream):
                if number == 20:
                    stream.close()
                    break
            else:
                ended = True
            values, given_ = dict(compiled.get_state(config).values), None
    whole = play(TALK)
    assert {name: values[name] for name in whole} == whole


def test_a_checkpoint_of_the_largest_example_is_small() -> None:
    orders = tuple(TalkOrder(worker=1 + place % 8, text="x" * 100) for place in range(20))
    last: Any = {}
    for values in graph.stream({"talk": HubTalk(workers=8, rounds=10, orders=orders)}, stream_mode="values"):
        last = values
    assert len(had_effect(last)) == 20
    assert len(strict_serializer().dumps_typed(last)[1]) < LARGEST


def test_a_talk_that_is_wrong_is_told_in_one_line() -> None:
    with pytest.raises(SetupError, match=r"talk\.workers"):
        graph.invoke({"talk": {"workers": 0}})  # type: ignore[typeddict-item]
    with pytest.raises(SetupError, match="no worker 4"):
        graph.invoke({"talk": HubTalk(orders=(TalkOrder(worker=4),))})
