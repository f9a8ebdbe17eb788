"""Decision: which source column of a header variant feeds which contract column."""

from collections.abc import Sequence

from algorithms.mapping import match_columns
from nodes.decide import Account, DecisionPoint
from state.mapping import ColumnMapping, MappingEvidence


def check(evidence: MappingEvidence, answer: ColumnMapping) -> str | None:
    """Return what is wrong: another question's answer, unknown columns, one used twice, or one that is left untold."""
    if (answer.table, answer.variant_id) != (evidence.table, evidence.variant_id):
        return "the answer is for another table or header variant"
    there = [source.name for source in evidence.sources]
    fault = _side("source", there, [match.source for match in answer.matches], answer.unmapped_sources)
    wanted = [target.name for target in evidence.targets]
    return fault or _side("contract", wanted, [match.target for match in answer.matches], answer.unmapped_targets)


def _side(side: str, known: Sequence[str], mapped: Sequence[str], left: Sequence[str]) -> str | None:
    """Return what is wrong with one side of the mapping."""
    if not set(mapped) <= set(known):
        return f"a {side} column that does not exist is mapped"
    if len(set(mapped)) < len(mapped):
        return f"a {side} column is mapped twice"
    if set(left) != set(known) - set(mapped):
        return f"the {side} columns left over are not those that are not mapped"
    return None


def accounts(evidence: MappingEvidence, answer: ColumnMapping) -> tuple[Account, ...]:
    """Tell which columns were matched, and what was left over."""
    matches = ", ".join(f"{match.source} -> {match.target}" for match in answer.matches)
    doubts = [match for match in answer.matches if match.reason not in ("name", "alias")]
    left = f"; not in the contract: {', '.join(answer.unmapped_sources)}" if answer.unmapped_sources else ""
    missing = f"; without a source: {', '.join(answer.unmapped_targets)}" if answer.unmapped_targets else ""
    return (
        Account(
            subject=f"{evidence.table}/{evidence.variant_id}",
            answer=matches or "no column",
            confidence=answer.confidence,
            reason=("; ".join(f"{match.source}: {match.reason}" for match in doubts) or "by name") + left + missing,
            evidence=f"{len(evidence.sources)} source columns, {len(evidence.targets)} contract columns",
        ),
    )


COLUMN_MAPPING: DecisionPoint[MappingEvidence, ColumnMapping] = DecisionPoint(
    kind="column_mapping", version="1", expert=match_columns, check=check, accounts=accounts
)
