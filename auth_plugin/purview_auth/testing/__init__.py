"""A fake token endpoint for tests of code that uses purview_auth: as an httpx transport, and as a
server on loopback.

endpoint = FakeTokenEndpoint()
auth = ServicePrincipal("tenant", "client", "secret", transport=endpoint)
endpoint.faults.extend([overloaded(503), refused("invalid_client", 7000215)])
...
assert 3 == len(endpoint.posts)
"""

from __future__ import annotations

from .credentials import FakeAsyncCredential, FakeClock, FakeCredential
from .endpoint import (
    FakeTokenEndpoint,
    Fault,
    Held,
    answer,
    disconnected,
    dribbled,
    overloaded,
    refused,
)
from .server import TokenServer

__all__ = [
    "FakeAsyncCredential",
    "FakeClock",
    "FakeCredential",
    "FakeTokenEndpoint",
    "Fault",
    "Held",
    "TokenServer",
    "answer",
    "disconnected",
    "dribbled",
    "overloaded",
    "refused",
]
