"""A contract from plain Python: sources by table, target tables, and SQL for what is made from others.

What cannot be is told in one line before any file is read: a type, a table or a column that is not known, sources that
are not there, and tables that are made from each other in a circle.
"""

import re
from collections.abc import Mapping, Sequence
from glob import escape, glob, has_magic
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from state.contract import LogicalType
from state.errors import SetupError, SourceError, UntrustedSqlError
from state.etl import ColumnSpec, TableSpec
from state.values import digest
from tools.contract.document import read_document
from tools.contract.order import find_cycle
from tools.sql.guard import guard_query

_DECIMAL: Final = re.compile(r"(?:decimal|numeric)\s*\(\s*\d+\s*(?:,\s*\d+\s*)?\)", re.IGNORECASE)
_OPTIONS: Final = ("minimum", "maximum", "pattern", "format")
_SETTINGS: Final = {
    "keep": "keep",
    "on_violation": "onViolation",
    "drift": "drift",
    "max_quarantine": "maxQuarantine",
}

Document = dict[str, Any]
SourcesByTable = Mapping[str, str | Sequence[str]]


def find_sources(sources: SourcesByTable) -> dict[str, tuple[Path, ...]]:
    """Return the files of each table, absolute and sorted.

    SourceError where a path or pattern names none, or where two tables have files of one name, which tells them apart.
    """
    found = {}
    owners: dict[str, tuple[str, Path]] = {}
    for table, given in sources.items():
        paths: set[Path] = set()
        for text in [given] if isinstance(given, str) else given:
            paths |= _files(table, text)
        for path in sorted(paths):
            owner, other = owners.setdefault(path.name, (table, path))
            if other != path and owner != table:
                raise SourceError(f"{owner} has a file of that name too", where=str(path), hint="rename one of them")
        found[table] = tuple(sorted(paths))
    return found


def describe_tables(
    target_schema: Mapping[str, TableSpec | Mapping[str, Any]] | str | Path, transformations: Mapping[str, str]
) -> Document:
    """Return the contract, as ODCS has it, for a schema in Python, or that at a path, with the transformations.

    A transformation is named by its table ("totals": a SELECT) or column ("orders.total": an expression of one row).
    """
    if isinstance(target_schema, str | Path):
        document = read_document(Path(target_schema)).data
    else:
        tables = [_table(name, _spec(name, given)) for name, given in target_schema.items()]
        head = {"apiVersion": "v3.1.0", "kind": "DataContract", "name": "etl", "version": "1.0.0", "status": "active"}
        document = {**head, "id": f"etl-{digest(tables)[:12]}", "schema": tables}
    by_name = {table["name"]: table for table in document.get("schema") or ()}
    for target, sql in transformations.items():
        _transform(by_name, target, sql)
    _refuse_circles(by_name)
    return document


def feed(document: Document, files: Mapping[str, Sequence[Path]]) -> None:
    """Say in the contract which files feed which table; SetupError where a table has neither files nor SQL, or both."""
    tables = {table["name"]: table for table in document["schema"]}
    for name in files:
        if name not in tables:
            raise SetupError("the target schema has no such table", where=f"sources.{name}", hint=_known(tables))
    for name, table in tables.items():
        made = _setting(table, "transformLogic") is not None
        if made == (name in files):
            what = "it has sources and is made by SQL" if made else "it has neither sources nor a transformation"
            raise SetupError(what, where=name, hint="give either its files or its SQL")
        if not made:
            _set(table, "sources", [escape(path.name) for path in files[name]])


def _files(table: str, text: str) -> set[Path]:
    path = Path(text)
    if path.is_dir():
        found = {each for each in path.rglob("*") if each.is_file() and not each.name.startswith(".")}
    else:
        # Path.glob refuses absolute patterns.
        by_pattern = has_magic(text) and not path.exists()
        found = {Path(each) for each in glob(text, recursive=True)} if by_pattern else {path}  # noqa: PTH207
    if not found or not all(each.is_file() for each in found):
        raise SourceError("no such file", where=f"sources.{table}: {text}", hint="give a file, a folder or a pattern")
    return {each.absolute() for each in found}


def _spec(name: str, given: TableSpec | Mapping[str, Any]) -> TableSpec:
    try:
        return given if isinstance(given, TableSpec) else TableSpec.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join((name, *(str(part) for part in first["loc"])))
        raise SetupError(first["msg"], where=place, hint="see state/etl.py for the fields") from error


def _table(name: str, spec: TableSpec) -> Document:
    unknown = [column for column in spec.key if column not in spec.columns]
    if unknown:
        raise SetupError(f"the key's column {unknown[0]!r} is none of the table", where=f"{name}.key", hint="name one")
    table: Document = {"name": name, "properties": []}
    for column, known in spec.columns.items():
        table["properties"].append(_column(f"{name}.{column}", column, known, spec.key))
    if spec.quality:
        table["quality"] = list(spec.quality)
    for field, setting in _SETTINGS.items():
        if getattr(spec, field) is not None:
            _set(table, setting, getattr(spec, field))
    if spec.may_be_empty:
        _set(table, "mayBeEmpty", value=True)
    return table


def _column(place: str, name: str, spec: ColumnSpec, key: Sequence[str]) -> Document:
    column: Document = {"name": name, **_type(place, spec.type)}
    column |= {field: True for field in ("required", "unique") if getattr(spec, field)}
    if name in key:
        column |= {"primaryKey": True, "primaryKeyPosition": key.index(name) + 1}
    if spec.values:
        rule = {"metric": "invalidValues", "arguments": {"validValues": list(spec.values)}, "mustBe": 0}
        column["quality"] = [rule]
    options = {option: getattr(spec, option) for option in _OPTIONS if getattr(spec, option) is not None}
    if options:
        column["logicalTypeOptions"] = options
    if spec.references:
        column["relationships"] = [{"to": spec.references}]
    for setting, value in (("aliases", list(spec.aliases)), ("repair", spec.repair)):
        if value:
            _set(column, setting, value)
    return column


def _type(place: str, text: str) -> dict[str, str]:
    name = text.strip()
    if _DECIMAL.fullmatch(name):
        return {"logicalType": LogicalType.NUMBER.value, "physicalType": name.upper()}
    if name.lower() not in set(LogicalType):
        hint = f"types: {', '.join(LogicalType)}, decimal(p,s)"
        raise SetupError(f"the type {text!r} is not known", where=place, hint=hint)
    return {"logicalType": name.lower()}


def _transform(tables: Mapping[str, Document], target: str, sql: str) -> None:
    name, _, column = (target, "", "") if target in tables else target.partition(".")
    if name not in tables:
        what = "the target schema has no such table"
        raise SetupError(what, where=f"transformations.{target}", hint=_known(tables))
    if not column:
        others = [other for other in tables if other != name]
        _set(tables[name], "transformLogic", sql)
        _set(tables[name], "transformSourceObjects", list(_read(target, sql, others)))
        return
    for known in tables[name]["properties"]:
        if known["name"] == column:
            known["transformLogic"] = sql
            return
    names = ", ".join(known["name"] for known in tables[name]["properties"])
    raise SetupError(f"{name} has no column {column!r}", where=f"transformations.{target}", hint=f"columns: {names}")


def _read(target: str, sql: str, tables: Sequence[str]) -> tuple[str, ...]:
    """Return the tables that a transformation reads; SetupError where it reads another or is no query."""
    try:
        return guard_query(sql, tables=tables, where=f"transformations.{target}").tables
    except UntrustedSqlError as error:
        raise SetupError(error.what, where=error.where, hint=error.hint or f"tables: {', '.join(tables)}") from error


def _refuse_circles(tables: Mapping[str, Document]) -> None:
    edges = {name: frozenset(_setting(table, "transformSourceObjects") or ()) for name, table in tables.items()}
    circle = find_cycle({name: needs & set(tables) for name, needs in edges.items()})
    if circle:
        what = f"the tables are made from each other in a circle: {' <- '.join(circle)}"
        raise SetupError(what, where="transformations", hint="make one of them from files")


def _setting(part: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  whatever the document says
    for each in part.get("customProperties") or ():
        if each.get("property") == f"millwright.{name}":
            return each.get("value")
    return None


def _set(part: Document, name: str, value: object) -> None:
    others = [each for each in part.get("customProperties") or () if each.get("property") != f"millwright.{name}"]
    part["customProperties"] = [*others, {"property": f"millwright.{name}", "value": value}]


def _known(tables: Mapping[str, Document]) -> str:
    return f"tables: {', '.join(tables)}"
