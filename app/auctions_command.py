"""`millwright auctions`: how the crew kept its contracts over all runs of a home."""

import sys
from pathlib import Path

from algorithms.auctions.statistics import Statistics, statistics
from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from state.auctions import Fulfilment
from tools.auction_history import recent

_MOST = 100_000
_SHOWN_RUNS = 20


def show_auctions(*, most: int, as_json: bool) -> int:
    """Print statistics of the history, and with `most` above 0 the last contracts."""
    history = recent(Path(load_settings().home).absolute(), _MOST)
    told = statistics(history)
    last = history[-most:] if most else ()
    if as_json:
        print_json({**told.model_dump(mode="json"), "last": [each.model_dump(mode="json") for each in last]})
    else:
        lines = [*_lines(told), *map(_line, last)]
        sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")
    return 0


def _lines(told: Statistics) -> list[str]:
    if not told.contracts:
        return ["no contract yet: every run with auctions adds to the history"]
    lines = [f"{told.contracts} contracts"]
    lines += [
        f"  {agent.agent_id}: {agent.kept} kept, {agent.overrun} late, {agent.failed} failed; "
        f"keeps the next with {agent.reliability:.0%}"
        for agent in told.agents
    ]
    lines += [
        f"  {kind.skill} by {kind.engine}: {kind.contracts} in {kind.seconds:.1f} s, "
        f"predicted {kind.predicted:.1f}, error {kind.error:.2f}"
        for kind in told.kinds
    ]
    runs = list(told.errors.items())[-_SHOWN_RUNS:]
    return [*lines, *(f"  run {run_id}: error {error:.2f}" for run_id, error in runs)]


def _line(each: Fulfilment) -> str:
    return (
        f"  {each.run_id} {each.task_id}: {each.agent_id} ({each.engine}) predicted {each.predicted:.2f} s, "
        f"took {each.seconds:.2f}, {each.ended.value}"
    )
