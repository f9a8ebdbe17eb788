"""Plans: typed steps with preconditions and effects, ordered as a directed acyclic graph."""

from enum import StrEnum

from pydantic import Field

from state.contract import OnViolation
from state.values import Value


class StepKind(StrEnum):
    """What a step does to one table, or to all of them (`verify`, `publish`)."""

    MAP = "map"  # decide which source column feeds which contract column, per header variant
    FORMAT = "format"  # decide how the text of each column is read
    RESOLVE = "resolve"  # decide what values outside their list become
    APPROVE = "approve"  # a person agrees to what was decided about the table
    CONFORM = "conform"  # one pass from landed text to typed columns
    REPAIR = "repair"  # the council's repairs of cells
    DEDUPE = "dedupe"  # merge or reject rows that share a key
    DERIVE = "derive"  # make a table from other tables by its SQL
    QUARANTINE = "quarantine"  # set aside rows that break row-level rules
    VERIFY = "verify"  # every rule of the contract on the staged tables
    PUBLISH = "publish"  # all tables together, or none


class Step(Value):
    """One primitive task of a plan. A fact is text such as "conformed(orders)"."""

    step_id: str  # "conform:orders"
    kind: StepKind
    table: str | None  # None for verify and publish
    after: tuple[str, ...]  # ids of steps that must be done before
    preconditions: tuple[str, ...]
    effects: tuple[str, ...]
    seconds: float  # estimated duration
    probability: float  # estimated chance to succeed at the first try
    part_of: str | None = None  # the compound task it is a part of, "prepare(orders)"
    how: str = ""  # which way of its kind, where there are several: "by_name" of map; empty: by evidence, in full
    apart: bool = False  # performed in a process of its own, which has the workspace to itself: nothing runs beside it
    together: str | None = None  # steps of the same text are fused: performed by one process, in their order


class MethodChoice(Value):
    """Which method decomposed a compound task, and which were passed over and why."""

    task: str  # "prepare(orders)"
    method: str
    parent: str | None  # the task it was a part of
    passed_over: tuple[str, ...] = ()  # "prepare_resolving: has_list(orders) does not hold"


class OptimisationKind(StrEnum):
    """What an optimisation does to a plan."""

    SHARE = "share"  # work that was in the plan twice is done once
    DROP = "drop"  # a step that changes nothing anybody needs is left out
    FUSE = "fuse"  # steps that each would start a process are performed by one
    ORDER = "order"  # long chains first where not everything can run at once


class Optimisation(Value):
    """One optimisation of a plan, and what it gained by the estimates."""

    kind: OptimisationKind
    steps: tuple[str, ...]  # the first of those it is about
    what: str
    work: float = 0.0  # seconds of work saved
    seconds: float = 0.0  # seconds by which the plan is done sooner


class Contingency(Value):
    """What is done instead when a step has failed: another plan, told by what it does not share with this one."""

    step_id: str  # the step whose failure it is for
    plan_id: str  # of the plan that does without the step
    instead: str  # in words
    steps: tuple[Step, ...]  # its steps that this plan does not have, or not as they are
    order: tuple[str, ...]  # ids of all its steps
    choices: tuple[MethodChoice, ...]  # its decompositions that this plan does not have as they are
    dropped: tuple[str, ...] = ()  # tasks that this plan decomposes and it does not
    probability: float  # estimated chance that the steps it adds succeed
    seconds: float  # what it costs when it is needed: the step in vain, and the steps it adds
    gain: float  # to the plan's chance to reach its end
    removed: tuple[str, ...] = ()  # ids of the steps it does without, the failed one first


class PlanMetadata(Value):
    """Figures about a plan that are no part of it: its id does not depend on them."""

    confidence: float  # chance that the plan reaches its end, by its contingencies where steps fail
    depth: int  # levels of the task network, its steps among them
    tasks: int  # compound tasks that were decomposed
    planning_seconds: float
    seconds: float  # expected, with as many steps side by side as `workers`
    workers: int
    lessons: tuple[str, ...] = ()  # ids of the lessons that it goes by


class Plan(Value):
    """A plan for one goal; steps are topologically ordered."""

    plan_id: str  # digest of goal and steps, whatever their listed order
    goal: str
    steps: tuple[Step, ...]
    choices: tuple[MethodChoice, ...]
    seconds: float  # sum of the estimates along the critical path
    probability: float  # product over the steps
    revision: int = 0  # 0 for the first plan of a run
    optimisations: tuple[Optimisation, ...] = ()
    contingencies: tuple[Contingency, ...] = ()
    metadata: PlanMetadata | None = None  # written when the plan is complete

    def step(self, step_id: str) -> Step:
        """Return the step with that id; KeyError when there is none."""
        for step in self.steps:
            if step.step_id == step_id:
                return step
        raise KeyError(step_id)


class PlanRef(Value):
    """What state holds of the plan: where it lies, and the figures people ask for."""

    path: str
    plan_id: str
    goal: str
    steps: int
    seconds: float  # estimated, along the critical path
    probability: float  # estimated chance that no step fails
    revision: int
    confidence: float | None = None  # estimated chance to reach its end, by its contingencies where steps fail
    contingencies: int = 0


class NoPlan(Value):
    """Why there is no plan: what was tried and which precondition stopped it."""

    goal: str
    reason: str
    tried: tuple[str, ...]  # "prepare(orders) by prepare_from_files: landed(orders) does not hold"
    exhausted: bool  # True: the whole space was searched (under the loop cut); False: a limit cut the search


class Proof(Value):
    """What was proved of a table before anything was done to it, by one look at all of its landed text.

    Nothing here is sampled. What is not proved may still be so; `against` says what stood in the way.
    """

    looked: bool = False
    rows: int = 0
    canonical: dict[str, int] = Field(default_factory=dict)  # columns whose every text is what the engine writes for
    # the value, with the rows that have one
    listed: bool = False  # no value lies outside the list of its column
    distinct: bool = False  # the key is filled in every row, and no key is there twice
    sound: bool = False  # no row breaks a rule for which rows are set aside
    against: dict[str, str] = Field(default_factory=dict)  # "distinct" -> "2 keys are there more than once"


class Proposal(Value):
    """Steps that a model proposed to prepare a table by, where no method does."""

    actions: tuple[str, ...] = Field(min_length=1)  # "conform_run_by_run", in their order
    by: str  # the model with its version


class TableFacts(Value):
    """What the planner knows about one table before anything is done to it."""

    name: str
    derived: bool  # made from other tables by its SQL; False: fed by files
    needs: tuple[str, ...]  # tables that must be ready before: relationship targets, sources of its SQL
    rows: int = Field(ge=0)  # landed; of a derived table an estimate, 0 when there is none
    files: int = Field(ge=0)
    variants: int = Field(ge=0)  # header variants among the files
    has_key: bool
    has_lists: bool  # columns with valid values or relationships that may be repaired
    on_violation: OnViolation
    untrusted_sql: bool  # its SQL comes from the contract or a model
    landed: bool  # its files are in the workspace; says nothing about a derived table
    asks: bool = False  # a person must agree to what is decided about it
    mends: str = ""  # cells the council may change: "violations", "all"; empty: none, or there is no council
    cells: int = Field(default=0, ge=0)  # rows times columns that the council would be shown
    leaves_cells: bool = False  # the council was given up
    columns: int = Field(default=0, ge=0)  # of the contract that have a source
    size: int = Field(default=0, ge=0)  # bytes of its files as text
    in_place: bool = False  # its text is read where it lies, not in the workspace
    runs: int = Field(default=0, ge=0)  # stretches of files, in their order, that share a header variant
    named: int = Field(default=0, ge=0)  # header variants whose mapping is decided by names alone
    proof: Proof = Proof()
    gives_up: bool = False  # resolving failed too often: its values stay as they are
    proposal: Proposal | None = None  # what prepares it instead of the methods, where these were given up


class LearnedEstimate(Value):
    """What earlier runs showed an action to take; it stands in the place of the estimate."""

    lesson_id: str
    action: str  # "conform_at_once", "verify"
    table: str = ""  # empty: of all tables
    ratio: float | None = Field(default=None, gt=0)  # seconds per estimated second
    probability: float | None = Field(default=None, ge=0, le=1)  # to succeed at the first try


class DeliveryFacts(Value):
    """What the planner knows about the tables a contract asks for, in the order of the contract."""

    tables: tuple[TableFacts, ...]
    learned: tuple[LearnedEstimate, ...] = ()
    memory: int | None = Field(default=None, gt=0)  # bytes that the engine may use; None: not known
