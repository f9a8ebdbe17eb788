"""The domains of `evals.planning.speed_domains`, translated for GTPyhop: the same tasks, methods and first choices.

Facts are kept as GTPyhop's own examples keep them, as dictionaries in the state; methods read them directly.
"""

from types import ModuleType
from typing import Any

Answer = tuple[Any, list[tuple[str, ...]]]  # a state and the tasks to do


def towers(gtpyhop: ModuleType, size: int) -> Answer:
    """Declare the towers of Hanoi and return the problem with `size` discs."""

    def move(state: Any, disc: str, one: str, two: str) -> Any:  # noqa: ANN401  a state of an untyped library
        if state.on[disc] != one:
            return None
        state.on[disc] = two
        return state

    def last(_state: Any, disc: str, one: str, two: str, _three: str) -> Any:  # noqa: ANN401
        return [("move", disc, one, two)] if disc == "d1" else None

    def all_above(_state: Any, disc: str, one: str, two: str, three: str) -> Any:  # noqa: ANN401
        smaller = f"d{int(disc[1:]) - 1}"
        return [("shift", smaller, one, three, two), ("move", disc, one, two), ("shift", smaller, three, two, one)]

    gtpyhop.Domain("towers")
    gtpyhop.declare_actions(move)
    gtpyhop.declare_task_methods("shift", last, all_above)
    state = gtpyhop.State("start")
    state.on = {f"d{number}": "left" for number in range(1, size + 1)}
    return state, [("shift", f"d{size}", "left", "right", "middle")]


def parcels(gtpyhop: ModuleType, size: int) -> Answer:  # noqa: C901  one function for each action and method
    """Declare the parcels and return the problem with `size` of them."""

    def drive(state: Any, here: str, there: str) -> Any:  # noqa: ANN401
        if state.van["at"] != here:
            return None
        state.van["at"] = there
        return state

    def load(state: Any, parcel: str, here: str) -> Any:  # noqa: ANN401
        if state.van["at"] != here or state.lies[parcel] != here:
            return None
        state.lies[parcel] = "van"
        return state

    def drop(state: Any, parcel: str, here: str) -> Any:  # noqa: ANN401
        if state.van["at"] != here or state.lies[parcel] != "van":
            return None
        state.lies[parcel] = here
        return state

    def stay(state: Any, here: str) -> Any:  # noqa: ANN401
        return [] if state.van["at"] == here else None

    def ride(state: Any, here: str) -> Any:  # noqa: ANN401
        return [("drive", state.van["at"], here)]

    def carry(state: Any, parcel: str, there: str) -> Any:  # noqa: ANN401
        here = state.lies[parcel]
        return [("go", here), ("load", parcel, here), ("go", there), ("drop", parcel, there)]

    gtpyhop.Domain("parcels")
    gtpyhop.declare_actions(drive, load, drop)
    gtpyhop.declare_task_methods("go", stay, ride)
    gtpyhop.declare_task_methods("bring", carry)
    state = gtpyhop.State("start")
    state.van = {"at": "x0"}
    state.lies = {f"p{number}": f"x{number}" for number in range(size)}
    return state, [("bring", f"p{number}", f"x{number + 1}") for number in range(size)]


def images(gtpyhop: ModuleType, size: int) -> Answer:  # noqa: C901  one function for each action and method
    """Declare the telescope and return the problem with `size` images."""

    def turn(state: Any, other: str, target: str) -> Any:  # noqa: ANN401
        if state.faces["it"] != other:
            return None
        state.faces["it"] = target
        return state

    def calibrate(state: Any) -> Any:  # noqa: ANN401
        if state.faces["it"] != "star":
            return None
        state.ready["it"] = True
        return state

    def take(state: Any, target: str) -> Any:  # noqa: ANN401
        if state.faces["it"] != target or not state.ready["it"]:
            return None
        state.taken[target] = True
        return state

    def steady(state: Any, target: str) -> Any:  # noqa: ANN401
        return [] if state.faces["it"] == target else None

    def swing(state: Any, target: str) -> Any:  # noqa: ANN401
        return [("turn", state.faces["it"], target)]

    def is_ready(state: Any) -> Any:  # noqa: ANN401
        return [] if state.ready["it"] else None

    def by_star(_state: Any) -> Any:  # noqa: ANN401
        return [("point", "star"), ("calibrate",)]

    def shot(_state: Any, target: str) -> Any:  # noqa: ANN401
        return [("prepare",), ("point", target), ("take", target)]

    gtpyhop.Domain("images")
    gtpyhop.declare_actions(turn, calibrate, take)
    gtpyhop.declare_task_methods("point", steady, swing)
    gtpyhop.declare_task_methods("prepare", is_ready, by_star)
    gtpyhop.declare_task_methods("shoot", shot)
    state = gtpyhop.State("start")
    state.faces, state.ready, state.taken = {"it": "t0"}, {"it": False}, {}
    return state, [("shoot", f"t{number}") for number in range(size)]
