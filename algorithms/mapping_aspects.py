"""Aspects of column mapping: each measures one kind of evidence on one source and one contract column.

Each returns 0..1, or None where it has nothing to say; none knows what another says. The seats of the council
(`algorithms.mapping_council`) are made of them. What they compare is prepared once for each column (`Prepared`),
because names are read in the light of all other names and samples are folded.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rapidfuzz.distance import OSA

from algorithms.cut_names import cut_alike
from algorithms.names import TYPO_COST, Lexicon, Words, name_similarity, normal_name, says_nothing, split_words
from state.contract import LogicalType
from state.mapping import MappingEvidence, SourceColumn, TargetColumn

_SAMPLES = 50  # a column with at most as many distinct values is known whole
_CHANCE = 0.3  # overlap of values that speaks neither for nor against
_TELLING, _TELLING_VALID = 10, 5  # common values that are no chance: with known values, within valid ones
_DENSE = 0.1  # share of the integers of its range beyond which a column shares values with any other by chance
_INTEGERS = 0.95  # share of whole numbers that makes a column one of integers
_NEAR_UNIQUE = 0.5  # share of distinct values beyond which two samples need not meet
_SPELLED = 6  # letters of a name in which single letters hardly matter
_CUT_ALIKE, _CUT_ALONE = 0.92, 0.64  # what a name without its end is worth, in a header cut alike and by itself
_CUT_LETTERS = 4  # of a name that by itself may lack one letter
_WITHIN = 0.75  # what values within the bounds of the contract are worth: hardly more than nothing
_PATTERN_LENGTH = 64  # letters of a sample that a pattern is tried on
_WORD_RUN = re.compile(r"a(?:[ ,]+a)+")
_DIGITS, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")
# A repetition inside a repetition, or a reference back, may take exponential time in the standard library's engine.
_EXPENSIVE = re.compile(r"[*+}?]\)*[^()]*\)+[*+{]|\\[1-9]|\(\?[P<=!]")

Values = frozenset[str]


class SourceFacts(NamedTuple):
    """A source column, prepared."""

    column: SourceColumn
    words: Words
    normal: str
    values: Values  # samples, folded
    shapes: Values
    cut_from: str = ""  # the contract column whose name it is, cut like the other names of the header


class TargetFacts(NamedTuple):
    """A contract column, prepared."""

    column: TargetColumn
    words: tuple[Words, ...]  # of its name, then of its further names
    normal: str
    normal_aliases: Values
    valid: Values
    values: Values
    shapes: Values
    pattern: re.Pattern[str] | None


class Prepared(NamedTuple):
    """Both sides prepared, in the order of the evidence."""

    sources: tuple[SourceFacts, ...]
    targets: tuple[TargetFacts, ...]
    lexicon: Lexicon


Aspect = Callable[[SourceFacts, TargetFacts, Lexicon], float | None]


def aspects() -> Mapping[str, Aspect]:
    """Return the aspects by name, those on names first."""
    return _ASPECTS


def prepare(evidence: MappingEvidence) -> Prepared:
    """Prepare the columns of both sides."""
    names = [split_words(source.name) for source in evidence.sources]
    known = [tuple(map(split_words, (target.name, *target.names))) for target in evidence.targets]
    lexicon = Lexicon(names, [words for each in known for words in each])
    targets = tuple(
        _target_facts(column, tuple(map(lexicon.cut, words)))
        for column, words in zip(evidence.targets, known, strict=True)
    )
    cut = _cut_from(evidence, targets)
    sources = (
        _source_facts(column, lexicon.cut(words), cut.get(place, ""))
        for place, (column, words) in enumerate(zip(evidence.sources, names, strict=True))
    )
    return Prepared(tuple(sources), targets, lexicon)


def same_name(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """1 where the names are the same text."""
    return 1.0 if source.column.name.strip() == target.column.name else None


def same_alias(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """1 where the source is called one of the further names of the contract column."""
    return 1.0 if source.column.name.strip() in target.column.names else None


def same_normal_name(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """1 where the names are the same but for case, separators and diacritics."""
    return 1.0 if source.normal == target.normal else None


def same_normal_alias(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """1 where the source is called one of the further names but for case, separators and diacritics."""
    return 1.0 if source.normal in target.normal_aliases else None


def words(source: SourceFacts, target: TargetFacts, lexicon: Lexicon) -> float | None:
    """Judge how well the words of the names, some abbreviated or mistyped, go together, where both say anything."""
    if says_nothing(source.words) or says_nothing(target.words[0]):
        return None
    return max((name_similarity(source.words, known, lexicon) for known in target.words), default=None)


def spelling(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """Judge how many letters of the names differ; only of single words, where no word can be exchanged for another."""
    here, there = source.normal, target.normal
    one_word = len(source.words) == 1 or len(target.words[0]) == 1
    if not one_word or min(len(here), len(there)) < _SPELLED or here[0] != there[0]:
        return None
    if _DIGITS.findall(here) != _DIGITS.findall(there):
        return None
    return max(0.0, 1.0 - TYPO_COST * OSA.normalized_distance(here, there))


def cut(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """Judge whether the name is that of the contract column without its end.

    Where the whole header is cut alike it is; a name that alone lacks one letter may be, and leaves it to the values.
    """
    if source.cut_from:
        return _CUT_ALIKE if source.cut_from == target.column.name else None
    here, there = source.normal, target.normal
    return _CUT_ALONE if len(here) >= _CUT_LETTERS and there[:-1] == here else None


def values(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """Judge how far the values are the same: within the valid values, or in common with known ones.

    Few common values may be chance and count less; integers that fill their range have values in common with any
    other such column, and nearly unique columns need not meet in samples: of those nothing is said.
    """
    if not source.values:
        return None
    if target.valid:
        common = len(source.values & target.valid)
        return _trusted(common / len(source.values), common, _TELLING_VALID)
    if not target.values or _counting(source.column) or (target.column.profile and _counting(target.column.profile)):
        return None
    common = len(source.values & target.values)
    overlap = common / math.sqrt(len(source.values) * len(target.values))
    if overlap < _CHANCE and _may_miss(source.column) and _may_miss(target.column.profile):
        return None
    return _trusted(overlap, common, _TELLING)


def pattern(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """Judge which share of the samples the pattern of the contract accepts."""
    if target.pattern is None:
        return None
    samples = [sample for sample in map(str.strip, source.column.samples) if len(sample) <= _PATTERN_LENGTH]
    accepted = sum(target.pattern.search(sample) is not None for sample in samples)
    return accepted / len(samples) if samples else None


def types(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """Judge whether the values can be read as the type of the contract, or as the same types as known values."""
    if not source.column.filled:
        return None
    shares = source.column.type_share
    known = target.column.profile
    if known is not None:
        kinds = (shares.keys() | known.type_share.keys()) - {LogicalType.STRING.value}
        apart = max((abs(shares.get(kind, 0.0) - known.type_share.get(kind, 0.0)) for kind in kinds), default=None)
        return None if apart is None or not known.filled else 1.0 - apart
    kind = target.column.logical_type
    if kind is LogicalType.STRING or not shares:
        return None
    accepted = {kind, LogicalType.TIMESTAMP} if kind is LogicalType.DATE else {kind}
    return max(shares.get(each.value, 0.0) for each in accepted)


def shapes(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """Judge how many of the commonest shapes of values both sides have."""
    if not source.shapes or not target.shapes:
        return None
    return len(source.shapes & target.shapes) / min(len(source.shapes), len(target.shapes))


def numbers(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """Judge how near the quartiles of the numbers are, or whether they keep the bounds of the contract."""
    found = source.column.quantiles
    if not found:
        return None
    known = target.column.profile.quantiles if target.column.profile else ()
    if known:
        low, high = min(found[1], known[1]), max(found[3], known[3])
        apart = sum(abs(here - there) for here, there in zip(found[1:4], known[1:4], strict=True)) / 3
        return 1.0 - apart / (high - low) if high > low else float(apart == 0)
    minimum, maximum = target.column.minimum, target.column.maximum
    if minimum is None and maximum is None:
        return None
    lowest, highest = -math.inf if minimum is None else minimum, math.inf if maximum is None else maximum
    return _WITHIN * sum(lowest <= value <= highest for value in found) / len(found)


def uniqueness(source: SourceFacts, target: TargetFacts, _: Lexicon) -> float | None:
    """Judge whether values repeat as often as known ones, or not at all where the contract wants them unique."""
    if not source.column.filled:
        return None
    share = source.column.distinct / source.column.filled
    known = target.column.profile
    if known is not None:
        return 1.0 - abs(share - known.distinct / known.filled) if known.filled else None
    return share if target.column.unique else None


_ASPECTS: Mapping[str, Aspect] = MappingProxyType(
    {
        "name": same_name,
        "alias": same_alias,
        "normal name": same_normal_name,
        "normal alias": same_normal_alias,
        "words": words,
        "spelling": spelling,
        "cut": cut,
        "values": values,
        "pattern": pattern,
        "type": types,
        "shapes": shapes,
        "numbers": numbers,
        "uniqueness": uniqueness,
    }
)


def _cut_from(evidence: MappingEvidence, targets: Sequence[TargetFacts]) -> dict[int, str]:
    """Return by source the contract column whose cut name it carries."""
    names = [source.name for source in evidence.sources]
    known = [(target.normal, *sorted(target.normal_aliases)) for target in targets]
    found = cut_alike(names, [normal_name(name) for name in names], known)
    return {source: targets[target].column.name for source, target in found.items()}


def _source_facts(column: SourceColumn, name: Words, cut_from: str) -> SourceFacts:
    return SourceFacts(
        column=column,
        words=name,
        normal=normal_name(column.name),
        values=_folded(column.samples),
        shapes=_collapsed(column.shapes),
        cut_from=cut_from,
    )


def _target_facts(column: TargetColumn, names: tuple[Words, ...]) -> TargetFacts:
    known = column.profile.samples if column.profile else (*column.samples, *column.examples)
    return TargetFacts(
        column=column,
        words=names,
        normal=normal_name(column.name),
        normal_aliases=frozenset(map(normal_name, column.names)),
        valid=_folded(column.valid_values),
        values=_folded(column.profile.samples if column.profile else column.samples),
        shapes=_collapsed(column.profile.shapes if column.profile else map(_shape, known)),
        pattern=_compiled(column.pattern),
    )


def _trusted(overlap: float, common: int, telling: int) -> float:
    """Return an overlap drawn towards chance the fewer values are in common; a lack of overlap counts in full."""
    if overlap <= _CHANCE:
        return overlap
    return _CHANCE + (overlap - _CHANCE) * min(1.0, math.log1p(common) / math.log1p(telling))


def _folded(texts: Iterable[str]) -> Values:
    return frozenset(" ".join(text.casefold().split()) for text in texts)


def _shape(text: str) -> str:
    return _LETTERS.sub("a", _DIGITS.sub("9", text.strip()))


def _collapsed(found: Iterable[str]) -> Values:
    """Return the shapes with runs of words as one: how many words a text has says little."""
    return frozenset(_WORD_RUN.sub("a a", shape) for shape in found)


def _compiled(text: str | None) -> re.Pattern[str] | None:
    """Return the pattern, or None where it is none of this dialect or may take long: it then says nothing here."""
    if not text or _EXPENSIVE.search(text):
        return None
    try:
        return re.compile(text)
    except re.error:
        return None


def _counting(column: SourceColumn) -> bool:
    """Whether the column holds integers that fill much of their range: ids, counts, small measures."""
    if not column.quantiles or column.type_share.get(LogicalType.INTEGER.value, 0.0) < _INTEGERS:
        return False
    middle = column.quantiles[3] - column.quantiles[1] + 1
    return column.distinct / 2 / middle > _DENSE


def _may_miss(column: SourceColumn | None) -> bool:
    """Whether samples of the column may have nothing in common with others of the same column."""
    return column is None or (column.distinct > _SAMPLES and column.distinct > _NEAR_UNIQUE * column.filled)
