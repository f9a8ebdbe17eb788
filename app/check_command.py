"""`millwright check`: a contract alone, or data against it. Nothing is repaired and nothing is written."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from state.checks import CheckResult, Fault, Verdict
from state.contract import Contract
from tools.checks.compile import compile_rules
from tools.checks.rule import counted
from tools.contract.read import load_contract, require_contract
from tools.contract_sql import contract_sql_faults
from tools.verification import reasons_not_met

_SHOWN = 200


class _Unsupported(NamedTuple):
    """A rule that cannot be checked, and whether that stops publishing."""

    line: str
    blocks: bool


def check_contract(path: Path, *, as_json: bool) -> int:
    """Print every fault of a contract, of its SQL, and every rule that cannot be checked.

    Return 0 when the contract is valid, else 1. SQL that cannot be run here makes it unusable, not invalid: it may be
    meant for another engine.
    """
    loaded = load_contract(path)
    faults, unsupported = loaded.faults, []
    if loaded.contract is not None:
        unsupported = _unsupported(loaded.contract)
        faults += () if loaded.errors else contract_sql_faults(loaded.contract)
    usable = loaded.contract is not None and not any(fault.error for fault in faults)
    good = loaded.valid and not loaded.errors
    if as_json:
        print_json(
            {
                "contract": str(path),
                "valid": loaded.valid,
                "usable": usable,
                "faults": [fault.model_dump() for fault in faults],
                "not_checkable": [rule.line for rule in unsupported],
            }
        )
    else:
        lines = [f"{path}: {_in_words(unsupported, usable=usable) if good else 'not valid'}"]
        lines += [_fault_line(fault) for fault in faults[:_SHOWN]]
        lines += [f"  not checkable  {rule.line}" for rule in unsupported]
        sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")
    return 0 if good else 1


def check_data(path: Path, data: Sequence[str], *, as_json: bool) -> int:
    """Print the verdict on every rule for the tables there is data for; return 0 when none blocks, else 1."""
    from nodes.check_data import check_files

    contract, _ = require_contract(path)
    with tempfile.TemporaryDirectory(prefix="millwright-check-") as folder:
        results = check_files(contract, data, Path(folder), load_settings().context())
    reasons = reasons_not_met(results)
    if as_json:
        print_json({"met": not reasons, "checks": [result.model_dump(mode="json") for result in results]})
    else:
        lines = [line for result in results for line in _result_lines(result)]
        lines.append(f"not met: {counted(len(reasons), 'rule')}" if reasons else "met")
        sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")
    return 1 if reasons else 0


def _unsupported(contract: Contract) -> list[_Unsupported]:
    return [
        _Unsupported(f"{rule.id}: {rule.unsupported}", rule.unchecked_verdict is Verdict.ERROR)
        for table in contract.tables
        for rule in compile_rules(contract, table)
        if rule.unsupported
    ]


def _in_words(unsupported: Sequence[_Unsupported], *, usable: bool) -> str:
    if not usable:
        return "valid, but it cannot be run: its SQL is refused or cannot be read"
    blocking = sum(rule.blocks for rule in unsupported)
    return f"valid, but {counted(blocking, 'rule')} cannot be checked and will stop publishing" if blocking else "valid"


def _fault_line(fault: Fault) -> str:
    return f"  {'error  ' if fault.error else 'warning'}  {fault.place}: {fault.message}"


def _result_lines(result: CheckResult) -> list[str]:
    line = f"{result.result.value:<8} {result.rule}"
    if result.count:
        line += f": {counted(result.count, 'violation')}"
    if result.detail:
        line += f" ({result.detail})"
    places = [f"{place.file or ''}:{place.line or ''} {place.key} {place.value or ''}" for place in result.locators[:3]]
    return [line, *(f"           {place.strip()}" for place in places)]
