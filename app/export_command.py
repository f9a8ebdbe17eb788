"""`millwright export`: what a run set aside, changed or published, as a spreadsheet for people."""

import sys
from pathlib import Path

from pydantic import ValidationError

from app.progress import printable
from app.render import print_json, shown_path
from app.settings import load_settings
from state.errors import RunError, SetupError
from tools.checks.rule import counted
from tools.outputs.destination import target_name
from tools.outputs.journal import Receipt, receipt_path
from tools.outputs.parquet import table_sha256
from tools.outputs.spreadsheet import check_target, write_sheet
from tools.queue.registry import home_of
from tools.records import RunRecord, read_record

KINDS = ("quarantine", "changes", "published")


def export(run_id: str, table: str, *, what: str, to: Path, force: bool, as_json: bool) -> int:
    """Write one table of a run to a CSV or Excel file; return the exit code."""
    if what not in KINDS:
        raise SetupError(f"unknown kind {what!r}", where="--what", hint=f"use {', '.join(KINDS)}")
    check_target(to, replace=force)
    home = home_of(Path(load_settings().home).absolute(), run_id)
    record = read_record(home, run_id)
    source = _published(record, table) if what == "published" else _side_table(record, table, what)
    rows = write_sheet(source, to, title=table, replace=force)
    if as_json:
        print_json({"run_id": run_id, "table": table, "what": what, "rows": rows, "file": str(to.absolute())})
    else:
        sys.stdout.write(printable(f"{counted(rows, 'row')} of {what} {table}: {shown_path(to.absolute())}") + "\n")
    return 0


def _side_table(record: RunRecord, table: str, what: str) -> Path:
    folder = Path(record.request.out) / "_runs" / record.run_id / what
    tables = sorted(path.name.removesuffix(".parquet") for path in folder.glob("*.parquet"))
    if table not in tables:
        hint = f"tables: {', '.join(tables)}" if tables else f"millwright resume {record.run_id}"
        raise RunError(f"the run has written no {what} of {table!r}", where=str(folder), hint=hint)
    return folder / target_name(table)


def _published(record: RunRecord, table: str) -> Path:
    """Return the published table; RunError when the run has not published it, or another has replaced it."""
    destination = Path(record.request.out)
    try:
        receipt = Receipt.model_validate_json(receipt_path(destination, record.run_id).read_bytes())
    except FileNotFoundError as error:
        hint = f"millwright resume {record.run_id}, or --what quarantine"
        raise RunError(f"run {record.run_id!r} has published nothing", where=str(destination), hint=hint) from error
    except (OSError, ValidationError) as error:
        where = str(receipt_path(destination, record.run_id))
        raise RunError("the receipt cannot be read", where=where, hint="look at the file") from error
    if table not in receipt.tables:
        hint = f"tables: {', '.join(sorted(receipt.tables))}"
        raise RunError(f"the run has not published {table!r}", where=str(destination), hint=hint)
    path = destination / receipt.tables[table].file
    if table_sha256(path) != receipt.tables[table].sha256:
        what = f"the table is not as run {record.run_id!r} published it: another run or a person has changed it"
        raise RunError(what, where=str(path), hint="export it from the run that published it last")
    return path
