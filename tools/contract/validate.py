"""Validation of a contract document against the JSON schema of the version of the standard it declares.

The schemas (JSON Schema 2019-09) lie in `schemas/`, unchanged from the standard.
"""

import datetime as dt
import json
from functools import cache
from importlib import resources

from jsonschema import Draft201909Validator, ValidationError
from open_data_contract_standard.model import SchemaObject

from state.errors import ContractError
from tools.contract.document import Document
from tools.contract.faults import FaultLog

SUPPORTED = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0")
LATEST = SUPPORTED[-1]

_UNEXPECTED = ("additionalProperties", "unevaluatedProperties")
_MESSAGE_LENGTH = 240
_KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "truth value", int: "number", float: "number"}
_TABLE_PLACE = 2  # schema/<n>
_TABLE_FIELDS = frozenset(SchemaObject.model_fields)
_DERIVED_TABLE = {"transformLogic", "transformSourceObjects", "transformDescription"}


def declared_version(document: Document) -> str:
    """Return the version of the standard the document declares; ContractError when it is no supported ODCS file.

    A document that names its kind but no version is held against the latest.
    """
    where, data = str(document.path), document.data
    if data.get("kind") is None and data.get("apiVersion") is None:
        hint = "a contract says kind: DataContract and apiVersion: " + LATEST
        if "dataContractSpecification" in data:
            hint = "it is a Data Contract Specification, which is deprecated: convert it to ODCS first"
        raise ContractError("this is not an Open Data Contract Standard file", where=where, hint=hint)
    if data.get("kind", "DataContract") != "DataContract":
        at = f"{where}:{document.line(('kind',))}"
        raise ContractError(f"kind is {data['kind']!r}, not 'DataContract'", where=at, hint="is it another document?")
    version = data.get("apiVersion", LATEST)
    if version not in SUPPORTED:
        at = f"{where}:{document.line(('apiVersion',))}"
        raise ContractError(f"apiVersion {version!r} is not known", where=at, hint=f"known are {', '.join(SUPPORTED)}")
    return str(version)


def validate_document(document: Document, version: str, faults: FaultLog) -> None:
    """Note every fault of the document against the standard's schema.

    Faults inside `schema` are errors, others warnings: they concern servers, teams or support, not data.
    """
    for error in _validator(version).iter_errors(document.data):
        place = tuple(error.absolute_path)
        note = faults.error if _bears_on_data(error, document) else faults.warning
        note(place, _message(error))


@cache
def _validator(version: str) -> Draft201909Validator:
    file = resources.files("tools.contract") / "schemas" / f"odcs-json-schema-{version}.json"
    return Draft201909Validator(json.loads(file.read_text(encoding="utf-8")))


def _bears_on_data(error: ValidationError, document: Document) -> bool:
    place = tuple(error.absolute_path)
    if not place:  # an unknown field of a document without `schema` may be a misspelt one
        return error.validator in _UNEXPECTED and "schema" not in document.data
    return place[0] == "schema" and not _only_derives_table(error)


def _only_derives_table(error: ValidationError) -> bool:
    """Whether the only fault is that a table says how it is made, which the standard knows for properties only."""
    table = error.instance
    if error.validator != "unevaluatedProperties" or len(error.absolute_path) != _TABLE_PLACE:
        return False
    return isinstance(table, dict) and set(table) - _TABLE_FIELDS <= _DERIVED_TABLE


def _message(error: ValidationError) -> str:
    """Return the innermost cause in words: of alternatives, the one that came nearest."""
    cause = error
    while cause.context:
        cause = max(cause.context, key=_nearness)
    text = _words(cause)
    if cause is not error and cause.absolute_path != error.absolute_path:
        text = f"{'/'.join(map(str, cause.absolute_path))}: {text}"
    text = " ".join(text.split())
    return text if len(text) <= _MESSAGE_LENGTH else f"{text[:_MESSAGE_LENGTH]} ..."


def _words(error: ValidationError) -> str:
    if isinstance(error.instance, dt.date):
        return f"{error.instance.isoformat()} is read as a date where text belongs: put it in quotes"
    if error.validator == "type":
        found = _KINDS.get(type(error.instance), "null")
        shown = f"the {found} {error.instance!r}" if isinstance(error.instance, (str, int, float)) else f"{found}"
        return f"must be of type {error.validator_value!r}, not {shown}"
    return str(error.message)


def _nearness(error: ValidationError) -> tuple[int, bool]:
    """Order alternatives: a fault deep inside one means its outer form fitted; a wrong type that it did not."""
    return len(error.absolute_path), error.validator != "type"
