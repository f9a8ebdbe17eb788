"""Messages between agents, and what the hub says of each: receipts and dead letters.

Times are seconds of the clock of whoever drives the hub: seconds since the epoch (UTC) in a run, rounds in the graph
`hub`. A message speaks of data by reference only; the data itself lies in the workspace or in files.
"""

from enum import IntEnum, StrEnum

from pydantic import Field, model_validator

from state.values import Value


class MessageKind(StrEnum):
    """What a message is; who may send which kind to whom is said by the rules of the hub."""

    REQUEST = "request"
    RESPONSE = "response"
    PROPOSAL = "proposal"  # an option put forward: a repair, a bid, a plan
    VOTE = "vote"
    CONSENSUS = "consensus"  # what was decided together
    DELEGATION = "delegation"  # an order: work is handed over
    STATUS = "status"
    EMERGENCY = "emergency"
    SCHEMA_PROPOSAL = "schema_proposal"
    VALIDATION_VOTE = "validation_vote"
    PIPELINE_STATUS = "pipeline_status"


class Priority(IntEnum):
    """Which of the waiting messages is delivered first; among equals the oldest."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


class SchemaInfo(Value):
    """The schema of the data that a message speaks of."""

    table: str
    version: str = ""
    columns: tuple[str, ...] = ()
    sha256: str = ""  # of the schema in full, where it lies in a file


class LineageRef(Value):
    """One thing that the data of a message comes from."""

    table: str = ""
    column: str = ""
    path: str = ""
    sha256: str = ""
    step_id: str = ""


class Message(Value):
    """What one agent says to another; the content is plain JSON: texts by name, which may be JSON texts themselves."""

    message_id: str = Field(min_length=1)  # chosen by the sender; the same id again is the same message
    kind: MessageKind
    sender: str
    recipient: str
    subject: str = ""  # what it is about; of a request the skill that is asked for
    content: dict[str, str] = Field(default_factory=dict)
    conversation: str = ""
    in_reply_to: str = ""
    priority: Priority = Priority.NORMAL
    sent_at: float = 0.0
    expires_at: float | None = None  # not delivered from then on; None: never expires
    response_required: bool = False
    schema_info: SchemaInfo | None = None
    requires_validation: bool = False  # kept back until somebody else votes that the data is valid
    lineage: tuple[LineageRef, ...] = ()
    signature: str = ""  # of the sender, over all other fields

    @model_validator(mode="after")
    def _complete(self) -> "Message":
        if self.kind in _ANSWERS and not self.in_reply_to:
            raise ValueError(f"a {self.kind.value} names in in_reply_to what it answers")
        if self.requires_validation and self.schema_info is None:
            raise ValueError("a message that requires validation names the schema of its data in schema_info")
        return self


_ANSWERS = frozenset({MessageKind.RESPONSE, MessageKind.VALIDATION_VOTE})


class ReceiptStatus(StrEnum):
    """What has become of a message."""

    ACCEPTED = "accepted"  # waits in the mailbox
    DELIVERED = "delivered"  # handed out, not acknowledged yet
    ACKNOWLEDGED = "acknowledged"
    FULL = "full"  # the mailbox has no room: nothing was kept, send it again later
    REFUSED = "refused"  # sender, role, shape or size are not in order: nothing was kept but the reason
    EXPIRED = "expired"
    DEAD = "dead"  # given up after too many deliveries, or found invalid


class Receipt(Value):
    """What the hub says of one message."""

    message_id: str
    status: ReceiptStatus
    at: float
    recipient: str = ""
    attempts: int = 0  # deliveries so far
    reason: str = ""

    @property
    def kept(self) -> bool:
        """Whether the hub has the message, or has delivered it."""
        return self.status not in {ReceiptStatus.FULL, ReceiptStatus.REFUSED}


class DeadLetter(Value):
    """A message that was not acknowledged by anybody, and why it is not tried any more."""

    message: Message
    reason: str
    at: float
    attempts: int
