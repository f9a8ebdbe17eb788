"""Suite `draft`: contracts drafted from files, held against the same files, later ones, and damaged ones.

Three tasks. `round_trip`: draft, then run with that contract; the share of rows that are published, and whether the
files and what was published meet the contract. `holdout`: draft from one half of the rows, check the other half, which
is right: every rule that fails is a false alarm. `faults`: the other half is damaged in one way at a time and checked:
the share that is caught. A fault is caught when a rule fails that did not fail before; it is told when at least a
warning appears that was not there before.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from algorithms.intervals import wilson
from evals.draft_data import (
    DATA,
    Files,
    Sheet,
    clean_sheets,
    every_file,
    halves,
    read_sheet,
    write_sheet,
    write_shop,
)
from evals.draft_faults import FAULTS, Target, orphan_keys
from evals.protocol import About, Better, Score, Task, TaskResult
from graphs.session import run
from nodes.check_data import check_files
from nodes.draft_data import DraftOptions, draft_files
from state.checks import CheckResult, Verdict
from state.contract import Contract
from state.errors import SetupError
from state.run import RunContext
from tools.contract.read import load_contract, require_contract
from tools.draft.text import draft_text
from tools.verification import reasons_not_met

_SEED = 7
_LATER_SEEDS = (11, 23, 42)  # shops that come after the one drafted from
_SPLITS: tuple[int | None, ...] = (1, 2, None)  # by chance with these seeds, and the first rows against the later ones
_FAULT_SEEDS = (1, 2, 3)
_WARNED = 5  # reasons shown of each table
_FAMILIES = (("shop", ("customers", "orders"), "orders", "customer_id"),)


class DraftSuite:
    """The suite."""

    name = "draft"
    description = "contracts drafted from files: round trip, false alarms on a holdout, injected faults"
    about = About(
        tasks="round trip, holdout, injected faults",
        data="the shared folder of tables",
        scorers="shares of false alarms and of faults caught (Wilson)",
        time="10 min",
    )

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return the three tasks; `data` is the folder with all shared data."""
        if contract is not None:
            raise SetupError("the suite drafts its contracts itself", where="--contract", hint="leave it out")
        folder = (data or DATA).absolute()
        if not (folder / "cleaning").is_dir():
            raise SetupError("the suite's data is missing", where=str(folder), hint="give its folder with --data")
        return tuple(Task(task_id=name, inputs={"data": str(folder)}) for name in _TASKS)

    def solve(self, task: Task, out: Path) -> None:
        """Write what came of every table as answers.json."""
        shop = write_shop(out / "shop", _SEED)
        answers = _TASKS[task.task_id](Path(task.inputs["data"]), shop, out)
        (out / "answers.json").write_text(json.dumps(answers, indent=1))

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the figures of the task, and one line a table or fault."""
        answers = json.loads((out / "answers.json").read_text())
        return _SCORES[task.task_id](answers)

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the scores of all tasks."""
        return tuple(score for result in results for score in result.scores)


def write_draft(files: Sequence[str], path: Path) -> Contract:
    """Draft a contract from the files, write it, and return it as the project reads it."""
    with tempfile.TemporaryDirectory(prefix="millwright-draft-") as folder:
        draft = draft_files(files, Path(folder), RunContext(), DraftOptions(), lambda _what, _count: None)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(draft_text(draft), encoding="utf-8")
    return require_contract(path)[0]


def checked(contract: Contract, data: Sequence[str]) -> tuple[CheckResult, ...]:
    """Return the verdicts of `millwright check`."""
    with tempfile.TemporaryDirectory(prefix="millwright-check-") as folder:
        return check_files(contract, data, Path(folder), RunContext())


def _round_trip(data: Path, shop: Path, out: Path) -> list[dict[str, Any]]:
    return [_there_and_back(files, out / files.name) for files in every_file(data, shop)]


def _there_and_back(files: Files, out: Path) -> dict[str, Any]:
    path = out / "contract.odcs.yaml"
    contract = write_draft(files.paths, path)
    home = out / ".millwright"
    number = len(list((home / "runs").glob("*"))) + 1
    output = run(path, files.paths, out, run_id=f"r{number}", context=RunContext(home=str(home)))
    told = json.loads((out / "_runs" / f"r{number}" / "run.json").read_text())
    published = [str(out / f"{table.name}.parquet") for table in contract.tables]
    status = output["status"].value
    return {
        "name": files.name,
        "faults": [f"{fault.place}: {fault.message}" for fault in load_contract(path).faults],
        "status": status,
        "tables": {name: {key: table[key] for key in _COUNTS} for name, table in told["tables"].items()},
        "input_not_met": list(reasons_not_met(checked(contract, files.paths)))[:_WARNED],
        "output_not_met": list(reasons_not_met(checked(contract, published)))
        if status == "published"
        else ["no output"],
    }


_COUNTS = ("rows_read", "rows_published", "rows_quarantined", "rows_merged")


def _score_round_trip(answers: list[dict[str, Any]]) -> tuple[tuple[Score, ...], dict[str, Any]]:
    tables = [(answer["name"], name, table) for answer in answers for name, table in answer["tables"].items()]
    rows = sum(table["rows_read"] - table["rows_merged"] for _, _, table in tables)
    scores = (
        _share("contracts without fault or warning", [not answer["faults"] for answer in answers]),
        _share("runs published", [answer["status"] == "published" for answer in answers]),
        _rate("rows published of those read and not merged", sum(t["rows_published"] for _, _, t in tables), rows),
        _share("files meet their draft as they are", [not answer["input_not_met"] for answer in answers]),
        _share("what was published meets the draft", [not answer["output_not_met"] for answer in answers]),
    )
    lines = [
        f"{answer}/{name}: {table['rows_published']} of {table['rows_read']} rows published, "
        f"{table['rows_quarantined']} quarantined, {table['rows_merged']} merged"
        for answer, name, table in tables
    ]
    failing = [f"{answer['name']}: {reason}" for answer in answers for reason in answer["input_not_met"]]
    return scores, {"rows published": lines, "rules the files as they are do not meet": failing}


def _holdout(data: Path, shop: Path, out: Path) -> list[dict[str, Any]]:
    answers = []
    for name, path in clean_sheets(data, shop):
        for split in _SPLITS:
            first, second = halves(read_sheet(path), seed=split)
            kind = "by chance" if split is not None else "in order"
            answers.append(_later(f"{name} ({kind})", kind, [first], [second], out / "work"))
    return [*answers, *_later_shops(shop, out), *_later_days(data, out)]


def _later(name: str, kind: str, first: Sequence[Sheet], second: Sequence[Sheet], out: Path) -> dict[str, Any]:
    drafted = [str(write_sheet(sheet, out / "first")) for sheet in first]
    contract = write_draft(drafted, out / "contract.odcs.yaml")
    results = checked(contract, [str(write_sheet(sheet, out / "second")) for sheet in second])
    return _alarms(name, kind, results)


def _alarms(name: str, kind: str, results: Sequence[CheckResult]) -> dict[str, Any]:
    judged = [result for result in results if result.kind not in ("mapping", "drift", "reject")]
    return {"name": name, "kind": kind, "rules": len(judged), "alarms": list(reasons_not_met(results))}


def _later_shops(shop: Path, out: Path) -> list[dict[str, Any]]:
    """Return what shops of other seeds make of the draft of the first: the same kind of files, other rows."""
    names = ("customers.csv", "orders.csv")
    contract = write_draft([str(shop / "truth" / name) for name in names], out / "shop.odcs.yaml")
    found = []
    for seed in _LATER_SEEDS:
        later = write_shop(out / f"shop_{seed}", seed)
        results = checked(contract, [str(later / "truth" / name) for name in names])
        found.append(_alarms(f"shop of seed {seed}", "other files", results))
    return found


def _later_days(data: Path, out: Path) -> list[dict[str, Any]]:
    """Return what the later daily reports make of the draft of the first ones, and of every second one."""
    reports = sorted(str(path) for path in (data / "covid19").glob("*.csv"))
    splits = (
        ("covid19, every second day", reports[::2], reports[1::2]),
        ("covid19, later days", reports[:35], reports[35:]),
    )
    found = []
    for name, first, second in splits:
        contract = write_draft(first, out / "covid19.odcs.yaml")
        found.append(_alarms(name, "other files", checked(contract, second)))
    return found


def _score_holdout(answers: list[dict[str, Any]]) -> tuple[tuple[Score, ...], dict[str, Any]]:
    scores = []
    for kind in ("by chance", "in order", "other files"):
        mine = [answer for answer in answers if answer["kind"] == kind]
        false = [bool(answer["alarms"]) for answer in mine]
        scores.append(_share(f"holdouts with a false alarm, {kind}", false, Better.LOWER))
        rules, alarms = sum(answer["rules"] for answer in mine), sum(len(answer["alarms"]) for answer in mine)
        scores.append(_rate(f"rules with a false alarm, {kind}", alarms, rules, Better.LOWER))
    lines = [f"{answer['name']}: {alarm}" for answer in answers for alarm in answer["alarms"]]
    return tuple(scores), {"false alarms": lines}


def _faults(data: Path, shop: Path, out: Path) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    for name, path in clean_sheets(data, shop):
        first, second = halves(read_sheet(path), seed=_SEED)
        contract = write_draft([str(write_sheet(first, out / "first"))], out / "contract.odcs.yaml")
        before = checked(contract, [str(write_sheet(second, out / "second"))])
        answers.append(
            {"table": name, "fault": "none", "caught": bool(reasons_not_met(before)), "told": False, "by": []}
        )
        for kind, damage in FAULTS.items():
            for seed in _FAULT_SEEDS:
                text = damage(Target(second, seed))
                if text is not None:
                    answers.append(_damaged(name, kind, contract, before, second.name, text, out))
    return answers + _orphans(shop, out)


def _damaged(
    table: str,
    kind: str,
    contract: Contract,
    before: Sequence[CheckResult],
    file: str,
    text: str,
    out: Path,
    *others: str,
) -> dict[str, Any]:
    """Check the damaged file and say whether that is noticed."""
    (out / "damaged").mkdir(parents=True, exist_ok=True)
    (out / "damaged" / file).write_text(text, encoding="utf-8")
    after = checked(contract, [str(out / "damaged" / file), *others])
    known = {result.rule for result in before if result.blocking}
    caught = [result.rule for result in after if result.blocking and result.rule not in known]
    quiet = {result.rule: result.count for result in before}
    told = [r.rule for r in after if r.result is Verdict.WARNING and r.count > quiet.get(r.rule, 0)]
    return {"table": table, "fault": kind, "caught": bool(caught), "told": bool(caught or told), "by": caught[:3]}


def _orphans(shop: Path, out: Path) -> list[dict[str, Any]]:
    """Return whether orders of customers that are not there are caught; the customers are whole."""
    customers = str(shop / "truth" / "customers.csv")
    first, second = halves(read_sheet(shop / "truth" / "orders.csv"), seed=_SEED)
    contract = write_draft([customers, str(write_sheet(first, out / "first"))], out / "contract.odcs.yaml")
    before = checked(contract, [customers, str(write_sheet(second, out / "second"))])
    return [
        _damaged(
            "shop",
            "orphan_keys",
            contract,
            before,
            second.name,
            orphan_keys(Target(second, seed), "customer_id"),
            out,
            customers,
        )
        for seed in range(10)
    ]


def _score_faults(answers: list[dict[str, Any]]) -> tuple[tuple[Score, ...], dict[str, Any]]:
    damaged = [answer for answer in answers if answer["fault"] != "none"]
    sound = [answer["caught"] for answer in answers if answer["fault"] == "none"]
    kinds = list(dict.fromkeys(answer["fault"] for answer in damaged))
    mine = {kind: [answer for answer in damaged if answer["fault"] == kind] for kind in kinds}
    scores = [
        _share("all faults caught", [answer["caught"] for answer in damaged]),
        _share("all faults caught or warned of", [answer["told"] for answer in damaged]),
        _share("tables without fault that do not pass", sound, Better.LOWER),
        *(_share(f"caught: {kind}", [answer["caught"] for answer in mine[kind]]) for kind in kinds),
    ]
    missed = [f"{answer['fault']} in {answer['table']}" for answer in damaged if not answer["caught"]]
    lines = [f"{line} ({missed.count(line)} of {len(_FAULT_SEEDS)})" for line in dict.fromkeys(missed)]
    return tuple(scores), {"not caught": lines}


def _share(name: str, outcomes: Sequence[bool], better: Better = Better.HIGHER) -> Score:
    return _rate(name, sum(outcomes), len(outcomes), better)


def _rate(name: str, count: int, total: int, better: Better = Better.HIGHER) -> Score:
    low, high = wilson(count, total)
    return Score(
        name=name,
        value=count / total if total else 0.0,
        low=low,
        high=high,
        n=total,
        interval="Wilson 95 %",
        better=better,
    )


_TASKS: dict[str, Callable[[Path, Path, Path], list[dict[str, Any]]]] = {
    "round_trip": _round_trip,
    "holdout": _holdout,
    "faults": _faults,
}
_SCORES: dict[str, Callable[[list[dict[str, Any]]], tuple[tuple[Score, ...], dict[str, Any]]]] = {
    "round_trip": _score_round_trip,
    "holdout": _score_holdout,
    "faults": _score_faults,
}
