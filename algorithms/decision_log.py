"""The decision log, pure: what is signed, how entries hang together, whether they hold, and what is in force.

Every entry names the digest of the one before and is signed by two thirds of the members over its content and its
place, so that no byte can be changed, and no entry taken out, moved or put in, without it being found. That the last
entries were cut off is found where another copy of the log still has them, and not otherwise.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest

from state.decision_log import Acceptance, Adopted, ContractVersion, LogEntry, LogFault, Proposal, SourceRule
from state.values import digest

START = "0" * 64
"""What the first entry names as the digest before it."""

_MOST_CHANGES = 50

Verify = Callable[[str, bytes, str], bool]
"""Whether a signature (hexadecimal) of a member over a text is good; False for one who is no member."""


def quorum(members: int) -> int:
    """Return how many acceptances adopt: two thirds of the members, rounded up."""
    return -(-2 * members // 3)


def subject_of(proposal: Proposal) -> str:
    """Return the digest of what is proposed, whichever run proposes it and in whatever words it is told."""
    version, mapping, revocation = proposal.version, proposal.mapping, proposal.revocation
    content: list[object] = [
        [version.version, version.sha256] if version else None,
        [mapping.table, mapping.matches] if mapping else None,
        revocation.revokes if revocation else None,
    ]
    if proposal.rule is not None:
        content.append(proposal.rule.model_dump(mode="json", exclude={"reasons"}))
    return digest([proposal.kind, proposal.contract, content])


def statement(index: int, previous: str, at: str, proposal: Proposal, member: str, reason: str) -> bytes:
    """Return the text that a member signs: its word on this proposal at this place of the log."""
    return digest(["accept", index, previous, at, proposal, member, reason]).encode()


def entry_digest(entry: LogEntry) -> str:
    """Return the digest of an entry over all its fields but the digest itself."""
    return digest(entry.model_dump(mode="json", exclude={"digest"}))


def sealed(index: int, previous: str, at: str, proposal: Proposal, acceptances: Sequence[Acceptance]) -> LogEntry:
    """Return an entry with its digest."""
    entry = LogEntry(
        index=index, previous=previous, at=at, proposal=proposal, acceptances=tuple(acceptances), digest=""
    )
    return entry.model_copy(update={"digest": entry_digest(entry)})


def first_fault(entries: Sequence[LogEntry], contract: str, members: int, verify: Verify) -> LogFault | None:
    """Return the first entry that does not hold, and why; None for a whole log."""
    previous = START
    for number, entry in enumerate(entries, 1):
        reason = _fault(entry, number, previous, contract, members, verify)
        if reason:
            return LogFault(index=number, reason=reason)
        previous = entry.digest
    return None


def _fault(entry: LogEntry, number: int, previous: str, contract: str, members: int, verify: Verify) -> str:
    if entry.index != number:
        return f"it says that it is entry {entry.index}"
    if entry.previous != previous:
        return "it does not follow the entry before it: the digests differ"
    if entry.digest != entry_digest(entry):
        return "its content does not have its digest"
    if entry.proposal.contract != contract:
        return f"it is about the contract {entry.proposal.contract!r}"
    return _unsigned(entry, members, verify)


def _unsigned(entry: LogEntry, members: int, verify: Verify) -> str:
    signers = [acceptance.member for acceptance in entry.acceptances]
    if len(set(signers)) < len(signers):
        return "a member accepted twice"
    for acceptance in entry.acceptances:
        said = statement(entry.index, entry.previous, entry.at, entry.proposal, acceptance.member, acceptance.reason)
        if not verify(acceptance.member, said, acceptance.signature):
            return f"the signature of {acceptance.member} is not good"
    if len(signers) < quorum(members):
        return f"{len(signers)} of {members} members accepted, {quorum(members)} are needed"
    return ""


def parted_at(first: Sequence[LogEntry], second: Sequence[LogEntry]) -> int | None:
    """Return the index from which two copies differ; None where one is the beginning of the other."""
    for one, other in zip_longest(first, second):
        if one is None or other is None:
            return None
        if one != other:
            return int(one.index)
    return None


def fold(entries: Sequence[LogEntry]) -> Adopted:
    """Replay a whole log: what is in force after its last entry."""
    said = [(entry.index, entry.proposal.revocation) for entry in entries]
    revoked = {each.revokes for index, each in said if each is not None and each.revokes < index}
    adopted = Adopted(entries=len(entries), revoked=tuple(sorted(revoked)))
    names: dict[str, dict[str, dict[str, str]]] = {}
    version: ContractVersion | None = None
    for entry in entries:
        if entry.index in revoked:
            continue
        version = entry.proposal.version or version
        mapping = entry.proposal.mapping
        for source, target in mapping.matches.items() if mapping else ():
            table = names.setdefault(mapping.table if mapping else "", {})
            for others in table.values():  # the newest word on a source column counts
                others.pop(source, None)
            table.setdefault(target, {})[source] = entry.proposal.run_id
    rules = _rules(entry for entry in entries if entry.index not in revoked)
    return adopted.model_copy(update={"names": _without_empty(names), "version": version, "rules": rules})


def _rules(entries: Iterable[LogEntry]) -> dict[str, dict[str, dict[str, SourceRule]]]:
    """Return the standing rules by table, column and source column: the newest word on a text or a reading counts."""
    found: dict[str, dict[str, dict[str, SourceRule]]] = {}
    for entry in entries:
        rule = entry.proposal.rule
        if rule is None:
            continue
        sources = found.setdefault(rule.table, {}).setdefault(rule.column, {})
        known = sources.get(rule.source, SourceRule())
        runs = dict.fromkeys([*rule.values, *rule.readings], entry.proposal.run_id)
        sources[rule.source] = SourceRule(
            values=known.values | rule.values, readings=known.readings | rule.readings, runs=known.runs | runs
        )
    return found


def _without_empty(names: Mapping[str, Mapping[str, dict[str, str]]]) -> dict[str, dict[str, dict[str, str]]]:
    return {table: {column: each for column, each in columns.items() if each} for table, columns in names.items()}


def in_force(proposal: Proposal, adopted: Adopted) -> bool:
    """Return whether what is proposed is in force already."""
    if proposal.mapping is not None:
        names = adopted.of(proposal.mapping.table)
        return all(source in names.get(target, {}) for source, target in proposal.mapping.matches.items())
    if proposal.rule is not None:
        rule = proposal.rule
        return adopted.rule(rule.table, rule.column, rule.source).says(rule)
    if proposal.revocation is not None:
        return proposal.revocation.revokes in adopted.revoked
    known, wanted = adopted.version, proposal.version
    if known is None or wanted is None:
        return False
    return (known.version, known.sha256) == (wanted.version, wanted.sha256)


def version_changes(before: ContractVersion | None, tables: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return in words what a contract's tables have now that they had not, the other way round, or otherwise."""
    if before is None:
        return ("first seen",)
    changes: list[str] = []
    for table in sorted({*before.tables, *tables}):
        old, new = before.tables.get(table), tables.get(table)
        if old is None or new is None:
            changes.append(f"table {table} {'added' if old is None else 'removed'}")
            continue
        changes += [f"column {table}.{column} added, {new[column]}" for column in new if column not in old]
        changes += [f"column {table}.{column} removed" for column in old if column not in new]
        changes += [
            f"column {table}.{column}: {old[column]} became {new[column]}"
            for column in new
            if column in old and old[column] != new[column]
        ]
    return tuple(changes[:_MOST_CHANGES]) or ("no table or column",)
