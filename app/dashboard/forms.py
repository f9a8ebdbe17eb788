"""Forms as browsers send them, read whole within bounds."""

from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.requests import Request

from state.errors import SetupError

_MOST_BYTES = 8 * 2**20
_MOST_FIELDS = 20_000
"""Two for each change that is asked about, and a few more."""


async def form_of(request: Request) -> FormData:
    """Return the fields of a form; SetupError for one that is too large or none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise SetupError("the form is too large", hint="answer with `millwright resume` instead")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise SetupError("the form cannot be read", hint="send it from the page") from error
    return FormData([*pairs])
