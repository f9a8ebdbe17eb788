"""References between tables: `table.column`, or `/schema/<id>/properties/<id>` by id or name, as relationships.

A reference to a table that is not in the contract is legal, as that table may lie elsewhere; its rule is kept, so that
it is judged "could not be checked" instead of being passed over.
"""

from collections.abc import Sequence

from open_data_contract_standard.model import Relationship as Entry
from open_data_contract_standard.model import SchemaObject

from state.contract import Relationship
from tools.contract.document import Place
from tools.contract.faults import FaultLog, did_you_mean

_QUALIFIED_PARTS = 4  # schema / table / properties / column


class References:
    """Finds the table and column a reference means, by name first, then by id."""

    def __init__(self, tables: Sequence[SchemaObject], faults: FaultLog) -> None:
        self._faults = faults
        self._tables: dict[str, str] = {}
        self._columns: dict[str, dict[str, str]] = {}
        for table in tables:
            name = table.name or ""
            self._tables.setdefault(name, name)
            columns = table.properties or []
            known = {column.id: column.name or "" for column in columns if column.id}
            self._columns[name] = known | {column.name: column.name for column in columns if column.name}
        for table in tables:
            if table.id and table.name:
                self._tables.setdefault(table.id, table.name)

    def read(self, table: SchemaObject, place: Place) -> tuple[Relationship, ...]:
        """Return the relationships of a table and of its columns; faulty ones are noted and left out."""
        owner, found = table.name or "", []
        for index, entry in enumerate(table.relationships or []):
            at = (*place, "relationships", index)
            sources = self._own(owner, entry.from_, at)
            found.append(self._relationship(f"{owner}.relationships[{index}]", sources, entry, at))
        for position, column in enumerate(table.properties or []):
            for index, entry in enumerate(column.relationships or []):
                at = (*place, "properties", position, "relationships", index)
                name = f"{owner}.{column.name}.relationships[{index}]"
                found.append(self._relationship(name, (column.name or "",), entry, at))
        return tuple(relationship for relationship in found if relationship is not None)

    def _relationship(self, name: str, sources: tuple[str, ...], entry: Entry, place: Place) -> Relationship | None:
        targets = [self._resolve(reference, (*place, "to")) for reference in _as_list(entry.to)]
        known = [target for target in targets if target is not None]
        if not sources or not known or len(known) < len(targets):
            return None
        if len(sources) != len(known):
            self._faults.error(place, f"{len(sources)} columns cannot refer to {len(known)} columns")
            return None
        if len({table for table, _ in known}) > 1:
            self._faults.error((*place, "to"), "the columns referred to lie in different tables")
            return None
        return Relationship(
            id=name, columns=sources, to_table=known[0][0], to_columns=tuple(column for _, column in known)
        )

    def _own(self, owner: str, references: str | list[str] | None, place: Place) -> tuple[str, ...]:
        """Return the columns a relationship starts from; they must lie in the table it stands at."""
        found = [self._resolve(reference, (*place, "from")) for reference in _as_list(references)]
        known = [each for each in found if each is not None]
        strangers = sorted({table for table, _ in known if table != owner})
        if strangers:
            self._faults.error(
                (*place, "from"), f"the relationship starts from {strangers[0]!r}: move it to that table"
            )
        return () if strangers or len(known) < len(found) else tuple(column for _, column in known)

    def _resolve(self, reference: str, place: Place) -> tuple[str, str] | None:
        if "#" in reference:
            self._faults.warning(place, f"{reference!r} refers to another file, whose tables cannot be checked here")
            return reference, ""
        path = reference.strip("/").split("/")
        qualified = len(path) == _QUALIFIED_PARTS and (path[0], path[2]) == ("schema", "properties")
        table, dot, column = (path[1], ".", path[3]) if qualified else reference.rpartition(".")
        if not dot or "/" in table + column:
            self._faults.error(place, f"{reference!r} is neither table.column nor /schema/<id>/properties/<id>")
            return None
        return self._known(table, column, place)

    def _known(self, table: str, column: str, place: Place) -> tuple[str, str] | None:
        name = self._tables.get(table)
        if name is None:
            hint = did_you_mean(table, list(self._tables))
            self._faults.warning(place, f"there is no table {table!r} here, the reference cannot be checked{hint}")
            return table, column
        known = self._columns[name]
        if column not in known:
            self._faults.error(place, f"table {name!r} has no column {column!r}{did_you_mean(column, list(known))}")
            return None
        return name, known[column]


def _as_list(references: str | list[str] | None) -> list[str]:
    return [references] if isinstance(references, str) else list(references or [])
