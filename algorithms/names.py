"""Similarity of column names: how words are cut out of a name, abbreviated, and aligned with those of another.

Owns rules of how people write headers (case, separators, diacritics, dropped vowels, cut words, initials, numbers);
it knows no domain. The only words it lists are the conventional signs and words for an identifier, and the names that
machines give. Where a set of
names is given, words that many names of one side carry count less, and names written together are cut at words the
other names show (`Lexicon`).

Sources: alignment of tokens with weights by rarity after Cohen, Ravikumar and Fienberg, A comparison of string
distance metrics for name-matching tasks (IIWeb 2003); reading of abbreviations after Schwartz and Hearst, A simple
algorithm for identifying abbreviation definitions in biomedical text (PSB 2003).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

Words = tuple[str, ...]

IDENTIFIERS = frozenset({"id", "no", "nr", "nbr", "num", "number", "key", "identifier"})
"""Words that say that a column identifies something."""

PLACEHOLDERS = frozenset(
    {"attr", "attribute", "c", "col", "column", "f", "field", "unnamed", "v", "var", "variable", "x"}
)
"""Words that with a number make the name a machine gives where nobody gave one: `Column1`, `_c0`, `V3`."""

FUNCTION_WORDS = frozenset({"a", "and", "at", "by", "de", "for", "from", "in", "is", "of", "on", "or", "the", "to"})
"""Words that hardly tell two names apart."""

TYPO_COST = 2.5
"""How many times its share of the letters a wrong letter costs: one makes `country` of `county`."""

_SIGNS = {"#": " no ", "№": " no ", "%": " percent ", "&": " and "}
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_NOT_WORD = re.compile(r"[\W_]+")
_VOWELS = re.compile(r"(?<!^)[aeiou]")
_MIN_SOLID, _MAX_SOLID = 5, 60  # letters of a word that may be several words written together
_LETTERS_PER_TYPO = 6  # of a word, for each typing error that is believed
_WHOLE_WORD = 4  # letters from which the beginning of a word may be another word
_CUT_SHARE, _CONTRACTED_SHARE = 0.7, 0.6  # share of the letters that a cut or contracted word keeps at most
_EXTRA = 0.3  # what a word without counterpart costs, as share of its weight, where the other side has none
_AFFIX_NAMES, _AFFIX_SHARE = 3, 0.4  # names, and share of the names of a side, that a common affix must be in
_AFFIX, _FUNCTION_WORD = 0.1, 0.2  # weights of words that carry little
_CONFLICT = 1.5  # what words left over on both sides cost, as multiple of their weight
_MANY_WORDS = 8  # words of a name beyond which it is compared as one text

# What one word is worth as another.
_PLURAL, _PARTICIPLE, _CONSONANTS, _SOME_VOWELS = 0.97, 0.92, 0.93, 0.85
_SHORT_CUT, _CUT, _LONG_CUT, _CONTRACTED, _IDENTIFIER, _INITIAL = 0.75, 0.88, 0.8, 0.72, 0.6, 0.5


@lru_cache(maxsize=65_536)
def split_words(text: str) -> Words:
    """Return the words of a name in lower case without diacritics: `OrderNo.` is (`order`, `no`)."""
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    spaced = _BOUNDARY.sub(" ", plain).casefold().translate(_PLAIN_LETTERS)
    return tuple(_NOT_WORD.sub(" ", spaced).split())


def says_nothing(words: Words) -> bool:
    """Return whether a name was made by a machine for want of a better one, or is a number, or nothing at all."""
    rest = [word for word in words if not word.isdecimal()]
    return not rest or (len(rest) == 1 and rest[0] in PLACEHOLDERS and len(words) > 1)


def normal_name(text: str) -> str:
    """Return a name without case, separators and diacritics; the name itself where nothing else is left."""
    return "".join(split_words(text)) or text.strip()


@lru_cache(maxsize=262_144)
def word_similarity(left: str, right: str) -> float:
    """Return how likely two words of names mean the same, 0..1, symmetric: equal, plural, abbreviated, mistyped."""
    if left == right:
        return 1.0
    if left.isdecimal() or right.isdecimal():
        return float(left.isdecimal() and right.isdecimal() and int(left) == int(right))
    short, long = sorted((left, right), key=lambda word: (len(word), word))
    conventional = _IDENTIFIER if {short, long} <= IDENTIFIERS else 0.0
    return max(conventional, _inflection(short, long), _abbreviation(short, long), _typing_error(short, long))


def name_similarity(left: Words, right: Words, lexicon: "Lexicon | None" = None) -> float:
    """Return the similarity of two names given as words, 0..1.

    Words are aligned one to one, best pairs first. A word that only one side has is a qualifier and costs little; words
    left over on both sides contradict each other and cost more than their weight, numbers most.
    """
    if not left or not right:
        return 0.0
    if max(len(left), len(right)) > _MANY_WORDS:
        return float(OSA.normalized_similarity(" ".join(left), " ".join(right)))
    known = lexicon or _EMPTY
    aligned = _aligned_similarity(left, right, known)
    if len(left) == 1 or len(right) == 1:
        aligned = max(aligned, _written_together("".join(left), right), _written_together("".join(right), left))
    return aligned


class Lexicon:
    """What the names of both sides tell about their words: how rare each is, and where joined names are to be cut."""

    def __init__(self, left: Iterable[Words], right: Iterable[Words]) -> None:
        sides = [list(dict.fromkeys(left)), list(dict.fromkeys(right))]
        self._parts = frozenset(word for side in sides for name in side if len(name) > 1 for word in name)
        cut = [[self.cut(name) for name in side] for side in sides]
        counts = [Counter(word for name in side for word in set(name)) for side in cut]
        affixes = _affixes(cut[0], counts[1]) | _affixes(cut[1], counts[0])
        self._weights = {
            word: _AFFIX if word in affixes else max(counts[0][word], counts[1][word]) ** -0.5
            for word in counts[0].keys() | counts[1].keys()
        }

    def cut(self, words: Words) -> Words:
        """Return the words with those that are several known words written together cut into them."""
        return tuple(part for word in words for part in self._cut_word(word))

    def weight(self, word: str) -> float:
        """Return what a word counts, 0..1: less the more names of one side carry it."""
        return self._weights.get(word, 1.0) * (_FUNCTION_WORD if word in FUNCTION_WORDS else 1.0)

    def _cut_word(self, word: str) -> Words:
        if not _MIN_SOLID <= len(word) <= _MAX_SOLID or word in self._parts:
            return (word,)
        best: list[Words | None] = [(), *(None for _ in word)]
        for end in range(1, len(word) + 1):
            for start in range(end - 1):
                head = best[start]
                if head is not None and word[start:end] in self._parts:
                    longer = (*head, word[start:end])
                    best[end] = longer if best[end] is None else min(best[end] or longer, longer, key=len)
        return best[-1] or (word,)


def _affixes(names: Sequence[Words], others: Counter[str]) -> set[str]:
    """Return words that begin or end many names of one side and stand in none of the other: marks of a system."""
    counts = Counter(word for name in names if len(name) > 1 for word in {name[0], name[-1]})
    many = max(_AFFIX_NAMES, _AFFIX_SHARE * len(names))
    return {word for word, count in counts.items() if count >= many and word not in others and not word.isdecimal()}


def _aligned_similarity(left: Words, right: Words, lexicon: Lexicon) -> float:
    pairs = sorted(
        ((word_similarity(a, b), -abs(i - j), -i, -j) for i, a in enumerate(left) for j, b in enumerate(right)),
        reverse=True,
    )
    rest, others, gained, weight = dict(enumerate(left)), dict(enumerate(right)), 0.0, 0.0
    for similarity, _, i, j in pairs:
        if similarity >= _INITIAL and -i in rest and -j in others:
            shared = (lexicon.weight(rest.pop(-i)) + lexicon.weight(others.pop(-j))) / 2
            gained, weight = gained + similarity * shared, weight + shared
    return gained / (weight + _leftover(rest.values(), others.values(), lexicon)) if gained else 0.0


def _leftover(left: Iterable[str], right: Iterable[str], lexicon: Lexicon) -> float:
    """Return what the words without counterpart cost."""
    here, there = list(left), list(right)
    cost = sum(lexicon.weight(word) for word in (*here, *there))
    if not here or not there:
        # A customer and the id of a customer are mostly one column.
        identifiers = sum(lexicon.weight(word) for word in (*here, *there) if word in IDENTIFIERS)
        return _EXTRA * (cost - identifiers / 2)
    numbers = any(word.isdecimal() for word in here) and any(word.isdecimal() for word in there)
    return (2 if numbers else _CONFLICT) * cost


@lru_cache(maxsize=65_536)
def _written_together(joined: str, words: Words) -> float:
    """Return how well `joined` reads as abbreviations of all `words` in their order; 0 where it does not."""
    fits = 1 < len(words) <= len(joined) <= _MAX_SOLID and joined[0] == words[0][0]
    if not fits:
        return 0.0
    if joined == "".join(word[0] for word in words):
        return _CUT if len(words) > 2 else _SHORT_CUT  # noqa: PLR2004  initials of three words are rarely chance
    best = {0: 0.0}
    for word in words:
        step: dict[int, float] = {}
        for start, total in best.items():
            for end in range(start + 2, len(joined) + 1):
                piece = joined[start:end]
                worth = _piece_similarity(piece, word)
                if worth >= _IDENTIFIER:
                    step[end] = max(step.get(end, 0.0), total + worth)
        best = step
    return best.get(len(joined), 0.0) / len(words)


def _piece_similarity(piece: str, word: str) -> float:
    """Like `word_similarity`, but a piece cut out of a longer text is never taken for a mistyped word."""
    if piece == word:
        return 1.0
    short, long = sorted((piece, word), key=len)
    return max(_IDENTIFIER if {piece, word} <= IDENTIFIERS else 0.0, _abbreviation(short, long))


def _inflection(short: str, long: str) -> float:
    """Return how surely `long` is `short` in the plural (`s`, `es`, `ies`) or as a participle (`d`, `ed`, `ing`)."""
    if len(short) > 1 and long in (f"{short}s", f"{short}es", f"{short[:-1]}ies" if short[-1] == "y" else ""):
        return _PLURAL
    stem = short.removesuffix("e")
    return _PARTICIPLE if len(stem) > 2 and long in (f"{stem}ed", f"{stem}ing") else 0.0  # noqa: PLR2004  letters


def _abbreviation(short: str, long: str) -> float:
    """Return how well `short` abbreviates `long`: vowels left out, the end cut off, or only some letters kept.

    Abbreviations are short: `count` is not cut from `country`, nor is `county` a contraction of it.
    """
    if short[0] != long[0]:
        return 0.0
    consonants = _VOWELS.sub("", long)
    if len(consonants) > 1 and short == consonants:
        return _CONSONANTS
    share = len(short) / len(long)
    if long.startswith(short):
        begins = (_INITIAL, _SHORT_CUT, _CUT, _LONG_CUT)[min(len(short), 4) - 1]
        return begins if len(short) < _WHOLE_WORD or share <= _CUT_SHARE else _INITIAL
    letters = iter(long)
    if len(short) == 1 or not all(letter in letters for letter in short):
        return 0.0
    if _VOWELS.sub("", short) == consonants:
        return _SOME_VOWELS
    return _CONTRACTED if short[-1] == long[-1] and share <= _CONTRACTED_SHARE else 0.0


def _typing_error(short: str, long: str) -> float:
    """Return how likely a typing error is: in long words, and seldom in the first letter."""
    allowed = len(long) // _LETTERS_PER_TYPO
    if short[0] != long[0] or len(long) - len(short) > allowed:
        return 0.0
    distance = OSA.distance(short, long, score_cutoff=allowed)
    return 1 - TYPO_COST * distance / len(long) if distance <= allowed else 0.0


_EMPTY = Lexicon((), ())
