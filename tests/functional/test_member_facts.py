"""Facts on one member that documents lack and overlays set, from contract to model."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from .inline import operation, package_of, swagger

FACTS = {"x-live-name", "x-only-value", "x-secret"}
MEMBERS: dict[str, Any] = {
    "timeZone": {"type": "string", "x-live-name": "timezone"},
    "startAt": {"type": "string", "format": "date-time", "x-live-name": "startat"},
    "days": {"type": "array", "items": {"type": "string"}, "x-live-name": "Days"},
    "hidden": {"type": "string", "x-live-name": "HIDDEN", "x-secret": True},
    "sort": {"type": "string", "x-only-value": "Weekly"},
    "form": {"type": "string", "enum": ["Plain"], "x-ms-enum": {"name": "Form"}},
    "served": {"type": "string", "enum": ["Always"], "readOnly": True},
    "many": {"type": "string", "enum": ["A", "B"]},
}


def overlay(contract: dict[str, Any]) -> None:
    found = contract["components"]["schemas"]["Recurrence"]["properties"]
    for name, member in MEMBERS.items():
        found[name] |= {fact: value for fact, value in member.items() if fact in FACTS}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Any:
    answer = {"$ref": "#/definitions/Recurrence"}
    definitions = {"Recurrence": {"type": "object", "required": ["form"], "properties": MEMBERS}}
    document = swagger({"/r": {"get": operation("Recurrence_Get", answer=answer)}}, definitions)
    return package_of(
        document, tmp_path_factory.mktemp("facts"), "facts_plane", overlay=overlay
    ).models


def test_the_spelling_of_the_service_is_sent_and_both_are_read(models: Any) -> None:
    made = models.Recurrence(time_zone="UTC", days=["Monday"], hidden="canary")
    sent = {
        "timezone": "UTC",
        "Days": ["Monday"],
        "HIDDEN": "canary",
        "sort": "Weekly",
        "form": "Plain",
    }
    assert sent == made.to_dict()
    assert "canary" not in repr(made)
    for raw in (
        {"timeZone": "CET", "startAt": "2024-01-01T00:00:00Z"},
        {"timezone": "CET", "startat": "2024"},
    ):
        found = models.Recurrence.from_dict(raw)
        assert ("CET", True) == (found.time_zone, found.start_at is not None)
        assert raw == found.to_dict() == attrs.evolve(found).to_dict()
        assert {"timezone", "startat"} == found.to_dict(writable=True).keys()


def test_the_one_possible_value_is_the_default(models: Any) -> None:
    made = models.Recurrence()
    assert ("Weekly", models.Form.PLAIN, None, None) == (
        made.sort,
        made.form,
        made.served,
        made.many,
    )
    assert {"sort": "Weekly", "form": "Plain"} == made.to_dict()
    assert {"form": "Other"} == models.Recurrence(form="Other", sort=None).to_dict()
    assert {} == models.Recurrence.from_dict({}).to_dict()
