"""The repair council in whole runs: what a contract lets be changed, what is proposed, what a person says of it."""

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import algorithms.repair.council
import nodes.repair_council
from algorithms.repair.opinions import Opinions
from graphs.session import resume
from state.repair import CellFault, CellFinding, RepairFindings
from state.run import Approve
from tools.explain.material import open_material
from tools.explain.remnant import explain_published_row
from tools.explain.row_story import explain_row, row_by_key

CITIES = {
    "birmingham": ("alabama", "jefferson", "35233"),
    "huntsville": ("alabama", "madison", "35801"),
    "montgomery": ("alabama", "elmore", "36111"),
    "phoenix": ("arizona", "maricopa", "85001"),
    "tucson": ("arizona", "pima", "85701"),
    "denver": ("colorado", "adams", "80202"),
    "boulder": ("colorado", "larimer", "80301"),
    "hartford": ("connecticut", "capitol", "06103"),
}
COLUMNS = ("id", "city", "state", "county", "zip", "visits")
ROWS = 320
WRONG = 24


class Messy:
    """A table made from a seed, with the cells that were made wrong and what belongs there."""

    def __init__(self, folder: Path, seed: int = 7) -> None:
        chance = random.Random(seed)  # noqa: S311  a seeded table
        names = sorted(CITIES)
        rows = []
        for number in range(ROWS):
            city = names[chance.randrange(len(names))]
            rows.append([f"{number + 1}", city, *CITIES[city], f"{chance.randrange(100, 999)}"])
        self.wrong: dict[tuple[str, str], tuple[str, str]] = {}
        for number in chance.sample(range(ROWS), WRONG):
            at = chance.randrange(1, 5)
            right = rows[number][at]
            place = chance.randrange(len(right))
            rows[number][at] = right[:place] + "x" + right[place + 1 :]
            self.wrong[str(number + 1), COLUMNS[at]] = (rows[number][at], right)
        self.folder = folder / "in"
        self.folder.mkdir()
        lines = [",".join(COLUMNS), *(",".join(row) for row in rows)]
        (self.folder / "clinics.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def messy(tmp_path: Path) -> Messy:
    return Messy(tmp_path)


def contract(schema: Any, scope: str, **own: Any) -> str:
    texts = [schema.column(name, settings={"repair": scope}, **own.get(name, {})) for name in COLUMNS[1:-1]]
    key = schema.column("id", "integer", primaryKey=True, primaryKeyPosition=1)
    visits = schema.column("visits", "integer", settings={"repair": scope})
    return str(schema.contract(schema.table("clinics", key, *texts, visits)))


def changed(played: Any) -> dict[tuple[str, str], tuple[str, str]]:
    """The repaired cells by key and column, with what stood and what stands there."""
    rows = played.side("changes", "clinics", 'row_id, "column", before, after, operator')
    return {
        (row_id.removeprefix("id="), column): (before, after)
        for row_id, column, before, after, operator in rows
        if operator.startswith("repair:")
    }


def proposed(played: Any) -> dict[tuple[str, str], tuple[str, str]]:
    rows = played.side("proposals", "clinics", 'row_id, "column", before, after')
    return {(row_id.removeprefix("id="), column): (before, after) for row_id, column, before, after in rows}


def decisions(played: Any) -> list[Any]:
    return [made for made in played.told["decisions"] if made["kind"] == "cell_repair"]


def sha256(played: Any) -> str:
    return hashlib.sha256((played.out / "clinics.parquet").read_bytes()).hexdigest()


def test_where_the_contract_lets_all_be_changed_wrong_cells_are_repaired(play: Any, messy: Messy, schema: Any) -> None:
    played = play(contract(schema, "all"), messy.folder)
    assert played.status == "published"
    played.assert_balanced()
    made = changed(played)
    right = {cell for cell, change in made.items() if messy.wrong.get(cell) == change}
    assert len(right) >= 0.8 * WRONG
    assert len(made) - len(right) <= 1
    assert played.tables["clinics"]["cells_changed"] == len(made)
    published = {str(row[0]): row for row in played.rows("clinics")}
    for (key, column), (_, after) in made.items():
        assert published[key][COLUMNS.index(column)] == after


def test_every_repaired_cell_names_its_votes_and_one_decision_a_column_and_specialist(
    play: Any, messy: Messy, schema: Any
) -> None:
    played = play(contract(schema, "all"), messy.folder)
    known = {made["decision_id"]: made for made in decisions(played)}
    assert 0 < len(known) <= 5 * 8
    rows = played.side("changes", "clinics", 'operator, evidence, votes, confidence, reason, "column"')
    repaired = [row for row in rows if row[0].startswith("repair:")]
    assert repaired
    for _, decision, votes, confidence, reason, column in repaired:
        assert known[decision]["subject"].startswith(f"clinics.{column}: ")
        assert known[decision]["decided_by"] == "council"
        assert json.loads(votes)
        assert reason
        assert 0 < confidence <= 1


def test_lineage_and_explanations_tell_of_repairs(play: Any, messy: Messy, schema: Any) -> None:
    played = play(contract(schema, "all"), messy.folder)
    folder = played.out / "_runs" / played.run_id
    events = [json.loads(line) for line in (folder / "lineage.jsonl").read_text().splitlines()]
    (done,) = [
        event
        for event in events
        if event["eventType"] == "COMPLETE" and event["job"]["name"].endswith("repair.clinics")
    ]
    assert any(each["name"].endswith("ops.repairs.clinics") for each in done["outputs"])
    assert "What the repair council found" in (folder / "report.html").read_text()
    (key, column), (before, after) = next(iter(changed(played).items()))
    with open_material(folder, played.home / "runs" / played.run_id) as material:
        table = material.table("clinics")
        cell = explain_row(material, table, row_by_key(material, table, f"id={key}"), column)
    passages = [passage for section in cell.sections for passage in section.passages if "repaired by" in passage.title]
    (told,) = passages
    assert (told.before, told.after) == (before, after)
    assert "Votes: " in told.text
    with open_material(folder, None) as left:
        shown = explain_published_row(left, "clinics", int(key), column)
    (kept,) = [one for section in shown.sections for one in section.passages if one.title.startswith(column)]
    assert (kept.before, kept.after) == (before, after)
    assert kept.text


def test_a_cell_that_breaks_no_rule_is_only_proposed_for_where_violations_alone_may_be_changed(
    play: Any, messy: Messy, schema: Any
) -> None:
    text = (messy.folder / "clinics.csv").read_text()
    row = next(line for line in text.splitlines()[1:] if line.split(",")[0] not in {key for key, _ in messy.wrong})
    key, city, state, county, code, visits = row.split(",")
    broken = f"{key},{city},,{county},{code},{visits}"
    (messy.folder / "clinics.csv").write_text(text.replace(row, broken))
    played = play(contract(schema, "violations", state={"required": True}), messy.folder)
    assert played.status == "published"
    assert changed(played) == {(key, "state"): (None, state)}
    assert played.quarantine("clinics") == []
    put_forward = proposed(played)
    right = [cell for cell, change in put_forward.items() if messy.wrong.get(cell) == change]
    assert len(right) >= 0.8 * WRONG
    published = {str(each[0]): each for each in played.rows("clinics")}
    for cell_key, column in put_forward:
        at = COLUMNS.index(column)
        assert published[cell_key][at] == put_forward[cell_key, column][0]


def test_with_nothing_broken_the_council_is_not_convened(play: Any, messy: Messy, schema: Any) -> None:
    played = play(contract(schema, "violations"), messy.folder)
    assert played.status == "published"
    assert "repair" not in {step["kind"] for step in played.told["plan"]["steps"]}
    assert not (played.out / "_runs" / played.run_id / "proposals").exists()


@pytest.mark.parametrize(("scope", "council"), [("never", "weighted"), ("all", "off")])
def test_what_may_never_be_changed_is_not_looked_at(
    play: Any, messy: Messy, schema: Any, scope: str, council: str
) -> None:
    played = play(contract(schema, scope), messy.folder, context={"patterns": {"council": council}})
    assert played.status == "published"
    assert changed(played) == {}
    assert decisions(played) == []
    assert "repair" not in {step["kind"] for step in played.told["plan"]["steps"]}


def test_a_column_that_may_never_be_changed_stays_beside_others_that_may(play: Any, messy: Messy, schema: Any) -> None:
    given = json.loads(contract(schema, "all"))
    for column in given["schema"][0]["properties"]:
        if column["name"] == "city":
            column["customProperties"] = [{"property": "millwright.repair", "value": "never"}]
    played = play(json.dumps(given), messy.folder)
    made = changed(played)
    assert made
    assert all(column != "city" for _, column in made)
    left = played.side("proposals", "clinics", '"column", outcome')
    assert {outcome for column, outcome in left if column == "city"} == {"left"}


def questions(played: Any) -> Iterator[Any]:
    """Answer everything but repairs; yield the question about these."""
    answer = None
    while True:
        output = resume(played.home, played.run_id, answer=answer)
        if output["status"].value != "waiting":
            return
        (question,) = output["asked"]
        if question["question"].startswith("repair:"):
            answer = yield question
        else:
            answer = {"rest": "accept"}


def test_a_person_is_asked_about_repairs_and_proposals_and_obeyed(play: Any, messy: Messy, schema: Any) -> None:
    played = play(contract(schema, "all"), messy.folder, approve=Approve.CHANGES)
    assert played.status == "waiting"
    conversation = questions(played)
    question = next(conversation)
    changes = json.loads(Path(question["list"]).read_text())
    assert {change["kind"] for change in changes} == {"repair"}
    assert all(change["votes"] and change["evidence"] for change in changes)
    right = [change for change in changes if (change["value"], change["proposal"]) in set(messy.wrong.values())]
    accepted, rejected, edited = right[0], right[1], right[2]
    answer = {
        "accept": [accepted["change_id"]],
        "reject": [rejected["change_id"]],
        "edit": {edited["change_id"]: "by hand"},
        "rest": "accept",
        "by": "Ann",
    }
    with pytest.raises(StopIteration):
        conversation.send(answer)
    told = changed(played)
    pairs = set(told.values())
    assert (accepted["value"], accepted["proposal"]) in pairs
    assert not any(change[0] == rejected["value"] and change[1] == rejected["proposal"] for change in pairs)
    assert (edited["value"], "by hand") in pairs
    by_person = [made for made in decisions(played) if made["decided_by"] == "person"]
    assert {made["answer"] for made in by_person} >= {"repair: none", "repair: by hand"}
    operators = played.side("changes", "clinics", "operator")
    assert ("repair:person",) in operators


def test_a_repair_that_would_break_a_rule_or_cannot_be_read_is_not_applied(
    play: Any, messy: Messy, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = nodes.repair_council.find_repairs

    def spoilt(table: Any, settings: Any) -> RepairFindings:
        found = real(table, settings)
        (first, second, third) = [cell for cell in found.cells if cell.verdict == "repair"][:3]
        told = {"fault": first.fault, "verdict": first.verdict, "confidence": 0.99, "votes": first.votes}
        visits = [
            CellFinding(row=row, column="visits", before=table.columns["visits"][row], after=after, operator="typo",
                        evidence="a lie", **told)
            for row, after in ((0, "many"), (1, "5000"), (2, "500"))
        ]  # fmt: skip
        return RepairFindings(cells=(*visits, second, third), reliability=found.reliability)

    monkeypatch.setattr(nodes.repair_council, "find_repairs", spoilt)
    text = json.loads(contract(schema, "all"))
    visits = text["schema"][0]["properties"][-1]
    visits["logicalTypeOptions"] = {"maximum": 1000}
    played = play(json.dumps(text), messy.folder)
    assert played.status == "published"
    assert [change[1] for cell, change in changed(played).items() if cell[1] == "visits"] == ["500"]
    reasons = dict(played.side("proposals", "clinics", "after, reason"))
    assert reasons["many"] == "it cannot be read as integer"
    assert "expected" in reasons["5000"]
    assert played.quarantine("clinics") == []


def test_where_the_council_fails_the_run_goes_on_without_it(
    play: Any, messy: Messy, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> RepairFindings:
        raise ValueError("a specialist stumbled")

    monkeypatch.setattr(nodes.repair_council, "find_repairs", broken)
    played = play(contract(schema, "all"), messy.folder)
    assert played.status == "published"
    assert changed(played) == {}
    assert any("a specialist stumbled" in entry["error"] for entry in played.told["trace"])


def test_the_same_files_give_the_same_bytes_whatever_runs_beside_what(
    play: Any, messy: Messy, schema: Any, tmp_path: Path
) -> None:
    one = play(contract(schema, "all"), messy.folder, out=tmp_path / "one")
    other = play(contract(schema, "all"), messy.folder, out=tmp_path / "other", context={"parallel_steps": 1})
    assert sha256(one) == sha256(other)
    assert changed(one) == changed(other)


@pytest.mark.parametrize("member", ["typing_errors", "exchanged_values"])
def test_a_liar_among_the_specialists_changes_no_table(
    play: Any, messy: Messy, schema: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    """The liar says of every third cell of every column, as surely as it can, that another value belongs there."""

    def lies(hearing: Any) -> list[Opinions]:
        told = []
        for place, factor in enumerate(hearing.factors):
            rows = np.arange(0, factor.codes.size, 3)
            codes = factor.codes[rows]
            told.append(
                Opinions(
                    specialist="liar",
                    voter="liar",
                    column=place,
                    rows=rows,
                    choices=np.where(codes == codes[0], codes.max(), codes[0]),
                    right=9.0,
                    wrong=1.0,
                    fault=CellFault.TYPO,
                    reason=lambda _: "a lie",
                )
            )
        return told

    honest = play(contract(schema, "all"), messy.folder, out=tmp_path / "honest")
    monkeypatch.setattr(algorithms.repair.council, member, lies)
    lied = play(contract(schema, "all"), messy.folder, out=tmp_path / "lied")
    assert lied.status == "published"
    assert sha256(lied) == sha256(honest)
