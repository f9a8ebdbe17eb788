"""`millwright check`: a contract alone, or data against it. Nothing is repaired and nothing is written."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from state.checks import CheckResult, Fault
from state.contract import Contract
from tools.checks.compile import compile_rules
from tools.contract.read import load_contract, require_contract
from tools.verification import reasons_not_met

_SHOWN = 200


def check_contract(path: Path, *, as_json: bool) -> int:
    """Print every fault of a contract and every rule that cannot be checked; return 0 when it is valid, else 1."""
    loaded = load_contract(path)
    unsupported = _unsupported(loaded.contract) if loaded.contract is not None else []
    if as_json:
        print_json(
            {
                "contract": str(path),
                "valid": loaded.valid,
                "usable": loaded.contract is not None and not loaded.errors,
                "faults": [fault.model_dump() for fault in loaded.faults],
                "not_checkable": unsupported,
            }
        )
    else:
        lines = [f"{path}: {'valid' if loaded.valid and not loaded.errors else 'not valid'}"]
        lines += [_fault_line(fault) for fault in loaded.faults[:_SHOWN]]
        lines += [f"  not checkable  {line}" for line in unsupported]
        sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")
    return 0 if loaded.valid and not loaded.errors else 1


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
        lines = [_result_line(result) for result in results]
        lines.append(f"not met: {len(reasons)} rules" if reasons else "met")
        sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")
    return 1 if reasons else 0


def _unsupported(contract: Contract) -> list[str]:
    return [
        f"{rule.id}: {rule.unsupported}"
        for table in contract.tables
        for rule in compile_rules(contract, table)
        if rule.unsupported
    ]


def _fault_line(fault: Fault) -> str:
    return f"  {'error  ' if fault.error else 'warning'}  {fault.place}: {fault.message}"


def _result_line(result: CheckResult) -> str:
    line = f"{result.result.value:<8} {result.rule}"
    if result.count:
        line += f": {result.count} violations"
    if result.detail:
        line += f" ({result.detail})"
    places = [f"{place.file or ''}:{place.line or ''} {place.key} {place.value or ''}" for place in result.locators[:3]]
    return line + "".join(f"\n           {place.strip()}" for place in places)
