"""Three domains for the comparison of speed, as this planner states them; sizes make the same problem larger.

In each of them the first choice is right, so that what is compared is the work of planning, not luck in searching.
"""

import itertools

from algorithms.planning.conditions import adds, deletes, variable
from algorithms.planning.model import Action, Compound, Domain, Method, Predicate, Problem, sequence

_TYPES = {"disc": "object", "peg": "object", "parcel": "object", "place": "object", "target": "object"}


def towers(size: int) -> Problem:
    """Return the towers of Hanoi with `size` discs, d1 the smallest."""
    disc, smaller = variable("d", "disc"), variable("s", "disc")
    one, two, three = (variable(name, "peg") for name in "abc")
    on, next_smaller, smallest = (
        Predicate("on", ("disc", "peg")),
        Predicate("over", ("disc", "disc")),
        Predicate("least", ("disc",)),
    )
    move = Action("move", (disc, one, two), on(disc, one), (deletes(on(disc, one)), adds(on(disc, two))))
    shift = Compound("shift", (disc, one, two, three))
    above = sequence(shift(smaller, one, three, two), move(disc, one, two), shift(smaller, three, two, one))
    domain = Domain.of(
        "towers",
        types=_TYPES,
        predicates=(on, next_smaller, smallest),
        actions=(move,),
        compounds=(shift,),
        methods=(
            Method("last", shift(disc, one, two, three), sequence(move(disc, one, two)), smallest(disc)),
            Method("all", shift(disc, one, two, three), above, next_smaller(smaller, disc)),
        ),
    )
    discs = [f"d{number}" for number in range(1, size + 1)]
    facts = [smallest("d1"), *(on(name, "left") for name in discs)]
    facts += [next_smaller(small, large) for small, large in itertools.pairwise(discs)]
    objects = dict.fromkeys(discs, "disc") | dict.fromkeys(("left", "middle", "right"), "peg")
    return Problem(domain, objects, tuple(facts), sequence(shift(discs[-1], "left", "right", "middle")))


def parcels(size: int) -> Problem:
    """Return `size` parcels, each to be brought by one van to the place after its own."""
    parcel, here, there = variable("p", "parcel"), variable("x", "place"), variable("y", "place")
    lies, van, held = (
        Predicate("lies", ("parcel", "place")),
        Predicate("van", ("place",)),
        Predicate("held", ("parcel",)),
    )
    drive = Action("drive", (here, there), van(here), (deletes(van(here)), adds(van(there))))
    load = Action(
        "load", (parcel, here), van(here) & lies(parcel, here), (deletes(lies(parcel, here)), adds(held(parcel)))
    )
    drop = Action("drop", (parcel, here), van(here) & held(parcel), (deletes(held(parcel)), adds(lies(parcel, here))))
    go, bring = Compound("go", (here,)), Compound("bring", (parcel, there))
    domain = Domain.of(
        "parcels",
        types=_TYPES,
        predicates=(lies, van, held),
        actions=(drive, load, drop),
        compounds=(go, bring),
        methods=(
            Method("stay", go(here), condition=van(here)),
            Method("ride", go(here), sequence(drive(there, here)), van(there)),
            Method(
                "carry", bring(parcel, there), sequence(go(here), load(parcel, here), go(there), drop(parcel, there)),
                lies(parcel, here),
            ),
        ),
    )  # fmt: skip
    places, names = [f"x{number}" for number in range(size + 1)], [f"p{number}" for number in range(size)]
    facts = (van("x0"), *(lies(name, place) for name, place in zip(names, places, strict=False)))
    objects = dict.fromkeys(names, "parcel") | dict.fromkeys(places, "place")
    return Problem(domain, objects, facts, sequence(*(bring(names[n], places[n + 1]) for n in range(size))))


def images(size: int) -> Problem:
    """Return `size` images to be taken by one telescope, which must be calibrated once."""
    target, other = variable("t", "target"), variable("o", "target")
    faces, taken, ready = Predicate("faces", ("target",)), Predicate("taken", ("target",)), Predicate("ready")
    turn = Action("turn", (other, target), faces(other), (deletes(faces(other)), adds(faces(target))))
    calibrate = Action("calibrate", (), faces("star"), (adds(ready()),))
    take = Action("take", (target,), faces(target) & ready(), (adds(taken(target)),))
    point, prepare, shoot = Compound("point", (target,)), Compound("prepare"), Compound("shoot", (target,))
    domain = Domain.of(
        "images",
        types=_TYPES,
        constants={"star": "target"},
        predicates=(faces, taken, ready),
        actions=(turn, calibrate, take),
        compounds=(point, prepare, shoot),
        methods=(
            Method("steady", point(target), condition=faces(target)),
            Method("swing", point(target), sequence(turn(other, target)), faces(other)),
            Method("is_ready", prepare(), condition=ready()),
            Method("by_star", prepare(), sequence(point("star"), calibrate())),
            Method("shot", shoot(target), sequence(prepare(), point(target), take(target))),
        ),
    )
    names = [f"t{number}" for number in range(size)]
    return Problem(domain, dict.fromkeys(names, "target"), (faces(names[0]),), sequence(*map(shoot, names)))
