"""Drawn bad rows: rulings stay within the contract, and the default stands where nothing is clearly better."""

import random

from algorithms.conflicts.analysis import analyse
from algorithms.conflicts.learning import choose
from algorithms.conflicts.remedies import conflict_of, figures_of, ruled
from algorithms.conflicts.settling import rule
from state.conflicts import Remedy
from state.remedies import BadRows, BrokenRows, ItemStake

_READ = 1_000
_COLUMNS = ("amount", "shipped", "items", "note")


def drawn_bad_rows(seed: int) -> BadRows:
    """Return bad rows of a table of a thousand: one to four columns, some rows wrong in several, some in quarantine."""
    draw = random.Random(seed)  # noqa: S311  a seeded case
    names = _COLUMNS[: draw.randint(1, len(_COLUMNS))]
    patterns = {tuple(sorted(draw.sample(names, draw.randint(1, len(names))))) for _ in range(draw.randint(1, 5))}
    broken = tuple(BrokenRows(items=pattern, rows=draw.randint(1, 40)) for pattern in sorted(patterns))
    used = sorted({name for pattern in patterns for name in pattern})
    items = tuple(
        ItemStake(
            column=name,
            remedies=(Remedy.QUARANTINE, Remedy.DISCARD_VALUE),
            rules=(f"t.{name}.type",),
            cells=sum(one.rows for one in broken if name in one.items),
        )
        for name in used
    )
    return BadRows(
        table="t",
        rows_read=_READ,
        rows_aside=draw.choice((0, 0, 5, 30)),
        columns=6,
        checks=10,
        max_quarantine=draw.choice((0.02, 0.05, 0.1)),
        stakes=draw.choice(({}, {}, {"completeness": 3.0}, {"correctness": 3.0})),
        items=items,
        broken=broken,
    )


def remedy_faults(seed: int) -> list[str]:
    """Return what is wrong with the ruling on drawn bad rows, counted here anew; nothing where there is no conflict."""
    bad = drawn_bad_rows(seed)
    conflict, allowed = conflict_of(bad), bad.max_quarantine * bad.rows_read
    every = dict.fromkeys((item.name for item in bad.items), Remedy.DISCARD_VALUE)
    least = bad.rows_aside
    if conflict is None:
        possible = max(item.cells for item in bad.items) <= allowed and least <= allowed
        return ["there is another remedy, and no conflict"] if possible else []
    analysis = analyse(conflict)
    chosen = choose(conflict, analysis, ())
    option = rule(conflict, analysis, chosen.way, chosen.why).option
    package = ruled(bad, option)
    if package is None:
        return ["nothing is published, though a remedy meets the contract"]
    aside = bad.rows_aside + sum(
        one.rows
        for one in bad.broken
        if any(package.remedies.get(name, Remedy.QUARANTINE) is Remedy.QUARANTINE for name in one.items)
    )
    faults = [] if aside == package.figures["rows_quarantined"] else ["the figures do not say what is set aside"]
    faults += ["more rows are in quarantine than the contract allows"] if aside > allowed else []
    faults += ["values are invented"] if package.figures["cells_invented"] else []
    alone = len(bad.items) == 1 and not bad.stakes and not bad.rows_aside
    if alone and aside <= allowed and package.remedies[bad.items[0].name] is not Remedy.QUARANTINE:
        faults.append("one column alone, and the default does not stand")
    if figures_of(bad, every)["rows_quarantined"] < bad.rows_aside:
        faults.append("rows that are in quarantine for something else came back")
    return faults
