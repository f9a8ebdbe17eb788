"""The actions of a worker as LangChain tools with typed arguments, over pure functions of a bench."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from langchain_core.tools import StructuredTool

from algorithms.arithmetic import NoValueError, calculate
from state.errors import StepError
from state.reasoning import ActionKind
from state.values import Value
from tools.actions import analysis, knowledge, queries
from tools.actions.arguments import (
    AnalyseSchema,
    Calculate,
    Execute,
    FinalAnswer,
    FinalDiagnosis,
    MakePlan,
    Reason,
    RoutePipeline,
    Search,
    TransformData,
    ValidateData,
)
from tools.actions.bench import Bench, Found
from tools.sql.sandbox import SandboxLimits

_FINAL: dict[str, type[Value]] = {"diagnose": FinalDiagnosis, "question": FinalAnswer}

ARGUMENTS: Mapping[ActionKind, type[Value]] = {
    ActionKind.ANALYSE_SCHEMA: AnalyseSchema,
    ActionKind.VALIDATE_DATA: ValidateData,
    ActionKind.TRANSFORM_DATA: TransformData,
    ActionKind.ROUTE_PIPELINE: RoutePipeline,
    ActionKind.SEARCH: Search,
    ActionKind.CALCULATE: Calculate,
    ActionKind.REASON: Reason,
    ActionKind.PLAN: MakePlan,
    ActionKind.EXECUTE: Execute,
}


@lru_cache(maxsize=64)
def toolbox(bench: Bench, kind: str) -> Mapping[str, StructuredTool]:
    """Return the tools of a task of a kind, by name."""
    functions: dict[ActionKind, Callable[..., Found]] = {
        ActionKind.ANALYSE_SCHEMA: partial(analysis.analyse_schema, bench),
        ActionKind.VALIDATE_DATA: partial(analysis.validate_data, bench),
        ActionKind.TRANSFORM_DATA: partial(queries.try_change, bench),
        ActionKind.ROUTE_PIPELINE: partial(knowledge.route, bench),
        ActionKind.SEARCH: partial(knowledge.search, bench),
        ActionKind.CALCULATE: _calculate,
        ActionKind.REASON: _reason,
        ActionKind.PLAN: _plan,
        ActionKind.EXECUTE: partial(queries.execute, bench),
        ActionKind.FINAL_RESULT: _final,
    }
    arguments = {**ARGUMENTS, ActionKind.FINAL_RESULT: _FINAL[kind]}
    return {
        action.value: StructuredTool.from_function(
            func=function,
            name=action.value,
            description=(arguments[action].__doc__ or "").strip(),
            args_schema=arguments[action],
            infer_schema=False,
        )
        for action, function in functions.items()
    }


def tools_offered(kind: str) -> tuple[StructuredTool, ...]:
    """Return the tools of a task of a kind as a model is told of them: what they are is the same for every bench."""
    return tuple(toolbox(Bench(folder=Path(), home=Path(), limits=SandboxLimits()), kind).values())


def _calculate(expression: str) -> Found:
    try:
        return Found(content={"value": calculate(expression)}, quality=0.5)
    except NoValueError as fault:
        raise StepError(str(fault), where=expression[:80]) from fault


def _reason(conclusion: str, confidence: float) -> Found:
    return Found(content={"kept": conclusion[:1_000], "confidence": confidence}, quality=0.2)


def _plan(actions: tuple[str, ...]) -> Found:
    return Found(content={"planned": [str(action)[:200] for action in actions[:20]]}, quality=0.2)


def _final(**answer: Any) -> Found:  # noqa: ANN401  the arguments of the kind's final answer
    plain = {
        name: value.model_dump(mode="json") if isinstance(value, Value) else value for name, value in answer.items()
    }
    return Found(content=json.loads(json.dumps(plain)), quality=1.0)
