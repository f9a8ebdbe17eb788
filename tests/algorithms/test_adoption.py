"""What each member of the council says: one piece of evidence each, and refusals with a reason."""

import pytest

from algorithms.adoption import verdict
from algorithms.decision_log import fold
from state.decision_log import (
    MEMBERS,
    Adopted,
    ContractVersion,
    Findings,
    LogEntry,
    PairFindings,
    Proposal,
    ProposalKind,
    Revocation,
    StandingMapping,
)

PAIR = PairFindings(source="Herkunft", target="country", letters=8, filled=200, carried=200, typed=1.0)
COLUMNS = {"orders": {"id": "integer", "country": "string"}}
FINDINGS = Findings(
    met=True,
    version="1",
    sha256="x",
    published=("orders",),
    columns=COLUMNS,
    pairs={"orders": (PAIR,)},
    published_rows={"orders": 200},
    most_quarantined={"orders": 0.05},
)
MAPPING = Proposal(
    kind=ProposalKind.MAPPING,
    contract="shop",
    run_id="r1",
    mapping=StandingMapping(table="orders", matches={"Herkunft": "country"}, reasons={}),
)
VERSION = Proposal(
    kind=ProposalKind.CONTRACT_VERSION,
    contract="shop",
    run_id="r1",
    version=ContractVersion(version="1", sha256="x", tables=COLUMNS, changes=()),
)


def entry(index: int, proposal: Proposal) -> LogEntry:
    return LogEntry(index=index, previous="", at="", proposal=proposal, acceptances=(), digest="")


def refusing(
    proposal: Proposal, findings: Findings | None = FINDINGS, log: tuple[LogEntry, ...] = ()
) -> dict[str, str]:
    said = [verdict(member, proposal, findings, log, fold(log)) for member in MEMBERS]
    assert all(one.reason for one in said)
    return {one.member: one.reason for one in said if not one.accepts}


def with_pair(**changes: object) -> Findings:
    return FINDINGS.model_copy(update={"pairs": {"orders": (PAIR.model_copy(update=changes),)}})


def test_good_evidence_is_accepted_by_all() -> None:
    assert refusing(MAPPING) == {}
    assert refusing(VERSION) == {}


@pytest.mark.parametrize(
    ("member", "findings"),
    [
        ("names", with_pair(claimed_by="region")),
        ("names", with_pair(letters=1)),
        ("values", with_pair(filled=19, carried=19)),
        ("values", with_pair(carried=189)),
        ("shape", with_pair(typed=0.89)),
        ("shape", with_pair(typed=None)),
        ("contract", FINDINGS.model_copy(update={"published": ()})),
        ("contract", FINDINGS.model_copy(update={"quarantined": {"orders": 0.2}})),
        ("contract", FINDINGS.model_copy(update={"columns": {"orders": {"id": "integer"}}})),
    ],
)
def test_a_mapping_is_refused_by_the_member_whose_evidence_speaks_against_it(member: str, findings: Findings) -> None:
    assert list(refusing(MAPPING, findings)) == [member]


@pytest.mark.parametrize(
    ("member", "findings"),
    [
        ("values", FINDINGS.model_copy(update={"published_rows": {}})),
        ("shape", FINDINGS.model_copy(update={"columns": {"orders": {"id": "string", "country": "string"}}})),
        ("contract", FINDINGS.model_copy(update={"met": False})),
        ("contract", FINDINGS.model_copy(update={"sha256": "y"})),
    ],
)
def test_a_version_is_refused_by_the_member_whose_evidence_speaks_against_it(member: str, findings: Findings) -> None:
    assert list(refusing(VERSION, findings)) == [member]


def test_columns_that_differ_in_case_only_are_refused_by_names() -> None:
    tables = {"orders": {"id": "integer", "ID": "integer"}}
    assert VERSION.version is not None
    content = VERSION.version.model_copy(update={"tables": tables})
    findings = FINDINGS.model_copy(update={"columns": tables})
    assert list(refusing(VERSION.model_copy(update={"version": content}), findings)) == ["names"]


def test_history_refuses_what_the_log_says_otherwise() -> None:
    assert MAPPING.mapping is not None
    other = MAPPING.mapping.model_copy(update={"matches": {"Herkunft": "id"}})
    log = (entry(1, MAPPING.model_copy(update={"mapping": other})),)
    assert "adopted as 'id'" in refusing(MAPPING, log=log)["history"]
    revoked = Proposal(
        kind=ProposalKind.REVOCATION, contract="shop", run_id="", revocation=Revocation(revokes=1, reason="wrong")
    )
    assert "was revoked" in refusing(MAPPING, log=(entry(1, MAPPING), entry(2, revoked)))["history"]


def test_history_refuses_other_columns_under_an_adopted_number() -> None:
    assert VERSION.version is not None
    before = VERSION.version.model_copy(update={"tables": {"orders": {"id": "integer"}}, "sha256": "w"})
    log = (entry(1, VERSION.model_copy(update={"version": before})),)
    assert list(refusing(VERSION, log=log)) == ["history"]


def test_all_refuse_to_revoke_what_is_not_there() -> None:
    for place, known in ((9, ()), (1, (entry(1, MAPPING),))):
        proposal = Proposal(
            kind=ProposalKind.REVOCATION, contract="shop", run_id="", revocation=Revocation(revokes=place, reason="x")
        )
        assert set(refusing(proposal, None, known)) == (set() if known else set(MEMBERS))


def test_without_a_run_nothing_but_a_revocation_is_accepted_by_the_contract() -> None:
    assert verdict("contract", MAPPING, None, (), Adopted()).accepts is False
