"""Metadata policies and the roles that they give.

Each collection has one policy, which is read and written as a whole, with a version that grows.
"""

from __future__ import annotations

import uuid

from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply, Settings
from purview_testing.sandbox.state.lists import listing
from purview_testing.sandbox.state.store import Store

PLANES = ("metadata_policies",)
KIND = "/policyStore/metadataPolicies"
ROLES = "/policyStore/metadataRoles"
_SPACE = uuid.UUID("1b0a2c57-2f0d-4a9c-9a57-6f0f4f1f0c11")
_PREFIX = "purviewmetadatarole_builtin_"
_BUILT_IN = {
    "collection-administrator": "Collection Administrator",
    "purview-reader": "Purview Reader",
    "data-curator": "Data Curator",
    "data-source-administrator": "Data Source Administrator",
    "data-share-contributor": "Data Share Contributor",
    "workflow-administrator": "Workflow Administrator",
}


def install(store: Store, _: Settings) -> None:
    """Makes the built-in roles."""
    for name, friendly in _BUILT_IN.items():
        if store.get(ROLES, _PREFIX + name) is None:
            condition = [
                [{"attributeName": "principal.microsoft.id", "attributeValueIncludedIn": [CALLER]}]
            ]
            properties = {
                "provisioningState": "Provisioned",
                "roleType": "BuiltIn",
                "friendlyName": friendly,
                "version": 1,
            }
            role = {"id": _PREFIX + name, "name": _PREFIX + name, "type": "Microsoft.Purview/role"}
            store.put(
                ROLES,
                _PREFIX + name,
                {**role, "properties": {**properties, "cnfCondition": condition}},
            )


def establish(store: Store, collection: str, parent: str | None) -> None:
    """Makes the policy of a new collection.

    Whoever made the collection administers it, and the policy inherits from that of its parent.
    """
    permission = f"permission:{collection}"
    properties: Json = {
        "description": "",
        "decisionRules": [
            {
                "kind": "decisionrule",
                "effect": "Permit",
                "dnfCondition": [[_derived("permission", permission)]],
            }
        ],
        "attributeRules": _attribute_rules(collection, parent),
        "collection": {"type": "CollectionReference", "referenceName": collection},
    }
    if parent:
        properties["parentCollectionName"] = parent
    key = str(uuid.uuid5(_SPACE, collection))
    value = {"id": key, "name": f"policy_collection_{collection}", "version": 0}
    store.put(KIND, key, {**value, "properties": properties}, [f"collection={collection}"])


def _attribute_rules(collection: str, parent: str | None) -> list[Json]:
    """A rule for the members of each role, and one for who has any permission."""
    rules = [
        _rule(role, collection, [CALLER] if role == "collection-administrator" else [])
        for role in _BUILT_IN
    ]
    conditions = [[_derived("role", rule["id"])] for rule in rules]
    if parent:
        conditions.append([_derived("permission", f"permission:{parent}")])
    name = f"permission:{collection}"
    permission = {"kind": "attributerule", "id": name, "name": name, "dnfCondition": conditions}
    return [*rules, permission]


def _rule(role: str, collection: str, members: list[str]) -> Json:
    """The rule that says who has a role on a collection."""
    name = f"{_PREFIX}{role}:{collection}"
    who = {"attributeName": "principal.microsoft.id", "attributeValueIncludedIn": members}
    return {
        "kind": "attributerule",
        "id": name,
        "name": name,
        "dnfCondition": [[who, _derived("role", _PREFIX + role)]],
    }


def _derived(what: str, value: str) -> Json:
    """A condition on what another rule gives."""
    return {
        "fromRule": value,
        "attributeName": f"derived.purview.{what}",
        "attributeValueIncludes": value,
    }


def dissolve(store: Store, collection: str) -> None:
    """Removes the policy of a collection."""
    store.delete(KIND, str(uuid.uuid5(_SPACE, collection)))


def listed(call: Call) -> Reply:
    """Lists the policies; with a collection in the query, its policy."""
    wanted = call.query.get("collectionName")
    return listing(call, KIND, tag=f"collection={wanted}" if wanted else None)


def read(call: Call) -> Reply:
    """Reads a policy."""
    return Reply(
        call.require(
            KIND,
            call.arguments[0],
            "MetadataPolicy",
            lambda: {**call.example(), "id": call.arguments[0]},
        )
    )


def update(call: Call) -> Reply:
    """Writes a policy as a whole, with the version that was read.

    Every member comes back out, also one that no document knows.
    """
    key = call.arguments[0]
    old = call.store.get(KIND, key)
    if old is None and not call.settings.fill:
        raise not_found("MetadataPolicy", key)
    if not isinstance(call.body, dict):
        return Reply(old if old is not None else {**call.example(), "id": key})
    properties = call.body.get("properties") or {}
    for group in ("decisionRules", "attributeRules"):
        for i, rule in enumerate(properties.get(group) or []):
            if not rule.get("kind"):
                target = (f"/properties/{group}/{i}/kind", "expected a kind, found nothing")
                raise Problem(400, "InvalidPolicy", "A rule needs its kind.", [target])
    version = (old or {}).get("version", 0)
    if old is not None and call.body.get("version", version) != version:
        raise Problem(409, "VersionConflict", f"The policy is at version {version}; read it again.")
    value = {
        **call.body,
        "id": key,
        "name": (old or call.body).get("name", key),
        "version": version + 1,
    }
    collection = (properties.get("collection") or {}).get("referenceName")
    call.store.put(KIND, key, value, [f"collection={collection}"] if collection else [])
    return Reply(value)


def roles(call: Call) -> Reply:
    """Lists the roles."""
    return listing(call, ROLES)


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", "/metadataPolicies"): listed,
    ("GET", "/metadataPolicies/{}"): read,
    ("PUT", "/metadataPolicies/{}"): update,
    ("GET", "/metadataRoles"): roles,
}
