"""The repair council as a graph: a table in a file, specialists and a vote, findings in a file; state holds counts.

The executor convenes it for every table whose step `repair` asks for it, side by side; served alone it takes any table.
"""

from enum import StrEnum

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.repair_council import deliberate, open_council
from state.repair_council import CouncilInput, CouncilOutput, CouncilState
from state.run import RunContext


class Node(StrEnum):
    """Nodes of this graph."""

    OPEN = "open_council"
    DELIBERATE = "deliberate"


def build() -> StateGraph[CouncilState, RunContext, CouncilInput, CouncilOutput]:
    """Return the graph, not compiled."""
    builder = StateGraph(
        CouncilState, context_schema=RunContext, input_schema=CouncilInput, output_schema=CouncilOutput
    )
    builder.add_node(Node.OPEN, open_council)
    builder.add_node(Node.DELIBERATE, deliberate)
    builder.add_edge(START, Node.OPEN)
    builder.add_edge(Node.OPEN, Node.DELIBERATE)
    builder.add_edge(Node.DELIBERATE, END)
    return builder


graph: CompiledStateGraph[CouncilState, RunContext, CouncilInput, CouncilOutput] = build().compile(
    name="repair_council"
)
