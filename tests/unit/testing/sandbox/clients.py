"""Clients of a sandbox under test."""

from __future__ import annotations

import httpx

from purview_testing import Sandbox


def client_of(sandbox: Sandbox) -> httpx.Client:
    """A plain httpx client of a sandbox, in process, with a token."""
    return httpx.Client(transport=sandbox.transport(), auth=sandbox.auth, base_url=sandbox.url)
