"""Specialists that judge which valid value an unknown one is another spelling of.

Each looks at the spelling alone and returns its candidates with a score from 0 to 1 and a reason. Scores are rough
probabilities; they are combined in `algorithms.resolution`. Three rules bind all of them: digits are never changed,
in a list of identifiers only a difference of case and punctuation counts as another spelling, and a word or prefix
that makes another value (`algorithms.value_opposites`) is no difference of spelling.

Sources: edit distance with transpositions after Damerau (1964) in its restricted form; the density of the list as
the chance that a near name is another name follows Fellegi and Sunter (1969): agreement weighs the more, the more
rarely it comes by chance.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from algorithms.value_match import FUNCTION_WORDS, Name, ValidIndex, initials, is_numeral
from algorithms.value_opposites import PROPOSED, PrefixPairs, reversed_meaning, words_ceiling

_PLACEHOLDERS = frozenset({"na", "nan", "nil", "tba", "tbd"})  # read as words, never as initials
_ACRONYM_SCORES = {2: 0.7, 3: 0.8}
_LONG_ACRONYM = 0.88
_CELLS = 20_000_000  # of a distance matrix computed at once (bytes)
_SHORT = 6  # letters up to which another name two errors away makes one error doubtful
_SAMPLE = 300  # valid names on which the density of the list is measured


class Candidate(NamedTuple):
    """How likely a valid value is meant, 0 to 1, and why (text, or a call that makes it when asked)."""

    score: float
    why: str | Callable[[], str]

    @property
    def reason(self) -> str:
        """The reason in words."""
        return self.why if isinstance(self.why, str) else self.why()


def normalised(name: Name, index: ValidIndex) -> dict[int, Candidate]:
    """Return the names that are equal but for case, diacritics, punctuation, articles and blanks."""
    if is_numeral(name.text):
        return {}
    found = {place: Candidate(0.9, "equal but for blanks") for place in index.by_compact.get(name.compact, ())}
    found |= {
        place: Candidate(0.97, "equal but for case, diacritics, punctuation and articles")
        for place in index.by_tokens.get(name.tokens, ())
    }
    return found


def tokens(name: Name, index: ValidIndex) -> dict[int, Candidate]:
    """Return the names of the same words in another order."""
    if len(name.tokens) < 2 or name.digits or reversed_meaning(name):  # noqa: PLR2004  '1 2' is not '2 1'
        return {}
    places = index.by_sorted.get(tuple(sorted(name.tokens)), ())
    return {place: Candidate(0.95, "the same words in another order") for place in places}


def acronym(name: Name, index: ValidIndex) -> dict[int, Candidate]:
    """Return the names whose initials the value is, and the acronyms that its own initials make."""
    letters = "".join(name.tokens)
    found: dict[int, Candidate] = {}
    if _is_acronym(name.text, letters):
        score = _ACRONYM_SCORES.get(len(letters), _LONG_ACRONYM)
        for place in index.by_initials.get(letters, ()):
            found[place] = Candidate(score, "the initials of the valid value")
    if len(name.tokens) > 1:
        for skip in (True, False):
            short = initials(name.tokens, skip_function_words=skip)
            score = _ACRONYM_SCORES.get(len(short), _LONG_ACRONYM)
            for place in index.by_compact.get(short, ()):
                if _is_acronym(index.names[place].text, short):
                    found[place] = Candidate(score, "the valid value is its initials")
    return found


def overlap(name: Name, index: ValidIndex) -> dict[str, dict[int, Candidate]]:
    """Return the names that share informative words: exact ones (containment), or but for endings (stem)."""
    found: dict[str, dict[int, Candidate]] = {"containment": {}, "stem": {}}
    if is_numeral(name.text):
        return found
    similar = {token: index.similar_tokens(token) for token in name.tokens}
    overlaps = {
        place: _align(name.tokens, index.names[place].tokens, similar)
        for place in index.sharing(name.tokens)
        if index.names[place].digits == name.digits
    }
    sharers = Counter(shared.words for shared in overlaps.values())
    for place, shared in overlaps.items():
        rivals = sum(count for words, count in sharers.items() if words >= shared.words)
        # Names that share the same words are rivals, also those that extend this one ('Guinea', 'Guinea-Bissau').
        score = _overlap_score(shared, index, similar) / math.sqrt(rivals)
        other = index.names[place]
        if name.tokens != other.tokens:
            score = min(score, words_ceiling(name, other, shared.left, shared.missing, len(index.names)))
        if not score:
            continue
        voter = "containment" if shared.exact else "stem"
        found[voter][place] = Candidate(score, partial(_overlap_reason, shared))
    return found


def _is_acronym(text: str, letters: str) -> bool:
    return 2 <= len(letters) <= 6 and letters.isalpha() and text.upper() == text and letters not in _PLACEHOLDERS  # noqa: PLR2004


class _Overlap(NamedTuple):
    shared: tuple[tuple[str, str, float], ...]  # word of the value, word of the name, similarity
    words: frozenset[str]  # the shared words of the value
    left: tuple[str, ...]  # words of the value that the name lacks, without function words
    missing: tuple[str, ...]  # words of the name that the value lacks, without function words

    @property
    def exact(self) -> bool:
        return all(own == word for own, word, _ in self.shared)


def _align(own: Sequence[str], other: Sequence[str], similar: Mapping[str, list[tuple[str, float]]]) -> _Overlap:
    """Pair the words of two names, equal ones first, then the most similar, each at most once."""
    rest = list(other)
    pairs = []
    for token in own:
        if token in rest:
            rest.remove(token)
            pairs.append((token, token, 1.0))
    left = [token for token in own if token not in other]
    if rest and left:
        near = [(-quality, token, word) for token in left for word, quality in similar[token] if word in rest]
        for quality, token, word in sorted(near):
            if token in left and word in rest:
                left.remove(token)
                rest.remove(word)
                pairs.append((token, word, -quality))
    return _Overlap(
        tuple(pairs),
        frozenset(token for token, _, _ in pairs if token not in FUNCTION_WORDS),
        tuple(word for word in left if word not in FUNCTION_WORDS),
        tuple(word for word in rest if word not in FUNCTION_WORDS),
    )


def _overlap_score(overlap: _Overlap, index: ValidIndex, similar: Mapping[str, list[tuple[str, float]]]) -> float:
    """Score shared words by what is left over on either side: a word of one other name speaks for that name."""
    unseen = sum(not similar[word] for word in overlap.left)
    if not overlap.missing:
        score = 0.9 if not overlap.left else max(0.4, 0.8 - 0.05 * unseen)
    elif not overlap.left:
        score = 0.75
    else:
        score = 0.3 if unseen else 0.55  # both have words the other lacks: not enough alone
    for word in overlap.left:
        if any(index.frequency(match) == 1 for match, _ in similar[word]):
            score *= 0.6
    if not overlap.exact:
        score *= index.stem_trust
    return score * min((quality for own, _, quality in overlap.shared if own in overlap.words), default=0.0)


def _overlap_reason(overlap: _Overlap) -> str:
    shared = ", ".join(f"{own!r}" if own == word else f"{own!r} as {word!r}" for own, word, _ in overlap.shared)
    left = f"; {' '.join(overlap.left)!r} is left over" if overlap.left else ""
    missing = f"; {' '.join(overlap.missing)!r} is missing" if overlap.missing else ""
    return f"shares {shared}{left}{missing}"


class EditNeighbours:
    """Valid names a few typing errors away: one for 5 to 7 letters, two up to 14, three above; so too in each word.

    The score falls with the share of letters changed, and with the share of the list's own names that have another
    name equally near by the same kind of error: in a list of near-identical names nearness says nothing.
    """

    def __init__(self, index: ValidIndex) -> None:
        self._index = index
        order = sorted(range(len(index.names)), key=lambda place: len(index.names[place].folded))
        self._places = np.array(order, dtype=np.int64)
        self._lengths = np.array([len(index.names[place].folded) for place in order], dtype=np.int64)
        self._texts = [index.names[place].folded for place in order]
        self._density: dict[tuple[str, int], float] | None = None
        self._pairs = PrefixPairs(self._texts)

    def judge(self, names: Sequence[Name]) -> list[dict[int, Candidate]]:
        """Return the candidates of each name."""
        found = self._near([name.folded if not is_numeral(name.text) else "" for name in names])
        return [self._score(name, near) for name, near in zip(names, found, strict=True)]

    def _score(self, name: Name, near: dict[int, int]) -> dict[int, Candidate]:
        near = {
            place: distance
            for place, distance in near.items()
            if self._index.names[place].digits == name.digits
            and _plausible(name.folded, self._index.names[place].folded, distance)
            and not self._pairs.changed(name.folded, self._index.names[place].folded)
        }
        if not near:
            return {}
        nearest = min(near.values())
        candidates = {}
        for place, distance in near.items():
            other = self._index.names[place].folded
            likely = 0.95 - 1.2 * distance / max(len(name.folded), len(other))
            likely *= 1.0 - self._chance(name.folded, other, distance)
            reason = f"{distance} typing error{'s' if distance > 1 else ''} away"
            likely *= 0.5 ** (distance - nearest)
            if likely > PROPOSED and not self._alone(name, place, distance):
                likely, reason = PROPOSED, f"{reason}, and another valid value is about as near"
            candidates[place] = Candidate(likely, reason)
        return candidates

    def _alone(self, name: Name, place: int, distance: int) -> bool:
        """Whether no other name, however short, is as near, nor one error farther from a short word."""
        reach = distance + 1 if distance == 1 and len(name.folded) <= _SHORT else distance
        length = len(name.folded)
        low, high = np.searchsorted(self._lengths, [length - reach, length + reach + 1])
        distances = process.cdist(
            [name.folded], self._texts[low:high], scorer=OSA.distance, score_cutoff=reach, dtype=np.uint8
        )
        near = self._places[low:high][distances[0] <= reach]
        return all(other == place or self._index.names[other].digits != name.digits for other in near)

    def _chance(self, own: str, other: str, distance: int) -> float:
        """Return the share of valid names with another name as near by the same kind of error."""
        if self._density is None:
            self._density = self._measure()
        return self._density.get((_kind(own, other), distance), 0.0)

    def _measure(self) -> dict[tuple[str, int], float]:
        step = max(1, len(self._texts) // _SAMPLE)
        sample = [text for text in self._texts[::step] if allowed_errors(len(text))]
        hits: dict[tuple[str, int], int] = defaultdict(int)
        for text, near in zip(sample, self._near(sample), strict=True):
            kinds: dict[str, int] = {}
            for place, distance in near.items():
                if distance:
                    kind = _kind(text, self._index.names[place].folded)
                    kinds[kind] = min(distance, kinds.get(kind, distance))
            for kind, nearest in kinds.items():
                for distance in range(nearest, allowed_errors(len(text)) + 1):
                    hits[kind, distance] += 1
        return {key: count / len(sample) for key, count in hits.items()}

    def _near(self, texts: Sequence[str]) -> list[dict[int, int]]:
        """Return for each text the places of the names within the allowed distance, with the distance."""
        found: list[dict[int, int]] = [{} for _ in texts]
        by_length: dict[int, list[int]] = defaultdict(list)
        for number, text in enumerate(texts):
            if allowed_errors(len(text)):
                by_length[len(text)].append(number)
        for length, numbers in sorted(by_length.items()):
            allowed = allowed_errors(length)
            low, high = np.searchsorted(self._lengths, [length - allowed, length + allowed + 1])
            for chunk in _chunks(numbers, max(1, _CELLS // max(1, int(high - low)))):
                distances = process.cdist(
                    [texts[number] for number in chunk],
                    self._texts[low:high],
                    scorer=OSA.distance,
                    score_cutoff=allowed,
                    dtype=np.uint8,
                )
                for row, column in np.argwhere(distances <= allowed):
                    distance = int(distances[row, column])
                    if distance <= allowed_errors(int(self._lengths[low + column])):
                        found[chunk[row]][int(self._places[low + column])] = distance
        return found


def allowed_errors(length: int) -> int:
    """Return how many typing errors a text of that many characters may have."""
    return sum(length >= least for least in (5, 8, 15))


def _plausible(own: str, other: str, distance: int) -> bool:
    """Whether the errors are spread as typing spreads them: in no word more than its length allows.

    With another number of words only one error is believed, a blank too many or too few.
    """
    words, others = own.split(), other.split()
    if len(words) != len(others):
        return distance == 1
    return distance == 1 or all(
        OSA.distance(word, match) <= allowed_errors(max(len(word), len(match)))
        for word, match in zip(words, others, strict=True)
    )


def _kind(own: str, other: str) -> str:
    if len(own) != len(other):
        return "length"
    return "order" if sorted(own) == sorted(other) else "letter"


def _chunks(numbers: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
