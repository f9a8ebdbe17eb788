import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.resolution import LEAST_CONFIDENCE, resolve_values
from algorithms.value_match import fold
from state.resolution import ResolutionEvidence, UnknownValue, ValueResolution, Witness

PLACES = (
    "Bahamas",
    "Central African Republic",
    "China",
    "Congo (Brazzaville)",
    "Congo (Kinshasa)",
    "Czechia",
    "Côte d'Ivoire",
    "Dominican Republic",
    "Guinea",
    "Guinea-Bissau",
    "Iran",
    "Ireland",
    "Korea, South",
    "Niger",
    "Nigeria",
    "North Macedonia",
    "Saint Lucia",
    "South Sudan",
    "Sudan",
    "Taiwan*",
    "Trinidad and Tobago",
    "United Kingdom",
    "Vietnam",
)
WORDS = (
    "accountant",
    "bookbinder",
    "chimneysweep",
    "draughtsman",
    "electrician",
    "fishmonger",
    "glassblower",
    "housekeeper",
    "ironmonger",
    "locksmith",
    "watchmaker",
)


def resolve(value: str, valid: tuple[str, ...] = PLACES, witnesses: tuple[Witness, ...] = ()) -> ValueResolution:
    unknown = UnknownValue(value=value, rows=3, files=2, witnesses=witnesses)
    evidence = ResolutionEvidence(table="cases", column="country", valid=valid, unknown=(unknown,))
    (resolution,) = resolve_values(evidence).values
    return resolution


@pytest.mark.parametrize(
    ("value", "resolved", "operator"),
    [
        ("CHINA", "China", "normalised"),
        ("Bahamas, The", "Bahamas", "normalised"),
        ("the bahamas", "Bahamas", "normalised"),
        ("Cote d Ivoire", "Côte d'Ivoire", "normalised"),
        ("Taiwan", "Taiwan*", "normalised"),
        ("Viet Nam", "Vietnam", "normalised"),
        ("St. Lucia", "Saint Lucia", "normalised"),
        ("Trinidad & Tobago", "Trinidad and Tobago", "normalised"),
        ("South Korea", "Korea, South", "tokens"),
        ("UK", "United Kingdom", "acronym"),
        ("U.K.", "United Kingdom", "acronym"),
        ("Mainland China", "China", "containment"),
        ("Iran (Islamic Republic of)", "Iran", "containment"),
        ("Republic of Ireland", "Ireland", "containment"),
        ("Trinidad", "Trinidad and Tobago", "containment"),
        ("Czech Republic", "Czechia", "stem"),
        ("Irelnad", "Ireland", "edit"),
        ("Trinidad and Tobbago", "Trinidad and Tobago", "edit"),
    ],
)
def test_another_spelling_is_resolved_by_the_specialist_for_it(value: str, resolved: str, operator: str) -> None:
    resolution = resolve(value)
    assert (resolution.resolved, resolution.operator) == (resolved, operator)
    assert resolution.confidence >= LEAST_CONFIDENCE
    assert any(vote.voter == operator and vote.choice == resolved for vote in resolution.votes)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("Republic of the Congo", "equally good"),  # two names hold the word
        ("Nigera", "equally good"),  # one letter from Niger and from Nigeria
        ("North Ireland", ""),  # a word of contrast, and it belongs to another name
        ("Equatorial Guinea", ""),  # the list itself extends Guinea to other places
        ("South Iran", ""),
        ("Atlantis", "no candidate"),
        ("n/a", "no candidate"),
        ("-", "no candidate"),
        ("12", "no candidate"),
        ("Irak", ""),  # four letters are too few for a typing error
    ],
)
def test_what_is_not_clear_stays(value: str, reason: str) -> None:
    resolution = resolve(value)
    assert resolution.resolved is None
    assert reason in resolution.reason


@pytest.mark.parametrize("value", ["A-1523", "A-151", "A-1052", "a 1523", "A-15-23", "1501", "B-1501"])
def test_a_code_is_never_another_code(value: str) -> None:
    codes = tuple(f"A-{number}" for number in range(1500, 1520))
    assert resolve(value, codes).resolved is None
    assert resolve("a1501", codes).resolved == "A-1501"  # only case and punctuation differ


def test_digits_do_not_run_together() -> None:
    assert resolve("A 12 3", ("A-12-3", "A-45-6")).resolved == "A-12-3"
    assert resolve("A-1-23", ("A-12-3", "A-45-6")).resolved is None


def test_digits_are_kept_in_a_list_of_words() -> None:
    valid = ("Building 12", "Cafeteria", "Laboratory", "Reception")
    assert resolve("Buidling 12", valid).resolved == "Building 12"
    assert resolve("Building 13", valid).resolved is None
    assert resolve("Building", valid).resolved is None


def test_digits_are_kept_against_the_witnesses_too() -> None:
    witness = Witness(known="Building 12", through="floor", rows=500)
    valid = ("Building 12", "Cafeteria", "Laboratory")
    assert resolve("Building 13", valid, (witness,)).resolved is None
    assert resolve("see note", valid, (witness,)).resolved == "Building 12"


def test_strong_witnesses_decide_alone_and_weak_ones_do_not() -> None:
    strong = Witness(known="China", through="latitude", rows=21)
    resolution = resolve("Hong Kong", witnesses=(strong,))
    assert (resolution.resolved, resolution.operator) == ("China", "dependency")
    assert "21 rows" in resolution.reason
    single = Witness(known="China", through="latitude", rows=1)
    disputed = Witness(known="China", through="latitude", rows=21, against=20)
    distrusted = Witness(known="China", through="latitude", rows=21, trust=0.5)
    scattered = Witness(known="China", through="latitude", rows=21, share=0.5)
    for witness in (single, disputed, distrusted, scattered):
        assert resolve("Hong Kong", witnesses=(witness,)).resolved is None


def test_kinds_of_witnesses_add_up_but_the_same_kind_does_not() -> None:
    half = [Witness(known="China", through=name, rows=9, trust=0.55) for name in ("latitude", "longitude")]
    assert resolve("Hong Kong", witnesses=tuple(half)).resolved is None
    other = half[1].model_copy(update={"kind": "elsewhere"})
    assert resolve("Hong Kong", witnesses=(half[0], other)).resolved == "China"


def test_a_conflict_of_spelling_and_data_needs_a_far_stronger_side() -> None:
    against = Witness(known="Ireland", through="latitude", rows=4)
    assert resolve("Mainland China", witnesses=(against,)).resolved is None
    far = Witness(known="Ireland", through="latitude", rows=400)
    assert resolve("Mainland China", witnesses=(far,)).resolved == "Ireland"
    assert resolve("CHINA", witnesses=(against,)).resolved == "China"


def test_a_witness_for_no_valid_value_is_not_heard() -> None:
    assert resolve("Hong Kong", witnesses=(Witness(known="Narnia", through="x", rows=99),)).resolved is None


def test_nearness_says_nothing_where_the_list_is_near_itself() -> None:
    dense = tuple(f"KX{a}{b}QR" for a in "ABCDEFGH" for b in "ABCDEFGH" if a != b)
    assert resolve("KXAAQS", dense).resolved is None
    assert resolve("KXAIQR", dense).resolved is None
    assert resolve("Micheal", ("Michael", "Jennifer", "Christopher", "Elizabeth")).resolved == "Michael"


def test_a_list_of_pairs_one_letter_apart_allows_no_typing_error() -> None:
    roots = ("gavots", "melfin", "prudab", "tokers", "wixanu")
    sides = tuple(root + side for root in roots for side in "lr")
    assert resolve("gevotsl", sides).resolved is None  # one letter from one of them, two from another
    assert resolve("gevotsl", tuple(root + "l" for root in roots)).resolved == "gavotsl"


def test_one_error_is_far_likelier_than_two() -> None:
    assert resolve("wotchmaker", (*WORDS, "watchmaken")).resolved == "watchmaker"


@given(st.permutations(PLACES), st.permutations(["Nigera", "UK", "South Korea", "Mainland China", "Irelnad"]))
def test_order_does_not_matter(valid: list[str], values: list[str]) -> None:
    def answers(listed: tuple[str, ...], asked: tuple[str, ...]) -> dict[str, ValueResolution]:
        unknown = tuple(UnknownValue(value=value, rows=1, files=1) for value in asked)
        found = resolve_values(ResolutionEvidence(table="t", column="c", valid=listed, unknown=unknown)).values
        assert [one.value for one in found] == list(asked)
        return {one.value: one for one in found}

    assert answers(tuple(valid), tuple(values)) == answers(PLACES, tuple(sorted(values)))


@given(st.sampled_from(PLACES), st.sampled_from(PLACES))
def test_a_valid_value_is_never_changed(value: str, other: str) -> None:
    resolution = resolve(value, witnesses=(Witness(known=other, through="x", rows=999),))
    assert resolution.resolved is None
    assert resolution.reason == "already valid"


@st.composite
def typing_errors(draw: st.DrawFn, words: tuple[str, ...]) -> tuple[str, str]:
    """A word of the list, and the same with one letter dropped, doubled, changed or two swapped."""
    word = draw(st.sampled_from(words))
    place = draw(st.integers(0, len(word) - 2))
    letter = draw(st.sampled_from(string.ascii_lowercase))
    changed = draw(
        st.sampled_from(
            [
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place:],
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            ]
        )
    )
    return word, changed


@given(typing_errors(WORDS))
def test_one_typing_error_in_a_list_of_distinct_words_is_resolved(case: tuple[str, str]) -> None:
    word, changed = case
    prefixed = "a" + word == changed or "a" + changed == word  # 'a-' in front makes another word ('atypical')
    if changed not in WORDS and not prefixed:
        assert resolve(changed, WORDS).resolved == word


@given(typing_errors(tuple(f"CODE{number:04}" for number in range(1000, 1060))))
def test_one_typing_error_in_a_list_of_codes_resolves_to_nothing(case: tuple[str, str]) -> None:
    codes = tuple(f"CODE{number:04}" for number in range(1000, 1060))
    code, changed = case
    if fold(changed) != fold(code):
        assert resolve(changed, codes).resolved is None


@pytest.mark.parametrize(
    ("value", "valid", "rival"),
    [
        ("Irelond", "Ireland", "Irelend"),
        ("Mainland China", "China", "Mainland"),
        ("NHS", "National Health Service", "Nordic Housing Society"),
        ("ACME", "Acme*", "(Acme)"),
        ("Korea South", "South, Korea", "Korea, (South)"),
        ("Fisher", "Fisher King", "Fisher Queen"),
    ],
)
def test_an_equally_good_second_candidate_leaves_the_value_unresolved(value: str, valid: str, rival: str) -> None:
    others = ("Something Else", *WORDS, *(f"{word}z" for word in WORDS))  # a list long enough for leftover words
    assert resolve(value, (valid, *others)).resolved == valid
    resolution = resolve(value, (valid, *others, rival))
    assert resolution.resolved is None
    assert valid in resolution.reason or rival in resolution.reason


@given(
    st.lists(st.text(max_size=12), max_size=12, unique=True), st.lists(st.text(max_size=12), max_size=5, unique=True)
)
def test_any_text_can_be_judged(valid: list[str], values: list[str]) -> None:
    unknown = tuple(UnknownValue(value=value, rows=1, files=1) for value in values)
    found = resolve_values(ResolutionEvidence(table="t", column="c", valid=tuple(valid), unknown=unknown))
    for resolution in found.values:
        assert resolution.resolved is None or resolution.resolved in valid
        assert 0.0 <= resolution.confidence <= 1.0
        assert resolution.reason
