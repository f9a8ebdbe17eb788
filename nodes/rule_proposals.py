"""Standing repair rules that a run proposes: what its councils were sure of, source by source, and what it shows.

Nothing is counted where nothing is proposed: most columns hold what their list allows, written as everybody expects.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import duckdb

from algorithms.dates import pattern_order, strptime_pattern
from algorithms.format_questions import Reading
from algorithms.standing_rules import (
    LEAST_ROWS,
    MOST_VALUES,
    contradictions,
    proposed_readings,
    proposed_values,
    told_by_texts,
)
from nodes.steps.formatting import read_formats
from nodes.steps.mapping import landed_by, read_mappings
from nodes.steps.resolving import listed_columns, read_resolutions
from state.contract import Column, Contract, RepairScope, Table
from state.decision_log import Adopted, PairFindings, RuleFindings, StandingRule, TextFindings
from state.formats import ValueFormat
from state.mapping import ColumnMapping
from state.resolution import Resolutions
from tools.conform.evidence import LandedColumn, gather_format_evidence
from tools.conform.witness_rows import LandedTable
from tools.decision_log.findings import Landing
from tools.decision_log.rule_findings import text_findings, values_listed
from tools.intake import Intake


class Source(NamedTuple):
    """A source column that feeds a column: its header, the header variants and the files it is in."""

    header: str
    mappings: tuple[ColumnMapping, ...]
    files: tuple[int, ...]


class Subject(NamedTuple):
    """A column that was fed, and what was decided about it."""

    table: Table
    column: Column
    answer: Resolutions | None
    form: ValueFormat | None


class Draft(NamedTuple):
    """What was decided about a source of a column and is not adopted yet: values and readings with their reasons."""

    subject: Subject
    source: Source
    values: Mapping[str, tuple[str, str]]
    readings: Mapping[str, tuple[str, str]]


def rule_proposals(
    connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table, intake: Intake, known: Adopted
) -> Iterator[tuple[StandingRule, RuleFindings]]:
    """Yield the rules that a run proposes for a table, each with what the run shows."""
    listed = {column.name: valid for column, valid in listed_columns(contract, table)}
    landing, drafts = Landing(connection, table, intake), list(_drafts(connection, table, intake, known))
    texts = _told_by_texts(connection, table, [draft for draft in drafts if draft.readings], intake)
    for draft in drafts:
        subject, source, values = draft.subject, draft.source, draft.values
        told = texts.get((subject.column.name, source.header), {})
        readings = {name: said for name, said in draft.readings.items() if told.get(name) == said[0]}
        shown: dict[str, TextFindings] = {}
        if values and subject.answer:
            wanted = {text: value for text, (value, _) in values.items()}
            valid = values_listed(connection, listed[subject.column.name])
            shown = text_findings(connection, subject.answer, wanted, source.files, valid)
        often = sorted((text for text in shown if shown[text].rows >= LEAST_ROWS), key=lambda text: -shown[text].rows)
        said = {text: values[text] for text in often[:MOST_VALUES]}
        if said or readings:
            shows = _findings(landing, subject, source)
            yield (
                _rule(subject, source, said, readings),
                shows.model_copy(update={"texts": shown, "readings": told}),
            )


def contradicted(connection: duckdb.DuckDBPyConnection, table: Table) -> Iterator[str]:
    """Yield where the run decided otherwise than the standing rules that it knew say, in words."""
    if not any(column.standing for column in table.columns):
        return
    for subject in _subjects(connection, table):
        for rule in subject.column.standing.values():
            for told in contradictions(rule, subject.answer, subject.form):
                yield f"standing rule of {table.name}.{subject.column.name}: {told}"


def _drafts(connection: duckdb.DuckDBPyConnection, table: Table, intake: Intake, known: Adopted) -> Iterator[Draft]:
    """Yield what could become rules: what was decided of a source and is not adopted yet."""
    mappings = read_mappings(connection, table.name)
    for subject in _subjects(connection, table):
        for source in _sources(subject, mappings, intake):
            rule = known.rule(table.name, subject.column.name, source.header)
            values = proposed_values(subject.answer, rule) if subject.answer else {}
            readings = proposed_readings(subject.form, source.files, rule) if subject.form else {}
            yield Draft(subject, source, values, readings)


def _subjects(connection: duckdb.DuckDBPyConnection, table: Table) -> Iterator[Subject]:
    answers, formats = read_resolutions(connection, table.name), read_formats(connection, table.name)
    for column in table.columns:
        if column.name in answers or column.name in formats:
            yield Subject(table, column, answers.get(column.name), formats.get(column.name))


def _sources(subject: Subject, mappings: Sequence[ColumnMapping], intake: Intake) -> Iterator[Source]:
    variants = dict(intake.variants_of(subject.table.name))
    by_header: dict[str, list[ColumnMapping]] = {}
    for mapping in mappings:
        for match in mapping.matches:
            if match.target == subject.column.name:
                by_header.setdefault(match.source, []).append(mapping)
    for header, found in by_header.items():
        files = tuple(sorted(file_id for mapping in found for file_id in variants[mapping.variant_id]))
        yield Source(header, tuple(found), files)


def _rule(
    subject: Subject,
    source: Source,
    values: Mapping[str, tuple[str, str]],
    readings: Mapping[str, tuple[str, str]],
) -> StandingRule:
    return StandingRule(
        table=subject.table.name,
        column=subject.column.name,
        source=source.header,
        values={text: said[0] for text, said in values.items()},
        readings={name: said[0] for name, said in readings.items()},
        reasons={name: said[1] for name, said in {**values, **readings}.items()},
    )


def _told_by_texts(
    connection: duckdb.DuckDBPyConnection, table: Table, drafts: Sequence[Draft], intake: Intake
) -> dict[tuple[str, str], dict[str, str]]:
    """Return how the texts of sources say by themselves that columns are written: they are counted again.

    By column and header. Those in the same header variants are counted in one scan: a sample is drawn from all that are
    counted together.
    """
    alike: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        alike.setdefault(tuple(mapping.variant_id for mapping in draft.source.mappings), []).append(draft)
    told: dict[tuple[str, str], dict[str, str]] = {}
    for together in alike.values():
        landed = landed_by(connection, together[0].source.mappings, intake)
        fed = [(draft.subject.column, [_field(each, draft) for each in landed]) for draft in together]
        for draft, evidence in zip(together, gather_format_evidence(connection, table, fed), strict=True):
            place = draft.subject.column.name, draft.source.header
            told[place] = told_by_texts(evidence, draft.source.files)
    return told


def _field(landed: LandedTable, draft: Draft) -> LandedColumn:
    return LandedColumn(
        relation=landed.relation,
        field=landed.fields[draft.subject.column.name],
        file_ids=landed.file_ids,
        header=draft.source.header,
        only_file=landed.only_file,
        sample=landed.sample,
    )


def _findings(landing: Landing, subject: Subject, source: Source) -> RuleFindings:
    column = subject.column
    pairs = [landing.pair_findings(mapping.variant_id, {source.header: column.name})[0] for mapping in source.mappings]
    order = pattern_order(strptime_pattern(column.options.format)) if column.options.format else None
    return RuleFindings(
        stated={Reading.ORDER.value: order.value} if order else {},
        pair=_together(pairs),
        repairable=column.repair is not RepairScope.NEVER,
    )


def _together(pairs: Sequence[PairFindings]) -> PairFindings:
    filled, carried = sum(pair.filled for pair in pairs), sum(pair.carried for pair in pairs)
    return pairs[0].model_copy(update={"filled": filled, "carried": carried})
