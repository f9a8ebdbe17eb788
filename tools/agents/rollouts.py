"""Rollouts: a new version beside the old one, the outcomes of both, and its end, with record and reason."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from algorithms.operation.sequential import Comparison, compare
from state.errors import SetupError
from state.operation_agents import Deployment, Outcome, Rollout, RolloutStatus, Tally
from state.values import digest
from tools.agents.tables import OUTCOMES, ROLLOUTS
from tools.database.database import Database
from tools.database.locks import alone

ALPHA = 0.05
"""Bound of the chance that an equal version is called worse, and of being called better, however often it is asked."""

MOST_OUTCOMES = 2_000
"""Outcomes of the new version after which a difference worth knowing would have shown."""

_ENDS = {
    Comparison.BETTER: RolloutStatus.TAKEN_OVER,
    Comparison.ALIKE: RolloutStatus.TAKEN_OVER,
    Comparison.WORSE: RolloutStatus.ROLLED_BACK,
}
_WORDS = {
    Comparison.BETTER: "it is better",
    Comparison.ALIKE: "it is no worse",
    Comparison.WORSE: "it is worse",
}


def begin_rollout(database: Database, old: Deployment, new: Deployment, now: datetime) -> Rollout:
    """Begin to try a version; SetupError where another one is being tried in its place."""
    agent_id = new.card.id
    rollout = Rollout(
        rollout_id=digest([agent_id, old.card.version, new.card.version, now.isoformat()])[:16],
        agent_id=agent_id,
        kind="" if agent_id == "model" else agent_id.removeprefix("expert:"),
        old=old.card.version,
        new=new.card.version,
        share=new.share,
        started_at=now,
    )

    def begin(connection: Connection) -> Rollout:
        alone(connection)
        running = [each for each in rollouts_of(connection) if each.agent_id == agent_id and _runs(each)]
        if running:
            hint = f"retire version {running[0].new} first, or wait"
            raise SetupError(f"version {running[0].new} is being tried", where=agent_id, hint=hint)
        keep_rollout(connection, rollout)
        return rollout

    return database.perform(begin)


def note_outcomes(database: Database, agent_of: str, found: Iterable[Outcome]) -> None:
    """Keep outcomes of decisions of one agent; the same decision of the same run is kept once."""
    rows = [
        {
            "run_id": each.run_id,
            "decision_id": each.decision_id,
            "agent_id": agent_of,
            "version": each.version,
            "right": each.right,
            "at": each.at.timestamp(),
            "document": each.model_dump_json(),
        }
        for each in found
    ]

    def note(connection: Connection) -> None:
        alone(connection)
        for row in rows:
            same = (OUTCOMES.c.run_id == row["run_id"]) & (OUTCOMES.c.decision_id == row["decision_id"])
            connection.execute(delete(OUTCOMES).where(same))
            connection.execute(insert(OUTCOMES).values(row))

    if rows:
        database.perform(note)


def weigh(database: Database, now: datetime, *, most: int = MOST_OUTCOMES, alpha: float = ALPHA) -> tuple[Rollout, ...]:
    """Compare the versions of every rollout under way; return those that ended now."""
    ended = []
    for rollout in rollouts(database):
        if not _runs(rollout):
            continue
        new = outcomes_of(database, rollout, rollout.new)
        old = outcomes_of(database, rollout, rollout.old)
        judged = judge(rollout, new, old, now, most=most, alpha=alpha)
        if judged != rollout and _kept_while_it_runs(database, judged) and not _runs(judged):
            ended.append(judged)
    return tuple(ended)


def judge(
    rollout: Rollout, new: Sequence[bool], old: Sequence[bool], now: datetime, *, most: int, alpha: float
) -> Rollout:
    """Return a rollout with what its outcomes say; ended where they suffice."""
    found = compare(new, old, share=rollout.share, alpha=alpha, most=most)
    told = {"new_tally": _tally(new), "old_tally": _tally(old)}
    if found.comparison is Comparison.OPEN:
        return rollout.model_copy(update=told)
    reason = f"{_WORDS[found.comparison]}: {_rate(new)} of version {rollout.new} right, {_rate(old)} of {rollout.old}"
    return rollout.model_copy(
        update={**told, "status": _ENDS[found.comparison], "ended_at": now, "reason": f"{reason}; alpha {alpha:g}"}
    )


def end_rollout(
    database: Database, rollout: Rollout, status: RolloutStatus, reason: str, now: datetime
) -> Rollout | None:
    """End a rollout before its outcomes do; None where another process has ended it."""
    ended = rollout.model_copy(update={"status": status, "ended_at": now, "reason": reason})
    return ended if _kept_while_it_runs(database, ended) else None


def rollouts(database: Database) -> tuple[Rollout, ...]:
    """Return all rollouts, the oldest first."""
    return database.look(rollouts_of)


def rollouts_of(connection: Connection) -> tuple[Rollout, ...]:
    """Return all rollouts within a transaction."""
    asked = select(ROLLOUTS.c.document).order_by(ROLLOUTS.c.started_at)
    return tuple(Rollout.model_validate_json(each) for each in connection.execute(asked).scalars())


def outcomes_of(database: Database, rollout: Rollout, version: str) -> tuple[bool, ...]:
    """Return whether the decisions of a version since the rollout began were right, in their order."""
    asked = (
        select(OUTCOMES.c.right)
        .where(OUTCOMES.c.agent_id == rollout.agent_id, OUTCOMES.c.version == version)
        .where(OUTCOMES.c.at >= rollout.started_at.timestamp())
        .order_by(OUTCOMES.c.at, OUTCOMES.c.run_id, OUTCOMES.c.decision_id)
    )
    return tuple(database.look(lambda connection: connection.execute(asked).scalars().all()))


def keep_rollout(connection: Connection, rollout: Rollout) -> None:
    """Put a rollout in place of the one with its id."""
    connection.execute(delete(ROLLOUTS).where(ROLLOUTS.c.rollout_id == rollout.rollout_id))
    connection.execute(
        insert(ROLLOUTS).values(
            rollout_id=rollout.rollout_id,
            agent_id=rollout.agent_id,
            status=rollout.status.value,
            started_at=rollout.started_at.timestamp(),
            ended_at=rollout.ended_at.timestamp() if rollout.ended_at else None,
            document=rollout.model_dump_json(),
        )
    )


def _kept_while_it_runs(database: Database, rollout: Rollout) -> bool:
    """Keep what became of a rollout; False where another process has ended it meanwhile."""

    def work(connection: Connection) -> bool:
        alone(connection)
        running = any(each.rollout_id == rollout.rollout_id and _runs(each) for each in rollouts_of(connection))
        if running:
            keep_rollout(connection, rollout)
        return running

    return database.perform(work)


def _runs(rollout: Rollout) -> bool:
    return rollout.status is RolloutStatus.RUNNING


def _tally(found: Sequence[bool]) -> Tally:
    return Tally(right=sum(found), wrong=len(found) - sum(found))


def _rate(found: Sequence[bool]) -> str:
    return f"{sum(found)} of {len(found)}" if found else "none"
