"""What each pattern is worth, as data: which measures it betters, which it worsens, on which jobs, at what cost."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from evals.ablation.measures import MEASURES, QUALITY, SPENT, Runs, better_on, gain
from evals.ablation.settings import AGAIN, WHOLE
from evals.protocol import Score
from state.values import Value

_FEWEST = 5
"""Jobs from which an interval over jobs says something."""

Played = Mapping[str, Mapping[str, Runs]]
"""The verdicts by setting and job."""


class Finding(StrEnum):
    """What the table says of a pattern."""

    HELPS = "helps"  # some measure of quality is better with it, by an interval that leaves out nothing
    HELPS_SOME = "helps on some jobs"  # better on at least one job and worse on none; the interval holds nothing, too
    MIXED = "mixed"  # better on some jobs, worse on others
    HARMS = "harms"  # worse on at least one job and better on none
    SAVES = "saves"  # no measure of quality differs; it spares steps, replans or tokens on some jobs, and adds none
    NO_EFFECT = "no effect"  # no measure of quality differs on any job, and nothing is spared


class Worth(Value):
    """What the whole crew gains over the crew with this setting."""

    setting: str
    finding: Finding
    gains: tuple[Score, ...]  # the whole crew less the other, in the direction that is better
    better: dict[str, tuple[str, ...]]  # jobs by measure, of quality and of what comes out the same every time
    worse: dict[str, tuple[str, ...]]


class AblationTable(Value):
    """The table; `noise` is the whole crew against itself."""

    jobs: tuple[str, ...]
    noise: Worth
    worths: tuple[Worth, ...]

    def named(self, *findings: Finding) -> tuple[str, ...]:
        """Return the settings of which one of these was found."""
        return tuple(worth.setting for worth in self.worths if worth.finding in findings)


def table_of(played: Played) -> AblationTable:
    """Return the table of what was played; KeyError where the whole crew was not."""
    whole = played[WHOLE]
    noise = worth_of(AGAIN, whole, played.get(AGAIN, whole), {})
    chance = {measure: {*noise.better.get(measure, ()), *noise.worse.get(measure, ())} for measure in MEASURES}
    worths = [worth_of(name, whole, each, chance) for name, each in played.items() if name not in (WHOLE, AGAIN)]
    return AblationTable(jobs=tuple(sorted(whole)), noise=noise, worths=tuple(worths))


def worth_of(
    name: str, whole: Mapping[str, Runs], without: Mapping[str, Runs], chance: Mapping[str, Collection[str]]
) -> Worth:
    """Return what the whole crew gains over a setting.

    A job on which the whole crew differs from itself in a measure (`chance`) is named neither better nor worse in it.
    """
    gains = tuple(score for measure in MEASURES if (score := gain(measure, whole, without)) is not None)
    better, worse = dict[str, tuple[str, ...]](), dict[str, tuple[str, ...]]()
    for measure in (*QUALITY, *SPENT):
        for told, jobs in zip((better, worse), better_on(measure, whole, without), strict=True):
            if sure := tuple(job for job in jobs if job not in chance.get(measure, ())):
                told[measure] = sure
    return Worth(setting=name, finding=_finding(gains, better, worse), gains=gains, better=better, worse=worse)


def _finding(gains: tuple[Score, ...], better: Mapping[str, object], worse: Mapping[str, object]) -> Finding:
    sure = [score for score in gains if score.name in QUALITY and score.n >= _FEWEST]
    if any(score.low > 0 for score in sure) and not any(score.high < 0 for score in sure):
        return Finding.HELPS
    good, bad = (any(name in told for name in QUALITY) for told in (better, worse))
    if good and bad:
        return Finding.MIXED
    if good:
        return Finding.HELPS_SOME
    if bad:
        return Finding.HARMS
    return Finding.SAVES if better and not worse else Finding.NO_EFFECT
