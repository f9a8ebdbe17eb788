"""Profiling the landed sources into questions to the schema council, where it is served alone."""

from collections.abc import Iterator
from pathlib import Path

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.mapping import names_decide
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.schema_council import put_question
from nodes.steps.mapping import mapping_evidence
from state.mapping import MappingEvidence
from state.mapping_council import WholeCouncil
from state.run import RunContext, RunRequest, RunStatus
from tools.intake import read_contract, read_intake
from tools.workspace import open_workspace


class GatherInput(TypedDict):
    """Keys the profiling reads."""

    request: RunRequest


def gather_questions(state: GatherInput, runtime: Runtime[RunContext]) -> WholeCouncil:
    """Put one question for each header variant of each table whose names leave something open."""
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    try:
        return {"questions": tuple(put_question(folder, evidence) for evidence in _open(folder, context))}
    except FAILURES as error:
        return {"status": RunStatus.FAILED, "problem": failure_line(error), "questions": ()}


def _open(folder: Path, context: RunContext) -> Iterator[MappingEvidence]:
    contract, intake = read_contract(folder), read_intake(folder)
    with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
        for table in contract.tables:
            for variant_id, files in () if table.derived else intake.variants_of(table.name):
                evidence = mapping_evidence(connection, table, intake, variant_id, files)
                if not names_decide(evidence):
                    yield evidence
