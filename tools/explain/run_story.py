"""The story of a run: what came in, what was planned, decided and done, what it cost, and what to do next."""

from state.explanation import Explanation, Fact, Mark, Passage, Section
from tools.explain.advice import advice_section
from tools.explain.anchors import step_anchors
from tools.explain.aside import Group, merged_section, quarantine_groups, quarantine_section
from tools.explain.awarding import awards_section
from tools.explain.changing import cells_by_decision, changes_section
from tools.explain.checking import checks_section
from tools.explain.conversing import messages_section
from tools.explain.course import course_section
from tools.explain.criticising import critiques_section
from tools.explain.delegating import hierarchy_section
from tools.explain.diagnosing import diagnoses_section
from tools.explain.headers import headers_section
from tools.explain.judging import decision_sections
from tools.explain.learning import lessons_section
from tools.explain.material import Material
from tools.explain.network import network_section
from tools.explain.overview import accounts, figures, reasons, verdict
from tools.explain.picture import plan_picture
from tools.explain.planning import failures_section, plan_section
from tools.explain.proposed import proposals_section
from tools.explain.spending import cost_section
from tools.explain.timeline import tracks
from tools.explain.ways import leading

_MOST_WARNINGS = 60
_MOST_SOURCES = 5


def explain_run(material: Material) -> Explanation:
    """Return all there is to tell of a run; its `report.html` shows the same."""
    run = material.run
    sentence, mark = verdict(run)
    groups = all_groups(material)
    sections = [
        reasons(material),
        accounts(material),
        diagnoses_section(material.diagnoses),
        critiques_section(material.critiques),
        advice_section(material, groups, material.tables),
        plan_section(material).model_copy(update={"picture": plan_picture(material), "tracks": tracks(material)}),
        network_section(material),
        course_section(material),
        awards_section(material),
        failures_section(material),
        messages_section(material),
        checks_section(material.checks),
        headers_section(material, material.tables),
        changes_section(material, material.tables),
        proposals_section(material, material.tables),
        quarantine_section(material, groups),
        merged_section(material, material.tables),
        *decision_sections(material.decisions, cells_by_decision(material, material.tables), _steps_of(material)),
        lessons_section(material),
        hierarchy_section(material),
        cost_section(material),
        warnings_section(material),
        outputs_section(material),
    ]
    return Explanation(
        run_id=material.run_id,
        kind="run",
        title=f"{run['contract']['name']} {run['contract']['version']}",
        verdict=sentence,
        mark=mark,
        figures=figures(run),
        about=_inputs(material),
        sections=leading([section for section in sections if not section.empty]),
    )


def all_groups(material: Material) -> tuple[Group, ...]:
    """Return the reasons of quarantine of all tables, those of most rows first."""
    groups = [group for table in material.tables for group in quarantine_groups(material, table)]
    return tuple(sorted(groups, key=lambda group: -group.rows))


def _steps_of(material: Material) -> dict[str, str]:
    """Return the anchor of the step in which each decision was made."""
    anchors = step_anchors(material)
    return {
        decision: anchors[step_id]
        for decision, step_id in material.run.get("decided_in", {}).items()
        if step_id in anchors
    }


def about_run(material: Material) -> tuple[Fact, ...]:
    """Return what every explanation says of its run."""
    run, started = material.run, str(material.run.get("created_at") or "")[:16].replace("T", " ")
    sentence, _ = verdict(run)
    when = f"of {started} UTC. " if started else ""
    return (Fact(label="run", value=material.run_id, note=f"{when}{sentence}"),)


def _inputs(material: Material) -> tuple[Fact, ...]:
    """Return what a run was asked for."""
    run, given = material.run, material.run["sources"].get("given", ())
    facts = [
        Fact(label="contract", value=str(run["contract"]["path"])),
        Fact(label="sources", value=", ".join(given[:_MOST_SOURCES]), note="and more" * (len(given) > _MOST_SOURCES)),
        Fact(label="published to", value=str(run["out"])),
        Fact(label="started", value=str(run.get("created_at") or "")[:19].replace("T", " "), note="UTC"),
    ]
    return tuple(fact for fact in facts if fact.value)


def warnings_section(material: Material) -> Section:
    """Tell what was odd about the inputs."""
    warnings = material.run["warnings"]
    points = tuple(Passage(title=str(line), mark=Mark.WARN) for line in warnings[:_MOST_WARNINGS])
    left = len(warnings) - _MOST_WARNINGS
    lead = (f"and {left} more: see warnings in run.json",) if left > 0 else ()
    return Section(key="warnings", title="Warnings", points=points, lead=lead)


def outputs_section(material: Material) -> Section:
    """Tell where everything lies."""
    run, facts = material.run, []
    for table, rows in material.published.items():
        facts.append(Fact(label=table, value=f"{run['out']}/{table}.parquet", note=f"{rows:,} rows"))
    facts.append(Fact(label="folder of the run", value=str(material.folder), note="run.json holds all of this"))
    versions = ", ".join(f"{name} {number}" for name, number in run["versions"].items())
    facts.append(Fact(label="made with", value=versions))
    return Section(key="outputs", title="What was written", facts=tuple(facts))
