"""The catalogue of suites, from what each tells of itself; docs/evaluation.md shows it."""

from evals.suites import SUITES
from state.values import Value


class Entry(Value):
    """One suite."""

    name: str
    measures: str
    tasks: str
    data: str
    scorers: str
    time: str


def catalogue() -> tuple[Entry, ...]:
    """Return all suites by name."""
    return tuple(_entry(name) for name in sorted(SUITES))


def _entry(name: str) -> Entry:
    suite = SUITES[name]
    return Entry(name=name, measures=suite.description, **suite.about.model_dump())


def catalogue_table() -> str:
    """Return the catalogue as a table of Markdown."""
    lines = ["| suite | measures | tasks | data | scorers | time on two cores |", "|---|---|---|---|---|---|"]
    lines += [
        f"| `{each.name}` | {each.measures} | {each.tasks} | {each.data} | {each.scorers} | {each.time} |"
        for each in catalogue()
    ]
    return "\n".join(lines) + "\n"
