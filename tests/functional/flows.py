"""Stories that are told once, and run with the sync and with the async clients."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from typing import Any

from purview_core import AsyncPager, AsyncPoller, Pager, Poller
from purview_dataplane import AsyncPurview, Purview
from purview_testing import Sandbox

Flow = Generator[Any, Any, None]
Story = Callable[[Any], Flow]


class Pages:
    """Asks a story's driver for a list by its pages."""

    def __init__(self, pager: Any) -> None:
        self.pager = pager


def tell(story: Story, sandbox: Sandbox, *, asynchronous: bool) -> None:
    """Runs a story: what it yields is a call, and it gets the result; a list in full, a
    long-running operation at its end.
    """
    if asynchronous:
        asyncio.run(_tell_async(story, sandbox))
        return
    with Purview(
        sandbox.url, tenant_endpoint=sandbox.url, transport=sandbox.transport(), auth=sandbox.auth
    ) as purview:
        flow, result, error = story(purview), None, None
        try:
            while True:
                asked = flow.throw(error) if error is not None else flow.send(result)
                error = None
                try:
                    result = _ended(asked)
                except Exception as raised:  # noqa: BLE001 - the story may expect it
                    error = raised
        except StopIteration:
            pass


def _ended(value: Any) -> Any:
    if isinstance(value, Pages):
        return [page.items for page in value.pager.by_page()]
    if isinstance(value, Pager):
        return list(value)
    return value.result(timeout=10) if isinstance(value, Poller) else value


async def _tell_async(story: Story, sandbox: Sandbox) -> None:
    async with AsyncPurview(
        sandbox.url,
        tenant_endpoint=sandbox.url,
        transport=sandbox.async_transport(),
        auth=sandbox.auth,
    ) as purview:
        flow, result, error = story(purview), None, None
        try:
            while True:
                asked = flow.throw(error) if error is not None else flow.send(result)
                error = None
                try:
                    result = await _ended_async(asked)
                except Exception as raised:  # noqa: BLE001 - the story may expect it
                    error = raised
        except StopIteration:
            pass


async def _ended_async(value: Any) -> Any:
    if isinstance(value, Pages):
        return [page.items async for page in value.pager.by_page()]
    if isinstance(value, AsyncPager):
        return [item async for item in value]
    value = await value if inspect.isawaitable(value) else value
    return await value.result(timeout=10) if isinstance(value, AsyncPoller) else value
