"""How the ending of a run with a failing model is judged, against the same run without a model and with a right one."""

from evals.model_faults.play import Ending
from state.values import Value


class Verdict(Value):
    """What must hold of a run, whatever its model does; and how it ended, in words."""

    ended_well: bool  # each row published is one that no model or a right one leads to; or stopped, with the reason
    told: bool  # where the model's word was not taken the record says why
    counted: bool  # every request that was sent is in the record
    repeated_nothing: bool  # no effect and no tool call was made twice
    words: str

    @property
    def holds(self) -> bool:
        """Whether all of it does."""
        return self.ended_well and self.told and self.counted and self.repeated_nothing


def judge(ending: Ending, expert: Ending, right: Ending) -> Verdict:
    """Return what holds of an ending; `expert` is the run without a model, `right` the one with a right model."""
    published = ending.status == "published"
    as_known = all(set(rows) <= _known(name, expert, right) for name, rows in ending.tables.items())
    taken = ending.tables == right.tables and ending.decided == right.decided
    return Verdict(
        ended_well=as_known if published else bool(ending.problem) and not ending.tables,
        told=taken or bool(ending.fallbacks),
        counted=ending.sent <= ending.counted,  # one that the client gave up may never have been read
        repeated_nothing=not ending.repeated,
        words=_words(ending, expert, right, published=published),
    )


def _known(table: str, expert: Ending, right: Ending) -> set[str]:
    return {row for ending in (expert, right) for row in ending.tables.get(table, ())}


def _words(ending: Ending, expert: Ending, right: Ending, *, published: bool) -> str:
    if not published:
        return f"stopped: {ending.problem[:120]}"
    if ending.tables == right.tables and ending.decided == right.decided:
        return "published, as a right model has it"
    if ending.tables == expert.tables:
        return "published, as without a model"
    known = all(set(rows) <= _known(name, expert, right) for name, rows in ending.tables.items())
    return "published, in part as a right model has it" if known else "published, as the model said"
