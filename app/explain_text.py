"""Explanations as text for a terminal. Text from data is made visible, so that it cannot drive the terminal."""

import io
import shutil
import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from state.explanation import Bar, Branch, Event, Explanation, Fact, Grid, Judgement, Mark, Passage, Section
from tools.pages.visible import exact, visible, visible_lines

_SIGNS = {Mark.GOOD: "✓ ", Mark.BAD: "✕ ", Mark.WARN: "! ", Mark.NONE: ""}
_WIDEST = 120
_WHOLE = 4  # judgements of one section told with their votes; more are told in one line each
_MOST_LINES = 25
_BAR = 30


def print_explanation(explanation: Explanation) -> None:
    """Print an explanation on standard output."""
    width, terminal = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST), sys.stdout.isatty()
    written = io.StringIO()
    console = Console(file=written, width=width, highlight=False, markup=False, emoji=False, force_terminal=terminal)
    _Writer(console).explanation(explanation)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines()))


class _Writer:
    """Writes the parts of an explanation one below the other."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def explanation(self, told: Explanation) -> None:
        self._line(told.title, style="bold")
        self._line(f"{_SIGNS[told.mark]}{told.verdict}")
        self._facts((*told.figures, *told.about))
        for section in told.sections:
            self._section(section)
        if told.untold:
            self._line("")
            self._line("What cannot be told", style="bold")
            for line in told.untold:
                self._line(line, indent=2)

    def _section(self, section: Section) -> None:
        self._line("")
        self._line(section.title, style="bold")
        for line in section.lead:
            self._line(line, indent=2)
        self._facts(section.facts)
        for number, passage in enumerate(section.passages, 1):
            self._passage(passage, f"{number}. ")
        for point in section.points:
            self._passage(point, "")
        if section.code:
            self._code(section.code)
        self._events(section.events)
        self._branches(section.branches)
        for grid in section.grids:
            self._grid(grid)
        self._judgements(section.judgements)
        self._bars(section.bars)
        for command in section.commands:
            self._line(f"{command.purpose}:", indent=2)
            self._line(command.line, indent=4)

    def _events(self, events: Sequence[Event]) -> None:
        for event in events[:_MOST_LINES]:
            self._line(f"{event.when:>6} {_SIGNS[event.mark]}{event.title}  {event.text}".rstrip(), indent=2)
            counts = Counter(part.kind for part in event.parts)
            if counts:
                told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
                self._line(f"{told} (told with --html)", indent=9)
        if len(events) > _MOST_LINES:
            self._line(f"and {len(events) - _MOST_LINES} more (told with --html)", indent=2)

    def _branches(self, branches: Sequence[Branch], indent: int = 2) -> None:
        for branch in branches:
            self._line(f"{_SIGNS[branch.mark]}{branch.title}  {branch.text}", indent=indent)
            for way in branch.refused:
                self._line(f"not {way}", indent=indent + 2)
            self._branches(branch.parts, indent + 2)

    def _line(self, text: str, *, indent: int = 0, style: str = "") -> None:
        self._console.print(Padding(Text(visible(text, 2_000), style=style), (0, 0, 0, indent)), soft_wrap=False)

    def _code(self, text: str) -> None:
        self._console.print(Padding(Text(visible_lines(text)), (0, 0, 0, 4)))

    def _facts(self, facts: Sequence[Fact]) -> None:
        if facts:
            table = Table.grid(padding=(0, 2, 0, 0))
            for fact in facts:
                told = f"{fact.value}  {fact.note}".strip()
                table.add_row(Text(visible(fact.label), style="dim"), Text(visible(told)))
            self._console.print(Padding(table, (0, 0, 0, 2)))

    def _passage(self, passage: Passage, number: str) -> None:
        self._line(f"{number}{_SIGNS[passage.mark]}{passage.title}", indent=2)
        indent = 2 + max(len(number), len(_SIGNS[passage.mark]))
        if passage.changed:
            self._line(f"{_value(passage.before)} → {_value(passage.after)}", indent=indent)
        elif passage.before is not None:
            self._line(_value(passage.before), indent=indent)
        if passage.text:
            self._line(passage.text, indent=indent)

    def _grid(self, grid: Grid) -> None:
        if grid.folded:
            self._line(f"{grid.caption} (listed with --html)", indent=2)
            return
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        for index, title in enumerate(grid.head):
            table.add_column(
                Text(visible(title)), justify="right" if index in grid.numeric else "left", overflow="fold"
            )
        for at, row in enumerate(grid.rows[:_MOST_LINES]):
            sign = _SIGNS[grid.marks[at]] if grid.marks else ""
            cells = ["\n".join(visible(line) for line in cell.split("\n")) for cell in row]
            table.add_row(Text(sign + cells[0]), *(Text(cell) for cell in cells[1:]))
        self._line(grid.caption, indent=2, style="underline")
        self._console.print(Padding(table, (0, 0, 0, 2)))
        left = len(grid.rows) - _MOST_LINES
        more = [f"and {left} more rows (listed with --html)"] if left > 0 else []
        for line in (*more, *([grid.more] if grid.more else [])):
            self._line(line, indent=2)

    def _judgements(self, judgements: Sequence[Judgement]) -> None:
        for entry in judgements[: _MOST_LINES if len(judgements) > _WHOLE else _WHOLE]:
            self._judgement(entry, whole=len(judgements) <= _WHOLE)
        if len(judgements) > _MOST_LINES:
            self._line(f"and {len(judgements) - _MOST_LINES} more (listed with --html)", indent=2)

    def _judgement(self, entry: Judgement, *, whole: bool) -> None:
        note = f", {entry.note}" if entry.note else ""
        self._line(f"{entry.subject} → {entry.answer} ({entry.confidence:.2f}{note})", indent=2)
        if not whole:
            return
        fallback = Fact(label="fallback", value=entry.fallback)
        facts = [
            Fact(label="  why", value=entry.reason),
            Fact(label="  evidence", value=entry.evidence),
            Fact(label="  decided by", value=f"{entry.decided_by}: {entry.method}"),
            fallback,
        ]
        voted = [vote for vote in entry.votes if vote.choice is not None]
        facts += [
            Fact(label=f"  {vote.voter} votes for", value=f"{vote.choice} ({vote.confidence:.2f})", note=vote.reason)
            for vote in voted
        ]
        silent = ", ".join(vote.voter for vote in entry.votes if vote.choice is None)
        facts.append(Fact(label="  abstained", value=silent))
        self._facts([fact for fact in facts if fact.value])

    def _bars(self, bars: Sequence[Bar]) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        for bar in bars:
            blocks = "█" * max(1, round(_BAR * bar.share)) if bar.seconds else ""
            table.add_row(Text(visible(bar.label)), Text(f"{bar.seconds:.2f} s", justify="right"), Text(blocks))
        if bars:
            self._console.print(Padding(table, (0, 0, 0, 2)))


def _value(text: str | None) -> str:
    return "(nothing)" if text is None else f"'{exact(text)}'"
