"""A suite as an experiment of LangSmith: offline without a key, with one the tasks and figures are uploaded.

What is sent: names of tasks and of their inputs, whether each was solved, its seconds and scores, and the suite's own
scores. What is not: details, error messages, paths, and all that graphs do meanwhile, as these hold values from data.
"""

import hashlib
import json
import os
import sys
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from typing import Any

from langsmith import Client, evaluate, tracing_context
from langsmith.evaluation import EvaluationResult, EvaluationResults
from langsmith.schemas import Example, Run
from langsmith.utils import LangSmithError

from evals.protocol import SuiteResult, Task, TaskResult
from evals.runner import Heard, SuiteRun
from state.errors import SetupError

_KEYS = ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")
_NAMESPACE = uuid.UUID("5b0f4b8e-6f0c-5d0a-9d53-2a1f3f6e7a11")
_OFFLINE = "http://127.0.0.1:9"  # the discard port: a client without a key must have no place to send to
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_MILLISECONDS = (5_000, 30_000)  # to connect, to answer


class Experiment:
    """Runs a suite as an experiment and keeps what LangSmith's evaluation made of it, task by task."""

    def __init__(self, run: SuiteRun, description: str, heard: Heard) -> None:
        self._run, self._description, self._heard = run, description, heard
        self._coming = run.results()
        self._results: dict[str, TaskResult] = {}
        self._fault: BaseException | None = None
        self.feedback: dict[str, dict[str, float]] = {}
        self.name = ""

    def run(self) -> SuiteResult:
        """Run every task through `langsmith.evaluate`; SetupError where the server with the key does not answer."""
        uploads = any(os.environ.get(name) for name in _KEYS)
        with _quiet():
            client = _client(uploads=uploads)
            data = self._dataset(client) if uploads else [self._example(task) for task in self._run.tasks]
            done = evaluate(
                self._target,
                data=data,
                evaluators=[self._feedback],
                summary_evaluators=[self._summary],
                experiment_prefix=f"millwright-{self._run.suite.name}",
                description=self._description,
                metadata={"suite": self._run.suite.name},
                max_concurrency=0,
                client=client,
                upload_results=uploads,
                disable_evaluator_tracing=True,
            )
            self.name = done.experiment_name
            for row in done:
                key = str((row["example"].inputs or {})["task"])
                self.feedback[key] = {each.key: float(each.score or 0) for each in row["evaluation_results"]["results"]}
            client.flush()
        if self._fault is not None:
            raise self._fault
        self._take_rest()
        return self._run.finish()

    def _target(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Solve tasks until the one that is asked for has its result."""
        wanted = str(inputs["task"])
        try:
            with tracing_context(enabled=False):
                while wanted not in self._results and self._take():
                    pass
        except BaseException as error:  # whatever ends it rises again, here and when the evaluation is over
            self._fault = error  # the evaluation would log it and go on
            raise
        result = self._results[wanted]
        return {"solved": result.solved, "seconds": round(result.seconds, 3)}

    def _take(self) -> bool:
        """Take the next result; return whether there was one."""
        result = next(self._coming, None) if self._fault is None else None
        if result is None:
            return False
        self._results[result.task_id] = result
        self._heard(result, len(self._results), len(self._run.tasks))
        return True

    def _take_rest(self) -> None:
        while self._take():
            pass

    def _feedback(self, run: Run, example: Example) -> EvaluationResults:  # noqa: ARG002  the names LangSmith asks for
        """Return the scores of a task as feedback."""
        result = self._results[str((example.inputs or {})["task"])]
        return _feedback([("solved", float(result.solved)), *((each.name, each.value) for each in result.scores)])

    def _summary(self, runs: list[Run], examples: list[Example]) -> EvaluationResults:  # noqa: ARG002  as above
        """Return the scores of the suite as feedback on the experiment."""
        self._take_rest()
        ordered = [self._results[task.task_id] for task in self._run.tasks]
        return _feedback([(each.name, each.value) for each in self._run.suite.summarise(ordered)])

    def _dataset(self, client: Client) -> str:
        """Return the name of the dataset of these tasks; it and its examples are made where they are missing."""
        named = f"millwright-{self._run.suite.name}-{_digest(self._run.tasks)[:12]}"
        try:
            if not client.has_dataset(dataset_name=named):
                client.create_dataset(named, description=self._description)
            known = client.read_dataset(dataset_name=named)
            there = {str(example.id) for example in client.list_examples(dataset_id=known.id)}
            missing = [
                {"id": _identity(named, task), "inputs": _inputs(task), "reference_outputs": {}}
                for task in self._run.tasks
                if str(_identity(named, task)) not in there
            ]
            if missing:
                client.create_examples(dataset_id=known.id, examples=missing)
        except (LangSmithError, OSError) as error:
            hint = "check LANGSMITH_ENDPOINT and the key, or unset LANGSMITH_API_KEY to stay offline"
            what = f"LangSmith does not take the dataset: {type(error).__name__}"
            raise SetupError(what, where="LANGSMITH_ENDPOINT", hint=hint) from error
        return named

    def _example(self, task: Task) -> Example:
        named = f"millwright-{self._run.suite.name}"
        return Example(
            id=_identity(named, task),
            dataset_id=uuid.uuid5(_NAMESPACE, named),
            inputs=_inputs(task),
            outputs={},
            created_at=_BEGINNING,
        )


def _client(*, uploads: bool) -> Client:
    if uploads:
        return Client(timeout_ms=_MILLISECONDS)
    return Client(api_url=_OFFLINE, api_key="", auto_batch_tracing=False, tracing_sampling_rate=0.0)


def _feedback(scores: Sequence[tuple[str, float]]) -> EvaluationResults:
    return EvaluationResults(results=[EvaluationResult(key=name, score=value) for name, value in scores])


def _inputs(task: Task) -> dict[str, Any]:
    return {"task": task.task_id, "inputs": sorted(task.inputs)}


def _identity(dataset: str, task: Task) -> uuid.UUID:
    """Return the id of a task in a dataset: the same in every run, so that no example is made twice."""
    return uuid.uuid5(_NAMESPACE, f"{dataset}/{task.task_id}")


def _digest(tasks: tuple[Task, ...]) -> str:
    return hashlib.sha256(json.dumps([_inputs(task) for task in tasks]).encode()).hexdigest()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the library prints off standard output, which belongs to the result."""
    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="langsmith")  # of its own calls to itself
        yield
