"""A drafted contract put together: proposals of all columns and tables as one document of the standard, with notes.

The notes stand beside the document by place ("schema/0/properties/2/required"); how they are written is not decided
here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from algorithms.draft_support import upper_share
from state.draft import Draft, DraftedTable, Proposal, TableOrigin

_FIELDS = ("logicalType", "physicalType", "primaryKey", "primaryKeyPosition", "required", "unique")
_DEFAULT_QUARANTINE = 0.05
_SHOWN_FILES = 3


def merged(proposals: Iterable[Proposal]) -> Proposal:
    """Return several proposals for one column or table as one; later fields win."""
    parts = list(proposals)
    return Proposal(
        fields={name: value for part in parts for name, value in part.fields.items()},
        options={name: value for part in parts for name, value in part.options.items()},
        settings={name: value for part in parts for name, value in part.settings.items()},
        quality=tuple(rule for part in parts for rule in part.quality),
        relationships=tuple(each for part in parts for each in part.relationships),
        notes={name: note for part in parts for name, note in part.notes.items()},
        remarks=tuple(remark for part in parts for remark in part.remarks),
        costs=sum(part.costs for part in parts),
    )


def column_basics(origin: TableOrigin) -> dict[str, Proposal]:
    """Return the aliases of each column with how headers of another name were recognised."""
    found = {}
    for column in origin.columns:
        settings = {"aliases": list(column.aliases)} if column.aliases else {}
        notes = {"aliases": "; ".join(column.reasons)} if column.aliases and column.reasons else {}
        missing = len({unit.variant_id for unit in origin.units}) - len(column.headers)
        remarks = (f"{missing} of {missing + len(column.headers)} headers have no such column",) if missing else ()
        found[column.name] = Proposal(settings=settings, notes=notes, remarks=remarks)
    return found


def table_basics(origin: TableOrigin, rows: int, rejects: int, broken: int) -> Proposal:
    """Return sources and share of quarantine of a table; `broken` rows break a rule that is written."""
    names = sorted(name for unit in origin.units for name in unit.names)
    more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
    note = f"{', '.join(names[:_SHOWN_FILES])}{more}" + (f"; {origin.reason}" if origin.reason else "")
    settings: dict[str, Any] = {"sources": list(origin.globs)}
    notes = {"sources": note}
    most = upper_share(min(broken + rejects, rows + rejects), rows + rejects)
    if broken + rejects and most > _DEFAULT_QUARANTINE:
        settings["maxQuarantine"] = min(1.0, round(most + 0.005, 2))
        notes["maxQuarantine"] = f"{broken + rejects:,} of {rows + rejects:,} rows break a rule or are no records"
    return Proposal(settings=settings, notes=notes)


def contract_document(
    tables: Sequence[DraftedTable], *, name: str, contract_id: str, version: str, warnings: Sequence[str] = ()
) -> Draft:
    """Return the draft of all tables as one document of version 3.1.0 of the standard."""
    notes: dict[str, str] = {}
    schema = [_table(table, f"schema/{place}", notes) for place, table in enumerate(tables)]
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": contract_id,
        "name": name,
        "version": version,
        "status": "draft",
        "schema": schema,
    }
    return Draft(contract=contract, notes=notes, tables=tuple(tables), warnings=tuple(warnings))


def _table(table: DraftedTable, place: str, notes: dict[str, str]) -> dict[str, Any]:
    rejects = f", {table.rejects:,} lines that are no records" if table.rejects else ""
    notes[f"{place}/#"] = f"{table.rows:,} row{'s' * (table.rows != 1)}{rejects}"
    document: dict[str, Any] = {"name": table.origin.name, "physicalType": "table"}
    document |= _settings(table.table, place, notes)
    document["properties"] = [
        _column(column.name, table.columns[column.name], f"{place}/properties/{position}", notes)
        for position, column in enumerate(table.origin.columns)
    ]
    document |= _quality(table.table, place, notes)
    _remarks(table.table, f"{place}/quality/#" if table.table.quality else f"{place}/properties/#", notes)
    return document


def _column(name: str, proposal: Proposal, place: str, notes: dict[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {"name": name}
    for field in _FIELDS:
        if field in proposal.fields:
            document[field] = proposal.fields[field]
            _note(proposal.notes, field, f"{place}/{field}", notes)
    if proposal.options:
        document["logicalTypeOptions"] = dict(proposal.options)
        for option in proposal.options:
            _note(proposal.notes, option, f"{place}/logicalTypeOptions/{option}", notes)
    if proposal.relationships:
        document["relationships"] = [{"to": to} for to, _ in proposal.relationships]
        notes |= {f"{place}/relationships/{at}/to": note for at, (_, note) in enumerate(proposal.relationships)}
    document |= _quality(proposal, place, notes)
    document |= _settings(proposal, place, notes)
    _remarks(proposal, f"{place}/#", notes)
    return document


def _quality(proposal: Proposal, place: str, notes: dict[str, str]) -> dict[str, Any]:
    for at, (rule, note) in enumerate(proposal.quality):
        notes[f"{place}/quality/{at}/{next(iter(rule))}"] = note
    return {"quality": [rule for rule, _ in proposal.quality]} if proposal.quality else {}


def _settings(proposal: Proposal, place: str, notes: dict[str, str]) -> dict[str, Any]:
    if not proposal.settings:
        return {}
    listed = [{"property": f"millwright.{name}", "value": value} for name, value in proposal.settings.items()]
    for at, name in enumerate(proposal.settings):
        _note(proposal.notes, name, f"{place}/customProperties/{at}/property", notes)
    return {"customProperties": listed}


def _note(own: Mapping[str, str], name: str, place: str, notes: dict[str, str]) -> None:
    if name in own:
        notes[place] = own[name]


def _remarks(proposal: Proposal, place: str, notes: dict[str, str]) -> None:
    if proposal.remarks:
        notes[place] = "\n".join(proposal.remarks)
