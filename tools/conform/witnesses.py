"""Gathering what the landed rows say about values that are not in the list they must come from.

Owns the search for witnesses; which value an unknown one becomes is decided in `algorithms.resolution`. Witnesses
are mined from all mapped columns, none is named here:

- elsewhere: the unknown value stands in another column of rows whose value is valid (a region given as a country);
- determinant: other columns (one or a pair) of its rows hold values that, in rows with a valid value, go with one
  valid value nearly always: an approximate functional dependency, judged over the groups of two or more rows;
- contained: another column of its rows is, begins with or holds a valid value.

How far a link is trusted is measured on the rows whose value is valid, never assumed. A link that is trusted less
than `MIN_TRUST` is not reported.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import duckdb

from algorithms.value_match import WAYS, Containment, fold
from state.resolution import ResolutionEvidence, UnknownValue, Witness
from tools.conform.clean import clean_text_sql
from tools.conform.witness_rows import LandedTable, ValidList, WitnessRows, witness_rows

MIN_TRUST = 0.4
"""The least share of right answers, on rows with a valid value, of a link that may testify."""

_MIN_HOLDS = 0.9  # share of its groups in which a dependency must hold, and of a group's rows that must agree
_MIN_LIFT = 0.8  # how much of the error of guessing the commonest value it must remove
_MIN_GROUPS = 5  # groups of two or more rows it must be seen in
_PAIR_COLUMNS = 12  # columns tried in pairs
_DETERMINANTS = 12  # dependencies used, most trusted first
_WITNESSES = 10  # reported for each unknown value
_CONTEXT = 5  # values of each other column reported as context
_TEXTS = 20_000  # distinct texts of a column on which containment is judged


def gather_resolution_evidence(
    connection: duckdb.DuckDBPyConnection,
    *,
    table: str,
    column: str,
    valid: ValidList,
    sources: Sequence[LandedTable],
) -> ResolutionEvidence:
    """Return the unknown values of `column` in the landed rows, with counts, context and witnesses.

    Values are compared after `clean_text_sql`; blanks are not values. At most `MAX_UNKNOWN` values are reported. No
    witness is looked for where every unknown value is a valid one but for case and punctuation.
    The order of the answer does not depend on the order of rows, files or valid values.
    """
    with witness_rows(connection, column, valid, sources) as rows:
        values = rows.query("select vid, value, known, rows, files from witness_values order by vid")
        known = {vid: value for vid, value, is_known, _, _ in values if is_known}
        unknown = [(vid, value, n, files) for vid, value, ok, n, files in values if not ok]
        witnesses: dict[int, list[Witness]] = defaultdict(list)
        context: dict[int, dict[str, tuple[str, ...]]] = {}
        if unknown and known:
            found = [*_elsewhere(rows, known), *_determined(rows, known), *_contained(rows, known)]
            for vid, witness in found:
                witnesses[vid].append(witness)
        if unknown:
            context = _context(rows)
        return ResolutionEvidence(
            table=table,
            column=column,
            valid=tuple(sorted(known.values())),
            unknown=tuple(
                UnknownValue(
                    value=value, rows=n, files=files, context=context.get(vid, {}), witnesses=_best(witnesses[vid])
                )
                for vid, value, n, files in unknown
            ),
        )


class Determinant(NamedTuple):
    """Columns (positions) whose values determine the valid value, and the share of groups in which they do."""

    columns: tuple[int, ...]
    trust: float


def _elsewhere(rows: WitnessRows, known: Mapping[int, str]) -> Iterator[tuple[int, Witness]]:
    """Yield the witnesses of the kind elsewhere; valid values met in the column say how far it is trusted."""
    for position, name in enumerate(rows.columns):
        met: dict[int, dict[int, int]] = defaultdict(dict)
        for vid, other, count in rows.query(
            f"""select v.vid, c.vid, sum(c.n)::bigint
            from (select distinct key, code from witness_keys_{position}) k
            join witness_values v on v.key = k.key and regexp_matches(v.value, '\\pL')
            join witness_codes c on c.k{position} = k.code
            where c.known group by all order by all"""
        ):
            met[vid][other] = count
        right = sum(counts.get(vid, 0) / sum(counts.values()) for vid, counts in met.items() if vid in known)
        trust = (right + 1) / (sum(vid in known for vid in met) + 2)
        for vid, counts in met.items():
            if vid not in known and trust >= MIN_TRUST:
                through = f"{name} is the value"
                yield from _witnesses(vid, known, counts, through=through, kind="elsewhere", trust=trust)


def _determined(rows: WitnessRows, known: Mapping[int, str]) -> Iterator[tuple[int, Witness]]:
    """Yield the witnesses of the kind determinant: each group of a dependency votes for its valid value."""
    for determinant in _determinants(rows):
        through = ", ".join(rows.columns[position] for position in determinant.columns)
        linked: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
        keys = ", ".join(f"k{position}" for position in determinant.columns)
        for vid, other, top, rest, own in rows.query(
            f"""with groups as ({_groups_sql(determinant.columns)}),
            own as (select vid, {keys}, sum(n) as n from witness_codes where not known group by all)
            select o.vid, g.vid, sum(g.top)::bigint, sum(g.total - g.top)::bigint, sum(o.n)::bigint
            from own o join groups g using ({keys}) where g.top >= {_MIN_HOLDS} * g.total group by all order by all"""
        ):
            linked[vid].append((other, top, rest, own))
        for vid, links in linked.items():
            mine = sum(own for *_, own in links)
            tops = sum(top for _, top, _, _ in links)
            for other, top, rest, own in links:
                yield (
                    vid,
                    Witness(
                        known=known[other],
                        through=through,
                        rows=top,
                        against=tops - top + rest,
                        kind="determinant",
                        trust=determinant.trust,
                        share=own / mine,
                    ),
                )


def _determinants(rows: WitnessRows) -> list[Determinant]:
    """Return the dependencies that hold, most trusted first.

    Only minimal ones count: no pair of which one column suffices. A dependency is judged over the distinct groups of
    two or more rows, so that a row repeated in a thousand files counts once; it must beat always guessing
    the commonest value (the lambda of Goodman and Kruskal, 1954).
    """
    judged: dict[tuple[int, ...], tuple[float, bool]] = {
        (position,): _judge(rows, (position,)) for position in range(len(rows.columns))
    }
    useful = sorted(
        (columns for columns, (trust, holds) in judged.items() if trust and not holds),
        key=lambda columns: (-judged[columns][0], columns),
    )
    for left, right in combinations(sorted(position for position, *_ in useful[:_PAIR_COLUMNS]), 2):
        judged[left, right] = _judge(rows, (left, right))
    found = [Determinant(columns, trust) for columns, (trust, holds) in judged.items() if holds]
    return sorted(found, key=lambda determinant: (-determinant.trust, determinant.columns))[:_DETERMINANTS]


def _judge(rows: WitnessRows, columns: tuple[int, ...]) -> tuple[float, bool]:
    """Return how far a dependency is trusted (0.0: it has no groups to tell apart) and whether it holds."""
    ((groups, right, commonest),) = rows.query(
        f"""with groups as ({_groups_sql(columns)}), values_met as (select vid, count(*) as n from groups group by vid)
        select count(*), coalesce(sum(case when top > 1 then top / total else 0 end), 0),
            (select max(n) from values_met) from groups"""
    )
    if groups < 2:  # noqa: PLR2004  one group determines nothing
        return 0.0, False
    holds, base = right / groups, commonest / groups
    lift = (holds - base) / (1 - base) if base < 1 else 0.0
    trust = (right + 1) / (groups + 2)
    return trust, groups >= _MIN_GROUPS and holds >= _MIN_HOLDS and lift >= _MIN_LIFT


def _groups_sql(columns: tuple[int, ...]) -> str:
    """Return SQL for the groups of two or more rows with a valid value that agree in `columns` (none blank)."""
    keys = ", ".join(f"k{position}" for position in columns)
    filled = " and ".join(f"k{position} is not null" for position in columns)
    return f"""select {keys}, sum(n) as total, max(n) as top, arg_max(vid, (n, -vid)) as vid
        from (select {keys}, vid, sum(n) as n from witness_codes where known and {filled} group by all)
        group by {keys} having sum(n) > 1"""


def _contained(rows: WitnessRows, known: Mapping[int, str]) -> Iterator[tuple[int, Witness]]:
    """Yield the witnesses of the kind contained, each way of containing trusted as it deserves."""
    names = Containment(known)
    for position, name in enumerate(rows.columns):
        judged: dict[str, dict[int, list[bool]]] = defaultdict(lambda: defaultdict(list))
        told: dict[tuple[str, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for vid, is_known, text, count in _texts(rows, position):
            for other, how in names.within(fold(text)):
                if is_known:
                    judged[how][other].append(other == vid)
                else:
                    told[how, vid][other] += count
        trusts = _containment_trust(judged)
        for (how, vid), counts in told.items():
            trust = trusts[how]
            if trust >= MIN_TRUST:
                yield from _witnesses(vid, known, counts, through=f"{name} {how} it", kind="contained", trust=trust)


def _containment_trust(judged: Mapping[str, Mapping[int, Sequence[bool]]]) -> dict[str, float]:
    """Return the trust of each way of containing; a looser way starts from what the stricter one deserves."""
    trusts, prior = {}, 0.5
    for how in WAYS:
        answers = judged.get(how, {})
        right = sum(sum(each) / len(each) for each in answers.values())
        trusts[how] = prior = (right + 2 * prior) / (len(answers) + 2)
    return trusts


def _texts(rows: WitnessRows, position: int) -> list[tuple[int, bool, str, int]]:
    """Return value id, whether it is valid, text of the column and rows: those of unknown values first."""
    found = rows.query(
        f"""select c.vid, c.known, min(k.raw), sum(c.n)::bigint as n from witness_codes c
        join (select code, min(raw) as raw from witness_keys_{position} group by code) k on k.code = c.k{position}
        where regexp_matches(k.raw, '\\pL') group by c.vid, c.known, k.code
        order by c.known, n desc, c.vid, k.code limit {_TEXTS}"""
    )
    return [(vid, is_known, text, count) for vid, is_known, text, count in found]


def _witnesses(
    vid: int, known: Mapping[int, str], counts: Mapping[int, int], *, through: str, kind: str, trust: float
) -> Iterator[tuple[int, Witness]]:
    """Yield one witness for each valid value that `counts` (rows by value id) points to."""
    total = sum(counts.values())
    for other, count in counts.items():
        yield (
            vid,
            Witness(known=known[other], through=through, rows=count, against=total - count, kind=kind, trust=trust),
        )


def _best(witnesses: Sequence[Witness]) -> tuple[Witness, ...]:
    """Return the strongest witnesses in a fixed order."""
    return tuple(
        sorted(
            witnesses,
            key=lambda one: (-one.trust * one.share * one.rows / (one.rows + one.against + 1), one.through, one.known),
        )
    )[:_WITNESSES]


def _context(rows: WitnessRows) -> dict[int, dict[str, tuple[str, ...]]]:
    """Return the most frequent texts of the other columns in the rows of each unknown value."""
    context: dict[int, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for position, name in enumerate(rows.columns):
        for vid, texts in rows.query(
            f"""with first as (select code, min(raw) as raw from witness_keys_{position} group by code),
            texts as (select code, {clean_text_sql("raw")} as text from first),
            counted as (select c.vid, t.text, sum(c.n) as n from witness_codes c join texts t on t.code = c.k{position}
                where not c.known group by c.vid, t.code, t.text
                qualify row_number() over (partition by c.vid order by sum(c.n) desc, t.text) <= {_CONTEXT})
            select vid, list(text order by n desc, text) from counted group by vid"""
        ):
            context[vid][name] = tuple(texts)
    return context
