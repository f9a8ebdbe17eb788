"""What members say to a standing repair rule: each looks at evidence of its own."""

from typing import Any

import pytest

from algorithms.adopted_names import rule_of
from algorithms.adoption import verdict
from algorithms.decision_log import fold, in_force, sealed, subject_of
from algorithms.resolution import resolve_values
from algorithms.standing_rules import contradictions, proposed_values, rule_key
from state.contract import Column, LogicalType
from state.decision_log import (
    MEMBERS,
    Adopted,
    Findings,
    LogEntry,
    PairFindings,
    Proposal,
    ProposalKind,
    Revocation,
    RuleFindings,
    SourceRule,
    StandingRule,
    TextFindings,
)
from state.resolution import ResolutionEvidence, UnknownValue, Witness

RULE = StandingRule(
    table="visits",
    column="state",
    source="State",
    values={"Golden State": "California"},
    readings={"date order": "day_first"},
    reasons={},
)


def proposal(rule: StandingRule = RULE, run: str = "r1") -> Proposal:
    return Proposal(kind=ProposalKind.REPAIR_RULE, contract="c", run_id=run, rule=rule)


def entry(index: int, proposed: Proposal) -> LogEntry:
    return sealed(index, "0", "2026-01-01", proposed, ())


def revoked(index: int, place: int) -> LogEntry:
    told = Proposal(
        kind=ProposalKind.REVOCATION, contract="c", run_id="", revocation=Revocation(revokes=place, reason="wrong")
    )
    return entry(index, told)


def shown(**changes: Any) -> RuleFindings:
    text = TextFindings(rows=4, kept=4, listed=True, agreed=("dependency",))
    given = {
        "texts": {"Golden State": text},
        "readings": {"date order": "day_first"},
        "pair": PairFindings(source="State", target="state", letters=5, filled=90, carried=90),
    }
    return RuleFindings.model_validate({**given, **changes})


def findings(rule: RuleFindings) -> Findings:
    return Findings(
        met=True,
        version="1",
        sha256="",
        published=("visits",),
        columns={"visits": {"state": "string"}},
        rules={rule_key(RULE): rule},
    )


def accepting(found: Findings, *entries: LogEntry) -> set[str]:
    adopted = fold(entries)
    said = [verdict(member, proposal(), found, entries, adopted) for member in MEMBERS]
    return {one.member for one in said if one.accepts}


def text(**changes: Any) -> RuleFindings:
    known = {"rows": 4, "kept": 4, "listed": True, "agreed": ("dependency",)}
    return shown(texts={"Golden State": TextFindings.model_validate({**known, **changes})})


def pair(**changes: Any) -> RuleFindings:
    known = {"source": "State", "target": "state", "letters": 5, "filled": 90, "carried": 90}
    return shown(pair=PairFindings.model_validate({**known, **changes}))


REFUSING: dict[str, tuple[RuleFindings, str]] = {
    "another column is called so": (pair(claimed_by="region"), "names"),
    "a header that is no name": (pair(letters=1), "names"),
    "one row": (text(rows=1, kept=1), "values"),
    "rows that were published otherwise": (text(kept=3), "values"),
    "values that were not published": (pair(carried=80), "values"),
    "nobody of this run says so": (text(agreed=()), "shape"),
    "as many say otherwise": (text(against=("edit",)), "shape"),
    "texts that do not tell the order": (shown(readings={}), "shape"),
    "a value that is not in the list": (text(listed=False), "contract"),
    "a contract that allows no repair": (shown(repairable=False), "contract"),
    "a contract that states another order": (shown(stated={"date order": "month_first"}), "contract"),
}


@pytest.mark.parametrize(("rule", "member"), REFUSING.values(), ids=REFUSING.keys())
def test_each_member_refuses_what_its_own_evidence_is_against(rule: RuleFindings, member: str) -> None:
    assert accepting(findings(rule)) == {*MEMBERS} - {member}


def test_all_accept_what_is_sound_and_none_what_the_log_speaks_against() -> None:
    sound = findings(shown())
    assert accepting(sound) == {*MEMBERS}
    assert accepting(findings(pair(claimed_by="state"))) == {*MEMBERS}  # the header is the column's own name
    other = RULE.model_copy(update={"values": {"Golden State": "Nevada"}})
    assert accepting(sound, entry(1, proposal(other))) == set()  # each member reads it in its own copy of the log
    assert accepting(sound, entry(1, proposal()), revoked(2, 1)) == set()
    assert accepting(findings(shown()).model_copy(update={"rules": {}})) == set()


def test_the_log_replays_rules_and_the_newest_word_counts() -> None:
    more = RULE.model_copy(update={"values": {"Silver State": "Nevada"}, "readings": {}})
    adopted = fold([entry(1, proposal()), entry(2, proposal(more, "r2"))])
    rule = adopted.rule("visits", "state", "State")
    assert rule.values == {"Golden State": "California", "Silver State": "Nevada"}
    assert (rule.runs["Golden State"], rule.runs["Silver State"]) == ("r1", "r2")
    assert in_force(proposal(run="r9"), adopted)
    assert not in_force(proposal(more), fold([entry(1, proposal()), entry(2, proposal(more)), revoked(3, 2)]))
    assert subject_of(proposal()) == subject_of(proposal(RULE.model_copy(update={"reasons": {"x": "y"}}), "r3"))
    assert Adopted().rule("visits", "state", "State") == SourceRule()


def test_a_rule_is_of_its_source() -> None:
    told = SourceRule(values={"GS": "California"}, readings={"date order": "day_first"}, runs={"GS": "r1"})
    column = Column(name="state", logical_type=LogicalType.STRING, standing={"State": told})
    assert rule_of(column, ["State", "State"]).readings == {"date order": "day_first"}
    assert rule_of(column, ["State", "Bundesland"]).readings == {}  # the other source may write otherwise
    assert rule_of(column, ["Bundesland"]) == SourceRule()
    other = column.model_copy(update={"standing": {"State": told, "St": SourceRule(values={"GS": "Nevada"})}})
    assert rule_of(other, ["State", "St"]).values == {}


def unknown(*witnesses: Witness) -> ResolutionEvidence:
    return ResolutionEvidence(
        table="visits",
        column="state",
        valid=("California", "Nevada"),
        unknown=(UnknownValue(value="Golden State", rows=4, files=1, witnesses=witnesses),),
        adopted={"Golden State": "California"},
        adopted_in={"Golden State": "r1"},
    )


def test_what_was_adopted_resolves_and_is_no_evidence_for_itself() -> None:
    answer = resolve_values(unknown())
    (value,) = answer.values
    assert (value.resolved, value.operator, value.reason) == ("California", "history", "adopted in run r1")
    assert proposed_values(answer, SourceRule()) == {}
    gone = resolve_values(unknown().model_copy(update={"valid": ("Nevada",)}))
    assert gone.values[0].resolved is None  # the contract's list comes first


@pytest.mark.parametrize(("rows", "resolved"), [(8, None), (40, "Nevada")])
def test_evidence_against_what_was_adopted_is_weighed_and_told(rows: int, resolved: str | None) -> None:
    answer = resolve_values(unknown(Witness(known="Nevada", through="city='Reno'", rows=rows)))
    assert answer.values[0].resolved == resolved
    rule = SourceRule(values={"Golden State": "California"}, runs={"Golden State": "r1"})
    (told,) = contradictions(rule, answer, None)
    now = repr(resolved) if resolved else "nothing"
    assert told.startswith(f"'Golden State' was adopted as 'California' in run r1 and is {now} now: ")
