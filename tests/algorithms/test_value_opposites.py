"""No value becomes its opposite, or a neighbour of it, because the two are written alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.resolution import resolve_values
from algorithms.value_opposites import NEGATIONS
from state.resolution import ResolutionEvidence, UnknownValue, ValueResolution, Witness

STATUS = ("active", "inactive", "pending")
SEX = ("male", "female")
LAND = (
    "Austria",
    "Belgium",
    "China",
    "Denmark",
    "Finland",
    "France",
    "Germany",
    "Greece",
    "Hungary",
    "Iceland",
    "Iran",
    "Ireland",
    "Italy",
    "Mexico",
    "Netherlands",
    "Norway",
    "Poland",
    "Portugal",
    "Siemens",
    "Spain",
    "Sudan",
    "Sweden",
    "Switzerland",
    "Turkey",
    "Virginia",
    "Washington",
    "Saint Martin",
)
DEEDS = ("ascending", "encrypted", "included", "increase", "internal", "symptomatic")


def resolve(value: str, valid: tuple[str, ...], *witnesses: Witness) -> ValueResolution:
    unknown = UnknownValue(value=value, rows=3, files=2, witnesses=witnesses)
    evidence = ResolutionEvidence(table="t", column="c", valid=valid, unknown=(unknown,))
    return resolve_values(evidence).values[0]


@pytest.mark.parametrize(
    ("valid", "values"),
    [
        (
            STATUS,
            "not active|non active|non-active|un-active|unactive|reactive|deactive|ex-active|!active|active (not)",
        ),
        (STATUS, "never active|currently active|nactive|ctive|ending|active?|no longer active|not inactive"),
        (("active", "pending"), "inactive|in-active|in active|unactive|other than active|dis-active"),
        (("not active", "pending"), "active"),
        (SEX, "not female|emale|fmale|male?|non-male"),
        (("Iran", "Germany"), "Not Iran|Iran (without Tehran)|outside Iran|ex-Iran"),
        (("South Korea", "Germany"), "North Korea|Korea|Nouth Korea|Republic of Korea"),
        (("Virginia", "Ohio"), "West Virginia"),
        (("New York", "Boston"), "York"),
        (("mother", "father"), "step-mother|stepmother|grandfather|grand father|brother"),
        (("order", "invoice"), "pre-order|preorder|reorder|back-order"),
        (("paid", "open"), "unpaid|un-paid|prepaid|half paid"),
        (("fund", "account"), "refund|re-fund"),
        (("completed", "open"), "uncompleted|incompleted|not completed|recompleted"),
        (("paid, not sent", "open"), "sent, not paid"),
        (DEEDS, "descending|decrypted|excluded|decrease|external|asymptomatic"),
        (("asymptomatic", "severe"), "symptomatic"),
        (("Saint Martin", "France"), "Saint Martin (French part)"),
        (("Washington", "Oregon"), "Washington DC"),
        (LAND, "Not Iran|West Virginia|New Mexico|Ireland, Northern|Northern Ireland|Lower Austria|Non-Iran|Ex-Iran"),
        (LAND, "Saint Martin (French part)|Washington DC|Washington D.C.|Washington, D.C|China?|~China|South Sudan"),
    ],
)
def test_another_thing_stays(valid: tuple[str, ...], values: str) -> None:
    answers = {value: resolve(value, valid).resolved for value in values.split("|")}
    assert answers == dict.fromkeys(answers)


@pytest.mark.parametrize(
    ("valid", "pairs"),
    [
        (STATUS, {"ACTIVE": "active", "actve": "active", "inactve": "inactive", "in-active": "inactive"}),
        (SEX, {"Female ": "female", "femlae": "female", "MALE": "male"}),
        (DEEDS, {"encrypetd": "encrypted", "symptomatc": "symptomatic", "internla": "internal"}),
        (("South Korea", "Germany", "United Kingdom"), {"Korea, South": "South Korea", "UK": "United Kingdom"}),
        (("South Korea", "Germany"), {"Soth Korea": "South Korea", "South Kroea": "South Korea"}),
        (LAND, {"Denmrak": "Denmark", "Germny": "Germany", "FRANCE": "France", "Hungray": "Hungary"}),
        (LAND, {"Netherland": "Netherlands", "Switzerlnd": "Switzerland", "portugal": "Portugal", "Xanadu": None}),
        (LAND, {"Mainland China": "China", "Republic of Ireland": "Ireland", "Siemens AG": "Siemens"}),
    ],
)
def test_another_spelling_is_still_resolved(valid: tuple[str, ...], pairs: dict[str, str | None]) -> None:
    assert {value: resolve(value, valid).resolved for value in pairs} == pairs


@given(st.sampled_from(sorted(NEGATIONS)), st.sampled_from(LAND), st.sampled_from(["{0} {1}", "{1} {0}", "{0}-{1}"]))
def test_no_negation_with_a_valid_value_is_that_value(word: str, known: str, form: str) -> None:
    assert resolve(form.format(word, known), LAND).resolved is None


def test_in_a_small_list_leftover_words_need_a_witness() -> None:
    witness = Witness(known="active", through="customer_id", rows=3, trust=0.5)
    resolution = resolve("currently active", STATUS)
    assert any(vote.voter == "containment" and vote.choice == "active" for vote in resolution.votes)
    assert resolve("currently active", STATUS, witness).resolved == "active"
    assert resolve("completely other", STATUS, witness).resolved is None


def test_what_is_plainly_denied_has_no_witness() -> None:
    strong = Witness(known="active", through="customer_id", rows=500)
    assert resolve("see note", STATUS, strong).resolved == "active"
    for value in ("not active", "non-active", "!active"):
        assert resolve(value, STATUS, strong).resolved is None
    korea = Witness(known="South Korea", through="latitude", rows=500)
    assert resolve("Republic of Korea", ("South Korea", "Germany"), korea).resolved == "South Korea"
