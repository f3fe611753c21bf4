"""The contenders: each signs calls to the fake service with tokens of the fake endpoint."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import httpx
from azure.core.exceptions import AzureError
from azure.core.pipeline import AsyncPipeline, Pipeline
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    BearerTokenCredentialPolicy,
)
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from compare_auth_fakes import (
    AUTHORITY,
    CLIENT,
    SECRET,
    TENANT,
    URL,
    AsyncAzureTransport,
    AzureTransport,
    Endpoint,
    Service,
)
from httpx_auth import OAuth2ClientCredentials
from httpx_auth._errors import HttpxAuthException
from httpx_auth._oauth2.common import OAuth2
from httpx_auth._oauth2.tokens import TokenMemoryCache

from purview_auth import AuthError, ServicePrincipal

SCOPE = "https://purview.azure.net/.default"
_AZURE = f"azure-core {version('azure-core')}, azure-identity {version('azure-identity')}"


class Contender(ABC):
    """One credential and its clients; `call` makes a call, `acall` makes one from a task."""

    name: str
    error: type[Exception]
    threads = tasks = True

    def __init__(
        self, endpoint: Endpoint, service: Service | None = None, clients: int = 1
    ) -> None:
        self.endpoint, self.service = endpoint, service or Service()
        self.build(clients)

    @abstractmethod
    def build(self, clients: int) -> None:
        """Makes the credential and its clients."""

    def call(self, url: str = URL) -> None:
        """One call through the first client."""
        raise TypeError(f"{self.name} makes no call to {url} from a thread")

    @abstractmethod
    def bare(self) -> Callable[[], object]:
        """The same call without auth."""

    async def acall(self, client: int) -> None:
        """One call from a task, through the given client."""
        raise TypeError(f"{self.name} makes no call through client {client} from a task")

    @abstractmethod
    def in_hand(self, *, token: bool) -> list[object]:
        """The objects that a user can reach; with `token` also those of a token request."""

    @classmethod
    @abstractmethod
    def fresh(cls) -> object:
        """The credential as a user makes it, without our fakes: to be pickled."""


class _Httpx(Contender):
    auth: Any

    def open(self, clients: int) -> None:
        self.client = httpx.Client(transport=self.service, auth=self.auth)
        self.aclients = [
            httpx.AsyncClient(transport=self.service, auth=self.auth) for _ in range(clients)
        ]

    def call(self, url: str = URL) -> None:
        self.client.get(url)

    def bare(self) -> Callable[[], object]:
        client = httpx.Client(transport=self.service)
        return lambda: client.get(URL)

    async def acall(self, client: int) -> None:
        await self.aclients[client].get(URL)


class Ours(_Httpx):
    name = f"purview_auth {version('purview-dataplane')}"
    error = AuthError

    def build(self, clients: int) -> None:
        self.auth = ServicePrincipal(
            TENANT, CLIENT, SECRET, transport=self.endpoint, sleep=lambda _: None
        )
        self.open(clients)

    def in_hand(self, *, token: bool) -> list[object]:
        return [self.auth, self.auth.token_info(), *([self.auth._slot] if token else [])]

    @classmethod
    def fresh(cls) -> object:
        return ServicePrincipal(TENANT, CLIENT, SECRET)


class HttpxAuth(_Httpx):
    name = f"httpx-auth {version('httpx-auth')}"
    error = HttpxAuthException

    def build(self, clients: int) -> None:
        OAuth2.token_cache = TokenMemoryCache()  # one for the whole process
        sts = httpx.Client(transport=self.endpoint)
        self.auth = OAuth2ClientCredentials(
            f"{AUTHORITY}/oauth2/v2.0/token", CLIENT, SECRET, scope=SCOPE, client=sts
        )
        self.open(clients)

    def in_hand(self, *, token: bool) -> list[object]:
        return [self.auth, *([OAuth2.token_cache] if token else [])]

    @classmethod
    def fresh(cls) -> object:
        return OAuth2ClientCredentials(
            f"{AUTHORITY}/oauth2/v2.0/token", CLIENT, SECRET, scope=SCOPE
        )


class Azure(Contender):
    name = f"{_AZURE}, sync"
    error = AzureError
    tasks = False

    def build(self, clients: int) -> None:
        self.credential = ClientSecretCredential(
            TENANT, CLIENT, SECRET, transport=AzureTransport(self.endpoint)
        )
        self.policies = [
            BearerTokenCredentialPolicy(self.credential, SCOPE) for _ in range(clients)
        ]
        self.pipeline: Any = Pipeline(AzureTransport(self.service), [self.policies[0]])

    def call(self, url: str = URL) -> None:
        self.pipeline.run(HttpRequest("GET", url))

    def bare(self) -> Callable[[], object]:
        pipeline: Any = Pipeline(AzureTransport(self.service), [])
        return lambda: pipeline.run(HttpRequest("GET", URL))

    def in_hand(self, *, token: bool) -> list[object]:
        held: list[object] = [self.credential, *self.policies]
        return (
            [*held, self.credential.get_token(SCOPE), self.credential.get_token_info(SCOPE)]
            if token
            else held
        )

    @classmethod
    def fresh(cls) -> object:
        return ClientSecretCredential(TENANT, CLIENT, SECRET)


class AsyncAzure(Contender):
    name = f"{_AZURE}, aio"
    error = AzureError
    threads = False

    def build(self, clients: int) -> None:
        self.runner = asyncio.Runner()
        transport = AsyncAzureTransport(self.endpoint)
        self.credential = AsyncClientSecretCredential(TENANT, CLIENT, SECRET, transport=transport)
        self.policies = [
            AsyncBearerTokenCredentialPolicy(self.credential, SCOPE) for _ in range(clients)
        ]
        other: Any = AsyncAzureTransport(self.service)
        self.pipelines: list[Any] = [AsyncPipeline(other, [policy]) for policy in self.policies]

    def call(self, url: str = URL) -> None:
        self.runner.run(self.acall(0, url))

    def bare(self) -> Callable[[], object]:
        other: Any = AsyncAzureTransport(self.service)
        pipeline: Any = AsyncPipeline(other, [])
        return lambda: self.runner.run(pipeline.run(HttpRequest("GET", URL)))

    async def acall(self, client: int, url: str = URL) -> None:
        await self.pipelines[client].run(HttpRequest("GET", url))

    def in_hand(self, *, token: bool) -> list[object]:
        held: list[object] = [self.credential, *self.policies]
        calls = (self.credential.get_token, self.credential.get_token_info)
        return held + [self.runner.run(call(SCOPE)) for call in calls] if token else held

    @classmethod
    def fresh(cls) -> object:
        return AsyncClientSecretCredential(TENANT, CLIENT, SECRET)


CONTENDERS: tuple[type[Contender], ...] = (Ours, Azure, AsyncAzure, HttpxAuth)
