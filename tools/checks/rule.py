"""The shape of a compiled rule, the relation it reads, and the constraint on one value that most rules are made of."""

from hashlib import sha256

from state.checks import Verdict
from state.contract import Column, Severity
from state.values import Value
from tools.sql.quote import ident

MOST_CHARACTERS = 200
"""Characters of a value that are shown in a locator or a reason."""

Threshold = float | int | str | bool | tuple[float, float] | None


class Relation(Value):
    """How the tables of a contract are named in SQL, and what their rows carry.

    Every relation has `_row` (BIGINT, unique). A conformed one also has `raw$c` and `op$c` for each column c, and the
    `_row` of a table fed by files decodes to file and line (see `tools.workspace`).
    """

    schema_name: str = "live"
    conformed: bool = True

    def name(self, table: str) -> str:
        """Return the SQL name of the relation that holds `table`."""
        return f"{ident(self.schema_name)}.{ident(table)}"


LIVE = Relation()
"""The staged tables of a run without quarantined and merged rows."""


class Search(Value):
    """A pattern the engine cannot evaluate: distinct values are searched elsewhere, see `tools.checks.search`."""

    subject: str  # SQL of the value over the relation `t`
    pattern: str  # in the syntax of Python's `re`
    unmatched: str  # SQL name of the temporary table that gets the values without a match


class CompiledRule(Value):
    """One rule of a contract as SQL over the table's relation, called `t`; sub-queries are in parentheses.

    Exactly one of `violation`, `measure`, `physical`, `query`, `search` (until it is done) and `unsupported` says how
    the rule is checked. With an operator the count of violations, or the measure, is compared with the threshold.
    """

    id: str
    table: str
    column: str | None
    kind: str
    severity: Severity
    expected: str  # in words, as the end of "expected ..."
    relation: Relation = LIVE
    columns: tuple[str, ...] = ()  # columns of the relation the rule reads
    violation: str | None = None  # predicate that is TRUE for a violating row; anything else is none
    value: str | None = None  # the offending value of a row as text
    count: str | None = None  # scalar: violating rows, where it is not the number of rows with a violation
    alone: bool = False  # the violation holds a sub-query and is not evaluated together with others
    measure: str | None = None  # aggregate or scalar
    physical: Column | None = None  # compared with the physical type of the relation's column instead of any SQL
    operator: str | None = None  # compares the count of violations, or the measure, with the threshold
    threshold: Threshold = None
    unit: str = "rows"
    query: str | None = None  # SQL text from the contract, with its placeholders filled
    search: Search | None = None  # has to be done before `violation` can be evaluated
    unsupported: str | None = None  # why the rule cannot be checked
    informative: bool = False  # an unsupported rule that never blocks, whatever its severity
    untrusted: bool = False
    quarantines: bool = False

    @property
    def unchecked_verdict(self) -> Verdict:
        """The verdict when the rule could not be checked: only a rule of severity error can block."""
        return Verdict.ERROR if self.severity is Severity.ERROR and not self.informative else Verdict.WARNING


class Constraint(Value):
    """What one value must be, over an SQL expression for the value: TRUE in `violation` where it is not.

    A null never violates a constraint. `pattern` is set instead of `violation` where only Python can search it.
    """

    kind: str
    expected: str
    violation: str | None = None
    pattern: str | None = None
    unsupported: str | None = None
    informative: bool = False


def unmatched_table(rule_id: str) -> str:
    """Return the SQL name of the temporary table for values of a rule that do not match its pattern."""
    return f"temp.{ident('unmatched ' + sha256(rule_id.encode()).hexdigest()[:16])}"


def shown(text: str) -> str:
    """Return a contract's text cut to a length fit for a message."""
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def counted(number: int, noun: str) -> str:
    """Return "1 violation", "2 violations"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
