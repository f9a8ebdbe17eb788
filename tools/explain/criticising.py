"""What is told of the self-critique of a run: tables that met the contract below their bar, and what was done."""

from collections.abc import Sequence

from state.critique import Critique
from state.explanation import Mark, Passage, Section


def critiques_section(critiques: Sequence[Critique]) -> Section:
    """Tell each look at a table: how far below the bar it was, what its rows broke, and what was done about it."""
    return Section(key="critique", title="Self-critique", points=tuple(map(_point, critiques)))


def _point(critique: Critique) -> Passage:
    share = f"{critique.rows_quarantined:,} of {critique.rows_read:,} rows in quarantine"
    return Passage(
        title=f"{critique.table}: {share}, {critique.share:.1%} where the bar is {critique.bar:.1%}",
        text=f"{critique.answer}. Set aside for: {'; '.join(critique.findings)}",
        mark=Mark.NONE if critique.recovery is None else Mark.GOOD,
    )
