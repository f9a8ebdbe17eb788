"""What is told of the diagnoses of a run: cause, rows, remedy, and what else was considered."""

from collections.abc import Sequence

from state.diagnosis import Diagnosis, RemedyKind
from state.explanation import Fact, Grid, Section

_MOST_FILES = 5
_MOST_ROWS = 40


def diagnoses_section(diagnoses: Sequence[Diagnosis]) -> Section:
    """Tell what is wrong with the tables that failed, and what can be done about it."""
    facts = [fact for diagnosis in diagnoses for fact in _facts(diagnosis)]
    rows = [
        (
            diagnosis.table,
            hypothesis.cause.value.replace("_", " "),
            f"{hypothesis.score:.2f}",
            "tested" if hypothesis.tested else "not tested",
            hypothesis.evidence,
        )
        for diagnosis in diagnoses
        for hypothesis in diagnosis.hypotheses
    ]
    grid = Grid(
        caption="What was considered, best first",
        head=("table", "cause", "fits", "", "evidence"),
        rows=tuple(rows[:_MOST_ROWS]),
        numeric=(2,),
        raw=(4,),
        more=f"and {len(rows) - _MOST_ROWS} more: see run.json" if len(rows) > _MOST_ROWS else "",
        folded=True,
    )
    return Section(key="diagnoses", title="Diagnosis", facts=tuple(facts), grids=(grid,) if rows else ())


def _facts(diagnosis: Diagnosis) -> list[Fact]:
    cause = diagnosis.cause.value.replace("_", " ")
    sure = f"confidence {diagnosis.confidence:.2f}"
    facts = [Fact(label=f"{diagnosis.table}: cause", value=f"{cause} ({sure})", note=diagnosis.reason)]
    if diagnosis.columns:
        facts.append(Fact(label=f"{diagnosis.table}: columns", value=", ".join(diagnosis.columns)))
    if diagnosis.rows.count:
        files = [f"{name} {count:,}" for name, count in list(diagnosis.rows.files.items())[:_MOST_FILES]]
        facts.append(Fact(label=f"{diagnosis.table}: rows", value=f"{diagnosis.rows.count:,}", note=", ".join(files)))
    remedy = diagnosis.remedy
    if remedy.kind is not RemedyKind.NONE:
        how = ", ".join(f"{name} {value}" for name, value in remedy.parameters.items())
        told = remedy.kind.value.replace("_", " ") + (f" ({how})" if how else "")
        facts.append(Fact(label=f"{diagnosis.table}: remedy", value=told, note=remedy.reason))
    return facts
