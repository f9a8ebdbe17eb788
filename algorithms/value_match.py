"""Comparing a value with a list of valid values: folding, tokens, and an index that finds candidates fast.

Owns how two spellings are brought to a common form and which valid values are worth a closer look. It knows no
list of its own (no countries, no aliases), only rules of written language: case, diacritics, punctuation, articles,
function words. Scores and votes are in `algorithms.value_votes`.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

ARTICLES = frozenset({"the", "le", "la", "les", "el", "los", "las", "der", "die", "das"})
"""Articles that carry no meaning at either end of a name."""

FUNCTION_WORDS = ARTICLES | frozenset(
    {"of", "and", "an", "in", "on", "at", "for", "to", "by", "de", "du", "des", "del", "da", "do", "et", "und"}
)
"""Words that never tell two names apart on their own."""

CONTRASTS = frozenset(
    {"north", "south", "east", "west", "northern", "southern", "eastern", "western", "central", "middle"}
    | {side + end for side in ("north", "south") for end in ("east", "west", "eastern", "western")}
    | {"upper", "lower", "inner", "outer", "left", "right", "top", "bottom", "front", "rear", "high", "low"}
    | {"new", "old", "newer", "older", "early", "late", "first", "second", "last", "next", "previous"}
    | {"big", "little", "great", "greater", "lesser", "small", "large", "minor", "major", "max", "min"}
    | {"junior", "senior", "young", "male", "female", "man", "woman", "part", "partial", "partially", "partly"}
)
"""Words that come in opposites: adding one to a name makes another name, not another spelling."""

_ABBREVIATIONS = {"saint": "st", "sainte": "st", "mount": "mt", "fort": "ft"}
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_NOT_WORD = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")
_STEM_LETTERS = 4  # a stem shorter than this says nothing
_STEM_ENDING = 3  # letters that may follow the stem on either side
_STEM_SHARE = 0.7  # of the longer word that two words with different endings must share
_SAMPLE = 300  # words on which it is measured how common stems are in the list
_MOST_SHARING = 100  # names sharing a word that are looked at; a word in more names finds none


def fold(text: str) -> str:
    """Return `text` in lower case without diacritics and punctuation, words separated by one blank."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_PLAIN_LETTERS)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).replace("&", " and ")
    return " ".join(_ABBREVIATIONS.get(word, word) for word in _NOT_WORD.sub(" ", plain).split())


def name_tokens(folded: str) -> tuple[str, ...]:
    """Return the words of a folded text without articles at its ends (at least one word stays, codes stay whole)."""
    words = folded.split()
    if _DIGITS.search(folded):
        return tuple(words)
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    while len(words) > 1 and words[-1] in ARTICLES:
        words = words[:-1]
    return tuple(words)


def digit_runs(text: str) -> tuple[str, ...]:
    """Return the runs of digits in `text`: what a resolution must never change."""
    return tuple(_DIGITS.findall(text))


def is_numeral(text: str) -> bool:
    """Whether `text` has no letter at all: a number, a date, a bare sign."""
    return not any(letter.isalpha() for letter in text)


def is_code_list(valid: Sequence[str]) -> bool:
    """Whether most of the valid values hold digits: identifiers, where a near miss is another thing."""
    return bool(valid) and 2 * sum(bool(_DIGITS.search(value)) for value in valid) > len(valid)


def compact(tokens: Sequence[str]) -> str:
    """Return the words written together; a blank stays between two digits, so that '1-23' is not '12-3'."""
    return re.sub(r"(?<!\d) | (?!\d)", "", " ".join(tokens))


def initials(tokens: Iterable[str], *, skip_function_words: bool) -> str:
    """Return the first letters of the words."""
    return "".join(word[0] for word in tokens if not (skip_function_words and word in FUNCTION_WORDS))


def stem_similarity(left: str, right: str) -> float:
    """Return how alike two words are that begin alike and differ in a short ending, else 0.0.

    It is the shared share of letters, nearer to one where one word merely extends the other ('Russia', 'Russian').
    """
    shared = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        shared += 1
    shortest, longest = sorted((len(left), len(right)))
    if shared < _STEM_LETTERS or longest - shared > _STEM_ENDING:
        return 0.0
    share = shared / longest
    if shared == shortest:
        return (1 + share) / 2
    return share if share >= _STEM_SHARE else 0.0


class Name:
    """A value with the forms it is compared by."""

    __slots__ = ("compact", "digits", "folded", "text", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = fold(text)
        self.tokens = name_tokens(self.folded)
        self.compact = compact(self.tokens)
        self.digits = digit_runs(self.folded)


class ValidIndex:
    """The valid values with look-ups by each form; positions are those in `names`."""

    def __init__(self, valid: Iterable[str]) -> None:
        self.names = tuple(Name(text) for text in sorted(set(valid)))
        self.codes = is_code_list([name.text for name in self.names])
        self.by_tokens: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self.by_compact: dict[str, list[int]] = defaultdict(list)
        self.by_sorted: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self.by_token: dict[str, list[int]] = defaultdict(list)
        self.by_initials: dict[str, list[int]] = defaultdict(list)
        self._similar: dict[str, list[tuple[str, float]]] = {}
        for position, name in enumerate(self.names):
            self._add(position, name)

    @cached_property
    def _vocabulary(self) -> list[str]:
        return sorted(token for token in self.by_token if not any(letter.isdigit() for letter in token))

    @cached_property
    def stem_trust(self) -> float:
        """The share of the list's words that share their stem with no other of its words."""
        words = [word for word in self._vocabulary if len(word) >= _STEM_LETTERS]
        sample = words[:: max(1, len(words) // _SAMPLE)]
        alone = sum(all(other == word for other, _ in self._find_similar(word)) for word in sample)
        return alone / len(sample) if sample else 1.0

    def frequency(self, token: str) -> int:
        """Return how many valid names hold the token."""
        return len(self.by_token.get(token, ()))

    def similar_tokens(self, token: str) -> list[tuple[str, float]]:
        """Return the tokens of valid names that equal `token` or share its stem, with their similarity."""
        known = self._similar.get(token)
        if known is None:
            known = self._similar[token] = self._find_similar(token)
        return known

    def sharing(self, tokens: Iterable[str]) -> list[int]:
        """Return the positions of names that share an informative token (or its stem), found by the rarest ones."""
        words = {other for token in tokens for other, _ in self.similar_tokens(token)} - FUNCTION_WORDS
        found: set[int] = set()
        for word in sorted(words, key=lambda one: (self.frequency(one), one)):
            if found and len(found) + self.frequency(word) > _MOST_SHARING:
                break
            if self.frequency(word) <= _MOST_SHARING:
                found.update(self.by_token[word])
        return sorted(found)

    def _find_similar(self, token: str) -> list[tuple[str, float]]:
        found = [(token, 1.0)] if token in self.by_token else []
        stem = token[: max(_STEM_LETTERS, len(token) - _STEM_ENDING)]
        if len(token) < _STEM_LETTERS:
            return found
        for place in range(bisect_left(self._vocabulary, stem), len(self._vocabulary)):
            other = self._vocabulary[place]
            if not other.startswith(stem):
                break
            similarity = stem_similarity(token, other) if other != token else 0.0
            if similarity:
                found.append((other, similarity))
        return found

    def _add(self, position: int, name: Name) -> None:
        if not name.tokens:
            return
        self.by_tokens[name.tokens].append(position)
        self.by_compact[name.compact].append(position)
        self.by_sorted[tuple(sorted(name.tokens))].append(position)
        for token in set(name.tokens):
            self.by_token[token].append(position)
        if len(name.tokens) > 1:
            for skip in (False, True):
                places = self.by_initials[initials(name.tokens, skip_function_words=skip)]
                if not places or places[-1] != position:
                    places.append(position)


WAYS = ("is", "begins with", "holds")
"""How a text contains a valid value, the strictest way first."""


class Containment:
    """Finds valid values inside longer texts, as whole words."""

    def __init__(self, known: Mapping[int, str]) -> None:
        self._words: dict[str, int] = {}
        for position, text in sorted(known.items()):
            folded = " ".join(name_tokens(fold(text)))
            if folded and not is_numeral(folded):
                self._words.setdefault(folded, position)
        self._longest = max((len(words.split()) for words in self._words), default=0)

    def within(self, folded: str) -> list[tuple[int, str]]:
        """Return each valid value (its key in `known`) found in a folded text, with the way it is contained."""
        words = name_tokens(folded)
        found: dict[int, str] = {}
        for start in range(len(words)):
            for end in range(start + 1, min(len(words), start + self._longest) + 1):
                position = self._words.get(" ".join(words[start:end]))
                if position is not None:
                    whole = end - start == len(words)
                    found.setdefault(position, WAYS[0 if whole else 2 if start else 1])
        return list(found.items())
