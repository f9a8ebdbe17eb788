"""The roster: what a run needs to know of the registry, read once and again when it is old. Empty: everybody works."""

import hashlib

from pydantic import Field

from state.values import Value

_SCALE = float(2**64)


class Standing(Value):
    """Which version of an expert, or which model, decides; `entry` where it is not built in."""

    version: str
    entry: str = ""


class Trial(Value):
    """A new version that decides a share of the subjects, beside the old one."""

    rollout_id: str
    old: Standing
    new: Standing
    share: float = Field(gt=0, le=1)

    def chooses_new(self, subject: str) -> bool:
        """Whether the new version decides on a subject: always the same for the same subject and rollout."""
        drawn = hashlib.sha256(f"{self.rollout_id}\0{subject}".encode()).digest()[:8]
        return int.from_bytes(drawn) < self.share * _SCALE


class Roster(Value):
    """Who takes no work, which versions decide, and which are on trial."""

    absent: dict[str, str] = Field(default_factory=dict)  # agent id -> why it takes no work
    standing: dict[str, Standing] = Field(default_factory=dict)  # agent id -> version in service, where not built in
    trials: dict[str, Trial] = Field(default_factory=dict)  # agent id -> rollout under way
    fault: str = ""  # why the registry could not be read; what was read before holds

    def admits(self, agent_id: str) -> bool:
        """Whether an agent may be given work; one that nobody registered may."""
        return agent_id not in self.absent

    def version_for(self, agent_id: str, subject: str, default: str) -> Standing:
        """Return which version decides on a subject."""
        trial = self.trials.get(agent_id)
        if trial is not None:
            return trial.new if trial.chooses_new(subject) else trial.old
        return self.standing.get(agent_id, Standing(version=default))


EVERYBODY = Roster()
"""The roster where there is no registry."""
