"""Versions of experts: who decides which subject, what is recorded, and that a bad version harms nobody."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from nodes.decide import Account, DecisionPoint, decide
from nodes.experts import load_expert
from state.errors import SetupError
from state.roster import Roster, Standing, Trial
from state.values import Value
from tools.agents.roster import RosterKeeper, roster_kept


class Asked(Value):
    column: str


class Answer(Value):
    word: str


def accounts(evidence: Asked, answer: Answer) -> tuple[Account, ...]:
    return (Account(subject=f"t.{evidence.column}", answer=answer.word, confidence=1.0),)


def check(_evidence: Asked, answer: Answer) -> str | None:
    return "it contradicts the evidence" if answer.word == "nonsense" else None


POINT: DecisionPoint[Asked, Answer] = DecisionPoint(
    kind="sim",
    version="1",
    expert=lambda _: Answer(word="old"),
    check=check,
    accounts=accounts,
    versions={"2": lambda _: Answer(word="new"), "3": lambda _: Answer(word="nonsense"), "4": lambda _: 1 / 0},  # type: ignore[dict-item,return-value]
)


@contextmanager
def using(roster: Roster, folder: Path) -> Iterator[None]:
    with roster_kept(folder), patch.object(RosterKeeper, "roster", lambda _: roster):
        yield


def on_trial(version: str, share: float = 0.5) -> Roster:
    trial = Trial(rollout_id="r", old=Standing(version="1"), new=Standing(version=version), share=share)
    return Roster(trials={"expert:sim": trial})


def answers(roster: Roster, folder: Path, count: int = 60) -> list[tuple[str, str, str]]:
    with using(roster, folder):
        found = [decide(POINT, Asked(column=f"c{number}"))[1][0] for number in range(count)]
    return [(each.answer, each.version, each.refused) for each in found]


def test_without_a_registry_the_built_in_version_decides() -> None:
    (decision,) = decide(POINT, Asked(column="c"))[1]
    assert (decision.answer, decision.version, decision.refused) == ("old", "1", "")


def test_a_share_of_subjects_is_decided_by_the_new_version_always_the_same_ones(tmp_path: Path) -> None:
    first = answers(on_trial("2"), tmp_path)
    assert set(first) == {("old", "1", ""), ("new", "2", "")}
    assert 15 < sum(each[1] == "2" for each in first) < 45
    assert answers(on_trial("2"), tmp_path) == first


@pytest.mark.parametrize("version", ["3", "4", "9"])
def test_a_version_that_contradicts_raises_or_is_missing_is_refused_and_the_old_one_decides(
    version: str, tmp_path: Path
) -> None:
    assert set(answers(on_trial(version, 1.0), tmp_path)) == {("old", "1", version)}
    with using(Roster(standing={"expert:sim": Standing(version=version)}), tmp_path):
        (decision,) = decide(POINT, Asked(column="c"))[1]
    assert decision.version == "1"
    assert decision.fallback is not None
    assert version in decision.fallback


def test_a_version_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    point = replace(POINT, versions={"2": lambda _: time.sleep(5) or Answer(word="late")})
    with using(on_trial("2", 1.0), tmp_path), patch("nodes.experts.TRIAL_SECONDS", 0.05):
        (decision,) = decide(point, Asked(column="c"))[1]
    assert (decision.answer, decision.refused) == ("old", "2")


def test_a_version_that_took_over_decides(tmp_path: Path) -> None:
    standing = Roster(standing={"expert:sim": Standing(version="2")})
    assert set(answers(standing, tmp_path)) == {("new", "2", "")}


@pytest.mark.parametrize("entry", ["", "json", "json:", "json:nothing", "no.such.module:f", "json:__doc__"])
def test_an_entry_that_is_none_is_refused_with_its_name(entry: str) -> None:
    with pytest.raises(SetupError):
        load_expert(entry)


def test_a_model_is_chosen_by_subject_and_succeeded() -> None:
    trial = Trial(rollout_id="r", old=Standing(version="m1"), new=Standing(version="m2"), share=0.5)
    roster = Roster(trials={"model": trial})
    assert {roster.model_for("m1", f"s{number}") for number in range(40)} == {"m1", "m2"}
    assert roster.model_for("another", "s") == "another"
    assert Roster(succeeded={"m1": "m2"}).model_for("m1", "s") == "m2"
