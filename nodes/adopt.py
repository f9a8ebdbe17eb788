"""Adopting what outlives the run: proposals of the run before the council, and the log's word for the next run."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.adopted_names import with_adopted
from algorithms.adoption import verdict
from algorithms.decision_log import version_changes
from algorithms.mapping_claims import ADOPTED
from algorithms.standing_rules import rule_key
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.decide import Account, record
from nodes.events import emit
from nodes.rule_proposals import contradicted, rule_proposals
from nodes.steps.mapping import read_mappings
from state.budget import Spent
from state.contract import Contract
from state.decision_log import (
    MEMBERS,
    Adopted,
    ContractVersion,
    Findings,
    LogEntry,
    PairFindings,
    Proposal,
    ProposalKind,
    RuleFindings,
    Ruling,
    StandingMapping,
    StandingRule,
    Verdict,
)
from state.decisions import DecidedBy, Decision
from state.mapping import ColumnMapping
from state.resolution import Ballot
from state.run import CheckSummary, ReceiptRef, RunContext, RunRequest, TableAccount
from state.supervisor import SupervisorState
from state.values import digest
from tools.decision_log.findings import Landing
from tools.decision_log.log import adopt
from tools.decision_log.reading import read_log, standing
from tools.intake import Intake, read_contract, read_intake
from tools.ledger import record_decisions
from tools.workspace import open_workspace

_BY_NAME = ("name", "alias")
"""Reasons of matches that the contract itself says."""

_MOST_WARNED = 20


class AdoptInput(TypedDict):
    """Keys adopting reads."""

    request: RunRequest
    checks: CheckSummary
    accounts: dict[str, TableAccount]
    receipt: ReceiptRef
    warnings: tuple[str, ...]


def with_log(contract: Contract, context: RunContext) -> tuple[Contract, list[str]]:
    """Return the contract with what its decision log adopted, and what is doubtful about the log in words."""
    if context.patterns.decision_log == "off":
        return contract, []
    reading = read_log(context.knowledge, contract.id)
    doubtful = []
    if reading.fault is not None:
        of = f", copy of {reading.fault.copy_of}" if reading.fault.copy_of else ""
        used = "" if reading.usable else "; nothing of it is used"
        doubtful.append(f"decision log{of}: entry {reading.fault.index}: {reading.fault.reason}{used}")
    return with_adopted(contract, standing(reading)), doubtful


def adopt_changes(state: AdoptInput, runtime: Runtime[RunContext]) -> SupervisorState:
    """Propose what the run found and what outlives it, and record what became of it.

    What is published stays published: a log that cannot be written is a warning.
    """
    started, context = time.monotonic(), context_of(runtime)
    if context.patterns.decision_log == "off" or "receipt" not in state:
        return {}
    try:
        rulings, against = _adopt(state, context, run_folder(runtime, state["request"]))
        refused = [f"not adopted: {_subject(one.proposal)}: {one.reason}" for one in rulings if not one.adopted]
        refused += against
    except FAILURES as error:
        rulings, refused = (), [f"nothing was adopted: {failure_line(error)}"]
    emit("adopted", "adopt", adopted=sum(one.adopted for one in rulings), refused=len(refused))
    update: SupervisorState = {"spent": {"adopt": Spent(steps=1, seconds=time.monotonic() - started)}}
    if refused:
        update["warnings"] = (*state.get("warnings", ()), *refused)
    return update


def _adopt(state: AdoptInput, context: RunContext, folder: Path) -> tuple[Sequence[Ruling], list[str]]:
    """Return what became of the proposals, and where the run contradicts what was adopted before."""
    contract, intake, home = read_contract(folder), read_intake(folder), Path(context.home).absolute()
    known = standing(read_log(home, contract.id), before_run=state["request"].run_id)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        proposals, pairs = _proposals(connection, state, contract, intake, known)
        rules = _rules(connection, state, contract, intake, known)
        run_id = state["request"].run_id
        proposals += [_rule_proposal(contract, run_id, rule) for rule, _ in rules]
        against = [told for table in contract.tables for told in contradicted(connection, table)][:_MOST_WARNED]
        if not proposals:
            return (), against
        findings = _findings(state, contract, pairs).model_copy(
            update={"rules": {rule_key(rule): shown for rule, shown in rules}}
        )

        def judge(member: str, proposal: Proposal, entries: Sequence[LogEntry], adopted: Adopted) -> Verdict:
            return verdict(member, proposal, findings, entries, adopted)

        rulings = adopt(home, contract.id, proposals, judge, context.council_faults, datetime.now(UTC))
        record_decisions(connection, [_decision(ruling, context) for ruling in rulings])
    return rulings, against


def _rules(
    connection: duckdb.DuckDBPyConnection, state: AdoptInput, contract: Contract, intake: Intake, known: Adopted
) -> list[tuple[StandingRule, RuleFindings]]:
    """Return the standing repair rules that the run proposes, of tables that were published, and what it shows."""
    tables = [table for table in contract.tables if not table.derived and table.name in state["receipt"].tables]
    return [each for table in tables for each in rule_proposals(connection, contract, table, intake, known)]


def _rule_proposal(contract: Contract, run_id: str, rule: StandingRule) -> Proposal:
    return Proposal(kind=ProposalKind.REPAIR_RULE, contract=contract.id, run_id=run_id, rule=rule)


def _proposals(
    connection: duckdb.DuckDBPyConnection, state: AdoptInput, contract: Contract, intake: Intake, known: Adopted
) -> tuple[list[Proposal], dict[str, tuple[PairFindings, ...]]]:
    """Return what the run proposes, and what it knows about the mappings in it."""
    run_id, proposals = state["request"].run_id, list[Proposal]()
    pairs: dict[str, tuple[PairFindings, ...]] = {}
    if state["checks"].met:
        proposals.append(
            Proposal(
                kind=ProposalKind.CONTRACT_VERSION,
                contract=contract.id,
                run_id=run_id,
                version=_version(contract, known),
            )
        )
    for table in contract.tables:
        if table.derived or table.name not in state["receipt"].tables:
            continue
        landing = Landing(connection, table, intake)
        for mapping in read_mappings(connection, table.name):
            found = _standing_mapping(mapping)
            if found is None:
                continue
            evidence = landing.pair_findings(mapping.variant_id, found.matches)
            pairs[table.name] = (*pairs.get(table.name, ()), *evidence)
            proposals.append(Proposal(kind=ProposalKind.MAPPING, contract=contract.id, run_id=run_id, mapping=found))
    return proposals, pairs


def _standing_mapping(mapping: ColumnMapping) -> StandingMapping | None:
    """Return what was decided by evidence in the mapping of a header variant; None where names said everything."""
    found = [
        match for match in mapping.matches if match.reason not in _BY_NAME and not match.reason.startswith(ADOPTED)
    ]
    if not found:
        return None
    return StandingMapping(
        table=mapping.table,
        matches={match.source: match.target for match in found},
        reasons={match.source: match.reason[:200] for match in found},
    )


def _version(contract: Contract, known: Adopted) -> ContractVersion:
    tables = _columns(contract)
    return ContractVersion(
        version=contract.version, sha256=contract.sha256, tables=tables, changes=version_changes(known.version, tables)
    )


def _columns(contract: Contract) -> dict[str, dict[str, str]]:
    return {
        table.name: {column.name: column.logical_type.value for column in table.columns} for table in contract.tables
    }


def _findings(state: AdoptInput, contract: Contract, pairs: Mapping[str, tuple[PairFindings, ...]]) -> Findings:
    return Findings(
        met=state["checks"].met,
        version=contract.version,
        sha256=contract.sha256,
        published=tuple(state["receipt"].tables),
        columns=_columns(contract),
        quarantined={name: account.quarantine_share for name, account in state["accounts"].items()},
        most_quarantined={table.name: table.max_quarantine for table in contract.tables},
        pairs=dict(pairs),
        published_rows=state["receipt"].tables,
    )


def _decision(ruling: Ruling, context: RunContext) -> Decision:
    """Return the record of a ruling, with the word of every member."""
    said = {one.member: one for one in ruling.verdicts}
    votes = tuple(_ballot(member, said.get(member)) for member in MEMBERS)
    accepted = sum(one.accepts for one in ruling.verdicts)
    account = Account(
        subject=_subject(ruling.proposal),
        answer=f"adopted as entry {ruling.index}" if ruling.adopted else "not adopted",
        confidence=accepted / len(MEMBERS),
        reason=ruling.reason,
        evidence="; ".join(_told(ruling.proposal)),
        votes=votes,
    )
    method = f"two thirds of {len(MEMBERS)} members, replicated by {context.patterns.decision_log}"
    return record("adoption", account, digest(ruling.proposal), method=method, decided_by=DecidedBy.COUNCIL)


def _ballot(member: str, said: Verdict | None) -> Ballot:
    if said is None:
        return Ballot(voter=member, choice=None, confidence=0.0, reason="could not be reached")
    return Ballot(voter=member, choice="accept" if said.accepts else "refuse", confidence=1.0, reason=said.reason)


def _subject(proposal: Proposal) -> str:
    if proposal.mapping is not None:
        return f"mapping of {proposal.mapping.table}"
    if proposal.rule is not None:
        return f"repair rule of {proposal.rule.table}.{proposal.rule.column}, from {proposal.rule.source!r}"
    return f"contract version {proposal.version.version}" if proposal.version else "revocation"


def _told(proposal: Proposal) -> Iterator[str]:
    if proposal.version is not None:
        yield from proposal.version.changes
    for source, target in proposal.mapping.matches.items() if proposal.mapping else ():
        yield f"{source} → {target}"
    for name, choice in (proposal.rule.values | proposal.rule.readings).items() if proposal.rule else ():
        yield f"{name} → {choice}"
