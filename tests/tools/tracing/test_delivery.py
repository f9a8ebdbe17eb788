"""When a trace is made, and what its figures are."""

from types import SimpleNamespace

import pytest

from state.run import CheckSummary, RunStatus, TableAccount
from tools.tracing.delivery import to_collector, to_langsmith
from tools.tracing.scores import scores_of


@pytest.mark.parametrize(
    ("environment", "langsmith", "collector"),
    [
        ({}, False, False),
        ({"LANGSMITH_TRACING": "true"}, True, False),
        ({"LANGSMITH_TRACING": "false", "LANGSMITH_API_KEY": "k"}, False, False),
        ({"LANGCHAIN_TRACING_V2": "true"}, True, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, False, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, False, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False, False),
    ],
)
def test_a_trace_is_made_where_its_variables_say_so(
    environment: dict[str, str], *, langsmith: bool, collector: bool
) -> None:
    assert (to_langsmith(environment), to_collector(environment)) == (langsmith, collector)


def account(name: str, *, read: int, published: int, quarantined: int, derived: bool = False) -> TableAccount:
    return TableAccount(
        table=name,
        derived=derived,
        rows_read=read,
        rows_published=published,
        rows_quarantined=quarantined,
        rows_merged=0,
        cells_changed=0,
    )


def test_the_figures_of_a_run_count_what_is_lost_and_set_aside() -> None:
    accounts = {
        "orders": account("orders", read=100, published=90, quarantined=7),
        "totals": account("totals", read=9, published=1, quarantined=0, derived=True),
    }
    counts = {"path": "", "passed": 1, "failed": 1, "warning": 0, "error": 0, "reasons": (), "deliverable": ()}
    values = {
        "status": RunStatus.NOT_MET,
        "accounts": accounts,
        "replans": {"a#1": SimpleNamespace()},
        "checks": CheckSummary(met=False, **counts),
    }
    assert scores_of(values) == {"contract_met": 0.0, "rows_lost": 3.0, "quarantine_share": 0.07, "replans": 1.0}


@pytest.mark.parametrize("status", [RunStatus.WAITING, RunStatus.RUNNING])
def test_a_run_that_goes_on_has_no_figures_yet(status: RunStatus) -> None:
    assert scores_of({"status": status}) == {}
