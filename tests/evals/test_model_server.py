"""The simulated model: what it says over the wire, in one piece and as a stream, and noise that can be repeated."""

import openai
import pytest

from evals.model_server import ChatRequest, Fault, FaultKind, ModelServer, Noisy, Say, Scripted, calls

MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.mark.parametrize("act", [Say("a text of more than sixteen letters"), calls(("look", {"at": "it"}))])
def test_a_stream_says_the_same_as_one_piece(act: Say) -> None:
    with ModelServer(Scripted(act)) as server, openai.OpenAI(base_url=server.base_url, api_key="x") as client:
        whole = client.chat.completions.create(model="m", messages=MESSAGES)
        parts = list(
            client.chat.completions.create(
                model="m", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
            )
        )
        deltas = [part.choices[0].delta for part in parts if part.choices]
        assert "".join(delta.content or "" for delta in deltas) == (whole.choices[0].message.content or "")
        named = [call.function.name for delta in deltas for call in delta.tool_calls or ()]
        assert named == [call.function.name for call in whole.choices[0].message.tool_calls or ()]
        assert parts[-1].usage == whole.usage
        assert server.count == 2


def test_noise_depends_on_seed_and_question_and_not_on_the_order() -> None:
    def acts(seed: int, numbers: list[int]) -> dict[int, object]:
        noisy = Noisy(lambda _: Say("right"), seed=seed, faults={FaultKind.SERVER_ERROR: 0.5})
        asked = {number: ChatRequest(1, {"messages": [{"content": str(number)}]}) for number in numbers}
        return {number: noisy(request) for number, request in asked.items()}

    numbers = list(range(40))
    assert acts(1, numbers) == acts(1, numbers[::-1])
    assert acts(1, numbers) != acts(2, numbers)
    assert {type(act) for act in acts(1, numbers).values()} == {Say, Fault}
