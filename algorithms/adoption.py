"""What each member of the council says to a proposal: each looks at evidence of its own, and may refuse.

names: does a header say anything, and does no other column of the contract claim it; values: were the values
published; shape: do the values read as the column's type; history: does the log say otherwise; contract: was the
contract met, and is the change within it.
"""

from collections.abc import Callable, Sequence

from algorithms.standing_rules import rule_verdict
from state.decision_log import (
    Adopted,
    ContractVersion,
    Findings,
    LogEntry,
    Member,
    PairFindings,
    Proposal,
    ProposalKind,
    Revocation,
    StandingMapping,
    Verdict,
)

LEAST_LETTERS = 2
"""Letters of a header that is a name: one alone is a place in a sheet."""

LEAST_FILLED = 20
"""Filled rows below which values prove nothing."""

LEAST_CARRIED = 0.95
"""Share of the filled values that must have been published."""

LEAST_TYPED = 0.9
"""Share of the values that must read as the column's type."""

Reasons = tuple[str, str]
"""Why not (empty: accepted), and why."""


def verdict(
    member: str, proposal: Proposal, findings: Findings | None, entries: Sequence[LogEntry], adopted: Adopted
) -> Verdict:
    """Return the verdict of one member; `findings` is None where no run stands behind the proposal."""
    if proposal.revocation is not None:
        against, reason = _revocation(proposal.revocation, entries, adopted)
    elif findings is None:
        against, reason = "no run stands behind it", ""
    elif proposal.mapping is not None:
        against, reason = _revoked(proposal.mapping, entries, adopted), ""
        if not against:
            against, reason = _MAPPING[Member(member)](proposal.mapping, findings, entries, adopted)
    elif proposal.rule is not None:
        against, reason = rule_verdict(Member(member), proposal.rule, findings, entries, adopted)
    elif proposal.version is not None:
        against, reason = _VERSION[Member(member)](proposal.version, findings, adopted)
    else:
        against, reason = "it proposes nothing", ""
    return Verdict(member=member, accepts=not against, reason=against or reason)


def _revocation(revocation: Revocation, entries: Sequence[LogEntry], adopted: Adopted) -> Reasons:
    """Judge a person's word that an entry is not in force any more: each member looks into its own copy."""
    place = revocation.revokes
    if place in adopted.revoked:
        return f"entry {place} is revoked already", ""
    there = [entry for entry in entries if entry.index == place]
    if not there or there[0].proposal.kind is ProposalKind.REVOCATION:
        return f"there is no entry {place} that can be revoked", ""
    return "", f"entry {place} is in force, and a person speaks against it"


def _mapping_names(mapping: StandingMapping, findings: Findings, _: Sequence[LogEntry], __: Adopted) -> Reasons:
    for pair in _pairs(mapping, findings):
        if pair.claimed_by:
            return f"{pair.source!r} is what the contract calls {pair.claimed_by!r}", ""
        if pair.letters < LEAST_LETTERS:
            return f"{pair.source!r} is no name: another file may mean anything by it", ""
    return "", "the headers are names, and no other column of the contract claims them"


def _mapping_values(mapping: StandingMapping, findings: Findings, _: Sequence[LogEntry], __: Adopted) -> Reasons:
    for pair in _pairs(mapping, findings):
        if pair.filled < LEAST_FILLED:
            return f"{pair.source!r} is filled in {pair.filled} rows: too few to say", ""
        if pair.carried < LEAST_CARRIED * pair.filled:
            return f"of {pair.filled} values of {pair.source!r} {pair.carried} were published", ""
    return "", "the values were published"


def _mapping_shape(mapping: StandingMapping, findings: Findings, _: Sequence[LogEntry], __: Adopted) -> Reasons:
    for pair in _pairs(mapping, findings):
        if pair.typed is None:
            return f"nothing is known about the values of {pair.source!r}", ""
        if pair.typed < LEAST_TYPED:
            return f"{pair.typed:.0%} of the values of {pair.source!r} read as {pair.kind}", ""
    return "", "the values read as the types of their columns"


def _mapping_history(mapping: StandingMapping, _: Findings, __: Sequence[LogEntry], adopted: Adopted) -> Reasons:
    for target, sources in adopted.of(mapping.table).items():
        for source in sources:
            if mapping.matches.get(source, target) != target:
                return f"{source!r} was adopted as {target!r} in run {sources[source]}", ""
    return "", "the log says nothing else"


def _revoked(mapping: StandingMapping, entries: Sequence[LogEntry], adopted: Adopted) -> str:
    """Return which match a person revoked before; that binds every member, each by its own copy."""
    for entry in entries:
        known = entry.proposal.mapping
        if known is None or entry.index not in adopted.revoked or known.table != mapping.table:
            continue
        again = [source for source, target in mapping.matches.items() if known.matches.get(source) == target]
        if again:
            return f"that {again[0]!r} is {mapping.matches[again[0]]!r} was revoked (entry {entry.index})"
    return ""


def _mapping_contract(mapping: StandingMapping, findings: Findings, _: Sequence[LogEntry], __: Adopted) -> Reasons:
    table = mapping.table
    if table not in findings.published:
        return f"table {table!r} did not meet the contract", ""
    unknown = sorted(set(mapping.matches.values()) - set(findings.columns.get(table, {})))
    if unknown:
        return f"the contract has no column {unknown[0]!r}", ""
    share, most = findings.quarantined.get(table, 0.0), findings.most_quarantined.get(table, 0.0)
    if share > most:
        return f"{share:.1%} of the rows of {table!r} are in quarantine", ""
    return "", f"table {table!r} met the contract"


def _pairs(mapping: StandingMapping, findings: Findings) -> list[PairFindings]:
    """Return what is known about each match; a match that the run knows nothing about has no rows."""
    known = {(pair.source, pair.target): pair for pair in findings.pairs.get(mapping.table, ())}
    return [
        known.get((source, target), PairFindings(source=source, target=target))
        for source, target in mapping.matches.items()
    ]


def _version_names(version: ContractVersion, _: Findings, __: Adopted) -> Reasons:
    for table, columns in version.tables.items():
        if len({column.casefold() for column in columns}) < len(columns):
            return f"two columns of {table!r} differ in case only", ""
    return "", "no two columns share a name"


def _version_values(version: ContractVersion, findings: Findings, _: Adopted) -> Reasons:
    missing = sorted(set(version.tables) - set(findings.published_rows))
    if missing:
        return f"no rows of {missing[0]!r} were published", ""
    return "", f"{sum(findings.published_rows.values())} rows were published"


def _version_shape(version: ContractVersion, findings: Findings, _: Adopted) -> Reasons:
    other = [table for table in findings.columns if findings.columns[table] != version.tables.get(table)]
    return (f"the types of {other[0]!r} are not those of the run", "") if other else ("", "the types are the run's")


def _version_history(version: ContractVersion, _: Findings, adopted: Adopted) -> Reasons:
    known = adopted.version
    if known is not None and known.version == version.version and known.tables != version.tables:
        return f"version {version.version!r} was adopted with other columns: give it another number", ""
    return "", "the log says nothing else"


def _version_contract(version: ContractVersion, findings: Findings, _: Adopted) -> Reasons:
    if (version.version, version.sha256) != (findings.version, findings.sha256):
        return "it is not the contract of the run", ""
    return ("", "the contract is met") if findings.met else ("the contract is not met", "")


_MAPPING: dict[Member, Callable[[StandingMapping, Findings, Sequence[LogEntry], Adopted], Reasons]] = {
    Member.NAMES: _mapping_names,
    Member.VALUES: _mapping_values,
    Member.SHAPE: _mapping_shape,
    Member.HISTORY: _mapping_history,
    Member.CONTRACT: _mapping_contract,
}

_VERSION: dict[Member, Callable[[ContractVersion, Findings, Adopted], Reasons]] = {
    Member.NAMES: _version_names,
    Member.VALUES: _version_values,
    Member.SHAPE: _version_shape,
    Member.HISTORY: _version_history,
    Member.CONTRACT: _version_contract,
}
