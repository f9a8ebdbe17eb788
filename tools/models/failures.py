"""What the libraries of chat models raise, as errors of ours.

Loaded with the libraries, and only where a model is asked. A body that is no chat completion makes them raise plain
ValueError, LookupError, TypeError or AttributeError: such a body counts as no answer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
from langchain_core.exceptions import ContextOverflowError, LangChainException

from state.errors import ModelError, ModelRejected, ModelUnavailable

EXPECTED = (
    openai.OpenAIError,
    LangChainException,
    OSError,  # TimeoutError among them
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)
"""What one request may raise; anything else is a fault of the program."""

_TOO_MANY, _REQUEST_TIMEOUT, _CONFLICT, _SERVER_ERROR = 429, 408, 409, 500
_REFUSE_ALL = (401, 403, 404)
_LONGEST = 300


def told(error: Exception, *, where: str, secret: str, timeout: float) -> ModelError:
    """Return an error of the libraries as one of ours; what it says is bounded and holds no key."""
    if isinstance(error, ContextOverflowError):
        return ModelRejected("the question is longer than the model reads", where=where)
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return ModelUnavailable(f"no answer within {timeout:g} s", where=where)
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, where, secret)
    if isinstance(error, openai.APIConnectionError | OSError):
        cause = error.__cause__ or error
        return ModelUnavailable(f"the connection failed: {_safe(cause, secret)}", where=where)
    return ModelUnavailable(f"the body is no chat completion ({type(error).__name__})", where=where)


def _of_status(error: openai.APIStatusError, where: str, secret: str) -> ModelError:
    status = error.status_code
    message = f"HTTP {status}: {_safe(error, secret)}"
    if status in (_TOO_MANY, _REQUEST_TIMEOUT, _CONFLICT) or status >= _SERVER_ERROR:
        return ModelUnavailable(message, where=where, retry_after=_retry_after(error.response.headers))
    hint = "see MILLWRIGHT_MODEL__NAME, __BASE_URL and __API_KEY"
    return ModelRejected(message, where=where, hint=hint, every=status in _REFUSE_ALL)


def _safe(error: BaseException, secret: str) -> str:
    """Return what an error says on one short line without the key."""
    text = " ".join((str(error) or type(error).__name__).split())
    return text.replace(secret, "***")[:_LONGEST]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait that an endpoint asks for (RFC 9110, 10.2.3: seconds or a date)."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1_000)
        given = headers.get("retry-after")
        if given is None:
            return None
        if given.strip().replace(".", "", 1).isdigit():
            return float(given)
        return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
