from __future__ import annotations

from typing import Any

import httpx


def send(transport: Any, auth: httpx.Auth | None, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
    flow = (auth or httpx.Auth()).sync_auth_flow(request)
    request = next(flow)
    try:
        while True:
            response = transport.handle_request(request)
            response.request = request
            try:
                if not stream or response.status_code == 401:
                    response.read()
                    response.close()
                request = flow.send(response)
            except StopIteration:
                return response
            except BaseException:
                response.close()
                raise
    finally:
        flow.close()


async def asend(
    transport: Any, auth: httpx.Auth | None, request: httpx.Request, *, stream: bool = False
) -> httpx.Response:
    flow = (auth or httpx.Auth()).async_auth_flow(request)
    request = await flow.__anext__()
    try:
        while True:
            response = await transport.handle_async_request(request)
            response.request = request
            try:
                if not stream or response.status_code == 401:
                    await response.aread()
                    await response.aclose()
                request = await flow.asend(response)
            except StopAsyncIteration:
                return response
            except BaseException:
                await response.aclose()
                raise
    finally:
        await flow.aclose()
