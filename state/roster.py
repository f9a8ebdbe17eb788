"""The roster: what a run needs to know of the registry, read once and again when it is old. Empty: everybody works."""

import hashlib

from pydantic import Field

from state.values import Value

MODEL = "model"
"""Id of the chat model among the agents; its versions are names of models."""

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
    succeeded: dict[str, str] = Field(default_factory=dict)  # model -> model that took over from it
    fault: str = ""  # why the registry could not be read; what was read before holds

    def admits(self, agent_id: str) -> bool:
        """Whether an agent may be given work; one that nobody registered may."""
        return agent_id not in self.absent

    def model_for(self, name: str, subject: str, agent_id: str = MODEL) -> str:
        """Return which model is asked about a subject by a run that is told to ask `name`."""
        trial = self.trials.get(agent_id)
        if trial is not None and trial.old.version == name:
            return (trial.new if trial.chooses_new(subject) else trial.old).version
        return self.succeeded.get(name, name)


EVERYBODY = Roster()
"""The roster where there is no registry."""
