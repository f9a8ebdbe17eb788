"""Explanations: what is told of a run, a table, a column, a row or a line, as typed parts that any page can show.

`tools/explain` builds them, `tools/pages` and the command line show them. Text stands here as it is in the data;
whoever shows it makes control characters visible and escapes it.
"""

from enum import StrEnum

from state.resolution import Ballot
from state.values import Value


class Mark(StrEnum):
    """How a part is meant, shown as a sign with a word, never as a colour alone."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    NONE = "none"


class Fact(Value):
    """One labelled figure or text."""

    label: str
    value: str
    note: str = ""


class Link(Value):
    """A way to another part of the same explanation."""

    target: str  # an anchor
    label: str


class Event(Value):
    """Something that happened in a run, with what happened in it."""

    anchor: str  # unique in the explanation
    kind: str  # step, award, bid, message, decision, vote, ruling, replan, approval, thought, check, ...
    title: str
    text: str = ""
    when: str = ""  # seconds after the first one
    mark: Mark = Mark.NONE
    links: tuple[Link, ...] = ()
    parts: tuple["Event", ...] = ()


class Branch(Value):
    """A task of a plan with the way that was chosen, or a step; the ways that were not chosen are told with why."""

    anchor: str
    title: str
    text: str = ""
    mark: Mark = Mark.NONE
    links: tuple[Link, ...] = ()
    parts: tuple["Branch", ...] = ()
    refused: tuple[str, ...] = ()


class Track(Value):
    """When something ran, among others, in shares of the whole time (0..1)."""

    label: str
    target: str  # an anchor
    begin: float
    length: float
    seconds: float
    mark: Mark = Mark.NONE


class Grid(Value):
    """A table of texts; every row has as many cells as `head`."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()  # columns of numbers
    raw: tuple[int, ...] = ()  # columns of text from data, shown as it is
    marks: tuple[Mark, ...] = ()  # of the first cell of each row; empty: none
    evidence: tuple[str, ...] = ()  # decision id each row rests on, "" for none; empty: none
    anchors: tuple[str, ...] = ()  # of each row; empty: none
    targets: tuple[str, ...] = ()  # the anchor that the first cell of each row leads to, "" for none; empty: none
    more: str = ""  # what is left out, and where it is
    folded: bool = False  # shown on demand where that is possible


class Bar(Value):
    """A duration among others."""

    label: str
    seconds: float
    share: float  # of the longest, 0..1
    note: str = ""


class Judgement(Value):
    """A decision as it is told: who decided what, on which evidence, and who voted how."""

    decision_id: str
    kind: str
    subject: str
    answer: str
    decided_by: str
    method: str
    confidence: float
    reason: str = ""
    evidence: str = ""
    votes: tuple[Ballot, ...] = ()
    fallback: str = ""
    note: str = ""  # what came of it
    links: tuple[Link, ...] = ()


class Passage(Value):
    """One thing that happened, in an order."""

    title: str
    text: str = ""
    mark: Mark = Mark.NONE
    before: str | None = None
    after: str | None = None
    changed: bool = False  # whether `before` and `after` are told


class Command(Value):
    """A command to type next."""

    line: str
    purpose: str


class PictureNode(Value):
    """A box of a picture; places and sizes in pixels."""

    x: float
    y: float
    width: float
    height: float
    label: str
    state: str  # in a word
    mark: Mark
    note: str = ""
    figure: str = ""  # stands at the right
    strong: bool = False  # with a heavy border
    dashed: bool = False


class PictureLabel(Value):
    """A text of a picture, from its left end."""

    x: float
    y: float
    text: str


class Picture(Value):
    """A drawn graph: boxes, arrows and headings, with words for who cannot see it."""

    width: float
    height: float
    title: str
    description: str
    nodes: tuple[PictureNode, ...]
    paths: tuple[str, ...]  # of arrows, as SVG path data
    headings: tuple[PictureLabel, ...] = ()
    strong_paths: tuple[str, ...] = ()  # those to stress
    dashed_paths: tuple[str, ...] = ()


class Section(Value):
    """One part of an explanation with a title; empty parts are not shown."""

    key: str  # unique in the explanation; letters, digits and hyphens
    title: str
    lead: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    passages: tuple[Passage, ...] = ()
    grids: tuple[Grid, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    bars: tuple[Bar, ...] = ()
    tracks: tuple[Track, ...] = ()
    branches: tuple[Branch, ...] = ()
    events: tuple[Event, ...] = ()
    points: tuple[Passage, ...] = ()  # unordered findings, each with what to do about it
    picture: Picture | None = None
    code: str = ""
    commands: tuple[Command, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing but a title."""
        return not any(getattr(self, name) for name in type(self).model_fields if name not in ("key", "title"))


class Explanation(Value):
    """What is told of one subject."""

    run_id: str
    kind: str  # run | table | column | row | cell | line | quarantined
    title: str
    verdict: str  # one sentence
    mark: Mark = Mark.NONE
    figures: tuple[Fact, ...] = ()
    about: tuple[Fact, ...] = ()  # what it is about: contract, run, when
    sections: tuple[Section, ...] = ()
    untold: tuple[str, ...] = ()  # what cannot be told, and why
