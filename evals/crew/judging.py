"""The one scorer of all solvers: it reads what a solver left, holds it against contract and truth, and counts."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from algorithms.intervals import bootstrap_ratio, wilson
from evals.crew.answer import CONTRACT, PUBLISHED, Answer, read_answer
from evals.crew.cells import Hits, mapping_hits, read_published, row_hits
from evals.crew.rows import judge_rows, read_quarantine
from evals.folders.spec import FolderTruth
from evals.protocol import Score
from nodes.check_data import check_files
from state.errors import MillwrightError
from state.run import RunContext
from state.values import Value
from tools.contract.read import require_contract
from tools.outputs.destination import target_name
from tools.verification import reasons_not_met

_DRAWS = 200  # over the rows of one task


class Verdict(Value):
    """What is counted of one answer. Pairs are (right, of), triples (right, given, wanted)."""

    met: bool
    why: str = ""  # the first reason why it is not met
    rows: tuple[int, int]
    lost: int
    balanced: bool
    cells: tuple[int, int, int]
    columns: tuple[int, int, int]
    fault: bool = False  # one was put in that the contract fails for
    cause: bool | None = None  # right; None where there is no fault, or the contract is met all the same
    steps: int
    replans: int
    tokens: int
    cpu: float
    seconds: float = 0.0
    known: bool = True  # what the cells should be is known

    @property
    def clean(self) -> bool:
        """Whether the contract is met by cells that are known and all right, and no row is lost."""
        return self.known and self.met and self.cells[0] == self.cells[1] and not self.lost


def judge(truth: FolderTruth, out: Path, known: Hits | None = None) -> tuple[Verdict, tuple[Score, ...]]:
    """Return the verdict on the answer in `out`, and its scores with intervals.

    `known` are the hits of the cells where they are told from elsewhere than row by row.
    """
    answer = read_answer(out)
    published = {
        table: read_published(out / PUBLISHED / target_name(table), keys) for table, keys in truth.keys.items()
    }
    why = reason_not_met(truth.lines, answer, out)
    rows, by_row = judge_rows(truth, published, answer.books, out), list(row_hits(truth, published))
    if known is not None:
        by_row = [known]
    cells = _sum(by_row)
    columns = mapping_hits(truth, answer.mapping) if truth.mapping else Hits()
    verdict = Verdict(
        met=not why,
        why=why,
        rows=(rows.right, rows.of),
        lost=rows.lost,
        balanced=rows.balanced,
        cells=(cells.right, cells.given, cells.wanted),
        columns=(columns.right, columns.given, columns.wanted),
        fault=bool(truth.faults),
        cause=_right_cause(truth, answer) if truth.faults and why else None,
        steps=answer.steps,
        replans=answer.replans,
        tokens=answer.tokens,
        cpu=answer.cpu,
        seconds=answer.seconds,
        known=bool(truth.rows) or known is not None,
    )
    return verdict, (*_row_scores(verdict, by_row), f1_score("mapping F1", [columns]))


def reason_not_met(lines: dict[str, int], answer: Answer, out: Path) -> str:
    """Return the first reason why the contract is not met by what is published; empty where it is.

    Judged are the published files and, where the lines of the sources are counted, the share set aside.
    """
    contract, _ = require_contract(out / CONTRACT)
    paths = [out / PUBLISHED / target_name(table.name) for table in contract.tables]
    if missing := [path.stem for path in paths if not path.exists()]:
        return f"not published: {', '.join(missing)} ({answer.status}: {answer.problem[:200]})"
    with tempfile.TemporaryDirectory(prefix="millwright-judge-") as folder:
        try:
            results = check_files(contract, [str(path) for path in paths], Path(folder), RunContext(threads=1))
        except MillwrightError as error:
            return error.line()
    reasons = list(reasons_not_met(results))
    for name, count in lines.items():
        share = len(read_quarantine(out, name)) / max(1, count)
        if share > contract.table(name).max_quarantine:
            reasons.append(f"{name}: {share:.1%} of the rows are in quarantine")
    return reasons[0] if reasons else ""


def f1_score(name: str, hits: Sequence[Hits], *, draws: int = 2_000, interval: str = "one task") -> Score:
    """Return an F1 over groups of hits, with an interval over the groups where there are several."""
    whole = _sum(hits)
    pairs = [(2.0 * each.right, float(each.given + each.wanted)) for each in hits]
    several = len(pairs) > 1
    low, high = bootstrap_ratio(pairs, draws=draws) if several else (whole.f1, whole.f1)
    return Score(name=name, value=whole.f1, low=low, high=high, n=len(hits), interval=interval)


def _row_scores(verdict: Verdict, by_row: Sequence[Hits]) -> tuple[Score, ...]:
    if not verdict.known:
        return ()
    right, of = verdict.rows
    low, high = wilson(right, of)
    ends = Score(name="rows at a right end", value=right / max(1, of), low=low, high=high, n=of, interval="Wilson 95 %")
    cells = f1_score("cell F1", by_row, draws=_DRAWS, interval="bootstrap over rows 95 %")
    return (ends, cells) if of else (cells,)  # of covid19 the cells alone are known


def _right_cause(truth: FolderTruth, answer: Answer) -> bool:
    return all(answer.causes.get(fault.table) == fault.cause for fault in truth.faults)


def _sum(hits: Sequence[Hits]) -> Hits:
    return Hits(*(sum(each[at] for each in hits) for at in range(3)))
