"""What each member of the council says to a proposal: each looks at evidence of its own, and may refuse.

names: does a header say anything, and does no other column of the contract claim it; values: were the values
published; shape: do the values read as the column's type; history: does the log say otherwise; contract: was the
contract met, and is the change within it.
"""

from collections.abc import Callable, Sequence

from state.decision_log import (
    Adopted,
    Findings,
    LogEntry,
    Member,
    PairFindings,
    Proposal,
    ProposalKind,
    StandingMapping,
    Verdict,
)

LEAST_FILLED = 20
"""Filled rows below which values prove nothing."""

LEAST_CARRIED = 0.95
"""Share of the filled values that must have been published."""

LEAST_TYPED = 0.9
"""Share of the values that must read as the column's type."""

Reasons = Callable[[Proposal, Findings | None, Sequence[LogEntry], Adopted], tuple[str, str]]
"""From proposal, evidence, log and what is in force: why not (empty: accepted), and why."""


def verdict(
    member: str, proposal: Proposal, findings: Findings | None, entries: Sequence[LogEntry], adopted: Adopted
) -> Verdict:
    """Return the verdict of one member; `findings` is None where no run stands behind the proposal."""
    against, reason = _JUDGES[Member(member)](proposal, findings, entries, adopted)
    return Verdict(member=member, accepts=not against, reason=against or reason)


def _names(proposal: Proposal, findings: Findings | None, _: Sequence[LogEntry], __: Adopted) -> tuple[str, str]:
    if proposal.mapping is not None and findings is not None:
        for pair in _pairs(proposal.mapping, findings):
            if pair.claimed_by:
                return f"{pair.source!r} is what the contract calls {pair.claimed_by!r}", ""
            if pair.letters < 2:  # noqa: PLR2004  one letter is a place in a sheet, no name
                return f"{pair.source!r} is no name: another file may mean anything by it", ""
        return "", "the headers are names, and no other column of the contract claims them"
    if proposal.version is not None:
        for table, columns in proposal.version.tables.items():
            if len({column.casefold() for column in columns}) < len(columns):
                return f"two columns of {table!r} differ in case only", ""
        return "", "no two columns share a name"
    return "", "nothing about names speaks against it"


def _values(proposal: Proposal, findings: Findings | None, _: Sequence[LogEntry], __: Adopted) -> tuple[str, str]:
    if proposal.mapping is not None and findings is not None:
        for pair in _pairs(proposal.mapping, findings):
            if pair.filled < LEAST_FILLED:
                return f"{pair.source!r} is filled in {pair.filled} rows: too few to say", ""
            if pair.carried < LEAST_CARRIED * pair.filled:
                return f"of {pair.filled} values of {pair.source!r} {pair.carried} were published", ""
        return "", "the values were published"
    if proposal.version is not None and findings is not None:
        missing = sorted(set(proposal.version.tables) - set(findings.published_rows))
        if missing:
            return f"no rows of {missing[0]!r} were published", ""
        return "", f"{sum(findings.published_rows.values())} rows were published"
    return "", "nothing about values speaks against it"


def _shape(proposal: Proposal, findings: Findings | None, _: Sequence[LogEntry], __: Adopted) -> tuple[str, str]:
    if proposal.mapping is not None and findings is not None:
        for pair in _pairs(proposal.mapping, findings):
            if pair.typed is None:
                return f"nothing is known about the values of {pair.source!r}", ""
            if pair.typed < LEAST_TYPED:
                return f"{pair.typed:.0%} of the values of {pair.source!r} read as {pair.kind}", ""
        return "", "the values read as the types of their columns"
    if proposal.version is not None and findings is not None:
        other = [table for table in findings.columns if findings.columns[table] != proposal.version.tables.get(table)]
        return (f"the types of {other[0]!r} are not those of the run", "") if other else ("", "the types are the run's")
    return "", "nothing about shapes speaks against it"


def _history(proposal: Proposal, _: Findings | None, entries: Sequence[LogEntry], adopted: Adopted) -> tuple[str, str]:
    if proposal.mapping is not None:
        return _mapping_history(proposal.mapping, entries, adopted)
    if proposal.revocation is not None:
        place = proposal.revocation.revokes
        if place in adopted.revoked:
            return f"entry {place} is revoked already", ""
        there = [entry for entry in entries if entry.index == place]
        if not there or there[0].proposal.kind is ProposalKind.REVOCATION:
            return f"there is no entry {place} that can be revoked", ""
        return "", f"entry {place} is in force"
    if proposal.version is not None and adopted.version is not None:
        same = adopted.version.version == proposal.version.version
        if same and adopted.version.tables != proposal.version.tables:
            return f"version {proposal.version.version!r} was adopted with other columns: give it another number", ""
    return "", "the log says nothing else"


def _mapping_history(mapping: StandingMapping, entries: Sequence[LogEntry], adopted: Adopted) -> tuple[str, str]:
    for target, sources in adopted.of(mapping.table).items():
        for source in sources:
            if mapping.matches.get(source, target) != target:
                return f"{source!r} was adopted as {target!r} in run {sources[source]}", ""
    for entry in entries:
        known = entry.proposal.mapping
        if known is None or entry.index not in adopted.revoked or known.table != mapping.table:
            continue
        again = [source for source, target in mapping.matches.items() if known.matches.get(source) == target]
        if again:
            return f"that {again[0]!r} is {mapping.matches[again[0]]!r} was revoked (entry {entry.index})", ""
    return "", "the log says nothing else"


def _contract(proposal: Proposal, findings: Findings | None, _: Sequence[LogEntry], __: Adopted) -> tuple[str, str]:
    if findings is None:
        return ("", "a person's word") if proposal.revocation is not None else ("no run stands behind it", "")
    if proposal.mapping is not None:
        return _mapping_contract(proposal.mapping, findings)
    if proposal.version is not None:
        if (proposal.version.version, proposal.version.sha256) != (findings.version, findings.sha256):
            return "it is not the contract of the run", ""
        return ("", "the contract is met") if findings.met else ("the contract is not met", "")
    return "", "the contract says nothing about it"


def _mapping_contract(mapping: StandingMapping, findings: Findings) -> tuple[str, str]:
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


_JUDGES: dict[Member, Reasons] = {
    Member.NAMES: _names,
    Member.VALUES: _values,
    Member.SHAPE: _shape,
    Member.HISTORY: _history,
    Member.CONTRACT: _contract,
}
