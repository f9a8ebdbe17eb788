"""Time travel: going on from an earlier checkpoint with another answer, or another state, is a run of its own."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from graphs.serialization import strict_serializer
from graphs.supervisor import build
from state.run import Approve, RunContext, RunRequest, RunStatus

ACCEPT = {"rest": "accept"}


class Threads:
    """The supervisor with a saver in memory, on one thread, as Studio drives it."""

    def __init__(self, job: Any, approve: Approve = Approve.CHANGES, **options: Any) -> None:
        self.job, self.context = job, RunContext(home=str(job.home), **options)
        self.graph = build().compile(checkpointer=InMemorySaver(serde=strict_serializer()))
        self.config: Any = {"configurable": {"thread_id": "t"}}
        self.request = RunRequest(
            contract=str(job.contract), sources=(str(job.sources),), out=str(job.out), run_id="r1", approve=approve
        )

    def go(self, given: Any, config: Any = None) -> Any:
        return asyncio.run(self.graph.ainvoke(given, config or self.config, context=self.context))

    def begin(self) -> Any:
        return self.go({"request": self.request})

    def answer(self, reply: Any) -> Any:
        return self.go(Command(resume=reply))

    def before(self, node: str) -> Any:
        """The last checkpoint before a node of the supervisor, as the thread's history shows it."""
        found = [each.config for each in self.graph.get_state_history(self.config) if each.next == (node,)]
        return found[0]

    def told(self, out: Path, run_id: str) -> Any:
        return json.loads((out / "_runs" / run_id / "run.json").read_text())


def answered(thread: Threads, reply: Any) -> Any:
    output = thread.begin()
    while "__interrupt__" in output:
        output = thread.answer(reply)
    return output


def sealed(folder: Path) -> dict[str, str]:
    """All files below a folder with their contents, but for what forks add."""
    files = [path for path in folder.rglob("*") if path.is_file() and not {"_forks", "moments"} & set(path.parts)]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_fork_with_another_answer_is_a_run_of_its_own_with_another_result(job: Any) -> None:
    thread = Threads(job)
    first = answered(thread, ACCEPT)
    assert first["status"] is RunStatus.PUBLISHED
    published, folder = sealed(job.out), sealed(job.home / "runs" / "r1")

    output = thread.go(None, thread.before("executor"))
    assert output["__interrupt__"][0].value["run_id"] == "r1-fork1"
    assert not any((job.home / "runs" / f"r1-fork{number}").exists() for number in (2, 3))
    while "__interrupt__" in output:
        output = thread.answer({"rest": "reject"})
    own = Path(output["request"].out)
    assert (output["request"].run_id, own) == ("r1-fork1", job.out / "_forks" / "r1-fork1")
    told, before = thread.told(own, "r1-fork1"), thread.told(job.out, "r1")
    assert told["run_id"] == "r1-fork1"
    assert {each["by"] for each in told["approvals"]} == {""}
    accepted = [each["changes"].get("accept", 0) for each in before["approvals"]]
    rejected = [each["changes"].get("reject", 0) for each in told["approvals"]]
    assert sum(accepted) > 0
    assert sum(rejected) > 0
    assert told["tables"] != before["tables"]
    assert len(told["trace"]) >= len(told["step_reports"])

    assert sealed(job.out) == published
    assert sealed(job.home / "runs" / "r1") == folder


def test_a_fork_goes_on_with_what_was_done_before_and_forks_are_kept_apart(job: Any) -> None:
    thread = Threads(job, Approve.AUTO)
    first, earlier = thread.begin(), thread.before("publish")
    output = thread.go(None, earlier)
    assert output["status"] is RunStatus.PUBLISHED
    assert output["request"].run_id == "r1-fork1"
    before, told = thread.told(job.out, "r1"), thread.told(Path(output["request"].out), "r1-fork1")
    assert told["trace"] == before["trace"]  # no step was performed again
    assert told["tables"] == before["tables"]
    for table in first["accounts"]:
        name = f"{table}.parquet"
        assert (Path(output["request"].out) / name).read_bytes() == (job.out / name).read_bytes()
    assert thread.go(None, earlier)["request"].run_id == "r1-fork2"
    again = thread.go(None, thread.before("report"))
    assert again["request"].run_id == "r1-fork2-fork1"
    assert again["request"].out == str(job.out / "_forks" / "r1-fork2-fork1")
    assert again["status"] is RunStatus.PUBLISHED


def test_a_fork_with_another_state_runs_by_that_state(job: Any) -> None:
    thread = Threads(job)
    thread.begin()
    earlier = thread.before("planner")
    changed = thread.request.model_copy(update={"approve": Approve.AUTO})
    output = thread.go(None, thread.graph.update_state(earlier, {"request": changed}))
    assert "__interrupt__" not in output
    assert output["status"] is RunStatus.PUBLISHED
    assert output["request"].run_id == "r1-fork1"
