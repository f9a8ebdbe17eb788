"""The chat model of the client library. Loaded only where a model is asked: its libraries take a second and a half."""

from typing import Any

import httpx2
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from state.models import ModelSettings
from tools.models.keys import address_of
from tools.models.transport import Pools

_POOLS = 64


class LeanChat(ChatOpenAI):
    """The library's chat model with one plain way from request to answer.

    The library's own asks in another way where a structured answer is wanted, which raises errors of its own, makes
    each message in a thread, which costs as much as the message, and turns every part of request and answer into types
    that the next step turns back: half of what a question costs with a dozen tools.
    """

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002  the interface of the library
        **kwargs: Any,  # noqa: ANN401  the interface of the library
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        more = payload.pop("extra_body", None) or {}
        response = await self.root_async_client.post(
            "/chat/completions",
            body=payload | more,
            cast_to=httpx2.Response,
            options={"security": {"bearer_auth": True}},  # the model's key, and none that the environment holds besides
        )
        return self._answer(response.json())

    def _answer(self, content: Any) -> ChatResult:  # noqa: ANN401  what the endpoint sent
        """Return a chat completion as messages; an error of `failures.EXPECTED` where it is none."""
        result = self._create_chat_result(content)
        if refusal := content["choices"][0]["message"].get("refusal"):
            result.generations[0].message.additional_kwargs["refusal"] = refusal
        return result


def make_chat(settings: ModelSettings, name: str, key: SecretStr) -> LeanChat:
    """Return the chat model of a name; it does not try again by itself."""
    most = settings.max_answer_tokens
    return LeanChat(
        model=name,
        base_url=address_of(settings.base_url),
        api_key=key,
        timeout=settings.timeout,
        max_retries=0,
        http_async_client=httpx2.AsyncClient(transport=Pools(_POOLS), timeout=settings.timeout),
        temperature=settings.temperature,
        seed=settings.seed,
        use_responses_api=False,
        extra_body={"max_tokens": most} if settings.base_url and most else None,
        max_completion_tokens=None if settings.base_url else most,
    )
