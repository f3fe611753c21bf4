"""Members that hold a secret: each is marked in every version, or why it is none is said here; and
none of them shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from purview_core import Model
from purview_core.model.codec import codec

from .corpus import contract, documents, package
from .sampling import Json
from .shapes import members
from .walking import models

pytestmark = pytest.mark.level("L0")

CANARY = "canary7f3a"
# Names of what may be a secret, as words within a name in camel case.
SUSPECT = re.compile(
    r"(?i)passw|passphrase|pwd|secret|token|credential|key(?!word)|sas(?![a-z])|signature|connection_?string"
    r"|certificate|private(?!link|endpoint)|auth(?!or)|code$|cookie|bearer|jwt|external_?id|kafka|otp$|pin$|hash|salt"
)
# What is free text or an open object within something that is named so is suspect by its place.
PLACE = re.compile(r"(?i)credential$|secret$|keys$")
# "Schema.member" (with wildcards) -> why it is no secret. Every entry must be needed.
NO_SECRET = {
    "*.code": "what kind of error it is",
    "*.errorCode": "what kind of error it is",
    "*.continuationToken": "where a list goes on; it opens nothing without the caller's own token",
    "*.skipToken": "where a list goes on; it opens nothing without the caller's own token",
    "*.syncToken": "what the caller has seen of the policies; it opens nothing",
    "*.credential": "which credential is used: its members are decided one by one",
    "CredentialReference.credentialType": "of which kind the credential is",
    "*CredentialTypeProperties.accountKey": "the name and version of a secret in a key vault",
    "*CredentialTypeProperties.consumerSecret": "the name and version of a secret in a key vault",
    "*CredentialTypeProperties.password": "the name and version of a secret in a key vault",
    "*CredentialTypeProperties.servicePrincipalKey": (
        "the name and version of a secret in a key vault"
    ),
    "*CredentialTypeProperties.consumerKey": (
        "names the application, as a user name does; its secret lies in a key vault"
    ),
    "KeyVaultSecret.secretName": "the name of a secret in a key vault, not what it holds",
    "KeyVaultSecret.secretVersion": "the version of a secret in a key vault, not what it holds",
    "KeyVaultSecret.type": "where the secret lies",
    "DataSourceEntity*Credential.type": "of which kind the credential is",
    "DataSourceEntity*Credential.referenceName": "the name of the credential, not what it holds",
    "AccessKeyOptions.keyType": "which of the two keys is meant, not the key",
    "IntegrationRuntimeRegenerateKeyParameters.keyName": (
        "which of the two keys is meant, not the key"
    ),
    "PowerBIDelegatedScanProperties.authenticationType": "the way of signing in",
    "CloudConnectors.awsExternalId": (
        "an id that AWS says is no secret: it tells accounts apart that share a role"
    ),
    "AuditLog.userKey": "the id of a user",
    "ScheduleScanMonitoringEntity.partitionKey": "where the record lies",
    "ScheduleScanMonitoringEntity.rowKey": "where the record lies",
    "ProfileEntityConfiguration.keyColumns": "columns of the profiled table",
    "ObjectiveAdditionalProperties.keyResultsCount": "a number of key results",
    "WorkflowValidationRuleViolationLocation.parameterKey": "the name of a parameter",
}
FREE = ("JsonObject", "")


def every_member() -> Iterator[tuple[str, str, str, Json]]:
    """(version, schema, member, its schema) of the members that each schema of each version states
    itself.
    """
    for document in documents():
        for name, schema in contract(document)["components"]["schemas"].items():
            for part in (schema, *schema.get("allOf", ())):
                for member, found in part.get("properties", {}).items():
                    yield str(document), name, member, found


def is_suspect(name: str, member: str, schema: Json) -> bool:
    """By its name, by what it refers to, or as free text or an open object in a place of
    secrets.
    """
    kind = str(schema.get("$ref", "")).rpartition("/")[2]
    free = schema.get("type") == "string" and "format" not in schema
    return bool(
        SUSPECT.search(member)
        or schema.get("format") == "password"
        or (PLACE.search(name) and (free or kind in FREE))
    )


def test_every_member_that_may_hold_a_secret_is_marked_or_decided() -> None:
    open_ones, used, marked = [], set[str](), set[str]()
    for version, name, member, schema in every_member():
        where = f"{name}.{member}"
        if schema.get("x-secret"):
            marked.add(where)
            continue
        if not is_suspect(name, member, schema):
            continue
        found = [pattern for pattern in NO_SECRET if fnmatchcase(where, pattern)]
        used.update(found)
        if not found:
            open_ones.append(f"{version} {where}")
    print(f"\nmarked: {', '.join(sorted(marked))}")
    assert [] == open_ones
    assert set(NO_SECRET) == used
    assert 6 == sum(where.endswith("ScanProperties.password") for where in marked)


def test_a_member_that_is_marked_in_one_version_is_marked_in_all() -> None:
    marks: dict[str, set[bool]] = {}
    for version, name, member, schema in every_member():
        plane = version.partition(" ")[0]
        marks.setdefault(f"{plane} {name}.{member}", set()).add(bool(schema.get("x-secret")))
    assert [] == [where for where, found in marks.items() if len(found) > 1]


def with_secrets() -> Iterator[tuple[str, Any, str, Json]]:
    """(version, module of models, schema, members) of every class that holds a secret, its own or
    inherited.
    """
    for document in documents():
        schemas, found = contract(document)["components"]["schemas"], package(document).models
        for name, schema in schemas.items():
            inside = members(schemas, schema)
            if any(m.get("x-secret") for m in inside.values()):
                yield f"{document} {name}", found, name, inside


def filled(inside: Json) -> Json:
    """An object whose secrets are canaries."""
    return {
        member: {"k": CANARY} if "$ref" in schema else CANARY
        for member, schema in inside.items()
        if schema.get("x-secret")
    }


def shown(value: Any) -> list[str]:
    """All the ways in which a value shows itself."""
    texts = [repr(value), str(value), f"{value}", repr([value]), repr({"k": value}), repr((value,))]
    html = getattr(value, "_repr_html_", None)
    return [*texts, html()] if html is not None else texts


def test_no_secret_shows_by_itself_or_deep_inside() -> None:
    counted = 0
    for where, module, name, inside in with_secrets():
        kind: type[Model] = getattr(module, name)
        model = kind.from_dict(filled(inside))
        built = kind.from_dict({})
        for f in codec(kind).fields.values():
            if f.secret:
                setattr(built, f.name, filled(inside)[f.wire])
        for one in (model, built, kind.from_dict({**filled(inside), "odd": 1})):
            assert [] == [text for text in shown(one) if CANARY in text], where
            assert filled(inside).items() <= one.to_dict().items(), where
            counted += 1
    assert counted >= 3 * (30 + 4 + 4 + 3)


def test_no_secret_shows_in_a_scan_that_holds_it() -> None:
    """A scan of each kind that holds the password itself, in every version, as a person would print
    it.
    """
    counted = 0
    for document in documents():
        if document.plane != "scanning":
            continue
        for kind in contract(document)["components"]["schemas"]["Scan"]["discriminator"]["mapping"]:
            raw = {"kind": kind, "properties": {"password": CANARY}}
            scan = package(document).models.Scan.from_dict(raw)
            if not any(
                f.secret for model in models(scan) for f in codec(type(model)).fields.values()
            ):
                continue
            assert [] == [text for text in shown(scan) if CANARY in text], (str(document), kind)
            assert raw == scan.to_dict()
            counted += 1
    assert 5 * 6 == counted


DIFFS = f"""
from purview_dataplane.scanning import models

WORD = "{CANARY[:6]}" + "{CANARY[6:]}"  # in two, so that the lines of this module do not show it

def scan(number):
    made = models.OracleOracleUserPassScanProperties(user_name="u", password=WORD + str(number))
    return models.OracleOracleUserPassScan(properties=made)

def test_whole():
    assert scan(1) == scan(2)

def test_properties():
    assert scan(1).properties == scan(2).properties

def test_lists():
    assert [scan(1), 1] == [scan(2), 2]

def test_maps():
    assert {{"a": scan(1).properties}} == {{"a": scan(2).properties}}
"""


@pytest.mark.parametrize("verbose", ["-q", "-v", "-vv"])
def test_no_secret_shows_in_the_differences_of_a_failed_test(
    pytester: pytest.Pytester, verbose: str
) -> None:
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", verbose, pytester.makepyfile(DIFFS)
    )
    result.assert_outcomes(failed=4)
    assert CANARY not in result.stdout.str()
