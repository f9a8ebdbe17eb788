"""The key of an endpoint, read from the environment where a client is made. It is kept in no setting and no record."""

from collections.abc import Mapping

from pydantic import SecretStr

OPENAI_ADDRESS = "https://api.openai.com/v1"

NO_KEY = SecretStr("none")
"""What is sent to an endpoint that the environment holds no key for: the library wants one."""


def address_of(base_url: str | None) -> str:
    """Return the address that requests go to."""
    return (base_url or OPENAI_ADDRESS).rstrip("/")


def key_for(base_url: str | None, environment: Mapping[str, str]) -> SecretStr:
    """Return the key for an address.

    A key goes to the address that the environment names beside it and nowhere else: settings of a run, which may come
    from another person than the one whose key it is, cannot send it elsewhere.
    """
    openai = environment.get("OPENAI_BASE_URL") or OPENAI_ADDRESS
    ours = environment.get("MILLWRIGHT_MODEL__BASE_URL") or openai
    for variable, address in (("MILLWRIGHT_MODEL__API_KEY", ours), ("OPENAI_API_KEY", openai)):
        key = environment.get(variable)
        if key and address.rstrip("/") == address_of(base_url):
            return SecretStr(key)
    return NO_KEY
