"""The baselines: each delivers a small messy folder; the pipeline refuses what it must not publish."""

import json
from pathlib import Path

import pytest

from evals.baselines import pipeline, single_agent
from evals.baselines.columns import map_columns
from evals.baselines.deciding import MOST_STEPS, in_order
from evals.crew.answer import CONTRACT, INPUT, read_answer
from evals.crew.judging import judge
from evals.folders.make import make_folder, truth_of
from evals.folders.spec import FolderSpec, Mess
from evals.model_server import Act, ChatRequest, ModelServer, calls
from state.contract import Column
from state.models import ModelSettings
from state.run import RunContext
from tools.contract.read import require_contract

MESS = {Mess.DIALECT: 1.0, Mess.REPEATS: 0.05, Mess.BROKEN: 0.03, Mess.DATES: 0.5}
SPEC = FolderSpec(name="small", seed=3, domain="orders", rows=60, files=2, mess=MESS)


def test_the_pipeline_delivers_and_accounts_for_every_row(tmp_path: Path) -> None:
    make_folder(SPEC, tmp_path)
    answer = pipeline.deliver(tmp_path / CONTRACT, tmp_path / INPUT, tmp_path)
    found = judge(truth_of(SPEC, tmp_path), tmp_path)[0]
    assert found.met
    assert found.balanced
    assert found.rows[0] == found.rows[1]
    assert answer == read_answer(tmp_path)
    assert answer.cpu > 0


def test_the_pipeline_publishes_nothing_where_too_much_is_invalid(tmp_path: Path) -> None:
    spec = FolderSpec(name="bad", seed=3, domain="stores", rows=60, mess={Mess.INVALID: 0.3})
    make_folder(spec, tmp_path)
    answer = pipeline.deliver(tmp_path / CONTRACT, tmp_path / INPUT, tmp_path)
    assert answer.status == "not_met"
    assert not list((tmp_path / "published").glob("*")) if (tmp_path / "published").exists() else True
    assert answer.books["stores"].balanced
    assert answer.books["stores"].published == 0


def test_columns_are_found_by_name_alias_and_likeness() -> None:
    columns = [Column(name="order_id"), Column(name="placed_at", aliases=("entered",)), Column(name="quantity")]
    found = map_columns(("Order ID", "ENTERED", "quantty", "colour"), columns)
    assert found == {"Order ID": "order_id", "ENTERED": "placed_at", "quantty": "quantity"}


def test_the_agent_delivers_by_its_rule(tmp_path: Path) -> None:
    make_folder(SPEC, tmp_path)
    answer = single_agent.deliver(tmp_path / CONTRACT, tmp_path / INPUT, tmp_path, home(tmp_path))
    found = judge(truth_of(SPEC, tmp_path), tmp_path)[0]
    assert found.met
    assert found.balanced
    assert answer.steps == 2 * 6 + 3  # six steps a table; verify, publish, final result


def test_the_agent_names_the_cause_of_what_it_cannot_publish(tmp_path: Path) -> None:
    spec = FolderSpec(name="fault", seed=3, domain="visits", rows=120, fault="key_restarted")
    make_folder(spec, tmp_path)
    answer = single_agent.deliver(tmp_path / CONTRACT, tmp_path / INPUT, tmp_path, home(tmp_path))
    assert answer.status == "not_met"
    assert answer.causes == {"visits": "broken_key"}


def test_a_model_can_be_the_agent(tmp_path: Path) -> None:
    make_folder(SPEC, tmp_path)
    with ModelServer(Playing()) as server:
        settings = ModelSettings(name="sim", base_url=server.base_url, retries=0)
        context = home(tmp_path).model_copy(update={"model": settings})
        answer = single_agent.deliver(tmp_path / CONTRACT, tmp_path / INPUT, tmp_path, context)
    assert answer.status == "published"
    assert answer.tokens > 0
    assert judge(truth_of(SPEC, tmp_path), tmp_path)[0].met


def test_a_model_that_calls_nothing_ends_the_work(tmp_path: Path) -> None:
    make_folder(SPEC, tmp_path)
    with ModelServer(lambda _request: calls()) as server:
        settings = ModelSettings(name="sim", base_url=server.base_url, retries=0)
        context = home(tmp_path).model_copy(update={"model": settings})
        answer = single_agent.deliver(tmp_path / CONTRACT, tmp_path / INPUT, tmp_path, context)
    assert answer.status in ("not_met", "failed")
    assert answer.problem
    assert answer.steps < MOST_STEPS


class Playing:
    """A model that does all steps of a table in one round, then verifies, publishes and ends."""

    def __init__(self) -> None:
        self.left: list[tuple[tuple[str, dict[str, object]], ...]] = [
            *(((tool, {"table": table}),) for table in ("customers", "orders") for tool in _TOOLS),
            (("verify", {}), ("publish", {})),
            (("final_result", {"cause": "nothing_wrong"}),),
        ]

    def __call__(self, request: ChatRequest, /) -> Act:
        assert {"verify", "publish", "validate_data", "map_columns"} <= set(request.tools)
        return calls(*self.left.pop(0))


_TOOLS = ("map_columns", "choose_formats", "resolve_values", "make_table", "merge_duplicates", "set_aside")


def home(out: Path) -> RunContext:
    return RunContext(home=str(out / "home"), threads=1)


def test_tables_that_others_refer_to_come_first(tmp_path: Path) -> None:
    make_folder(SPEC, tmp_path)
    assert in_order(require_contract(tmp_path / CONTRACT)[0]) == ("customers", "orders")


@pytest.mark.parametrize("name", ["published", "quarantine"])
def test_what_an_earlier_attempt_left_is_removed(tmp_path: Path, name: str) -> None:
    make_folder(SPEC, tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / name / "old.parquet").write_text("old")
    pipeline.deliver(tmp_path / CONTRACT, tmp_path / INPUT, tmp_path)
    assert not (tmp_path / name / "old.parquet").exists()
    assert json.loads((tmp_path / "answer.json").read_text())["solver"] == "pipeline"
