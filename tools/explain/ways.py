"""Links of an explanation that lead somewhere: what is too long to be told has no place, and no link to it."""

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from state.explanation import Branch, Event, Judgement, Link, Section
from tools.explain.anchors import decision_anchor

Node = TypeVar("Node", Event, Branch)


def leading(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Return the sections without links to parts that are not there."""
    known = set(_places(sections))
    return tuple(
        section.model_copy(
            update={
                "events": tuple(_kept(event, known) for event in section.events),
                "branches": tuple(_kept(branch, known) for branch in section.branches),
                "judgements": tuple(_judged(judgement, known) for judgement in section.judgements),
                "grids": tuple(
                    grid.model_copy(update={"targets": tuple(at if at in known else "" for at in grid.targets)})
                    for grid in section.grids
                ),
                "tracks": tuple(track for track in section.tracks if track.target in known),
            }
        )
        for section in sections
    )


def _places(sections: Sequence[Section]) -> Iterator[str]:
    for section in sections:
        yield section.key
        for judgement in section.judgements:
            yield decision_anchor(judgement.decision_id)
        for grid in section.grids:
            yield from grid.anchors
        yield from _below(section.events)
        yield from _below(section.branches)


def _below(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        yield node.anchor
        yield from _below(node.parts)


def _kept(node: Node, known: Collection[str]) -> Node:
    parts = tuple(_kept(part, known) for part in node.parts)
    return node.model_copy(update={"links": _links(node.links, known), "parts": parts})


def _judged(judgement: Judgement, known: Collection[str]) -> Judgement:
    return judgement.model_copy(update={"links": _links(judgement.links, known)}) if judgement.links else judgement


def _links(links: Sequence[Link], known: Collection[str]) -> tuple[Link, ...]:
    return tuple(link for link in links if link.target in known)
