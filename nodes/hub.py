"""The hub in supersteps: the exchange sends and hands out, the workers that are up take their turns side by side."""

from functools import lru_cache

from pydantic import TypeAdapter

from algorithms.hub.talk import CHIEF, Played, Talk, names_of, orders_of, take_turn
from nodes.context import validated
from nodes.events import emit
from state.errors import SetupError
from state.hub import Letter
from state.hub_talk import AgentSaid, AgentTurn, HubState, HubTalk
from state.messages import DeadLetter, Message, Receipt, ReceiptStatus
from state.rounds import Plain
from tools.signing import Ed25519Signer, Ed25519Verifier, derived_ring

_LINES = 20
"""Rounds told in the state; all are on the stream."""

_MESSAGES, _LETTERS = TypeAdapter(list[Message]), TypeAdapter(list[Letter])


def exchange(state: HubState) -> HubState:
    """Take what was said in the round before and hand out what is due in the next; end after the last round."""
    talk, number = validated(HubTalk, state.get("talk"), "talk"), state.get("number", 0) + 1
    strangers = [order.worker for order in talk.orders if order.worker > talk.workers]
    if strangers:
        raise SetupError(f"there is no worker {strangers[0]}", where="talk.orders", hint=f"workers: {talk.workers}")
    if number > talk.rounds:
        return {"over": True}
    signers, verifier = _ring(talk)
    letters = _LETTERS.validate_python(list(state.get("letters", {}).values()))
    said = {name: _MESSAGES.validate_python(each) for name, each in state.get("said", {}).items()}
    orders = orders_of(talk, number, signers[CHIEF])
    played = Talk(talk, letters, verifier).play(number, orders, said, state.get("done", {}))
    return {
        "talk": talk,
        "number": number,
        "over": False,
        "letters": {letter.message.message_id: _plain(letter) for letter in played.changed},
        "due": {name: [_plain(each) for each in messages] for name, messages in played.due.items() if messages},
        "said": {name: [] for name in said},
        "done": {name: [] for name in said},
        "conversation": [_plain(each) for each in played.conversation],
        "dead": [_plain(each) for each in played.dead],
        "told": [*state.get("told", []), _tell(number, played)][-_LINES:],
    }


def take(state: AgentTurn) -> AgentSaid:
    """Let a worker do what it is handed, each message once, and answer."""
    talk, worker = validated(HubTalk, state["talk"], "talk"), state["worker"]
    messages = _MESSAGES.validate_python(state["messages"])
    turn = take_turn(worker, messages, state["effects"], state["number"], _ring(talk)[0][worker])
    return {
        "said": {worker: [_plain(each) for each in turn.said]},
        "done": {worker: list(turn.done)},
        "effects": {worker: list(turn.effects)},
    }


@lru_cache(maxsize=8)
def _ring(talk: HubTalk) -> tuple[dict[str, Ed25519Signer], Ed25519Verifier]:
    return derived_ring(str(talk.schedule.seed), names_of(talk))


def _plain(value: Message | Letter | DeadLetter) -> Plain:
    return value.model_dump(mode="json", exclude_defaults=True)


def _tell(number: int, played: Played) -> str:
    """Emit what happened in the round; return it as one line."""
    accepted = sum(receipt.status is ReceiptStatus.ACCEPTED for receipt in played.receipts)
    handed = [message.message_id for messages in played.due.values() for message in messages]
    line = f"round {number}: accepted {accepted}, handed out {len(handed)}"
    line += f" ({', '.join(handed)})" if handed else ""
    others = [receipt for receipt in played.receipts if not receipt.kept]
    line += "".join(f"; {_refusal(receipt)}" for receipt in others[:3])
    line += f"; lost {', '.join(played.lost)}" if played.lost else ""
    line += f"; down: {', '.join(played.down)}" if played.down else ""
    line += f"; dead letters {len(played.dead)}" if played.dead else ""
    emit("round", f"round:{number}", round=number, accepted=accepted, handed=len(handed), told=line)
    return line


def _refusal(receipt: Receipt) -> str:
    return f"{receipt.message_id} {receipt.status.value}: {receipt.reason}"
