"""Lineage and the session: whatever becomes of the server or of the run, the run ends as it would have and says so."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import graphs.session
from graphs.session import resume, run
from state.run import RunContext, RunStatus
from tools.lineage import transport
from tools.lineage.target import LineageTarget


def go(job: Any, target: LineageTarget | None = None) -> Any:
    context = RunContext(home=str(job.home))
    return run(job.contract, [str(job.sources)], job.out, run_id="r1", context=context, lineage=target)


def events(job: Any) -> list[Any]:
    return [json.loads(line) for line in (job.out / "_runs" / "r1" / "lineage.jsonl").read_text().splitlines()]


def test_a_server_hears_what_the_file_says(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(transport.Sender, "_post", lambda _self, _client, event: heard.append(event))
    assert go(job, LineageTarget(url="http://127.0.0.1:1"))["status"] is RunStatus.PUBLISHED
    assert heard == events(job)
    resume(job.home, "r1", lineage=LineageTarget(url="http://127.0.0.1:1"))
    assert heard == events(job)


def test_no_server_is_a_warning_and_the_key_is_nowhere(job: Any) -> None:
    target = LineageTarget(url="http://me:pa55word@127.0.0.1:1", api_key=SecretStr("s3cret"))
    assert go(job, target)["status"] is RunStatus.PUBLISHED
    folder = job.out / "_runs" / "r1"
    told = json.loads((folder / "run.json").read_text())["warnings"]
    assert [warning for warning in told if "events were not delivered to http://127.0.0.1:1/api" in warning]
    assert "were not delivered" in (folder / "report.html").read_text()
    assert "were not delivered" in (folder / "events.jsonl").read_text()
    assert events(job)[-1]["eventType"] == "COMPLETE"
    for path in (path for root in (job.out, job.home) for path in Path(root).rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert b"s3cret" not in content, path
        assert b"pa55word" not in content, path


@pytest.mark.parametrize(("error", "kind"), [(KeyboardInterrupt(), "ABORT"), (RuntimeError("a fault"), "FAIL")])
def test_a_run_that_is_stopped_says_so_and_goes_on(
    job: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException, kind: str
) -> None:
    real = graphs.session.build

    def stopping() -> Any:
        raise error

    monkeypatch.setattr(graphs.session, "build", stopping)
    with pytest.raises(type(error)):
        go(job)
    first = events(job)
    assert [event["eventType"] for event in first] == ["START", kind]
    assert first[-1]["run"]["facets"]["errorMessage"]["message"]
    monkeypatch.setattr(graphs.session, "build", real)
    assert resume(job.home, "r1")["status"] is RunStatus.PUBLISHED
    assert events(job)[-1]["eventType"] == "COMPLETE"
    assert events(job)[0] == first[0]


def test_a_lineage_that_cannot_be_written_does_not_stop_the_run(job: Any) -> None:
    (job.out / "_runs" / "r1" / "lineage.jsonl").mkdir(parents=True)
    assert go(job)["status"] is RunStatus.PUBLISHED
    told = json.loads((job.out / "_runs" / "r1" / "run.json").read_text())["warnings"]
    assert [warning for warning in told if warning.startswith("lineage: ")]
