"""The suite `crew`: its folders as data, one of them by the crew itself, the figures of several solvers."""

from pathlib import Path

import pytest

from evals.crew.benchmarks import BENCHMARKS
from evals.crew.cells import plain
from evals.crew.figures import figures
from evals.crew.judging import Verdict
from evals.crew.suite import SOLVERS, Crew
from evals.crew.tasks import FAULTS, PROFILES, SCENES, specs
from evals.folders.make import truth_of
from evals.runner import run_suite
from state.errors import SetupError
from state.models import ModelSettings


class OneFolder(Crew):
    """The suite with its smallest folder."""

    def tasks(self, data: Path | None, contract: Path | None) -> list:  # type: ignore[type-arg]
        return [task for task in super().tasks(data, contract) if task.task_id == "rows-small-1-crew"]


def test_there_are_two_dozen_folders_of_a_seed_and_as_many_of_another() -> None:
    first, two = list(specs(1)), list(specs(2))
    assert len(first) == len(PROFILES) * len(SCENES) + len(FAULTS) >= 24
    assert len({spec.name for spec in two}) == len(two) == 2 * len(first)


@pytest.mark.parametrize(("fault", "domain"), FAULTS)
def test_every_fault_can_happen_where_it_is_put(fault: str, domain: str, tmp_path: Path) -> None:
    spec = next(spec for spec in specs(1) if spec.fault == fault and spec.domain == domain)
    assert truth_of(spec, tmp_path).faults[0].lines


def test_every_folder_has_a_task_for_every_solver() -> None:
    suite = Crew()
    assert len(suite.tasks(None, None)) == len(list(specs(1))) * len(SOLVERS)
    with pytest.raises(SetupError, match="--contract"):
        suite.tasks(None, Path("contract.yaml"))


def test_a_model_of_the_settings_goes_with_every_task() -> None:
    suite = Crew()
    assert "model" not in suite.tasks(None, None)[0].inputs
    suite.model = ModelSettings(name="sim", base_url="http://127.0.0.1:1")
    told = [ModelSettings.model_validate_json(task.inputs["model"]) for task in suite.tasks(None, None)]
    assert told
    assert all(each == suite.model for each in told)


def test_the_crew_delivers_a_folder_and_leaves_tables_and_contract_for_the_gate(tmp_path: Path) -> None:
    result = run_suite(OneFolder(), data=None, contract=None, out=tmp_path)
    (task,) = result.results
    assert task.solved
    assert task.details["verdict"]["met"]
    place = tmp_path / "rows-small-1-crew"
    assert list((place / "published").glob("*.parquet"))
    assert (place / "contract.odcs.yaml").is_file()
    assert not (place / "home").exists()
    told = {score.name: score for score in result.scores}
    assert told["crew: contract met"].value == 1
    assert told["crew: no row lost"].value == 1


def test_the_cells_of_a_benchmark_are_known_by_the_names_of_its_files(tmp_path: Path) -> None:
    """The header of the right table differs from that of the dirty one, and the columns are the same."""
    folder, out = tmp_path / "data" / "cleaning" / "hospital", tmp_path / "out"
    folder.mkdir(parents=True)
    (folder / "dirty.csv").write_text("index,provider_number,city\n1,10018,birminghxm\n")
    (folder / "clean.csv").write_text("index,ProviderNumber,City\n1,10018,birmingham\n")
    hospital = BENCHMARKS["hospital"]
    hospital.write(tmp_path / "data", out)
    (row,) = hospital.truth(tmp_path / "data", out).rows
    assert row.values == {"index": "1", "provider_number": "10018", "city": "birmingham"}


def test_faults_are_counted_apart_from_other_folders() -> None:
    given = {"rows": (1, 1), "lost": 0, "balanced": True, "cells": (1, 1, 1), "columns": (1, 1, 1)}
    costs = {"steps": 1, "replans": 0, "tokens": 0, "cpu": 1.0}
    sound = Verdict(met=True, **given, **costs)  # type: ignore[arg-type]
    fault = Verdict(met=False, fault=True, cause=True, **given, **costs)  # type: ignore[arg-type]
    told = {
        score.name: score.value for score in figures("x", [sound, fault, fault.model_copy(update={"cause": False})])
    }
    assert told["x: contract met"] == 1
    assert told["x: faults mended"] == 0
    assert told["x: right causes of faults not mended"] == 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.50", "1.5"),
        ("2024-01-01 00:00:00", "2024-01-01"),
        ("2024-01-01T10:00:00", "2024-01-01 10:00:00+00"),
        ("", None),
    ],
)
def test_texts_that_say_the_same_are_the_same(one: str, other: str | None) -> None:
    assert plain(one) == plain(other)


def test_texts_that_say_something_else_differ() -> None:
    assert plain("000017") != plain("17")
    assert plain("1.5") != plain("15")
