"""The roster of a run: read from the registry when a session begins, and again when it is old.

Whoever decides or hands out work asks for the current one; it is set for a session and everything that it starts. Where
there is no database nothing is imported for it; where one cannot be read the run goes on with what was read before.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from state.errors import MillwrightError, SetupError
from state.operation_agents import AgentStatus, Deployment, RegisteredAgent, Rollout, RolloutStatus
from state.roster import EVERYBODY, MODEL, Roster, Standing, Trial

FILE = "operation.sqlite"
_SECONDS = 5.0
_PATIENCE = 2.0
"""Seconds for which a run waits for the database: its work does not need it."""


class RosterKeeper:
    """Reads the roster, and again when it is older than five seconds; safe for threads."""

    def __init__(self, home: Path, url: str) -> None:
        self._home, self._url = home, url
        self._lock = threading.Lock()
        self._roster, self._read_at = EVERYBODY, float("-inf")

    def roster(self) -> Roster:
        """Return the roster; with `fault` where the registry could not be read."""
        with self._lock:
            if time.monotonic() - self._read_at > _SECONDS:
                self._roster = self._read()
                self._read_at = time.monotonic()
            return self._roster

    def _read(self) -> Roster:
        if not self._url and not (self._home / FILE).is_file():
            return EVERYBODY
        try:
            return read_roster(self._home, self._url)
        except (MillwrightError, OSError) as error:
            fault = error.line() if isinstance(error, MillwrightError) else str(error)
            return self._roster.model_copy(update={"fault": fault[:300]})


_KEEPER: ContextVar[RosterKeeper | None] = ContextVar("millwright_roster", default=None)


def current() -> Roster:
    """Return the roster of the session this is called in; everybody works where there is none."""
    keeper = _KEEPER.get()
    return keeper.roster() if keeper else EVERYBODY


@contextmanager
def roster_kept(home: Path, *, use: bool = True) -> Iterator[RosterKeeper]:
    """Let the roster of a home folder's registry be the current one; with `use` off nobody is asked about."""
    from tools.database.address import database_url  # noqa: PLC0415  imported where a registry may be

    try:
        url = database_url() if use else ""
    except SetupError:
        url = ""
    keeper = RosterKeeper(home.absolute(), url)
    token = _KEEPER.set(keeper if use else None)
    try:
        yield keeper
    finally:
        _KEEPER.reset(token)


def read_roster(home: Path, url: str) -> Roster:
    """Return the roster as the registry has it now."""
    from tools.agents.registry import agents_of  # noqa: PLC0415  loads the database's library
    from tools.agents.rollouts import rollouts_of  # noqa: PLC0415
    from tools.database.open import open_database  # noqa: PLC0415

    with open_database(home, url, pool_size=1, patience=_PATIENCE) as database:
        known, tried = database.look(lambda connection: (agents_of(connection), rollouts_of(connection)))
    return roster_of(known, tried)


def roster_of(known: Sequence[RegisteredAgent], tried: Sequence[Rollout]) -> Roster:
    """Return the roster that agents and rollouts make."""
    by_id: dict[str, list[RegisteredAgent]] = {}
    for agent in known:
        by_id.setdefault(agent.card.id, []).append(agent)
    standing: dict[str, Standing] = {}
    absent: dict[str, str] = {}
    trials: dict[str, Trial] = {}
    for agent_id, versions in by_id.items():
        working = [each for each in versions if each.takes_work]
        if not working:
            last = max(versions, key=lambda each: (each.status is not AgentStatus.RETIRED, each.since))
            absent[agent_id] = f"{last.status.value}: {last.reason}"
            continue
        running = next(
            (each for each in tried if each.agent_id == agent_id and each.status is RolloutStatus.RUNNING), None
        )
        stands = {each.card.version: _standing(each.deployment) for each in working}
        if running is not None and {running.old, running.new} <= stands.keys():
            old, new = stands[running.old], stands[running.new]
            trials[agent_id] = Trial(rollout_id=running.rollout_id, old=old, new=new, share=running.share)
        tried_now = running.new if running is not None else ""
        steady = [each for each in working if each.card.version != tried_now] or working
        standing[agent_id] = _standing(steady[-1].deployment)
    models = {each.card.version for each in by_id.get(MODEL, ()) if each.takes_work}
    took_over = [each for each in tried if each.agent_id == MODEL and each.status is RolloutStatus.TAKEN_OVER]
    succeeded = {each.old: each.new for each in took_over if each.new in models}
    return Roster(absent=absent, standing=standing, trials=trials, succeeded=succeeded)


def _standing(deployment: Deployment) -> Standing:
    return Standing(version=deployment.card.version, entry=deployment.entry)
