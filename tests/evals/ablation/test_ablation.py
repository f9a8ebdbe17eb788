"""The ablation: every switch has its settings, gains are paired and signed, findings follow from them."""

from pathlib import Path

import pytest

from evals.ablation.jobs import FailureJob, FolderJob, jobs
from evals.ablation.measures import gain
from evals.ablation.page import BEGIN, END, with_table
from evals.ablation.settings import AGAIN, WHOLE, Setting, choices_of, settings
from evals.ablation.suite import Ablation, table_from
from evals.ablation.worth import AblationTable, Finding, table_of
from evals.crew.judging import Verdict
from evals.folders.spec import FolderSpec, Mess
from evals.runner import run_suite
from state.errors import SetupError
from state.run import Patterns


def test_every_switch_is_compared_and_everything_else_is_left_as_it_is() -> None:
    names = {each.name for each in settings()}
    for switch in Patterns.model_fields:
        assert (f"{switch}=off" in names) == ("off" in choices_of(switch)), switch
    assert {"council=majority", "replanning=retry", "hierarchy=flat"} <= names
    for each in settings()[2:]:
        changed = {
            switch for switch in Patterns.model_fields if getattr(each.patterns, switch) != getattr(Patterns(), switch)
        }
        assert changed == {each.name.partition("=")[0]}


def verdict(*, met: bool = True, steps: int = 10, tokens: int = 0, right: int = 100) -> Verdict:
    return Verdict(
        met=met,
        rows=(10, 10),
        lost=0,
        balanced=True,
        cells=(right, 100, 100),
        columns=(5, 5, 5),
        steps=steps,
        replans=0,
        tokens=tokens,
        cpu=1.0,
    )


def test_a_gain_is_that_of_the_whole_over_the_jobs_both_did() -> None:
    whole = {"a": [verdict()], "b": [verdict(steps=12)], "c": [verdict()]}
    without = {"a": [verdict(met=False)], "b": [verdict(steps=14)]}
    met, steps = gain("contract met", whole, without), gain("steps", whole, without)
    assert met is not None
    assert steps is not None
    assert (met.value, met.n) == (0.5, 2)
    assert steps.value == 1.0  # two steps fewer on one of two jobs: fewer is better
    assert gain("faults mended or named", whole, without) is None


@pytest.mark.parametrize(
    ("without", "hit", "finding"),
    [
        (verdict(met=False), 6, Finding.HELPS),
        (verdict(met=False), 1, Finding.HELPS_SOME),
        (verdict(), 6, Finding.NO_EFFECT),
        (verdict(tokens=50), 1, Finding.SAVES),
        (verdict(steps=5), 1, Finding.NO_EFFECT),
    ],
)
def test_the_finding_follows_from_the_jobs(without: Verdict, hit: int, finding: Finding) -> None:
    whole = {str(job): [verdict()] for job in range(6)}
    table = table_of({WHOLE: whole, "x=off": {job: [without if int(job) < hit else verdict()] for job in whole}})
    assert table.named(finding) == ("x=off",)
    assert table.noise.finding is Finding.NO_EFFECT


def test_what_the_whole_crew_does_otherwise_by_chance_is_no_gain() -> None:
    whole = {"a": [verdict()], "b": [verdict()]}
    fewer = {"a": [verdict(steps=14)], "b": [verdict()]}
    assert table_of({WHOLE: whole, "x=off": fewer}).named(Finding.SAVES) == ("x=off",)
    table = table_of({WHOLE: whole, AGAIN: fewer, "x=off": fewer})
    assert table.named(Finding.NO_EFFECT) == ("x=off",)
    assert table.noise.better["steps"] == ("a",)


def test_an_interval_over_few_jobs_is_not_trusted() -> None:
    table = table_of({WHOLE: {"a": [verdict()]}, "x=off": {"a": [verdict(met=False)]}})
    assert table.named(Finding.HELPS_SOME) == ("x=off",)


def test_what_is_worse_with_a_pattern_is_told() -> None:
    whole = {"a": [verdict(right=90)], "b": [verdict()]}
    harmed = table_of({WHOLE: whole, "x=off": {"a": [verdict()], "b": [verdict()]}})
    mixed = table_of({WHOLE: whole, "x=off": {"a": [verdict()], "b": [verdict(met=False)]}})
    assert harmed.named(Finding.HARMS) == ("x=off",)
    assert mixed.named(Finding.MIXED) == ("x=off",)


def test_jobs_have_names_and_purposes_of_their_own() -> None:
    every = jobs()
    assert len({job.name for job in every}) == len(every)
    assert all(job.purpose for job in every)


_CLASH = FolderSpec(
    name="clash", seed=11, domain="stores", rows=60, files=1, mess={Mess.IMPOSSIBLE: 0.1, Mess.INVALID: 0.04}
)


@pytest.mark.parametrize(
    ("job", "setting"),
    [
        (FolderJob(_CLASH, "aims that clash"), Setting("conflict=off", Patterns(conflict="off"))),
        (FailureJob("a read fails once", "what passes"), Setting("replanning=off", Patterns(replanning="off"))),
    ],
)
def test_a_pattern_that_matters_is_found(job: FolderJob | FailureJob, setting: Setting, tmp_path: Path) -> None:
    suite = Ablation([job], [Setting(WHOLE, Patterns()), setting])
    result = run_suite(suite, data=None, contract=None, out=tmp_path)
    assert all(task.solved for task in result.results), [task.error for task in result.results]
    table = table_from(result.results)
    assert table is not None
    assert table.worths[0].better["contract met"] == (job.name,)
    assert list((tmp_path / f"{job.name}-whole" / "published").glob("*.parquet"))
    assert f"{setting.name} (helps on some jobs): contract met gained" in {score.name for score in result.scores}


def test_data_of_the_caller_are_refused() -> None:
    with pytest.raises(SetupError, match="makes its own data"):
        Ablation().tasks(Path("data"), None)


def test_the_page_gets_the_table_between_its_marks() -> None:
    table = table_of({WHOLE: {"a": [verdict()]}, "x=off": {"a": [verdict(met=False)]}})
    page = with_table(f"before\n{BEGIN}\nold\n{END}\nafter\n", table)
    assert "| `x=off` | helps on some jobs | +100 % (+100 to +100) |" in page
    assert "old" not in page
    assert page.startswith("before")
    assert page.endswith("after\n")
    with pytest.raises(SetupError, match="no place"):
        with_table("nothing", table)


def test_the_table_kept_beside_the_page_can_be_read() -> None:
    path = Path(__file__).resolve().parents[3] / "docs" / "ablation.json"
    table = AblationTable.model_validate_json(path.read_text(encoding="utf-8"))
    switches = {worth.setting.partition("=")[0] for worth in table.worths}
    assert switches <= set(Patterns.model_fields)
