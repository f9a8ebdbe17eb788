"""Keys of drafted tables and references between them: which are plausible by name and by what the rows show.

That all values of a column differ proves little in few rows. A single column is a key only where its name says that it
identifies something; several columns are one where equal rows would be expected if they were independent, and none is
there.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

from algorithms.draft_support import ENOUGH, MOST_BROKEN
from algorithms.names import IDENTIFIERS, split_words
from state.contract import LogicalType
from state.draft import ColumnFacts, InclusionFacts, KeyCandidate, Proposal

_CODES = frozenset({"code", "sku", "uuid", "guid", "index", "pk", "uid", "ref", "reference"})
_UNIQUE = frozenset({"email", "mail", "uuid", "guid", "sku", "isbn", "iban", "username", "login", "serial", "vin"})
_PARTS = frozenset({"year", "month", "week", "day", "hour", "line", "position", "seq", "sequence"})
_KEYED = (LogicalType.INTEGER, LogicalType.STRING)
_PARTED = (LogicalType.INTEGER, LogicalType.STRING, LogicalType.DATE, LogicalType.TIMESTAMP)
_FEWEST = 20  # rows from which a column with the name of a key is taken for one
_NEARLY = 0.8  # share of different values of a key whose rows come in several versions
_LONGEST = 80  # characters of a key
_MOST_PARTS = 8  # columns that combinations are made of
_BY_CHANCE = 10.0  # equal pairs expected by chance from which their absence says that there cannot be any
_COVERED = 0.5  # share of the keys referred to from which a name that fits no table may refer to them
_OWN, _IDENTIFYING, _WEAK = 3, 2, 1


def key_likeness(table: str, column: str) -> int:
    """Return how much the name of a column says that it is the key of the table: 0 (nothing) to 3."""
    words, owner = split_words(column), [singular(word) for word in split_words(table)]
    if not words:
        return 0
    last, before = words[-1], [singular(word) for word in words[:-1]]
    if last in IDENTIFIERS and (not before or before == owner[-len(before) :]):
        return _OWN
    if last in IDENTIFIERS:
        return _IDENTIFYING
    return _WEAK if last in _CODES else 0


def singular(word: str) -> str:
    """Return an English word without the sign of its plural."""
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004  not "ties"
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def single_candidates(table: str, facts: Sequence[ColumnFacts]) -> tuple[str, ...]:
    """Return the columns worth counting as a key, the likeliest first."""
    found = []
    for position, column in enumerate(facts):
        score = key_likeness(table, column.name)
        full = column.rows and column.rows - column.filled <= MOST_BROKEN * column.rows
        if score and full and column.logical_type in _KEYED and column.distinct >= _NEARLY * column.filled:
            found.append((-score, position, column.name))
    return tuple(name for _, _, name in sorted(found))


def combined_candidates(facts: Sequence[ColumnFacts]) -> tuple[tuple[str, ...], ...]:
    """Return pairs and triples of columns worth counting as a key, those with fewer columns first."""
    parts = [column for column in facts if _may_be_part(column)]
    parts.sort(key=lambda column: (-key_likeness("", column.name), -column.distinct, column.name))
    names = [column.name for column in parts[:_MOST_PARTS]]
    order = {column.name: position for position, column in enumerate(facts)}
    chosen = [each for size in (2, 3) for each in combinations(names, size)]
    return tuple(tuple(sorted(each, key=order.__getitem__)) for each in chosen)


def _may_be_part(column: ColumnFacts) -> bool:
    if column.logical_type not in _PARTED or column.filled < column.rows or column.distinct < 2:  # noqa: PLR2004
        return False
    words = set(split_words(column.name))
    if column.logical_type is LogicalType.INTEGER:
        return bool(words & (IDENTIFIERS | _CODES | _PARTS))
    return column.lengths is None or column.lengths[1] <= _LONGEST


def choose_key(table: str, candidates: Sequence[KeyCandidate], rows: int) -> KeyCandidate | None:
    """Return the first candidate that the rows support; None when there is none. Single columns come first."""
    fitting = [candidate for candidate in candidates if _is_key(table, candidate, rows)]
    return min(fitting, key=lambda each: len(each.columns), default=None)


def _is_key(table: str, candidate: KeyCandidate, rows: int) -> bool:
    if rows < _FEWEST or not candidate.distinct:
        return False
    unexplained = candidate.duplicates - candidate.identical
    if len(candidate.columns) > 1:
        by_chance = candidate.expected_clashes or 0.0
        return rows >= ENOUGH and unexplained <= 0 and by_chance >= _BY_CHANCE and candidate.identical <= 0.05 * rows
    score = key_likeness(table, candidate.columns[0])
    if not candidate.duplicates:
        return score > _WEAK or rows >= ENOUGH
    explained = unexplained <= 0 or candidate.latest is not None or unexplained <= MOST_BROKEN * rows
    return score == _OWN and explained


def key_proposal(
    key: KeyCandidate, facts: Mapping[str, ColumnFacts], rows: int
) -> tuple[Proposal, dict[str, Proposal]]:
    """Return what the key means for the table (which duplicate is kept) and for its columns."""
    told = f"{key.distinct:,} different in {key.rows:,} rows"
    if key.expected_clashes is not None:
        told += f"; {key.expected_clashes:,.0f} equal pairs would be expected by chance"
    if key.duplicates:
        told += f"; {key.duplicates:,} rows repeat one"
    columns = {}
    for position, name in enumerate(key.columns, 1):
        fields = {"primaryKey": True, "primaryKeyPosition": position}
        if facts[name].nulls + facts[name].unread == 0:
            fields["required"] = True
        columns[name] = Proposal(fields=fields, notes={"primaryKey": told if position == 1 else "part of the key"})
    return _keep(key, rows), columns


def _keep(key: KeyCandidate, rows: int) -> Proposal:
    unexplained = key.duplicates - key.identical
    empty = rows - key.rows
    if not key.duplicates:
        return Proposal(costs=empty)
    if not unexplained:
        note = f"{key.identical:,} rows are identical to another one in every column: they are merged"
        return Proposal(settings={"keep": "reject"}, notes={"keep": note}, costs=empty)
    if key.latest is not None:
        note = f"{key.duplicates:,} rows repeat a key ({key.identical:,} identical); {key.latest} orders them all"
        return Proposal(settings={"keep": f"latest:{key.latest}"}, notes={"keep": note}, costs=empty)
    note = f"{unexplained:,} rows repeat a key and differ, and nothing says which one is right: they are quarantined"
    return Proposal(settings={"keep": "reject"}, notes={"keep": note}, costs=empty + 2 * unexplained)


def reference_names(table: str, column: str, to_table: str, to_column: str) -> int:
    """Return how much names say that a column refers to a key: 2 names the table, 1 only identifies, 0 nothing."""
    words = [singular(word) for word in split_words(column)]
    target = [singular(word) for word in split_words(to_table)]
    if len(split_words(to_column)) > 1 and split_words(column) == split_words(to_column):
        return 2
    if len(words) > 1 and words[-1] in IDENTIFIERS and words[:-1][-1:] == target[-1:]:
        return 2
    if words == target[-len(words) :] and words and table != to_table:
        return 2
    return 1 if len(words) > 1 and words[-1] in IDENTIFIERS else 0


def unique_proposal(facts: ColumnFacts) -> Proposal:
    """Return that no value comes twice, of a column whose name says so and beside the key."""
    named = bool(_UNIQUE & set(split_words(facts.name)))
    if not named or facts.distinct < facts.filled or facts.filled < ENOUGH or facts.logical_type not in _KEYED:
        return Proposal()
    return Proposal(fields={"unique": True}, notes={"unique": f"{facts.filled:,} values, all different"})


def choose_references(found: Sequence[InclusionFacts]) -> tuple[list[InclusionFacts], list[str]]:
    """Return the references to write, one a column, and remarks on those the files leave open.

    Whole numbers from one on are found in most keys by chance: a name must say which table is meant, or only one key
    may hold all values and be referred to for the most part.
    """
    fitting = [each for each in found if each.filled >= _FEWEST and each.orphans <= MOST_BROKEN * each.filled]
    chosen = _without_circles(
        [
            max(named, key=lambda each: (each.covered / each.keys, each.to_table))
            for own in _columns(fitting)
            if (named := [each for each in fitting if _own(each) == own and _named(each) > 1])
        ]
    )
    remarks: list[str] = []
    for own in _columns([each for each in fitting if _named(each) == 1]):
        whole = [each for each in fitting if _own(each) == own and not each.orphans and _named(each)]
        likely = [each for each in whole if each.covered >= _COVERED * each.keys]
        likely = [each for each in likely if not _leads(each.to_table, each.table, chosen)]
        if own in map(_own, chosen) or not likely:
            continue
        if len(likely) == 1:
            chosen.append(likely[0])
        else:
            tables = " and ".join(sorted(f"{each.to_table}.{each.to_column}" for each in likely))
            remarks.append(f"{own[0]}.{own[1]}: all values are in {tables}; nothing says which one is meant")
    return sorted(chosen, key=_own), remarks


def _own(each: InclusionFacts) -> tuple[str, str]:
    return each.table, each.column


def _columns(found: Sequence[InclusionFacts]) -> list[tuple[str, str]]:
    return sorted(set(map(_own, found)))


def _named(each: InclusionFacts) -> int:
    return reference_names(each.table, each.column, each.to_table, each.to_column)


def _without_circles(chosen: Sequence[InclusionFacts]) -> list[InclusionFacts]:
    kept: list[InclusionFacts] = []
    for each in sorted(chosen, key=lambda each: (each.orphans, -each.filled, each.table, each.column)):
        if not _leads(each.to_table, each.table, kept):
            kept.append(each)
    return kept


def _leads(start: str, end: str, edges: Sequence[InclusionFacts]) -> bool:
    waiting, seen = [start], set[str]()
    while waiting:
        table = waiting.pop()
        if table == end:
            return True
        if table not in seen:
            seen.add(table)
            waiting += [edge.to_table for edge in edges if edge.table == table]
    return False


def reference_proposal(each: InclusionFacts) -> Proposal:
    """Return the relationship with its evidence."""
    orphans = f", {each.orphans:,} rows hold none of them" if each.orphans else ""
    note = f"{each.distinct:,} values in {each.filled:,} rows stand among {each.keys:,} keys{orphans}"
    return Proposal(relationships=((f"{each.to_table}.{each.to_column}", note),), costs=each.orphans)
