"""The schema council as a graph: every member and deputy judges on its own, side by side; then one assignment."""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from nodes.schema_council import assign, find_doubts, judge_pairs, members_asked
from state.mapping_council import CouncilInput, CouncilOutput, CouncilState, MemberInput
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    JUDGE = "judge_pairs"
    ASSIGN = "assign"
    DOUBTS = "find_doubts"


def each_member(state: CouncilState) -> list[Send]:
    """Ask every member and every deputy; none sees what another says."""
    question = state["question"]
    return [Send(Node.JUDGE.value, {"question": question, "member": member}) for member in members_asked(question)]


def build() -> StateGraph[CouncilState, RunContext, CouncilInput, CouncilOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(
        CouncilState, context_schema=RunContext, input_schema=CouncilInput, output_schema=CouncilOutput
    )
    builder.add_node(Node.JUDGE, judge_pairs, input_schema=MemberInput)
    builder.add_node(Node.ASSIGN, assign)
    builder.add_node(Node.DOUBTS, find_doubts)
    builder.add_conditional_edges(START, each_member, [Node.JUDGE])
    builder.add_edge(Node.JUDGE, Node.ASSIGN)
    builder.add_edge(Node.ASSIGN, Node.DOUBTS)
    builder.add_edge(Node.DOUBTS, END)
    return builder


graph: CompiledStateGraph[CouncilState, RunContext, CouncilInput, CouncilOutput] = build().compile(
    name="schema_council"
)

convened: CompiledStateGraph[CouncilState, RunContext, CouncilInput, CouncilOutput] = build().compile(
    name="schema_council", checkpointer=False
)
"""For a step that convenes the council: nothing is saved in between, as a step that was killed is begun again."""
