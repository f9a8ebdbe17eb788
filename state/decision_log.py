"""The language of the decision log: what may be adopted beyond a run, who accepted it, and what is in force."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from state.values import Value


class Member(StrEnum):
    """What each member of the council looks at."""

    NAMES = "names"
    VALUES = "values"
    SHAPE = "shape"
    HISTORY = "history"
    CONTRACT = "contract"


MEMBERS = tuple(member.value for member in Member)
"""The council that keeps the log; a member's place, from 1, is its id in the group that replicates it."""


class ProposalKind(StrEnum):
    """What may be adopted."""

    CONTRACT_VERSION = "contract_version"
    MAPPING = "mapping"
    REPAIR_RULE = "repair_rule"
    REVOCATION = "revocation"


class ContractVersion(Value):
    """A version of a contract, with the types of its columns and what changed since the one before."""

    version: str
    sha256: str  # of the contract's file
    tables: dict[str, dict[str, str]]  # table -> column -> logical type
    changes: tuple[str, ...]  # in words, at most 50


class StandingMapping(Value):
    """Source columns that feed columns of a table whatever the values of a later file look like."""

    table: str
    matches: dict[str, str]  # source column -> column of the contract
    reasons: dict[str, str]  # source column -> on what evidence it was decided


class StandingRule(Value):
    """How a column of a source is corrected and read in later files: what texts stand for, and how it is written."""

    table: str
    column: str
    source: str  # the header of the source column
    values: dict[str, str] = Field(default_factory=dict)  # text -> value of the column's list, at most 200
    readings: dict[str, str] = Field(default_factory=dict)  # e.g. "date order" -> "day_first"
    reasons: dict[str, str]  # text or reading -> on what evidence it was decided


class Revocation(Value):
    """An adopted entry that is not in force any more."""

    revokes: int  # index of the entry
    reason: str


class Proposal(Value):
    """A change that outlives the run. One of the four contents is there, as `kind` says."""

    kind: ProposalKind
    contract: str  # its id
    run_id: str  # empty where a person proposes
    version: ContractVersion | None = None
    mapping: StandingMapping | None = None
    rule: StandingRule | None = None
    revocation: Revocation | None = None


class Verdict(Value):
    """What a member says to a proposal after it looked at its own evidence."""

    member: str
    accepts: bool
    reason: str


class Acceptance(Value):
    """A member's signed word: it accepts this proposal at this place of the log."""

    member: str
    reason: str
    signature: str  # Ed25519, hexadecimal


class LogEntry(Value):
    """One adopted decision. `digest` is over all other fields, `previous` is the digest of the entry before."""

    index: int = Field(ge=1)
    previous: str
    at: str  # UTC, ISO 8601
    proposal: Proposal
    acceptances: tuple[Acceptance, ...]
    digest: str


class LogFault(Value):
    """The first thing that is wrong with a log or a copy of it."""

    index: int  # of the entry; 0: none in particular
    reason: str
    copy_of: str = ""  # the member whose copy it is; empty: what all copies say


class SourceRule(Value):
    """What is in force for a column of a source. Values and readings are what was adopted, `runs` in which run each."""

    values: dict[str, str] = Field(default_factory=dict)
    readings: dict[str, str] = Field(default_factory=dict)
    runs: dict[str, str] = Field(default_factory=dict)  # text or reading -> run

    def says(self, rule: StandingRule) -> bool:
        """Return whether all that a rule says is in force."""
        values = all(self.values.get(text) == value for text, value in rule.values.items())
        return values and all(self.readings.get(name) == choice for name, choice in rule.readings.items())


class Adopted(Value):
    """What is in force: the log replayed."""

    entries: int = 0
    version: ContractVersion | None = None
    names: dict[str, dict[str, dict[str, str]]] = Field(default_factory=dict)
    """table -> column of the contract -> source column -> run in which it was adopted."""
    rules: dict[str, dict[str, dict[str, SourceRule]]] = Field(default_factory=dict)
    """table -> column of the contract -> source column -> standing repair rule."""
    revoked: tuple[int, ...] = ()

    def rule(self, table: str, column: str, source: str) -> SourceRule:
        """Return the standing rule for a column of a source; an empty one where there is none."""
        return self.rules.get(table, {}).get(column, {}).get(source, SourceRule())

    def of(self, table: str) -> Mapping[str, Mapping[str, str]]:
        """Return the adopted source columns of a table by column of the contract, each with its run."""
        return self.names.get(table, {})


class PairFindings(Value):
    """What a run shows about one source column that fed one column of the contract."""

    source: str
    target: str
    claimed_by: str = ""  # another column of the contract with that name or alias
    letters: int = 0  # in the name of the source column
    filled: int = 0  # published rows in whose file the column was filled
    carried: int = 0  # of those, rows whose value was published
    kind: str = "string"  # logical type of the column
    typed: float | None = None  # share of the values that read as the type; None where nothing is known


class TextFindings(Value):
    """What a run shows about one text that was read as a value of a list."""

    rows: int = 0  # published rows of the source with that text
    kept: int = 0  # of those, rows with the proposed value
    listed: bool = False  # the value is one of the column's list, and the text is none
    agreed: tuple[str, ...] = ()  # specialists that named the value
    against: tuple[str, ...] = ()  # specialists that named another one


class RuleFindings(Value):
    """What a run shows about a column of a source."""

    texts: dict[str, TextFindings] = Field(default_factory=dict)
    readings: dict[str, str] = Field(default_factory=dict)  # reading -> what texts of the source say by themselves
    stated: dict[str, str] = Field(default_factory=dict)  # reading -> what the contract states
    pair: PairFindings
    repairable: bool = True  # the contract lets the column's values be repaired


class Findings(Value):
    """The evidence of a run on which members judge proposals."""

    met: bool
    version: str
    sha256: str
    published: tuple[str, ...]  # tables that met the contract
    columns: dict[str, dict[str, str]]  # table -> column -> logical type, of the contract
    quarantined: dict[str, float] = Field(default_factory=dict)  # table -> share of rows
    most_quarantined: dict[str, float] = Field(default_factory=dict)
    pairs: dict[str, tuple[PairFindings, ...]] = Field(default_factory=dict)  # by table
    published_rows: dict[str, int] = Field(default_factory=dict)
    rules: dict[str, RuleFindings] = Field(default_factory=dict)  # by the digest of the rule


class Ruling(Value):
    """What became of a proposal."""

    proposal: Proposal
    adopted: bool
    reason: str
    index: int | None = None  # of its entry
    verdicts: tuple[Verdict, ...] = ()
    unreachable: tuple[str, ...] = ()


class CopyState(Value):
    """One member's copy of the log, as it is read."""

    member: str
    entries: int  # known to be committed
    fault: str = ""


class LogReading(Value):
    """A log as it is read from all copies."""

    contract: str
    entries: tuple[LogEntry, ...] = ()
    copies: tuple[CopyState, ...] = ()
    fault: LogFault | None = None  # the first thing that is wrong anywhere
    usable: bool = True  # whether more than half of the copies hold and say the same
