"""Runs both checkers of the gate on published tables and says, table by table, what each of them found.

datacontract-cli holds the files against the contract; it does not check types in Parquet files and says so with a
warning for every column. These, and only these, are judged by pyarrow instead. Any other result that is not "passed"
counts against the table, but for a rule whose severity says that its violations never block.
"""

import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import Field

from evals.gate.environment import GateEnvironment
from evals.gate.staged import SERVER, Staged
from state.contract import Contract, Drift, Severity
from state.errors import StepError
from state.values import Value
from tools.checks.compile import compile_rules
from tools.checks.rule import CompiledRule, counted

Fields = dict[str, Any]

_SECONDS = 600
_TYPE = "field_type"
_SAME_CHECKS = {
    "required": {"field_required", "field_primary_key_required"},
    "unique": {"field_unique"},
    "primaryKey": {"field_primary_key_unique", "primary_key_unique"},
    "relationship": {"field_relationships"},
    "minimum": {"field_minimum"},
    "maximum": {"field_maximum"},
    "exclusiveMinimum": {"field_minimum", "field_not_equal"},
    "exclusiveMaximum": {"field_maximum", "field_not_equal"},
    "minLength": {"field_min_length"},
    "maxLength": {"field_max_length"},
    "pattern": {"field_regex"},
}
"""Checks of datacontract-cli that judge what a kind of rule of the product judges."""


class TableVerdict(Value):
    """What the gate found in one table; `faults` is empty when it passes."""

    table: str
    rows: int
    checks: int  # results of datacontract-cli, without those on types
    passed: int
    failed: int
    warnings: int
    types: int  # columns checked with pyarrow
    faults: tuple[str, ...]
    not_blocking: tuple[str, ...] = ()  # violated rules whose severity never blocks
    not_checked: tuple[str, ...] = Field(default=(), description="rules that neither checker has judged")

    def line(self) -> str:
        """Return the verdict in words."""
        return (
            f"{self.table}: {'not passed' if self.faults else 'passed'}, {self.rows} rows; datacontract-cli: "
            f"{self.checks} checks, {self.passed} passed, {self.failed} failed, {self.warnings} warnings, "
            f"{self.types} types left to pyarrow; {counted(len(self.not_checked), 'rule')} not checked by either"
        )


def judge(contract: Contract, document: Path, published: Path, gate: GateEnvironment) -> tuple[TableVerdict, ...]:
    """Return the verdicts on the tables of `contract` (read from `document`) that lie in the folder `published`."""
    with tempfile.TemporaryDirectory(prefix="millwright-gate-") as name:
        staged = Staged(document, published, Path(name))
        results = _datacontract(staged, gate, Path(name) / "result.json")
        types = {entry["table"]: entry for entry in _arrow(staged, gate)}
    known = {table.name for table in contract.tables}
    if strangers := sorted({str(check.get("model")) for check in results} - known):
        # What is told of no table (a broken contract, a server that cannot be read) must not get lost.
        reasons = "; ".join(str(check.get("reason")) for check in results if str(check.get("model")) in strangers)
        raise StepError(f"datacontract-cli could not check the tables: {reasons[:500]}", where=str(document))
    return tuple(_of_table(contract, table.name, staged, results, types[table.name]) for table in contract.tables)


def _datacontract(staged: Staged, gate: GateEnvironment, result: Path) -> list[Fields]:
    command = [gate.datacontract, "test", staged.path, "--server", SERVER, "--output", result]
    ended = _run([*map(str, command), "--output-format", "json"])
    if not result.is_file():
        last = (ended.stderr or ended.stdout).strip().splitlines()[-1:] or [f"exit code {ended.returncode}"]
        raise StepError(f"datacontract-cli gave no result: {last[0][:300]}", where=str(staged.path))
    return list(json.loads(result.read_text(encoding="utf-8"))["checks"])


def _arrow(staged: Staged, gate: GateEnvironment) -> list[Fields]:
    script = Path(__file__).with_name("arrow_types.py")
    ended = _run([str(gate.python), "-I", str(script)], json.dumps(staged.arrow_request()))
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:] or [f"exit code {ended.returncode}"]
        raise StepError(f"pyarrow cannot read the tables: {last[0][:300]}", where=str(staged.path))
    return list(json.loads(ended.stdout))


def _run(command: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
    # An environment of its own: nothing of the caller's settings or keys reaches the checkers.
    environment = {"PATH": "/usr/bin:/bin", "HOME": tempfile.gettempdir(), "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
    return subprocess.run(  # noqa: S603  our own arguments
        command, input=given, capture_output=True, text=True, timeout=_SECONDS, check=False, env=environment
    )


def _of_table(contract: Contract, table: str, staged: Staged, results: list[Fields], types: Fields) -> TableVerdict:
    rules = {rule.id: rule for rule in compile_rules(contract, contract.table(table))}
    places = {rule["id"]: place for place, rule in staged.rules.items()}
    checks = [check for check in results if check.get("model") == table]
    others = [check for check in checks if check["type"] != _TYPE]
    counts = Counter(check["result"] for check in others)
    faults = [f"{table}.{name}: {fault}" for name, fault in types["columns"].items() if fault]
    faults += [] if types["rows"] or f"{table}.notEmpty" not in rules else [f"{table}: no row"]
    if contract.table(table).drift is not Drift.EVOLVE:
        faults += [f"{table}.{name}: the contract has no such column" for name in types["unknown"]]
    not_blocking: list[str] = []
    for check in (check for check in checks if _counts(check, types["columns"])):
        rule = rules.get(places.get(check.get("qualityId", ""), ""))
        mild = rule is not None and rule.severity is not Severity.ERROR
        told = f"{table}.{check.get('field') or '*'} {check['type']}: {check['result']}, {check.get('reason') or ''}"
        (not_blocking if mild and check["result"] == "warning" else faults).append(told[:300])
    unchecked = [_unchecked(rule) for rule in rules.values() if not _judged(rule, checks, places, types)]
    if not others:
        faults.append(f"{table}: datacontract-cli has checked nothing")
    return TableVerdict(
        table=table,
        rows=types["rows"],
        checks=len(others),
        passed=counts["passed"],
        failed=counts["failed"] + counts["error"],
        warnings=counts["warning"],
        types=len(types["columns"]),
        faults=tuple(faults),
        not_blocking=tuple(not_blocking),
        not_checked=tuple(unchecked),
    )


def _counts(check: Fields, types: Fields) -> bool:
    """Return whether a result is more than "passed", or than a type left to pyarrow that it has judged."""
    left_over = check["type"] == _TYPE and check["result"] == "warning" and check.get("field") in types
    return check["result"] != "passed" and not left_over


def _judged(rule: CompiledRule, checks: list[Fields], places: dict[str, str], types: Fields) -> bool:
    """Return whether one of the checkers came to a result on what the rule says."""
    if rule.kind == "type" or rule.id == f"{rule.table}.notEmpty":
        return rule.column is None or rule.column in types["columns"]
    found = [check for check in checks if check["result"] in ("passed", "failed", "warning")]
    if rule.id in places.values():
        return any(places.get(check.get("qualityId", "")) == rule.id for check in found)
    same = [check for check in found if check["type"] in _SAME_CHECKS.get(rule.kind, ())]
    if rule.kind == "primaryKey":
        return bool(same)
    return any(check.get("field") == rule.column for check in same)


def _unchecked(rule: CompiledRule) -> str:
    return f"{rule.id}: {rule.unsupported or f'expected {rule.expected}'}"[:300]
