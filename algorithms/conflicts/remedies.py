"""What remedies for bad rows are worth to each stakeholder, by figures counted from the data.

Every worth lies between 0 and 1 and is measured by the contract's own tolerance, `maxQuarantine`, the share of rows it
can do without. Nothing published is worth nothing to anybody.

    completeness   1 at no row in quarantine, 0 where the whole tolerance is used up
    correctness    1 where every delivered value is as the source says and the rules want it, 0 where as large a share
                   of some column is withheld, or delivered against a warning, as may be in quarantine
    cost           1 where nobody has to follow anything up, 0 where it is as many cases as rows may be in quarantine
    timeliness     the share of the time for the table that the remedy leaves for the rest
    contract       the share of the table's checks that pass without a warning

A remedy is no option where it breaks the contract: more rows in quarantine than allowed, or more values of a column
withheld or replaced than rows may be: a column that loses so much is read wrongly, which is for the quality planner.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod

from algorithms.repair.settings import CouncilSettings
from state.conflicts import AUTO, Aim, Conflict, Option, Party, Remedy
from state.remedies import BadRows, ItemStake, RemedyRuling
from state.values import digest

MARGIN = 0.1
"""By so much more agreement another remedy must be better than the default."""

_MOST_PACKAGES = 27
_MOST_NAMED = 300  # characters of an option's name
_CELL_SECONDS = 2e-7  # of the whole run, for each cell of a table
_CHANGE_SECONDS = 2e-6  # to withhold a value or to set a row aside


def open_items(bad: BadRows) -> tuple[ItemStake, ...]:
    """Return the items that are ruled on, those with most cells; for the others the default stands."""
    ranked = sorted(bad.items, key=lambda item: (-item.cells, item.name))
    kept: list[ItemStake] = []
    for item in ranked:
        if prod(len(one.remedies) for one in (*kept, item)) <= _MOST_PACKAGES:
            kept.append(item)
    return tuple(kept)


def packages(bad: BadRows) -> Iterator[RemedyRuling]:
    """Yield what can be done within the contract, the default first where it is within."""
    items = open_items(bad)
    for chosen in product(*(item.remedies for item in items)):
        remedies = dict(zip((item.name for item in items), chosen, strict=True))
        figures = figures_of(bad, remedies)
        allowed = bad.max_quarantine * bad.rows_read
        if figures["rows_quarantined"] <= allowed and figures["most_replaced_in_a_column"] <= allowed:
            yield RemedyRuling(remedies=remedies, figures=figures, worth=worth_of(bad, figures))


def figures_of(bad: BadRows, remedies: Mapping[str, Remedy]) -> dict[str, float]:
    """Return the figures of a package: rows, cells, checks and seconds."""
    items = {item.name: item for item in bad.items}
    chosen = {name: remedies.get(name, item.remedies[0]) for name, item in items.items()}
    aside, cells = bad.rows_aside, dict.fromkeys(items, 0)
    for broken in bad.broken:
        if any(chosen[name] is Remedy.QUARANTINE for name in broken.items):
            aside += broken.rows
            continue
        for name in broken.items:
            cells[name] += broken.rows
    count = {remedy: sum(cells[name] for name in items if chosen[name] is remedy) for remedy in Remedy}
    lost, doubtful = dict.fromkeys(items, 0.0), dict.fromkeys(items, 0.0)  # by the first item of each column
    first = {item.column: name for name, item in reversed(items.items())}
    for name, item in items.items():
        lost[first[item.column]] += 0 if chosen[name] is Remedy.LEAVE else cells[name]
        doubtful[first[item.column]] += cells[name] * _doubt(item, chosen[name])
    warned = {rule for name, item in items.items() if item.warning and cells[name] for rule in item.rules}
    return {
        "rows_read": bad.rows_read,
        "rows_kept": bad.rows_read - aside,
        "rows_quarantined": aside,
        "cells_withheld": count[Remedy.DISCARD_VALUE],
        "cells_repaired": count[Remedy.REPAIR],
        "cells_against_warnings": count[Remedy.LEAVE],
        "most_replaced_in_a_column": max(lost.values(), default=0),
        "most_doubtful_in_a_column": round(max(doubtful.values(), default=0), 6),
        "cells_invented": 0,
        "checks_passed": bad.checks - len(warned),
        "checks": bad.checks,
        "seconds": round(_CHANGE_SECONDS * (aside + count[Remedy.DISCARD_VALUE] + count[Remedy.REPAIR]), 6),
    }


def _doubt(item: ItemStake, remedy: Remedy) -> float:
    """Return what a delivered cell costs correctness: one, and more for what was proposed below the council's bar.

    At its bar the council is indifferent between a change and none, so there a proposal costs as much as a value
    withheld; the less sure it is the more.
    """
    return (1 - item.confidence) / (1 - CouncilSettings().repair_bar) if remedy is Remedy.REPAIR else 1.0


def worth_of(bad: BadRows, figures: Mapping[str, float]) -> dict[str, float]:
    """Return what a package with these figures is worth to each stakeholder."""
    allowed = bad.max_quarantine * bad.rows_read
    rest = _CELL_SECONDS * bad.rows_read * bad.columns
    cases = figures["rows_quarantined"] + figures["cells_withheld"] + figures["cells_repaired"]
    worth = {
        Aim.COMPLETENESS: 1 - figures["rows_quarantined"] / allowed,
        Aim.CORRECTNESS: 1 - figures["most_doubtful_in_a_column"] / allowed,
        Aim.COST: 1 - cases / allowed,
        Aim.TIMELINESS: rest / (rest + figures["seconds"]),
        Aim.CONTRACT: figures["checks_passed"] / figures["checks"],
    }
    return {aim.value: round(min(max(value, 0.0), 1.0), 6) for aim, value in worth.items()}


def conflict_of(bad: BadRows, *, strategy: str = AUTO, run_id: str = "") -> Conflict | None:
    """Return the conflict about the bad rows of a table; None where there is nothing to choose."""
    allowed = bad.max_quarantine * bad.rows_read
    found = list(packages(bad)) if allowed > 0 and bad.items else []
    items = open_items(bad)
    if not found or (len(found) == 1 and _is_default(found[0], items)):
        return None
    options = [Option(name=told_of(items, package), worth=package.worth, figures=package.figures) for package in found]
    if options[0].name != Remedy.FAIL.value:
        nothing = dict.fromkeys((aim.value for aim in Aim), 0.0)
        options.append(Option(name=Remedy.FAIL.value, worth=nothing, figures={"rows_kept": 0}))
    default = options[0].name if _is_default(found[0], items) else ""
    broken = sum(one.rows for one in bad.broken)
    return Conflict(
        subject=f"{bad.table[:400]}: {broken} of {bad.rows_read} rows break a rule, and the contract names no remedy",
        items=tuple(f"{item.name}: {item.cells} cells break {', '.join(item.rules)}"[:300] for item in items),
        parties=tuple(Party(name=aim.value, weight=bad.stakes.get(aim.value, 1.0)) for aim in Aim),
        options=tuple(options),
        strategy=strategy,
        default=default,
        margin=MARGIN,
        run_id=run_id,
    )


def ruled(bad: BadRows, option: str) -> RemedyRuling | None:
    """Return the package that an option names; None for none of the packages: nothing is to be published."""
    items = open_items(bad)
    return next((package for package in packages(bad) if told_of(items, package) == option), None)


def told_of(items: tuple[ItemStake, ...], package: RemedyRuling) -> str:
    """Return a package in words: one remedy for all, or each with the items it is for."""
    by_remedy: dict[Remedy, list[str]] = {}
    for item in items:
        by_remedy.setdefault(package.remedies[item.name], []).append(item.name)
    if len(by_remedy) == 1:
        return next(iter(by_remedy)).value
    told = "; ".join(f"{remedy.value} {', '.join(names)}" for remedy, names in by_remedy.items())
    return told if len(told) <= _MOST_NAMED else f"{told[: _MOST_NAMED - 20]}… {digest(told)[:16]}"


def _is_default(package: RemedyRuling, items: tuple[ItemStake, ...]) -> bool:
    return all(package.remedies[item.name] is item.remedies[0] for item in items)
