"""Who did which step, and why: what was bid for it, what it was granted, and how the contracts were kept."""

from collections.abc import Mapping
from typing import Any

from state.auctions import Award
from state.explanation import Fact, Grid, Mark, Section
from tools.explain.anchors import attempt_anchor
from tools.explain.material import Material

_MOST_ROWS = 250
_DONE = "done"


def awards_section(material: Material) -> Section:
    """Tell the award of every attempt; empty where nothing was auctioned."""
    entries = [(entry, Award.model_validate(entry["award"])) for entry in material.run["trace"] if entry.get("award")]
    section = Section(key="awards", title="Who did what, and why")
    if not entries:
        return section
    rows, marks = [], []
    for entry, award in entries[:_MOST_ROWS]:
        late = entry["status"] == _DONE and entry["seconds"] > award.deadline
        marks.append(Mark.BAD if entry["status"] == "failed" else Mark.WARN if late else Mark.GOOD)
        rows.append(_row(entry, award, late=late))
    left = len(entries) - len(rows)
    grid = Grid(
        caption="Awards: seconds as predicted, until when, and as measured",
        head=("kept", "step", "by", "engine", "how", "predicted", "deadline", "took", "granted", "why", "bids"),
        rows=tuple(rows),
        marks=tuple(marks),
        targets=tuple(attempt_anchor(entry["step_id"], entry["attempt"]) for entry, _ in entries[:_MOST_ROWS]),
        more=f"and {left} more: see trace in run.json" if left > 0 else "",
        folded=True,
    )
    return section.model_copy(update={"facts": _facts(material.run.get("auctions") or {}), "grids": (grid,)})


def _row(entry: Mapping[str, Any], award: Award, *, late: bool) -> tuple[str, ...]:
    word = "failed" if entry["status"] == "failed" else "late" if late else "kept"
    why = f"{award.instead_of} could not do it; {award.why}" if award.instead_of else award.why
    bids = "; ".join(f"{bid.agent_id} {bid.cost:.2f} s after {bid.known}" for bid in award.bids)
    return (
        word,
        award.task_id,
        award.agent_id,
        award.engine,
        award.mechanism,
        f"{award.seconds:.2f}",
        f"{award.deadline:.2f}",
        f"{entry['seconds']:.2f}",
        f"{award.price:.2f}",
        why,
        bids,
    )


def _facts(told: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return how the agents kept their contracts in this run, and how wrong predictions were."""
    facts = [
        Fact(
            label=agent["agent_id"],
            value=f"{agent['kept']} of {agent['contracts']} kept",
            note=f"{agent['overrun']} late, {agent['failed']} failed",
        )
        for agent in told.get("agents", ())
    ]
    errors = list((told.get("errors") or {}).values())
    if errors:
        facts.append(Fact(label="mean error of the logarithm of predicted seconds", value=f"{errors[-1]:.2f}"))
    return tuple(facts)
