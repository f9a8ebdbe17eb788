"""Problems in HDDL made from a seed: parcels on a net of roads, and tables made ready by engines that may be down."""

import random
from collections.abc import Callable
from typing import Final, NamedTuple

TRANSPORT: Final = """(define (domain transport)
 (:requirements :typing :hierarchy :negative-preconditions :method-preconditions)
 (:types locatable place - object van parcel - locatable)
 (:predicates (at ?x - locatable ?p - place) (road ?p ?q - place) (in ?x - parcel ?v - van))
 (:task deliver :parameters (?x - parcel ?p - place))
 (:task fetch :parameters (?x - parcel ?v - van))
 (:task go :parameters (?v - van ?p - place))
 (:method is-there :parameters (?x - parcel ?p - place) :task (deliver ?x ?p) :precondition (at ?x ?p) :subtasks ())
 (:method carry :parameters (?x - parcel ?p - place ?v - van) :task (deliver ?x ?p) :precondition (not (at ?x ?p))
   :ordered-subtasks (and (fetch ?x ?v) (go ?v ?p) (unload ?v ?p ?x)))
 (:method has-it :parameters (?x - parcel ?v - van) :task (fetch ?x ?v) :precondition (in ?x ?v) :subtasks ())
 (:method gets-it :parameters (?x - parcel ?v - van ?p - place) :task (fetch ?x ?v) :precondition (at ?x ?p)
   :ordered-subtasks (and (go ?v ?p) (load ?v ?p ?x)))
 (:method stays :parameters (?v - van ?p - place) :task (go ?v ?p) :precondition (at ?v ?p) :subtasks ())
 (:method drives :parameters (?v - van ?p ?q ?r - place) :task (go ?v ?p)
   :precondition (and (at ?v ?q) (road ?q ?r) (not (at ?v ?p)))
   :ordered-subtasks (and (drive ?v ?q ?r) (go ?v ?p)))
 (:action drive :parameters (?v - van ?p ?q - place) :precondition (and (at ?v ?p) (road ?p ?q))
   :effect (and (not (at ?v ?p)) (at ?v ?q)))
 (:action load :parameters (?v - van ?p - place ?x - parcel) :precondition (and (at ?v ?p) (at ?x ?p))
   :effect (and (not (at ?x ?p)) (in ?x ?v)))
 (:action unload :parameters (?v - van ?p - place ?x - parcel) :precondition (and (at ?v ?p) (in ?x ?v))
   :effect (and (not (in ?x ?v)) (at ?x ?p))))
"""

TABLES: Final = """(define (domain tables)
 (:requirements :typing :hierarchy :negative-preconditions :method-preconditions :universal-preconditions)
 (:types table engine - object)
 (:predicates (raw ?t - table) (typed ?t - table) (clean ?t - table) (checked ?t - table) (published ?t - table)
   (fed ?t ?s - table) (up ?e - engine) (fast ?e - engine))
 (:task prepare :parameters (?t - table))
 (:task tidy :parameters (?t - table))
 (:task ready :parameters (?e - engine))
 (:method in-bulk :parameters (?t - table ?e - engine) :task (prepare ?t)
   :precondition (and (raw ?t) (fast ?e) (up ?e))
   :ordered-subtasks (and (type-in-bulk ?t ?e) (tidy ?t) (check ?t) (publish ?t)))
 (:method in-rows :parameters (?t - table ?e - engine) :task (prepare ?t) :precondition (raw ?t)
   :ordered-subtasks (and (ready ?e) (type-in-rows ?t ?e) (tidy ?t) (check ?t) (publish ?t)))
 (:method at-hand :parameters (?t - table) :task (prepare ?t) :precondition (and (typed ?t) (not (published ?t)))
   :ordered-subtasks (and (tidy ?t) (check ?t) (publish ?t)))
 (:method is-out :parameters (?t - table) :task (prepare ?t) :precondition (published ?t) :subtasks ())
 (:method is-tidy :parameters (?t - table) :task (tidy ?t) :precondition (clean ?t) :subtasks ())
 (:method tidied :parameters (?t - table) :task (tidy ?t) :precondition (not (clean ?t)) :subtasks (and (mend ?t)))
 (:method is-up :parameters (?e - engine) :task (ready ?e) :precondition (up ?e) :subtasks ())
 (:method started :parameters (?e - engine) :task (ready ?e) :precondition (not (up ?e)) :subtasks (and (start ?e)))
 (:action start :parameters (?e - engine) :precondition (not (up ?e)) :effect (up ?e))
 (:action type-in-bulk :parameters (?t - table ?e - engine) :precondition (and (raw ?t) (up ?e) (fast ?e))
   :effect (and (not (raw ?t)) (typed ?t)))
 (:action type-in-rows :parameters (?t - table ?e - engine) :precondition (and (raw ?t) (up ?e))
   :effect (and (not (raw ?t)) (typed ?t)))
 (:action mend :parameters (?t - table) :precondition (typed ?t) :effect (clean ?t))
 (:action check :parameters (?t - table) :precondition (clean ?t) :effect (checked ?t))
 (:action publish :parameters (?t - table)
   :precondition (and (checked ?t) (clean ?t) (forall (?s - table) (imply (fed ?t ?s) (published ?s))))
   :effect (and (published ?t) (not (checked ?t)))))
"""


class Texts(NamedTuple):
    """A domain and a problem in HDDL."""

    domain: str
    problem: str


def transport(size: int, seed: int) -> Texts:
    """Return `size` parcels on a connected net of as many places and some more, with two vans."""
    order = random.Random(seed)  # noqa: S311  a problem, not a secret
    places = [f"p{number}" for number in range(size + 3)]
    roads = [(order.choice(places[:number]), places[number]) for number in range(1, len(places))]
    roads += [tuple(order.sample(places, 2)) for _ in range(size)]  # type: ignore[misc]
    facts = [f"(road {one} {other})" for road in roads for one, other in (road, road[::-1])]
    facts += [f"(at {van} {order.choice(places)})" for van in ("v0", "v1")]
    trips = [(f"x{number}", *order.sample(places, 2)) for number in range(size)]
    facts += [f"(at {parcel} {start})" for parcel, start, _ in trips]
    tasks = " ".join(f"(deliver {parcel} {end})" for parcel, _, end in trips)
    goal = " ".join(f"(at {parcel} {end})" for parcel, _, end in trips)
    objects = f"v0 v1 - van {' '.join(trip[0] for trip in trips)} - parcel {' '.join(places)} - place"
    return Texts(TRANSPORT, _problem("transport", objects, f":ordered-subtasks (and {tasks})", facts, goal))


def tables(size: int, seed: int) -> Texts:
    """Return `size` tables, each fed by tables before it, in any order that this allows."""
    order = random.Random(seed)  # noqa: S311
    names = [f"t{number}" for number in range(size)]
    feeds = [(names[one], source) for one in range(1, size) for source in order.sample(names[:one], min(one, 2))]
    facts = [f"(fed {table} {source})" for table, source in feeds] + [f"(raw {name})" for name in names]
    facts += ["(fast bulk)", "(up bulk)", "(up rows)"]
    labelled = " ".join(f"(k{number} (prepare {name}))" for number, name in enumerate(names))
    before = " ".join(f"(< k{source[1:]} k{table[1:]})" for table, source in feeds)
    goal = " ".join(f"(published {name})" for name in names)
    objects = f"{' '.join(names)} - table bulk rows spare - engine"
    return Texts(
        TABLES, _problem("tables", objects, f":subtasks (and {labelled}) :ordering (and {before})", facts, goal)
    )


GENERATORS: Final[dict[str, Callable[[int, int], Texts]]] = {"transport": transport, "tables": tables}


def _problem(domain: str, objects: str, network: str, facts: list[str], goal: str) -> str:
    return (
        f"(define (problem generated) (:domain {domain}) (:objects {objects}) (:htn {network})\n"
        f" (:init {' '.join(facts)})\n (:goal (and {goal})))\n"
    )
