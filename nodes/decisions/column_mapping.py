"""Decision: which source column of a header variant feeds which contract column."""

from algorithms.mapping import match_columns
from nodes.decide import Account, DecisionPoint
from state.mapping import ColumnMapping, MappingEvidence


def check(evidence: MappingEvidence, answer: ColumnMapping) -> str | None:
    """Return what is wrong: unknown columns, or one used twice."""
    sources = [match.source for match in answer.matches]
    targets = [match.target for match in answer.matches]
    if not set(sources) <= {source.name for source in evidence.sources}:
        return "a source column that does not exist is mapped"
    if not set(targets) <= {target.name for target in evidence.targets}:
        return "a contract column that does not exist is mapped"
    if len(set(sources)) < len(sources) or len(set(targets)) < len(targets):
        return "a column is mapped twice"
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
