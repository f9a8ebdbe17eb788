"""The schema council as nodes: a question is put to every member on its own, their sheets are examined and counted.

Who convenes the council writes the question with `put_question` and reads the answer with `answer_of`.
"""

from collections.abc import Mapping
from pathlib import Path

from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from algorithms.mapping import HARDLY_SURE, decide_mapping, open_pairs
from algorithms.mapping_council import SEATS, Question, ask, read_sheet, seats_for
from algorithms.mapping_suspicion import Control, MemberSheets, control_of, examine
from algorithms.mapping_tally import Counting
from nodes import council_members
from nodes.answer_apart import answer_apart
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of
from nodes.council_members import JUDGE, members_of
from state.mapping import ColumnMapping, MappingEvidence
from state.mapping_council import (
    CouncilInput,
    CouncilOutput,
    CouncilState,
    MappingVerdict,
    MemberInput,
    QuestionRef,
    SheetRef,
)
from state.messages import Message, MessageKind
from state.run import RunContext
from state.values import digest
from tools.agents.roster import current
from tools.hub.asking import ask_agent
from tools.schema_council import (
    FOLDER,
    forget_question,
    read_answer,
    read_question,
    read_sheet_file,
    write_answer,
    write_question,
)

CHAIR = "schema_council"

_MOST_DOUBTFUL = 20
_MOST_TOLD = 300


Convened = CompiledStateGraph[CouncilState, RunContext, CouncilInput, CouncilOutput]
"""The council's graph, as whoever asks it is given it."""


def convene(council: Convened, folder: Path, evidence: MappingEvidence, context: RunContext) -> ColumnMapping:
    """Put a question to the council and return its answer; `folder` is the run's.

    What the council worked on is kept only where somebody is suspected.
    """
    question = put_question(folder, evidence)
    answer = answer_of(answer_apart(council, {"question": question}, context)["verdicts"][question.question])
    if not answer.suspects:
        forget_question(Path(question.folder), question.asked)
    return answer


def put_question(folder: Path, evidence: MappingEvidence) -> QuestionRef:
    """Write a question and its control question into the run's folder."""
    place = (folder / FOLDER).absolute()
    asked, control = digest(ask(evidence).evidence), control_of(evidence)
    write_question(place, asked, evidence)
    if control is not None:
        write_question(place, digest(control.question.evidence), control.question.evidence)
    return QuestionRef(
        folder=str(place),
        question=asked,
        control=digest(control.question.evidence) if control is not None else "",
        seats=seats_for(evidence),
    )


def answer_of(verdict: MappingVerdict) -> ColumnMapping:
    """Return the mapping that a verdict is about."""
    return read_answer(Path(verdict.path), verdict.sha256)


def members_asked(question: QuestionRef) -> tuple[str, ...]:
    """Return the ids of all that judge a question, seat by seat."""
    return tuple(member for seat in question.seats for member in members_of(seat))


def judge_pairs(state: MemberInput) -> CouncilState:
    """Ask one member both questions, which it cannot tell apart; one that fails is named and stops nobody."""
    name, question = state["member"], state["question"]
    roster, sheets = current(), dict[str, str]()
    if not roster.admits(name) and any(roster.admits(other) for other in _beside(name)):
        return {"sheets": {name: SheetRef(member=name, fault=f"out of service: {roster.absent[name]}"[:_MOST_TOLD])}}
    try:
        member = council_members.MEMBERS[name]
        for asked in question.asked:
            reply = ask_agent(member, _message(name, question.folder, asked))
            sheets[asked] = reply.content["sha256"]
    except (*FAILURES, ValueError, KeyError, ArithmeticError) as error:
        told = failure_line(error) if isinstance(error, FAILURES) else f"{type(error).__name__}: {error}"
        return {"sheets": {name: SheetRef(member=name, fault=told[:_MOST_TOLD])}}
    return {"sheets": {name: SheetRef(member=name, sheets=sheets)}}


def _beside(member: str) -> tuple[str, ...]:
    """Return who could speak for the seat of a member: its deputy, or the one whose deputy it is."""
    both = next(members_of(seat) for seat in SEATS if member in members_of(seat))
    return tuple(each for each in both if each != member)


def assign(state: CouncilState, runtime: Runtime[RunContext]) -> CouncilState:
    """Examine the sheets, count those that stand, and keep the mapping that follows."""
    ref, folder = state["question"], Path(state["question"].folder)
    evidence = read_question(folder, ref.question)
    question, control = ask(evidence), control_of(evidence) if ref.control else None
    given = {
        seat: tuple(_sheets_of(seat, name, state["sheets"], ref, question, control) for name in members_of(seat))
        for seat in ref.seats
    }
    by_seat, suspects = examine({seat: (both[0], both[1]) for seat, both in given.items()}, control)
    counting = Counting(context_of(runtime).patterns.council)
    mapping = decide_mapping(evidence, question, by_seat, counting, suspects)
    path, sha256 = write_answer(folder, ref.question, mapping)
    verdict = MappingVerdict(
        question=ref.question,
        path=str(path),
        sha256=sha256,
        matched=len(mapping.matches),
        confidence=mapping.confidence,
        suspects=tuple(f"{suspect.member}: {suspect.reason}"[:_MOST_TOLD] for suspect in suspects),
    )
    return {"verdict": verdict}


def find_doubts(state: CouncilState) -> CouncilState:
    """Name the contract columns that are doubtful: matched but hardly sure, or without a source though one fits."""
    verdict, ref = state["verdict"], state["question"]
    mapping, evidence = answer_of(verdict), read_question(Path(ref.folder), ref.question)
    unsure = [match.target for match in mapping.matches if match.score < HARDLY_SURE]
    found = tuple(dict.fromkeys([*unsure, *open_pairs(evidence, mapping)]))[:_MOST_DOUBTFUL]
    return {"verdicts": {verdict.question: verdict.model_copy(update={"doubtful": found})}}


def _message(member: str, folder: str, question: str) -> Message:
    content = {"folder": folder, "question": question}
    return Message(
        message_id=f"{member}@{question}",
        kind=MessageKind.REQUEST,
        sender=CHAIR,
        recipient=member,
        subject=JUDGE,
        content=content,
        conversation=question,
        response_required=True,
    )


def _sheets_of(
    seat: str,
    member: str,
    sheets: Mapping[str, SheetRef],
    ref: QuestionRef,
    question: Question,
    control: Control | None,
) -> MemberSheets:
    given = sheets.get(member, SheetRef(member=member, fault="it did not answer"))
    if given.fault:
        return MemberSheets(member, {}, {}, given.fault)
    try:
        folder = Path(ref.folder)
        own = read_sheet(seat, question, read_sheet_file(folder, ref.question, member, given.sheets[ref.question]))
        if control is None:
            return MemberSheets(member, own, {})
        sheet = read_sheet_file(folder, ref.control, member, given.sheets[ref.control])
        return MemberSheets(member, own, read_sheet(seat, control.question, sheet))
    except (*FAILURES, ValueError) as error:
        told = failure_line(error) if isinstance(error, FAILURES) else str(error)
        return MemberSheets(member, {}, {}, told[:_MOST_TOLD])
