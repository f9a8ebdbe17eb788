"""Decision: which source column of a header variant feeds which contract column. The schema council answers.

A model is asked about contract columns without a source where the values of free source columns fit: what the names
mean is what it may know better. It sees values as shapes only, so that no text in them can speak to it.
"""

from collections.abc import Mapping, Sequence

from algorithms.mapping import match_columns, open_pairs
from nodes.decide import Account, DecisionPoint
from nodes.prompts import showable
from state.decisions import DecidedBy
from state.doubts import STAYS, Choice, Doubt, Option
from state.mapping import ColumnMapping, ColumnMatch, MappingEvidence, SourceColumn, TargetColumn
from state.resolution import Ballot

BY_MODEL = "model"
"""Begins the reason of a match that a model chose."""

_MOST_OPTIONS = 6
_LONGEST_NAME, _MOST_WORDS = 64, 6


def check(evidence: MappingEvidence, answer: ColumnMapping) -> str | None:
    """Return what is wrong: another question's answer, unknown columns, one used twice, or one that is left untold."""
    if (answer.table, answer.variant_id) != (evidence.table, evidence.variant_id):
        return "the answer is for another table or header variant"
    there = [source.name for source in evidence.sources]
    fault = _side("source", there, [match.source for match in answer.matches], answer.unmapped_sources)
    wanted = [target.name for target in evidence.targets]
    fault = fault or _side("contract", wanted, [match.target for match in answer.matches], answer.unmapped_targets)
    return fault or _unsupported(evidence, answer)


def _unsupported(evidence: MappingEvidence, answer: ColumnMapping) -> str | None:
    """Return the first match of a model whose values do not fit, in words."""
    chosen = [match for match in answer.matches if match.reason.startswith(BY_MODEL)]
    if not chosen:
        return None
    supported = open_pairs(evidence, match_columns(evidence))
    for match in chosen:
        if match.source not in dict(supported.get(match.target, ())):
            return f"nothing but a model's word speaks for {match.source!r} feeding {match.target!r}"
    return None


def doubts(evidence: MappingEvidence, answer: ColumnMapping) -> tuple[Doubt, ...]:
    """Return the contract columns that could have a source, required ones first."""
    sources = {source.name: source for source in evidence.sources if showable(source.name, _LONGEST_NAME, _MOST_WORDS)}
    pairs = open_pairs(evidence, answer) if answer.unmapped_targets and answer.unmapped_sources else {}
    found = []
    for target in sorted(evidence.targets, key=lambda target: not target.required):
        fitting = [(sources[name], score) for name, score in pairs.get(target.name, ()) if name in sources]
        if fitting:
            found.append(_doubt(evidence, target, fitting[:_MOST_OPTIONS]))
    return tuple(found)


def _doubt(evidence: MappingEvidence, target: TargetColumn, fitting: Sequence[tuple[SourceColumn, float]]) -> Doubt:
    found = tuple(
        Option(name=source.name, text=f"the source column {source.name}", evidence=_known(source))
        for source, _ in fitting
    )
    facts = [f"column {target.name} of table {evidence.table}, type {target.logical_type.value}"]
    facts += [f"described as: {target.description}"] if target.description else []
    facts += [f"also called: {', '.join(target.names)}"] if target.names else []
    return Doubt(
        subject=target.name,
        question="Which source column feeds it?",
        facts=tuple(facts),
        options=(*found, Option(name=STAYS, text="none of them, or not clear", evidence="it stays without a source")),
    )


def _known(source: SourceColumn) -> str:
    told = [f"{source.filled} of {source.rows} rows filled, {source.distinct} distinct"]
    told += [f"shapes {', '.join(source.shapes[:3])}"] if source.shapes else []
    told += [f"quartiles {', '.join(f'{value:g}' for value in source.quantiles)}"] if source.quantiles else []
    return "; ".join(told)


def settle(evidence: MappingEvidence, answer: ColumnMapping, choices: Mapping[str, Choice]) -> ColumnMapping:
    """Return the answer with the chosen matches; of two columns that were given one source the better fit keeps it."""
    scores = {target: dict(pairs) for target, pairs in open_pairs(evidence, answer).items()}
    wanted = [(target, choice.option or "", choice) for target, choice in choices.items()]
    taken: dict[str, ColumnMatch] = {}
    for target, source, choice in sorted(wanted, key=lambda one: (-scores.get(one[0], {}).get(one[1], 0.0), one[0])):
        score = scores.get(target, {}).get(source, 0.0)
        reason = f"{BY_MODEL} {choice.by}: {choice.reason}"
        taken.setdefault(source, ColumnMatch(target=target, source=source, score=score, reason=reason))
    matched = {match.target: match for match in (*answer.matches, *taken.values())}
    return answer.model_copy(
        update={
            "matches": tuple(matched[target.name] for target in evidence.targets if target.name in matched),
            "unmapped_targets": tuple(name for name in answer.unmapped_targets if name not in matched),
            "unmapped_sources": tuple(name for name in answer.unmapped_sources if name not in taken),
            "confidence": min(match.score for match in matched.values()),
        }
    )


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
    suspected = "".join(f"; {suspect.member} is suspected: {suspect.reason}" for suspect in answer.suspects)
    return (
        Account(
            subject=f"{evidence.table}/{evidence.variant_id}",
            answer=matches or "no column",
            confidence=answer.confidence,
            reason=("; ".join(f"{match.source}: {match.reason}" for match in doubts) or "by name") + left + missing,
            evidence=f"{len(evidence.sources)} source columns, {len(evidence.targets)} contract columns",
            votes=_votes(answer),
            method=answer.method + suspected if answer.method else "",
            decided_by=DecidedBy.COUNCIL if answer.method else DecidedBy.EXPERT,
        ),
    )


def _votes(answer: ColumnMapping) -> tuple[Ballot, ...]:
    """Return the ballots of the seats, each with the contract column it is about."""
    return tuple(
        vote.model_copy(
            update={
                "choice": vote.choice and f"{vote.choice} -> {match.target}",
                "reason": f"{match.target}: {vote.reason}",
            }
        )
        for match in answer.matches
        for vote in match.votes
    )


COLUMN_MAPPING: DecisionPoint[MappingEvidence, ColumnMapping] = DecisionPoint(
    kind="column_mapping",
    version="2",
    expert=match_columns,
    check=check,
    accounts=accounts,
    doubts=doubts,
    settle=settle,
)
