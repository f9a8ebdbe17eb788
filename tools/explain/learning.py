"""What a run went by of earlier ones, and what it taught."""

from state.explanation import Grid, Passage, Section
from tools.explain.material import Material

_MOST = 40


def lessons_section(material: Material) -> Section:
    """Tell which lessons a run used and for what, which it taught, and which it ended."""
    told = material.run.get("lessons") or {}
    used, learned, retired = (told.get(name, ()) for name in ("used", "learned", "retired"))
    lead = []
    if used:
        lead.append("Lessons of earlier runs steered this one; the contract comes before each of them.")
    if learned or retired:
        lead.append("millwright lessons --explain ID tells from which runs and figures a lesson is.")
    return Section(
        key="lessons",
        title="Learned from earlier runs, and for later ones",
        lead=tuple(lead),
        grids=tuple(grid for grid in (_used(used), _learned(learned)) if grid.rows),
        points=tuple(
            Passage(title=f"not believed any more: {each['told']}", text=each["why"]) for each in retired[:_MOST]
        ),
    )


def _used(used: list[dict[str, object]]) -> Grid:
    rows = tuple((str(use["lesson_id"]), str(use["effect"]), _held(use.get("held"))) for use in used[:_MOST])
    return Grid(caption="used", head=("lesson", "what for", "held here"), rows=rows, more=_more(len(used)))


def _held(held: object) -> str:
    return "" if held is None else "yes" if held else "no"


def _learned(learned: list[dict[str, object]]) -> Grid:
    rows = tuple((str(each["lesson_id"]), str(each["told"])) for each in learned[:_MOST])
    return Grid(caption="taught by this run", head=("lesson", "what it says"), rows=rows, more=_more(len(learned)))


def _more(count: int) -> str:
    return f"{count - _MOST} more: see lessons in run.json" if count > _MOST else ""
