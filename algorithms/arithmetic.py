"""Safe arithmetic: the value of an expression of numbers, with bounds on its length, depth and the size of results.

Only numbers, operators, comparisons and a few functions are known; there are no names, attributes or calls of anything
else, so that nothing but arithmetic can be said.
"""

import ast
import math
import operator
import statistics
from collections.abc import Callable
from typing import Any

Number = int | float | bool

MOST_CHARACTERS = 500
_MOST_DEPTH = 40
_MOST_BITS = 4_096
"""Of a whole number: some 1,200 digits."""

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log10": math.log10,
    "max": max,
    "mean": lambda *values: statistics.fmean(values),
    "median": lambda *values: statistics.median(values),
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
    "sum": lambda *values: sum(values),
}


class NoValueError(ValueError):
    """The expression cannot be calculated; the message says why."""


def calculate(expression: str) -> Number:
    """Return the value of an expression such as "(1250 - 17) / 1250 * 100" or "round(mean(3, 4, 8), 2)".

    Raises NoValueError for anything but arithmetic, and for what is too long, too deep, too large or undefined.
    """
    text = expression.strip().replace("^", "**")
    if len(text) > MOST_CHARACTERS:
        raise NoValueError(f"the expression has {len(text)} characters, at most {MOST_CHARACTERS} are read")
    try:
        return _checked(_value(ast.parse(text, mode="eval").body, 0))
    except (SyntaxError, RecursionError, MemoryError):
        raise NoValueError("it is no arithmetic expression; write e.g. (3 + 4) / 2") from None
    except (ZeroDivisionError, OverflowError, TypeError, statistics.StatisticsError) as error:
        raise NoValueError(f"it has no value: {error}") from None


def _value(node: ast.expr, depth: int) -> Number:
    if depth > _MOST_DEPTH:
        raise NoValueError(f"it is nested more than {_MOST_DEPTH} deep")
    if isinstance(node, ast.Constant):
        return _constant(node)
    if isinstance(node, ast.BinOp):
        return _checked(_binary(node, _value(node.left, depth + 1), _value(node.right, depth + 1)))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand, depth + 1))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
        return _COMPARE[type(node.ops[0])](_value(node.left, depth + 1), _value(node.comparators[0], depth + 1))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _checked(_call(node.func.id, [_value(argument, depth + 1) for argument in node.args]))
    raise NoValueError(f"{ast.unparse(node)[:60]!r} is no arithmetic; known are numbers, + - * / // % ** and functions")


def _constant(node: ast.Constant) -> Number:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise NoValueError(f"{node.value!r} is no number")
    return _checked(node.value)


def _binary(node: ast.BinOp, left: Number, right: Number) -> Number:
    if isinstance(node.op, ast.Pow):
        return _power(left, right)
    if type(node.op) not in _BINARY:
        raise NoValueError(f"the operator {type(node.op).__name__} is not known")
    return _BINARY[type(node.op)](left, right)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if base.bit_length() * exponent > _MOST_BITS:
            raise NoValueError("the result is too large")
        return int(base**exponent)
    result = base**exponent
    if isinstance(result, complex):
        raise NoValueError("it has no real value")
    return float(result)


def _call(name: str, values: list[Number]) -> Number:
    if name not in _FUNCTIONS:
        raise NoValueError(f"the function {name!r} is not known; known are {', '.join(_FUNCTIONS)}")
    if name == "round" and len(values) == 2:  # noqa: PLR2004  round takes a number of digits
        return float(round(values[0], int(values[1])))
    try:
        result = _FUNCTIONS[name](*values)
    except ValueError as error:
        raise NoValueError(f"it has no value: {error}") from None
    return float(result) if isinstance(result, float) else int(result)


def _checked(value: Number) -> Number:
    if isinstance(value, float) and not math.isfinite(value):
        raise NoValueError("the result is no finite number")
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise NoValueError("the result is too large")
    return value
