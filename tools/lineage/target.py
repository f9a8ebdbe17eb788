"""Where the lineage of runs goes besides their files. Light to import: the command line settles it before all else."""

from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr

from state.values import Value


class LineageTarget(Value):
    """Where events go besides the file of the run, and the namespace of the jobs. Never written to a record."""

    url: str | None = Field(default=None, repr=False)  # may hold a password; `shown` does not
    endpoint: str = "api/v1/lineage"
    api_key: SecretStr | None = Field(default=None, repr=False)
    namespace: str = "millwright"

    @property
    def address(self) -> str:
        """The address that events are posted to."""
        return f"{(self.url or '').rstrip('/')}/{self.endpoint.lstrip('/')}"

    @property
    def shown(self) -> str:
        """The address without user, password and query, for messages."""
        parts = urlsplit(self.address)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))
