"""The judgements of a run as experience: decisions and what spoke against them, mappings, formats, recoveries."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from algorithms.format_questions import Reading
from algorithms.mapping_claims import ADOPTED
from algorithms.reflection.families import name_pattern
from state.checks import Verdict
from state.decisions import DecidedBy
from state.experience import (
    Contradiction,
    DecisionExperience,
    Experience,
    FormatExperience,
    MappingExperience,
    RecoveryExperience,
)
from state.formats import DateOrder
from state.recovery import RecoveryStatus

Json = Mapping[str, Any]

SAID_BY_NAMES: Final = ("name", "alias")
"""Reasons of matches that the contract itself says."""

_MOST_ANSWER: Final = 200
_MOST_DECISIONS: Final = 300


def decisions_of(run: Json) -> Iterator[DecisionExperience]:
    """Yield the judgements of a run, those that something spoke against first; at most 300."""
    failed = _failed(run)
    answered = {
        decision["subject"]: decision["answer"]
        for decision in run["decisions"]
        if decision["decided_by"] == DecidedBy.PERSON
    }
    taken = {each["plan"]["table"] for each in run.get("recoveries", ()) if each["status"] == RecoveryStatus.TAKEN_BACK}
    tables = set(run["tables"])
    told = [_decision(decision, failed, answered, taken, tables) for decision in run["decisions"]]
    told.sort(key=lambda each: each.contradicted is Contradiction.NONE)  # stable: otherwise as they were made
    yield from told[:_MOST_DECISIONS]


def _decision(
    decision: Json,
    failed: set[tuple[str | None, str | None]],
    answered: Mapping[str, str],
    taken: set[str],
    tables: set[str],
) -> DecisionExperience:
    subject, kind = decision["subject"], decision["kind"]
    table, column = place_of(subject, tables)
    against = Contradiction.NONE
    if decision["decided_by"] != DecidedBy.PERSON and answered.get(subject, decision["answer"]) != decision["answer"]:
        against = Contradiction.PERSON
    elif kind == "quality_recovery" and table in taken:
        against = Contradiction.TAKEN_BACK
    elif column and (table, column) in failed:
        against = Contradiction.VERIFICATION
    return DecisionExperience(
        kind=kind,
        subject=subject,
        table=table,
        answer=decision["answer"][:_MOST_ANSWER],
        confidence=decision["confidence"],
        decided_by=decision["decided_by"],
        contradicted=against,
    )


def _failed(run: Json) -> set[tuple[str | None, str | None]]:
    """Return table and column of the checks that failed."""
    return {(check["table"], check["column"]) for check in run["checks"] if check["result"] == Verdict.FAILED}


def place_of(subject: str, tables: set[str]) -> tuple[str, str]:
    """Return table and column that a decision is about: "orders.amount: '1,5'" is about amount; empty where none."""
    head = subject.partition(":")[0]
    for table in sorted(tables, key=len, reverse=True):
        if head == table or head.startswith((f"{table}/", f"{table},")):
            return table, ""
        if head.startswith(f"{table}."):
            return table, head[len(table) + 1 :]
    return "", ""


def refuted(run: Experience, kind: str, table: str, column: str = "") -> bool:
    """Return whether something in a run spoke against its judgements of a kind on a table, or on a column of it."""
    return any(
        each.kind == kind
        and each.contradicted is not Contradiction.NONE
        and each.table == table
        and (not column or place_of(each.subject, {table}) == (table, column))
        for each in run.decisions
    )


def mappings_of(run: Json, headers: Mapping[str, str]) -> Iterator[MappingExperience]:
    """Yield how header variants were mapped; `headers` has the fingerprint of each variant."""
    failed = _failed(run)
    for mapping in run["mappings"]:
        found = {match["source"]: match["reason"] for match in mapping["matches"]}
        yield MappingExperience(
            table=mapping["table"],
            header=headers.get(mapping["variant_id"], ""),
            matches={match["source"]: match["target"] for match in mapping["matches"]},
            by_evidence=tuple(source for source, reason in found.items() if reason not in SAID_BY_NAMES),
            adopted=tuple(source for source, reason in found.items() if reason.startswith(ADOPTED)),
            refuted=tuple(
                match["source"]
                for match in mapping["matches"]
                if match["reason"] not in SAID_BY_NAMES and (mapping["table"], match["target"]) in failed
            ),
            confidence=mapping["confidence"],
        )


def formats_of(run: Json) -> Iterator[FormatExperience]:
    """Yield how columns were read where something had to be found out, and one reading holds for all their files."""
    for value_format in run["formats"]:
        readings = dict(_readings(value_format))
        sources = {
            match["source"]
            for mapping in run["mappings"]
            if mapping["table"] == value_format["table"]
            for match in mapping["matches"]
            if match["target"] == value_format["column"]
        }
        if readings and sources:
            yield FormatExperience(
                table=value_format["table"],
                column=value_format["column"],
                sources=tuple(sorted(sources)),
                readings=readings,
            )


def _readings(value_format: Json) -> Iterator[tuple[str, str]]:
    orders = {group["date_order"] for group in value_format["groups"]} - {None}
    if len(orders) == 1 and DateOrder.UNKNOWN not in orders:
        yield Reading.ORDER.value, next(iter(orders))
    if value_format["decimal"] == ",":  # the point is what everybody expects
        yield Reading.DECIMAL.value, ","


def recoveries_of(run: Json) -> tuple[RecoveryExperience, ...]:
    """Return each amendment of the recoveries of a run, and whether it was kept."""
    names = run["sources"]["file_names"]
    return tuple(
        RecoveryExperience(
            table=recovery["plan"]["table"],
            amendment=amendment["kind"],
            columns=tuple(amendment["columns"]),
            names=tuple(sorted({name_pattern(names[each]) for each in amendment["files"] if each < len(names)})),
            parameters=amendment["parameters"],
            kept=recovery["status"] == RecoveryStatus.KEPT,
        )
        for recovery in run.get("recoveries", ())
        for amendment in recovery["plan"]["amendments"]
    )
