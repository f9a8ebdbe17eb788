"""Which column a rule is about, and of which kind it is: from its verdict, or from its name where it was not judged."""

import re
from typing import NamedTuple

from tools.explain.material import Material

_INDEXED = re.compile(r"^(.*)\[\d+\]$")
_KINDS = {"quality": "quality", "relationships": "relationship"}
_LISTS = ("invalidValues", "validValues")


class RuleAbout(NamedTuple):
    """What a rule is about."""

    column: str  # empty where it is about whole rows or the table
    kind: str  # required, type, relationship, primaryKey, list, reject, ...


def rules_about(material: Material) -> dict[str, RuleAbout]:
    """Return what every judged rule is about."""
    return {
        check.rule: RuleAbout(check.column or "", "list" if check.kind in _LISTS else check.kind)
        for check in material.checks
    }


def about_rule(known: dict[str, RuleAbout], table: str, rule: str, reason: str) -> RuleAbout:
    """Return what a rule is about; one that was not judged is read as "table.column.kind" or "table.kind"."""
    if rule in known:
        return known[rule]
    column, _, kind = rule.removeprefix(f"{table}.").rpartition(".")
    indexed = _INDEXED.match(kind)
    kind = _KINDS.get(indexed.group(1), kind) if indexed else kind
    listed = kind == "quality" and reason.startswith("expected 0 invalid values")
    return RuleAbout(column, "list" if listed else kind)
