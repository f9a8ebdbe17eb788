"""Constraints inside JSON documents: objects with their properties, arrays with their items, to any depth.

A document is an SQL expression of type JSON that is NULL where the element is absent or a JSON null. What holds for the
items of an array is one constraint on the whole array: some item violates it.
"""

from collections.abc import Callable, Iterator

from state.contract import Column, LogicalType
from tools.checks.bounds import bound_constraints
from tools.checks.constraints import container_options, value_constraints
from tools.checks.multiples import multiple_constraints
from tools.checks.rule import Constraint
from tools.checks.strings import misplaced, string_constraints
from tools.checks.types import expected_type
from tools.sql.quote import literal

_JSON_TYPES = {
    LogicalType.OBJECT: ("OBJECT",),
    LogicalType.ARRAY: ("ARRAY",),
    LogicalType.STRING: ("VARCHAR",),
    LogicalType.DATE: ("VARCHAR",),
    LogicalType.TIMESTAMP: ("VARCHAR",),
    LogicalType.TIME: ("VARCHAR",),
    LogicalType.BOOLEAN: ("BOOLEAN",),
    LogicalType.INTEGER: ("BIGINT", "UBIGINT", "HUGEINT"),
    LogicalType.NUMBER: ("BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"),
}
_CONTAINERS = (LogicalType.OBJECT, LogicalType.ARRAY)
_NO_ROWS_HERE = "rules on the rows of an element inside a document are not checked"


def is_container(column: Column) -> bool:
    """Whether the column holds JSON documents."""
    return column.logical_type in _CONTAINERS


def document(value: str) -> str:
    """Return the JSON document in a column of text, JSON or a nested type; NULL where the text is no JSON."""
    return f"nullif(try_cast({value} as json), 'null')"


def not_of_type(column: Column, doc: str) -> str:
    """Return SQL that is TRUE where the JSON element `doc` is not of the column's logical type."""
    names = ", ".join(literal(name) for name in _JSON_TYPES[column.logical_type])
    wrong = f"json_type({doc}) not in ({names})"
    if is_container(column) or column.logical_type is LogicalType.STRING:
        return wrong
    return f"({wrong} or {doc} is not null and {_scalar(column, doc)} is null)"


def inner_constraints(column: Column, doc: str, depth: int = 0) -> Iterator[tuple[str, Constraint]]:
    """Yield (path below the column, constraint) for what the contract says about the inside of a container.

    The path is empty for the container itself, ".street" or "[].street" for what lies in it.
    """
    for constraint in _size_constraints(column, doc):
        yield "", constraint
    for child in column.properties if column.logical_type is LogicalType.OBJECT else ():
        inside = f"nullif(json_extract({doc}, {literal(_pointer(child.name))}), 'null')"
        if child.required:
            missing = f"{doc} is not null and {inside} is null"
            yield f".{child.name}", Constraint(kind="required", expected="no null values", violation=missing)
        for path, constraint in _element_constraints(child, inside, depth):
            yield f".{child.name}{path}", constraint
    if column.logical_type is LogicalType.ARRAY and column.items is not None:
        yield from _item_constraints(column.items, doc, depth)


def _item_constraints(item: Column, doc: str, depth: int) -> Iterator[tuple[str, Constraint]]:
    name = f"item{depth}"
    items = f"json_extract({doc}, '$[*]')"

    def some(violation: str) -> str:
        return f"len(list_filter({items}, lambda {name}: {violation})) > 0"

    element = f"nullif({name}, 'null')"
    if item.required:
        yield "[]", Constraint(kind="required", expected="no null items", violation=some(f"{element} is null"))
    for path, constraint in _element_constraints(item, element, depth + 1):
        yield f"[]{path}", _wrapped(constraint, some)


def _wrapped(constraint: Constraint, some: Callable[[str], str]) -> Constraint:
    if constraint.violation is None:
        return constraint
    return constraint.model_copy(update={"violation": some(constraint.violation)})


def _element_constraints(column: Column, doc: str, depth: int) -> Iterator[tuple[str, Constraint]]:
    expected = f"values of type {column.logical_type.value}"
    yield "", Constraint(kind="type", expected=expected, violation=not_of_type(column, doc))
    if is_container(column):
        yield from inner_constraints(column, doc, depth)
    else:
        for constraint in value_constraints(column, _scalar(column, doc)):
            yield "", _inside_a_document(constraint)
    if column.unique or column.key_position is not None:
        yield "", Constraint(kind="unique", expected="no value twice", unsupported=_NO_ROWS_HERE)
    for position, rule in enumerate(column.rules):
        expected = rule.description or rule.metric or rule.type
        yield "", Constraint(kind=f"quality[{position}]", expected=expected, unsupported=_NO_ROWS_HERE)


def _inside_a_document(constraint: Constraint) -> Constraint:
    if constraint.pattern is None:
        return constraint
    reason = "a pattern with lookaround, backreferences or long repetition is not searched inside documents"
    return constraint.model_copy(update={"pattern": None, "unsupported": reason})


def _scalar(column: Column, doc: str) -> str:
    text = f"json_extract_string({doc}, '$')"
    kind = expected_type(column)
    return text if kind == "VARCHAR" else f"try_cast({text} as {kind})"


def _size_constraints(column: Column, doc: str) -> Iterator[Constraint]:
    options = column.options
    if column.logical_type is LogicalType.ARRAY:
        yield from _between(f"json_array_length({doc})", "Items", options.min_items, options.max_items)
        if options.unique_items:
            items = f"json_extract({doc}, '$[*]')"
            twice = f"len({items}) > len(list_distinct({items}))"
            yield Constraint(kind="uniqueItems", expected="no item twice", violation=twice)
    else:
        yield from _between(f"len(json_keys({doc}))", "Properties", options.min_properties, options.max_properties)
        if options.required_properties:
            yield _required_properties(options.required_properties, doc)
    others = "Properties" if column.logical_type is LogicalType.ARRAY else "Items"
    given = {kind: option for kind, option in container_options(column).items() if kind.endswith(others)}
    yield from misplaced(column, given)
    for build in (string_constraints, bound_constraints, multiple_constraints):
        yield from build(column, doc)  # they name what says nothing about documents
    if column.valid_values:
        reason = "a list of valid values of documents is not checked"
        yield Constraint(kind="validValues", expected="one of the valid values", unsupported=reason)


def _required_properties(names: tuple[str, ...], doc: str) -> Constraint:
    absent = " or ".join(f"not json_exists({doc}, {literal(_pointer(name))})" for name in names)
    return Constraint(kind="requiredProperties", expected=f"objects with {', '.join(names)}", violation=f"({absent})")


def _between(size: str, noun: str, least: int | None, most: int | None) -> Iterator[Constraint]:
    if least is not None:
        yield Constraint(kind=f"min{noun}", expected=f"at least {least} {noun.lower()}", violation=f"{size} < {least}")
    if most is not None:
        yield Constraint(kind=f"max{noun}", expected=f"at most {most} {noun.lower()}", violation=f"{size} > {most}")


def _pointer(name: str) -> str:
    """Return the JSON pointer (RFC 6901) of a property of a document."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
