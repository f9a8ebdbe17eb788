"""What makes another value of a name, however alike the two are written: negations, opposites, prefixes, doubts.

The rules are those of general language, and one of the list itself: where it holds a word and the same word with a
prefix ('active', 'inactive'), a missing or changed prefix is never a typing error. Used by `algorithms.value_votes`
and `algorithms.resolution`; a candidate they forbid can still be reached by evidence from the data where the ceiling
is above zero.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import product

from rapidfuzz.distance import OSA

from algorithms.value_match import ARTICLES, CONTRASTS, FUNCTION_WORDS, Name

PROPOSED = 0.55
"""The most that spelling alone gives a candidate it may only propose: below what a resolution needs."""

_CONTRASTED = 0.3  # with a word of contrast more or less it is likelier another thing
_SMALL_LIST = 20  # in fewer valid values it cannot be measured which words are uninformative
_BASE_LETTERS = 3  # of a word that others of the list prefix
_ABBREVIATION = re.compile(r"[A-Z]{2,3}|(?:[A-Z]\.){1,2}[A-Z]\b\.?")
_DENIED = re.compile(r"\s*[!~¬≠]")
_DOUBTED = re.compile(r"\?\W*$")
_LEGAL_FORMS = frozenset({"ag", "bv", "co", "inc", "kg", "llc", "llp", "ltd", "nv", "oy", "plc", "sa", "se", "spa"})
_NEUTRAL = ARTICLES | {"and", "of"}
_DIRECTIONS = frozenset({"to", "from", "over", "under", "before", "after", "versus", "vs"})

NEGATIONS = frozenset(
    {"not", "no", "non", "none", "never", "neither", "nor", "isn", "wasn", "aren", "cannot", "without", "lacking"}
    | {"except", "excepting", "excluding", "excluded", "excl", "exclusive", "exempt", "minus", "less", "free", "but"}
    | {"former", "formerly", "previously", "ex", "fake", "false", "other", "others", "rest", "outside", "beyond"}
    | {"nicht", "kein", "keine", "ohne", "ausser", "sans", "sauf", "pas", "sin", "excepto", "senza", "sem", "nao"}
)
"""Words that deny or exclude what they stand by."""

_DENIALS = frozenset({"not", "no", "non", "never", "nicht", "kein", "keine", "un"})  # the plainest of them
_NOT = frozenset({"un", "in", "im", "il", "ir", "non"})  # one prefix in several forms
PREFIXES = _NOT | frozenset(
    {"a", "ab", "anti", "ante", "bi", "contra", "counter", "de", "des", "dis", "down", "em", "en", "ex", "extra"}
    | {"fore", "grand", "half", "hetero", "homo", "hyper", "hypo", "infra", "inter", "intra", "macro", "micro", "mid"}
    | {"mal", "mini", "mis", "mono", "multi", "neo", "off", "out", "over", "poly", "post", "pre", "pro", "pseudo"}
    | {"quasi", "re", "self", "semi", "step", "sub", "super", "supra", "tri", "ultra", "under", "uni", "up"}
)
"""Prefixes that make another word, joined to it, with a hyphen or apart."""


def denies(text: str) -> bool:
    """Whether a sign at the beginning denies what follows ('!active')."""
    return bool(_DENIED.match(text))


def doubts(text: str) -> bool:
    """Whether a question mark at the end says that the value is a guess."""
    return bool(_DOUBTED.search(text))


def contradicts(name: Name, other: Name) -> bool:
    """Whether the value is a valid one with a 'not': then no evidence can make it the same."""
    return not set(other.tokens) - set(name.tokens) and bool(_DENIALS & set(name.tokens) - set(other.tokens))


def reversed_meaning(name: Name) -> bool:
    """Whether the order of the words matters: 'paid, not sent' is not 'sent, not paid'."""
    return any(word in NEGATIONS or word in _DIRECTIONS for word in name.tokens)


def words_ceiling(name: Name, other: Name, left: Sequence[str], missing: Sequence[str], size: int) -> float:
    """Return the most that shared words may score where words are left over on either side.

    `left` are the words only `name` has, `missing` those only `other` has (function words may lack in both); `size`
    is the number of valid values. 0.0 forbids the candidate.
    """
    if _denied((*left, *_leading(name, other), *missing, *_leading(other, name))):
        return 0.0
    if any(word in CONTRASTS for word in (*left, *missing)):
        return _CONTRASTED
    apart = set(name.tokens) - set(other.tokens) - _NEUTRAL
    if reversed_meaning(name) or reversed_meaning(other):
        return PROPOSED
    if left and (any(_abbreviates(name.text, word) for word in left) or size < _SMALL_LIST):
        return PROPOSED
    return PROPOSED if size < _SMALL_LIST and apart and apart <= FUNCTION_WORDS else 1.0


def _denied(words: Iterable[str]) -> bool:
    return any(word in NEGATIONS or (len(word) > 1 and word in PREFIXES) for word in words)


def _leading(name: Name, other: Name) -> tuple[str, ...]:
    """Return the first word where only this name has it ('in-active'), be it also a function word."""
    first = name.tokens[:1]
    return first if first and first[0] not in other.tokens else ()


def _abbreviates(text: str, word: str) -> bool:
    """Whether the word is written as an abbreviation in a text that has other letters too ('Washington DC')."""
    if text.upper() == text or word in _LEGAL_FORMS:
        return False
    found = [abbreviation.lower().split(".") for abbreviation in _ABBREVIATION.findall(text)]
    return any(word in letters for letters in found)


class PrefixPairs:
    """The words of a list that are other words of it with a prefix; decides which differences can be typing errors."""

    def __init__(self, texts: Collection[str]) -> None:
        """Take the folded valid values."""
        words = {text for text in texts if " " not in text}
        self._prefixes: dict[str, set[str]] = defaultdict(set)
        self._bases: set[str] = set()
        for word in words:
            for start in range(1, len(word) - _BASE_LETTERS + 1):
                if word[start:] in words:
                    self._prefixes[word].add(word[:start])
                    self._bases.add(word[start:])

    def changed(self, own: str, other: str) -> bool:
        """Whether the difference of two folded texts makes another word of it: of a prefix, or of an opposite."""
        words, others = own.split(), other.split()
        if len(words) != len(others):
            return False
        return any(
            _another_prefix(word, match) or _opposite(word, match) or self._changes_pair(word, match)
            for word, match in zip(words, others, strict=True)
            if word != match
        )

    def _changes_pair(self, own: str, other: str) -> bool:
        if not self._bases:
            return False
        if own.endswith(other) or other.endswith(own) or (other in self._bases and own[:1] != other[:1]):
            return True
        return any(not own.startswith(prefix) for prefix in self._prefixes.get(other, ()))


def _another_prefix(own: str, other: str) -> bool:
    """Whether the words differ in a prefix: one more, one less, or another one, at no more errors than they have."""
    distance = OSA.distance(own, other)
    for first, second in product(_beginnings(own), _beginnings(other)):
        if first == second or {first, second} <= _NOT or len(first) == len(second) == 1:
            continue
        if (
            OSA.distance(first, second) + OSA.distance(own[len(first) :], other[len(second) :], score_cutoff=distance)
            <= distance
        ):
            return True
    return False


def _beginnings(word: str) -> list[str]:
    return ["", *(prefix for prefix in sorted(PREFIXES) if word.startswith(prefix) and word != prefix)]


def _opposite(own: str, other: str) -> bool:
    """Whether one of two different words is a contrast or negation, or could as well be a typing error of another."""
    special = CONTRASTS | NEGATIONS
    if own in special:
        return True
    if other not in special:
        return False
    distance = OSA.distance(own, other)
    return any(OSA.distance(own, word, score_cutoff=distance) <= distance for word in special - {other})
