"""How many levels, teams and workers a piece of work is worth, from what is known of it before.

A hierarchy costs: a team a few supersteps, an order a branch of the graph. Few files, or little work, are done by one
worker; more by workers side by side; where there are many kinds of files beside many files, sub-coordinators lead them,
each for some of the kinds.
"""

from math import ceil

from state.delegation import Form, HierarchyShape, OrderKind, WorkFigures

LEAST_FILES = 100
"""Files below which one worker does all."""

LEAST_SECONDS = 0.15
"""Estimated seconds below which one worker does all."""

TEAM_FILES, TEAM_VARIANTS = 300, 4
"""Files and kinds of files from which sub-coordinators lead."""

MOST_TEAMS = 32
"""Sub-coordinators of one coordinator; a superstep of the graph carries as many branches."""

MOST_ORDERS = 48
"""Orders of one team: they and their reports travel in its state."""

LEAST_ORDER = 25
"""Files of an order, unless the team has fewer: an order costs about as much as a few files."""

WORKER_SECONDS = 0.2
"""Estimated seconds of work that are worth another worker."""

_COSTS = {OrderKind.SCAN: (0.001, 250e6), OrderKind.LAND: (0.002, 100e6)}
"""Seconds of a file beside its content, and bytes of content a second, by kind of work; measured on two cores."""


def estimate(kind: OrderKind, files: int, size: int) -> float:
    """Return the seconds that one worker would take for so many files of `size` bytes together."""
    each, rate = _COSTS[kind]
    return files * each + size / rate


def may_share_out(files: int, switch: str) -> bool:
    """Return whether so many files may be worth a hierarchy: then a coordinator has a look at them."""
    return switch != "off" and files >= LEAST_FILES


def form_of(work: WorkFigures, switch: str) -> tuple[Form, str]:
    """Return how the work is shared out, and why; `switch` is `patterns.hierarchy`: on, flat or off."""
    told = f"{work.files} files, {work.variants} kinds, about {work.seconds:.1f} s for one worker"
    if switch == "off":
        return Form.ALONE, f"{told}: hierarchies are switched off"
    if work.files < LEAST_FILES or work.seconds < LEAST_SECONDS:
        return Form.ALONE, f"{told}: less than a hierarchy costs"
    if switch == "flat":
        return Form.WORKERS, f"{told}: sub-coordinators are switched off"
    if work.files >= TEAM_FILES and work.variants >= TEAM_VARIANTS:
        return Form.TEAMS, f"{told}: a sub-coordinator for each kind, or for several small ones"
    return Form.WORKERS, f"{told}: few enough for one coordinator"


def workers_for(work: WorkFigures, most: int) -> int:
    """Return how many workers share the work, at least two so that one can take over from another."""
    return max(2, min(most, ceil(work.seconds / WORKER_SECONDS)))


def shape_of(form: Form, reason: str, *, teams: int, workers: int, orders: int) -> HierarchyShape:
    """Return the shape of a hierarchy of that form."""
    depth = {Form.ALONE: 1, Form.WORKERS: 2, Form.TEAMS: 3}[form]
    return HierarchyShape(form=form, depth=depth, teams=teams, workers=workers, orders=orders, reason=reason)
