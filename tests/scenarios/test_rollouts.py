"""Rollouts over real runs: a worse version of an expert is noticed and rolled back, a better one takes over."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphs.session import run
from nodes.decisions.value_format import VALUE_FORMAT
from state.formats import DateOrder, FormatEvidence, ValueFormat
from state.operation_agents import AgentKind, Deployment, RolloutStatus
from state.run import Patterns, RunContext, RunStatus
from tools.agents.concluding import conclude
from tools.agents.registry import Fleet, deploy
from tools.agents.rollouts import rollouts
from tools.database.open import open_database

COLUMNS = 30
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def month_first(evidence: FormatEvidence) -> ValueFormat:
    """Read every date with the month first, whatever the evidence says."""
    answer = VALUE_FORMAT.expert(evidence)
    groups = tuple(each.model_copy(update={"date_order": DateOrder.MONTH_FIRST}) for each in answer.groups)
    return answer.model_copy(update={"groups": groups})


def job(folder: Path) -> tuple[Path, Path]:
    """Write a table of many dates, all with the day first."""
    names = [f"d{number}" for number in range(COLUMNS)]
    properties = [{"name": "id", "logicalType": "integer", "primaryKey": True, "required": True}]
    properties += [{"name": name, "logicalType": "date", "required": True} for name in names]
    sources = [{"property": "millwright.sources", "value": ["dates*"]}]
    table = {"name": "dates", "customProperties": sources, "properties": properties}
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "d", "name": "d", "version": "1.0.0"}
    (folder / "contract.json").write_text(json.dumps({**head, "status": "active", "schema": [table]}))
    (folder / "input").mkdir()
    rows = [",".join([str(row), *(f"{14 + (row + c) % 14}/03/2024" for c in range(COLUMNS))]) for row in range(12)]
    (folder / "input" / "dates.csv").write_text("\n".join([",".join(["id", *names]), *rows]) + "\n")
    return folder / "contract.json", folder / "input"


def version(name: str, entry: str = "") -> Deployment:
    card = VALUE_FORMAT.card.model_copy(update={"version": name})
    return Deployment(card=card, kind=AgentKind.EXPERT, entry=entry, share=0.5)


WORSE, BUILT_IN = version("month-first", f"{__name__}:month_first"), version(VALUE_FORMAT.version)


@pytest.mark.parametrize(
    ("old", "new", "ends"),
    [(BUILT_IN, WORSE, RolloutStatus.ROLLED_BACK), (WORSE, BUILT_IN, RolloutStatus.TAKEN_OVER)],
    ids=["worse", "better"],
)
def test_a_version_is_judged_by_what_was_found_about_its_decisions(
    old: Deployment, new: Deployment, ends: RolloutStatus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodes.experts.load_expert", lambda _entry: month_first)
    contract, sources = job(tmp_path)
    context = RunContext(home=str(tmp_path / "home"), patterns=Patterns(decision_log="off"))
    with open_database(tmp_path / "home") as database:
        for each in (old, new):
            deploy(database, each, NOW, probe=lambda _: "", fleet=Fleet(), by="test")
        published = set()
        for number in range(8):
            out = tmp_path / f"out{number}"
            assert run(contract, [str(sources)], out, context=context)["status"] is RunStatus.PUBLISHED
            published.add(hashlib.sha256((out / "dates.parquet").read_bytes()).hexdigest())
            conclude(database, datetime.now(UTC))
            (rollout,) = rollouts(database)
            if rollout.status is not RolloutStatus.RUNNING:
                break
    assert rollout.status is ends, rollout
    assert len(published) == 1  # whatever the version on trial says, what is published is right
    assert rollout.old_tally.seen
    assert rollout.new_tally.seen
