"""The decision log, pure: every changed field is found, entries fold to what is in force."""

import copy
import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.adopted_names import with_adopted
from algorithms.decision_log import (
    START,
    entry_digest,
    first_fault,
    fold,
    in_force,
    parted_at,
    quorum,
    sealed,
    statement,
    subject_of,
    version_changes,
)
from state.contract import Column, Contract, Table
from state.decision_log import (
    MEMBERS,
    Acceptance,
    ContractVersion,
    LogEntry,
    Proposal,
    ProposalKind,
    Revocation,
    StandingMapping,
)

CONTRACT = "shop"


def sign(member: str, text: bytes) -> str:
    """A stand-in for the members' keys: what a member signs, nobody else can."""
    return hmac.new(member.encode(), text, hashlib.sha256).hexdigest()


def verify(member: str, text: bytes, signature: str) -> bool:
    return member in MEMBERS and hmac.compare_digest(sign(member, text), signature)


def mapping(run: str, **matches: str) -> Proposal:
    content = StandingMapping(table="orders", matches=matches, reasons=dict.fromkeys(matches, "values 0.9"))
    return Proposal(kind=ProposalKind.MAPPING, contract=CONTRACT, run_id=run, mapping=content)


def version(run: str, number: str, **columns: str) -> Proposal:
    content = ContractVersion(
        version=number, sha256=f"sha of {number}", tables={"orders": columns}, changes=("first seen",)
    )
    return Proposal(kind=ProposalKind.CONTRACT_VERSION, contract=CONTRACT, run_id=run, version=content)


def revocation(place: int) -> Proposal:
    content = Revocation(revokes=place, reason="it is the shipper's")
    return Proposal(kind=ProposalKind.REVOCATION, contract=CONTRACT, run_id="", revocation=content)


def log_of(*proposals: Proposal, members: int = 4) -> list[LogEntry]:
    entries: list[LogEntry] = []
    for index, proposal in enumerate(proposals, 1):
        previous, at = entries[-1].digest if entries else START, f"2026-01-{index:02}T00:00:00+00:00"
        acceptances = [
            Acceptance(
                member=member,
                reason="seen",
                signature=sign(member, statement(index, previous, at, proposal, member, "seen")),
            )
            for member in MEMBERS[:members]
        ]
        entries.append(sealed(index, previous, at, proposal, acceptances))
    return entries


WHOLE = log_of(
    version("r1", "1", id="integer"), mapping("r1", Nr="id", Ort="city"), mapping("r2", Land="country"), revocation(2)
)


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every leaf of JSON data."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from places(value, (*path, key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from places(value, (*path, number))
    else:
        yield path


def changed(content: Any, path: tuple[Any, ...]) -> Any:
    """The data with one byte of one leaf changed."""
    again = copy.deepcopy(content)
    holder = again
    for key in path[:-1]:
        holder = holder[key]
    value = holder[path[-1]]
    if isinstance(value, str):
        other = "a" if value[:1] != "a" else "b"
        holder[path[-1]] = other + value[1:] if path[-1] != "kind" else "revocation" * (value != "revocation")
    elif isinstance(value, int):
        holder[path[-1]] = value + 1
    return again


LEAVES = [
    (number, path)
    for number, entry in enumerate(WHOLE)
    for path in places(entry.model_dump(mode="json"))
    if changed(entry.model_dump(mode="json"), path) != entry.model_dump(mode="json")
]


def tampered(number: int, path: tuple[Any, ...], seal: Callable[[LogEntry], LogEntry]) -> list[LogEntry] | None:
    content = changed(WHOLE[number].model_dump(mode="json"), path)
    try:
        entry = LogEntry.model_validate(content)
    except ValueError:
        return None  # such an entry cannot even be read
    return [*WHOLE[:number], seal(entry), *WHOLE[number + 1 :]]


def test_a_whole_log_holds() -> None:
    assert first_fault(WHOLE, CONTRACT, len(MEMBERS), verify) is None


@pytest.mark.parametrize(("number", "path"), LEAVES, ids=str)
def test_a_changed_byte_of_any_field_is_found_at_its_entry(number: int, path: tuple[Any, ...]) -> None:
    entries = tampered(number, path, lambda entry: entry)
    fault = first_fault(entries, CONTRACT, len(MEMBERS), verify) if entries is not None else None
    assert entries is None or (fault is not None and fault.index == number + 1)


@pytest.mark.parametrize(("number", "path"), [leaf for leaf in LEAVES if leaf[1] != ("digest",)], ids=str)
def test_a_changed_byte_is_found_by_signatures_where_the_digest_was_made_anew(
    number: int, path: tuple[Any, ...]
) -> None:
    entries = tampered(number, path, lambda entry: entry.model_copy(update={"digest": entry_digest(entry)}))
    fault = first_fault(entries, CONTRACT, len(MEMBERS), verify) if entries is not None else None
    assert entries is None or (fault is not None and fault.index == number + 1)


def test_entries_that_are_moved_left_out_or_repeated_are_found() -> None:
    for wrong in (WHOLE[1:], [WHOLE[0], *WHOLE[2:]], [WHOLE[1], WHOLE[0], *WHOLE[2:]], [WHOLE[0], WHOLE[0]]):
        assert first_fault(wrong, CONTRACT, len(MEMBERS), verify) is not None


def test_less_than_two_thirds_adopt_nothing() -> None:
    assert [quorum(members) for members in (1, 3, 4, 5, 6, 7)] == [1, 2, 3, 4, 4, 5]
    fault = first_fault(log_of(mapping("r", Nr="id"), members=3), CONTRACT, len(MEMBERS), verify)
    assert fault is not None
    assert "3 of 5" in fault.reason


def test_a_log_of_another_contract_is_refused() -> None:
    assert first_fault(WHOLE, "another", len(MEMBERS), verify) is not None


def test_the_log_folds_to_what_is_in_force() -> None:
    adopted = fold(WHOLE)
    assert adopted.names == {"orders": {"country": {"Land": "r2"}}}
    assert adopted.revoked == (2,)
    assert adopted.version is not None
    assert adopted.version.version == "1"
    assert in_force(mapping("r9", Land="country"), adopted)
    assert not in_force(mapping("r9", Nr="id"), adopted)
    assert in_force(revocation(2), adopted)


def test_the_newest_word_on_a_source_column_counts() -> None:
    adopted = fold(log_of(mapping("r1", Nr="id"), mapping("r2", Nr="number")))
    assert adopted.of("orders") == {"number": {"Nr": "r2"}}


def test_what_is_not_there_yet_cannot_be_revoked() -> None:
    adopted = fold(log_of(revocation(2), mapping("r1", Nr="id")))
    assert adopted.revoked == ()
    assert adopted.of("orders") == {"id": {"Nr": "r1"}}


@given(st.lists(st.sampled_from(WHOLE), max_size=4), st.integers(0, 4))
def test_copies_part_where_they_first_differ(entries: list[LogEntry], cut: int) -> None:
    assert parted_at(entries, entries[:cut]) is None
    other = log_of(mapping("other", X="id"))
    assert parted_at([*entries[:1], *other], entries[:1]) is None
    if entries:
        assert parted_at(entries, [*other, *entries[1:]]) == entries[0].index


def test_the_same_change_has_the_same_subject_whoever_proposes_it() -> None:
    assert subject_of(mapping("r1", Nr="id")) == subject_of(mapping("r2", Nr="id"))
    assert subject_of(mapping("r1", Nr="id")) != subject_of(mapping("r1", Nr="number"))


def test_changes_of_a_version_are_told() -> None:
    before = version("r", "1", id="integer", city="string").version
    assert before is not None
    after = {"orders": {"id": "string", "country": "string"}, "customers": {}}
    assert version_changes(None, after) == ("first seen",)
    assert version_changes(before, before.tables) == ("no table or column",)
    assert version_changes(before, after) == (
        "table customers added",
        "column orders.country added, string",
        "column orders.city removed",
        "column orders.id: integer became string",
    )


def contract_of(*columns: Column) -> Contract:
    table = Table(name="orders", columns=columns)
    return Contract(id=CONTRACT, name="shop", version="1", api_version="v3.1.0", tables=(table,), path="c", sha256="x")


def test_adopted_names_come_to_their_columns_and_never_override_the_contract() -> None:
    adopted = fold(log_of(mapping("r1", Nr="id", Ort="city", Land="country", Weg="street")))
    columns = (Column(name="id"), Column(name="city"), Column(name="region", aliases=("LAND",)), Column(name="country"))
    after = with_adopted(contract_of(*columns), adopted)
    assert {column.name: column.adopted for column in after.tables[0].columns} == {
        "id": {"Nr": "r1"},
        "city": {"Ort": "r1"},
        "region": {},
        "country": {},  # the contract calls another column so
    }
    same = contract_of(Column(name="other"))
    assert with_adopted(same, adopted) == same
