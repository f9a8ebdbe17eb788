"""The vote as a graph: who fails is named, reasons are laid open once, a council of another graph votes too."""

from typing import Annotated, Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.store.memory import InMemoryStore
from typing_extensions import TypedDict

from evals.model_server import ChatRequest, ModelServer, Say, structured
from graphs.serialization import strict_serializer
from graphs.vote import build, graph
from nodes.voters import answering, asked
from state.agents import AgentCard, Role
from state.council import Council
from state.errors import SetupError
from state.messages import Message, MessageKind
from state.models import ModelSettings
from state.run import RunContext
from state.values import digest
from state.vote import _EXAMPLE, MOST_RECORDS, VoteRequest, latest_records
from state.voting import AbsenceKind, ProposalStatus, SealedBallot, VotingRecord, VotingResult
from tools.signing import Ed25519Signer, Ed25519Verifier

QUICK = RunContext(consensus_timeout=1.0)


def voter(name: str, choice: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "choice": choice, **more}


def request(*voters: dict[str, Any], options: tuple[str, ...] = ("yes", "no"), **more: Any) -> dict[str, Any]:
    return {"request": {"subject": "shall we", "options": options, "voters": voters, **more}}


def go(given: dict[str, Any], context: RunContext | None = None) -> dict[str, Any]:
    return graph.invoke(given, context=context or QUICK)  # type: ignore[arg-type]


def result(given: dict[str, Any], context: RunContext | None = None) -> VotingResult:
    found: VotingResult = go(given, context)["result"]
    return found


class Recording:
    """A council member that keeps what it is sent, and votes for an option once it has heard another."""

    def __init__(self, name: str, choice: str, *, cost: float = 1.0, then: str = "", skills: Any = ("vote",)) -> None:
        self.card = AgentCard(id=name, version="1", role=Role.SPECIALIST, skills=skills, cost=cost)
        self.sent: list[Message] = []
        self._choice, self._then = choice, then

    def probe(self) -> bool:
        return True

    def handle(self, message: Message) -> Message:
        self.sent.append(message)
        _, opened = asked(message)
        choice = self._then if opened and self._then else self._choice
        return answering(message, SealedBallot(voter=self.card.id, choice=choice, reason=f"I am {self.card.id}"))


class Proposer(Recording):
    """A member that proposes a third way and signs it."""

    def __init__(self, name: str, content: str, signer: Ed25519Signer) -> None:
        super().__init__(name, content, skills=("vote", "propose"))
        self._content, self._signer = content, signer

    def handle(self, message: Message) -> Message:
        if message.subject != "propose":
            return super().handle(message)
        content = {"content": self._content, "signature": self._signer.sign(digest(self._content).encode())}
        who = {"sender": self.card.id, "recipient": message.sender}
        return Message(message_id="p", kind=MessageKind.PROPOSAL, content=content, **who)


def with_council(*members: Any, **more: Any) -> RunContext:
    return QUICK.model_copy(update={"councils": {"c": Council(members=members, **more)}})


def test_the_example_ends_with_a_winner_and_names_who_failed() -> None:
    found = go({"request": _EXAMPLE})
    assert found["result"].winner == "day first"
    assert [(one.voter, one.kind) for one in found["result"].absent] == [("clock", AbsenceKind.FAILED)]
    assert found["proposals"]["day first"].status is ProposalStatus.ADOPTED
    assert found["proposals"]["month first"].status is ProposalStatus.REJECTED


def test_who_raises_is_late_or_answers_nonsense_is_named_and_stops_nothing() -> None:
    voters = [voter(f"{trouble} one", "no", trouble=trouble) for trouble in ("raises", "late", "malformed")]
    found = result(request(voter("a", "yes"), voter("b", "yes"), voter("c", "maybe"), *voters, rule={"quorum": 0.3}))
    assert found.winner == "yes"
    assert {one.voter: (one.kind.value, one.reason) for one in found.absent} == {
        "c": ("malformed", "'maybe' is no option"),
        "raises one": ("failed", "this voter fails"),
        "late one": ("late", "no answer within 1 s"),
        "malformed one": ("malformed", "the reply holds no ballot"),
    }


def test_without_a_quorum_there_is_no_consensus() -> None:
    found = go(request(voter("a", "yes"), voter("b", trouble="raises"), voter("c", trouble="raises")))
    assert found["result"].winner is None
    assert found["result"].reason == "no quorum: 1 of 3 voters present, 50% needed"
    assert {proposal.status for proposal in found["proposals"].values()} == {ProposalStatus.UNDECIDED}


def test_reasons_on_the_table_move_who_counts_observations() -> None:
    """Alone each sees too little; together they see that `no` was observed more often."""
    voters = [
        voter("a", observations={"yes": 3, "no": 2}),
        voter("b", observations={"no": 4}),
        voter("c", "yes"),
        voter("d", "no"),
    ]
    found = go(request(*voters))
    (entry,) = found["history"].values()
    assert (found["result"].winner, found["result"].round, entry.changed) == ("no", 2, ("a",))
    alone = result(request(*voters, discussion=False))
    assert (alone.winner, alone.round) == (None, 1)
    assert alone.reason == "'yes' has 50% of votes; more than half is needed"


def test_first_votes_are_sealed_and_there_is_one_discussion_at_most() -> None:
    members = [Recording("a", "yes"), Recording("b", "no"), Recording("c", "no", then="yes"), Recording("d", "yes")]
    found = result(request(council="c"), with_council(*members))
    assert (found.winner, found.round) == ("yes", 2)
    for member in members:
        first, second = (asked(message)[1] for message in member.sent)
        assert first == ()
        assert [(ballot.voter, ballot.reason) for ballot in second] == [
            (m.card.id, f"I am {m.card.id}") for m in members
        ]
    split = [Recording("a", "yes"), Recording("b", "no")]
    assert result(request(council="c"), with_council(*split)).winner is None
    assert [len(member.sent) for member in split] == [2, 2]


def test_a_ballot_stands_when_its_voter_fails_in_the_discussion() -> None:
    class FailsLater(Recording):
        def handle(self, message: Message) -> Message:
            if asked(message)[1]:
                raise RuntimeError("gone")
            return super().handle(message)

    members = [FailsLater("a", "yes"), Recording("b", "no", then="yes")]
    found = result(request(council="c"), with_council(*members))
    assert (found.winner, found.absent) == ("yes", ())


def test_costly_voters_are_asked_only_where_they_can_matter() -> None:
    costly = Recording("costly", "no", cost=9)
    cheap = [voter(name, "yes") for name in "abc"]
    found = result(request(*cheap, council="c"), with_council(costly))
    assert (found.winner, found.stopped_early, costly.sent) == ("yes", True, [])
    assert [(one.voter, one.kind) for one in found.absent] == [("costly", AbsenceKind.NOT_AWAITED)]
    found = result(request(*cheap, council="c", rule={"method": "unanimity"}, discussion=False), with_council(costly))
    assert (found.winner, len(costly.sent)) == (None, 1)


def test_a_council_brings_its_weights_and_groups() -> None:
    members = [Recording("a", "yes"), Recording("b", "yes"), Recording("c", "no")]
    given = request(council="c", rule={"method": "weighted"}, discussion=False)
    weights = {"a": 1.0, "b": 1.0, "c": 1.5}
    assert result(given, with_council(*members, weights=weights)).winner == "yes"
    assert result(given, with_council(*members, weights=weights, groups=(("a", "b"),))).winner == "no"


def test_outcomes_of_earlier_runs_weigh() -> None:
    voters = [
        voter("good", "yes", right=95, wrong=5),
        voter("poor", "no", right=55, wrong=45),
        voter("poor too", "no", right=55, wrong=45),
    ]
    assert result(request(*voters, rule={"method": "weighted"})).winner == "yes"
    assert result(request(*voters)).winner == "no"


def test_members_propose_and_sign_what_is_moved() -> None:
    keys = {name: Ed25519Signer(name) for name in ("ann", "bob", "cyd")}
    verifier = Ed25519Verifier({name: signer.public_key for name, signer in keys.items()})
    members = [
        Proposer("ann", "later", keys["ann"]),
        Proposer("bob", "later", keys["bob"]),
        Proposer("cyd", "never", keys["ann"]),  # signs with another's key
        Recording("dan", "later"),
    ]
    found = go(request(council="c", options=("now",)), with_council(*members, verifier=verifier))
    assert list(found["proposals"]) == ["now", "later"]
    later = found["proposals"]["later"]
    assert (later.proposer, [mark.signer for mark in later.signatures]) == ("ann", ["ann", "bob"])
    assert later.status is ProposalStatus.ADOPTED
    for mark in later.signatures:
        assert verifier.verify(mark.signer, later.content_digest.encode(), mark.signature)
    assert [one.voter for one in found["result"].absent] == ["cyd"]  # its vote was for what was not moved


def test_a_two_faced_voter_is_named_and_changes_nothing() -> None:
    honest = [voter("a", "yes"), voter("b", "yes"), voter("c", "yes")]
    given = request(*honest, voter("liar", "no", trouble="two-faced"), tolerance=1)
    found = go(given)
    assert (found["result"].winner, found["result"].fallback) == ("yes", "")
    assert found["result"].suspicious == {"liar": "equivocation"}
    assert [(one.voter, one.kind) for one in found["result"].absent] == [("liar", AbsenceKind.MALFORMED)]
    assert found["proposals"]["yes"].status is ProposalStatus.ADOPTED


def test_exchanged_ballots_are_discussed_once_then_the_majority_decides_and_that_is_said() -> None:
    voters = [voter("a", observations={"yes": 3, "no": 2}), voter("b", observations={"no": 4})]
    found = go(request(*voters, voter("c", "yes"), voter("d", "no"), tolerance=1))
    (entry,) = found["history"].values()
    assert (found["result"].winner, found["result"].round, entry.changed) == ("no", 2, ("a",))
    assert found["result"].reason == "'no' has 3 of 4 votes; 3 are needed"
    split = [voter("a", "yes"), voter("b", "yes"), voter("c", "no"), voter("d", trouble="raises")]
    ended = result(request(*split, tolerance=1))
    assert ended.winner == "yes"
    assert ended.fallback == "no option has 3 of 4 votes after round 2: the simple majority decides"
    assert [(one.voter, one.reason) for one in ended.absent] == [("d", "this voter fails")]


def test_whoever_lies_is_asked_and_still_nobody_honest_decides_otherwise() -> None:
    liars = [voter("x", "no", trouble="two-faced"), voter("y", "yes", trouble="two-faced")]
    honest = [voter(name, "yes") for name in "abcde"]
    found = result(request(*honest, *liars, tolerance=2))
    assert (found.winner, found.suspicious) == ("yes", {"x": "equivocation", "y": "equivocation"})
    assert (
        result(request(*liars, voter("a", trouble="raises"), voter("b", trouble="raises"), tolerance=1)).winner is None
    )


class Parent(TypedDict, total=False):
    request: VoteRequest
    result: VotingResult
    proposals: dict[str, Any]
    history: Annotated[dict[str, VotingRecord], latest_records]
    adopted: str


def adopt(state: Parent) -> Parent:
    return {"adopted": state["result"].winner or "nothing"}


def test_another_graph_holds_a_vote_with_its_own_council() -> None:
    builder = StateGraph(Parent, context_schema=RunContext)
    builder.add_node("vote", graph)
    builder.add_node("adopt", adopt)
    builder.add_edge(START, "vote")
    builder.add_edge("vote", "adopt")
    builder.add_edge("adopt", END)
    parent = builder.compile(checkpointer=InMemorySaver(serde=strict_serializer()))
    members = [Recording("a", "no"), Recording("b", "no"), Recording("c", "yes")]
    config: Any = {"configurable": {"thread_id": "t"}}
    given: Any = {"request": VoteRequest(subject="shall we", options=("yes", "no"), council="c")}
    assert parent.invoke(given, config, context=with_council(*members))["adopted"] == "no"
    with pytest.raises(SetupError, match="no council"):
        parent.invoke(given, {"configurable": {"thread_id": "u"}}, context=QUICK)


def test_described_voters_propose_too() -> None:
    found = result(request(voter("a", "both", proposes="both"), voter("b", "both"), options=("this", "that")))
    assert found.winner == "both"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "request: it is missing"),
        (request(), "request.voters: there are 0 voters"),
        (request(voter("a"), options=()), "request.options: there are 0 options"),
        (request(voter("a"), council="x"), "request.council: there is no council 'x'"),
        (request(voter("a"), model_voters=1), "request.model_voters: no model is configured"),
        (request(voter("a"), tolerance=1), "request.tolerance: 1 voters are too few, 4 are needed"),
        (request(*map(voter, "abcd"), tolerance=1, rule={"method": "ranked"}), "request.rule: only the rule simple"),
        (request(voter("a"), voter("a")), "two voters have the same name"),
        (request(voter("a"), rule={"method": "coin"}), "request.rule.method"),
    ],
)
def test_wrong_requests_are_told_in_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SetupError) as refused:
        go(given)
    assert said in refused.value.line()
    assert "\n" not in refused.value.line()


def test_a_vote_goes_on_from_its_checkpoint_and_its_history_is_kept() -> None:
    saver, store = InMemorySaver(serde=strict_serializer()), InMemoryStore()
    saved = build().compile(checkpointer=saver, store=store, interrupt_before=["count", "record"])
    config: Any = {"configurable": {"thread_id": "t"}}
    found: Any = None
    for number in range(1, MOST_RECORDS + 3):
        found = saved.invoke(request(voter("a", "yes"), voter("b", "yes")), config, context=QUICK)  # type: ignore[call-overload]
        while saved.get_state(config).next:
            found = saved.invoke(None, config, context=QUICK)
        assert found["result"].winner == "yes"
        assert len(found["history"]) == min(number, MOST_RECORDS)
    kept = store.search(("votes",), limit=100)
    assert len(kept) == MOST_RECORDS + 2
    assert {item.value["result"]["winner"] for item in kept} == {"yes"}
    replies = saved.get_state(config).values["replies"]
    assert len(replies) == 2  # those of earlier votes are gone


def test_checkpoints_of_the_largest_vote_stay_small() -> None:
    saver = InMemorySaver(serde=strict_serializer())
    saved = build().compile(checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "t"}}
    long = "a reason that is as long as it may be, " * 5
    voters = [voter(f"voter {n}", ("yes", "no")[n % 2], reason=long[:200]) for n in range(30)]
    for _ in range(MOST_RECORDS + 1):
        saved.invoke(request(*voters), config, context=QUICK)  # type: ignore[call-overload]
    state = saved.get_state(config).values
    size = len(strict_serializer().dumps_typed(state)[1])
    assert size < 64 * 1024, size


def test_model_voters_choose_by_the_facts_and_count_as_one_and_a_bit() -> None:
    def behave(asked_: ChatRequest) -> Say:
        line = next(line for line in asked_.text.splitlines() if ": no [" in line)
        return structured(asked_, {"option": line.split(":")[0], "reason": "the facts say so"})

    with ModelServer(behave) as server:
        model = ModelSettings(name="m", base_url=server.base_url)
        context = RunContext(model=model, consensus_timeout=60)
        given = request(voter("a", "yes"), model_voters=3, rule={"method": "plurality", "weighted": True})
        found = result(given, context)
        assert found.tally == {"yes": 1.0, "no": pytest.approx(3 / 2.6)}
        assert found.winner == "no"
        assert len(server.requests) == 3
