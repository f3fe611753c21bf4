"""Fixtures of the auth tests."""

from __future__ import annotations

import pytest

from .support import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=["sync", "asyncio", "trio", "ahead", "ahead, trio"])
def mode(request: pytest.FixtureRequest) -> str:
    """How the service is called."""
    return str(request.param)
