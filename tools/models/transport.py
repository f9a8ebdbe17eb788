"""Connections to an endpoint in several small pools.

A pool of the HTTP library looks through all of its connections for every request, twice: with a hundred requests under
way that is a third of what a request costs. Small pools keep it short. One request after the other uses one connection.
"""

import ssl
from functools import lru_cache

import httpx2

_POOL = 4
"""Requests under way in one pool before the next one is used."""
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=4 * _POOL, keepalive_expiry=5.0)


class Pools(httpx2.AsyncBaseTransport):
    """A transport that gives a request to the first pool with little to do."""

    def __init__(self, pools: int) -> None:
        self._pools = [_Pool() for _ in range(pools)]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return its answer, whose body may not have been read."""
        pool = next((pool for pool in self._pools if pool.busy < _POOL), None)
        pool = pool or min(self._pools, key=lambda each: each.busy)
        pool.busy += 1
        try:
            return await pool.transport.handle_async_request(request)
        finally:
            pool.busy -= 1

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.transport.aclose()


class _Pool:
    def __init__(self) -> None:
        self.transport = httpx2.AsyncHTTPTransport(verify=_trusted(), limits=_LIMITS)
        self.busy = 0


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Return whom all connections trust: reading it takes longer than a request."""
    return httpx2.create_ssl_context()
