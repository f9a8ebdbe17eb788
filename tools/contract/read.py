"""Reading a contract file: YAML, the standard's schema, the typed contract, and every fault found on the way."""

from pathlib import Path

from open_data_contract_standard.model import CustomProperty, OpenDataContractStandard
from pydantic import ValidationError

from state.checks import Fault
from state.contract import Contract
from state.errors import ContractError
from state.values import Value
from tools.contract.document import Document, read_document
from tools.contract.extensions import Extensions, read_extensions
from tools.contract.faults import FaultLog
from tools.contract.meaning import check_meaning
from tools.contract.tables import read_tables
from tools.contract.upgrade import upgrade
from tools.contract.validate import declared_version, validate_document

_SHOWN = 3


class LoadedContract(Value):
    """A contract file as it was read."""

    contract: Contract | None  # None: too broken to be typed, then `faults` holds an error
    faults: tuple[Fault, ...]  # all of them: of the standard's schema first, then of meaning
    schema_faults: tuple[Fault, ...]  # those of the standard's schema alone

    @property
    def valid(self) -> bool:
        """Whether the file satisfies the JSON schema of the version of the standard it declares."""
        return not self.schema_faults

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults with which the contract cannot be used."""
        return tuple(fault for fault in self.faults if fault.error)


def load_contract(path: Path) -> LoadedContract:
    """Read the contract in `path` with all its faults.

    ContractError when it is no readable YAML mapping, or no ODCS file of a supported version.
    """
    document = read_document(path)
    version = declared_version(document)
    faults = FaultLog(document)
    validate_document(document, version, faults)
    schema_faults = faults.noted
    contract = _contract(document, version, faults)
    if contract is not None:
        check_meaning(contract, faults)
    # A setting of the contract is read once for each table: its fault is told once.
    meaning = dict.fromkeys(faults.noted[len(schema_faults) :])
    return LoadedContract(contract=contract, faults=(*schema_faults, *meaning), schema_faults=schema_faults)


def require_contract(path: Path) -> tuple[Contract, tuple[Fault, ...]]:
    """Return a contract that tables can be made by, and its warnings.

    ContractError, naming the first faults, when there is any error, or no table with columns.
    """
    loaded = load_contract(path)
    if loaded.errors or loaded.contract is None:
        shown = "; ".join(f"{fault.place}: {fault.message}" for fault in loaded.errors[:_SHOWN])
        more = len(loaded.errors) - _SHOWN
        raise ContractError(
            f"the contract has {len(loaded.errors)} error{'s' if len(loaded.errors) > 1 else ''}: {shown}"
            + (f"; and {more} more" if more > 0 else ""),
            where=str(path),
            hint=f"millwright check {path} shows all of them",
        )
    bare = [table.name for table in loaded.contract.tables if not table.columns]
    if bare or not loaded.contract.tables:
        what = f"table {bare[0]!r} has no properties" if bare else "the contract has no schema"
        raise ContractError(f"{what}: there is nothing to make", where=str(path), hint="add what the table must hold")
    return loaded.contract, loaded.faults


def _contract(document: Document, version: str, faults: FaultLog) -> Contract | None:
    data = document.data
    try:
        schema = data.get("schema")
        parsed = OpenDataContractStandard.model_validate({"schema": schema and upgrade(schema)})
        tables = read_tables(parsed.schema_ or [], _settings(document, faults), faults)
        return Contract(
            id=str(data.get("id") or document.path.stem),
            name=str(data.get("name") or data.get("id") or document.path.stem),
            version=str(data.get("version") or ""),
            api_version=version,
            status=str(data["status"]) if data.get("status") else None,
            tables=tables,
            path=str(document.path),
            sha256=document.sha256,
        )
    except ValidationError as error:
        if not any(fault.error for fault in faults.noted):
            for detail in error.errors(include_url=False):
                faults.error(tuple(detail["loc"]), str(detail["msg"]))
        return None


def _settings(document: Document, faults: FaultLog) -> Extensions:
    """Return the contract's own settings; malformed properties were noted by the schema and are passed over."""
    properties: list[CustomProperty] = []
    given = document.data.get("customProperties")
    for item in given if isinstance(given, list) else []:
        named = isinstance(item, dict) and isinstance(item.get("property"), str)
        properties.append(CustomProperty(property=item["property"], value=item.get("value")) if named else _NOTHING)
    return read_extensions(properties, (), "contract", faults)


_NOTHING = CustomProperty()
