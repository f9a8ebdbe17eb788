"""The story of a decision log: whether it holds, every entry with who accepted it and why, and what is in force."""

from pathlib import Path

from state.decision_log import Adopted, LogEntry, LogReading
from state.explanation import Explanation, Fact, Grid, Mark, Passage, Section
from tools.decision_log.reading import log_folder


def explain_log(home: Path, reading: LogReading, adopted: Adopted) -> Explanation:
    """Return what is told of the log of a contract; `adopted` is the log replayed."""
    return Explanation(
        run_id="",
        kind="decision_log",
        title=f"Decision log of {reading.contract}",
        verdict=verdict_of(reading),
        mark=Mark.GOOD if reading.fault is None else Mark.BAD,
        figures=(
            Fact(label="entries", value=str(len(reading.entries))),
            Fact(label="revoked", value=str(len(adopted.revoked))),
        ),
        about=(Fact(label="lies in", value=str(log_folder(home, reading.contract))),),
        sections=tuple(
            section
            for section in (_entries(reading, adopted), _in_force(adopted), _copies(reading))
            if not section.empty
        ),
    )


def verdict_of(reading: LogReading) -> str:
    """Return in one sentence whether the log holds, or the first thing that does not."""
    fault = reading.fault
    if fault is None:
        told = "every digest and every signature holds, and the copies agree"
        return told if reading.entries else "nothing was adopted yet"
    of = f"in the copy of {fault.copy_of}, " if fault.copy_of else ""
    rest = "the other copies hold and are used" if reading.usable else "too few copies hold: nothing of it is used"
    return f"{of}entry {fault.index} does not hold: {fault.reason}; {rest}"


def subject_line(entry: LogEntry) -> str:
    """Return what an entry adopts, in one line."""
    proposal = entry.proposal
    if proposal.version is not None:
        return f"contract version {proposal.version.version}"
    if proposal.mapping is not None:
        pairs = ", ".join(f"{source} → {target}" for source, target in proposal.mapping.matches.items())
        return f"{proposal.mapping.table}: {pairs}"
    if proposal.rule is not None:
        said = ", ".join(
            f"{name} → {choice}" for name, choice in (proposal.rule.values | proposal.rule.readings).items()
        )
        return f"{proposal.rule.table}.{proposal.rule.column} from {proposal.rule.source}: {said}"
    return f"entry {proposal.revocation.revokes} is revoked" if proposal.revocation is not None else proposal.kind


def _entries(reading: LogReading, adopted: Adopted) -> Section:
    passages = tuple(_passage(entry, revoked=entry.index in adopted.revoked) for entry in reading.entries)
    return Section(key="entries", title="What was adopted", passages=passages)


def _passage(entry: LogEntry, *, revoked: bool) -> Passage:
    proposal = entry.proposal
    by = f"run {proposal.run_id}" if proposal.run_id else "a person"
    why = list(proposal.version.changes) if proposal.version else []
    why += [f"{source}: {reason}" for source, reason in proposal.mapping.reasons.items()] if proposal.mapping else []
    why += [f"{name}: {reason}" for name, reason in proposal.rule.reasons.items()] if proposal.rule else []
    why += [proposal.revocation.reason] if proposal.revocation else []
    accepted = "; ".join(f"{one.member}: {one.reason}" for one in entry.acceptances)
    return Passage(
        title=subject_line(entry) + (" (revoked)" if revoked else ""),
        text=f"Proposed by {by} at {entry.at} ({'; '.join(why)}). Accepted by {accepted}. Digest {entry.digest[:16]}.",
        mark=Mark.WARN if revoked else Mark.NONE,
    )


def _in_force(adopted: Adopted) -> Section:
    version = adopted.version
    facts = (Fact(label="contract version", value=version.version, note=version.sha256[:16]),) if version else ()
    rows = tuple(
        (table, column, source, run)
        for table, columns in adopted.names.items()
        for column, sources in columns.items()
        for source, run in sources.items()
    )
    head = ("table", "column", "source column", "adopted in run")
    grids = (Grid(caption="Standing mappings", head=head, rows=rows, raw=(2,)),) if rows else ()
    return Section(key="in-force", title="What is in force", facts=facts, grids=(*grids, *_rules(adopted)))


def _rules(adopted: Adopted) -> tuple[Grid, ...]:
    rows = tuple(
        (table, column, source, name, choice, rule.runs.get(name, ""))
        for table, columns in adopted.rules.items()
        for column, sources in columns.items()
        for source, rule in sources.items()
        for name, choice in (rule.values | rule.readings).items()
    )
    head = ("table", "column", "source column", "text or reading", "stands for", "adopted in run")
    return (Grid(caption="Standing repair rules", head=head, rows=rows, raw=(2, 3, 4)),) if rows else ()


def _copies(reading: LogReading) -> Section:
    rows = tuple(
        (copy.member, str(copy.entries), copy.fault or _behind(reading, copy.entries)) for copy in reading.copies
    )
    grid = Grid(caption="One for each member", head=("member", "entries", "state"), rows=rows, numeric=(1,))
    return Section(key="copies", title="The copies", grids=(grid,)) if reading.entries or reading.fault else _NOTHING


def _behind(reading: LogReading, entries: int) -> str:
    missing = len(reading.entries) - entries
    return f"lacks the last {missing}" if missing > 0 else "holds"


_NOTHING = Section(key="copies", title="The copies")
