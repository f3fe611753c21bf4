"""Names in Python: every word that a document has is still there.

Members of enums and of classes are looked at, and methods and arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purview_codegen.contract.schemas import enum_names
from purview_codegen.errors import GateError
from purview_codegen.identifiers import enum_members, folded, words
from purview_codegen.package.adapter import class_name, identifier, method_name
from purview_dataplane import PLANES

CONTRACTS = sorted((Path(__file__).parents[3] / "specs" / "contracts").rglob("*.json"))
ODD = [
    ("ServicePrincipal", "SERVICE_PRINCIPAL"),
    ("AzureSqlDatabaseManagedInstance", "AZURE_SQL_DATABASE_MANAGED_INSTANCE"),
    ("ARMTemplate", "ARM_TEMPLATE"),
    ("ADLSGen2Path", "ADLS_GEN2_PATH"),
    ("AmazonS3", "AMAZON_S3"),
    ("AmazonS3RoleARN", "AMAZON_S3_ROLE_ARN"),
    ("SapS4Hana", "SAP_S4_HANA"),
    ("MLAITestingDataSet", "MLAI_TESTING_DATA_SET"),
    ("PowerBIMsi", "POWER_BI_MSI"),
    ("OAuth2", "O_AUTH2"),
    ("ETag", "E_TAG"),
    ("IsVNetEnabled", "IS_V_NET_ENABLED"),
    ("primaryDataSourceIDs", "PRIMARY_DATA_SOURCE_IDS"),
    ("URLsOfHost", "URLS_OF_HOST"),
    ("SHA256Hash", "SHA256_HASH"),
    ("Base64URL", "BASE64_URL"),
    ("sha256sum", "SHA256SUM"),
    ("3DModel", "3D_MODEL"),
    ("authKey1", "AUTH_KEY1"),
    ("end1", "END1"),
    ("HALF_EVEN", "HALF_EVEN"),
    ("DATAASSET", "DATAASSET"),
    ("decisionrule", "DECISIONRULE"),
    ("createdTime asc", "CREATED_TIME_ASC"),
    ("SystemAssigned, UserAssigned", "SYSTEM_ASSIGNED_USER_ASSIGNED"),
    ("attr_N:qualifiedName", "ATTR_N_QUALIFIED_NAME"),
    ("when-data.isRequested", "WHEN_DATA_IS_REQUESTED"),
    ("straßeÜber", "STRASSE_ÜBER"),
    ("\uff21\uff22Cat", "AB_CAT"),  # letters of full width, which Python reads as plain ones
]


def enums() -> Iterator[tuple[str, str, Any]]:
    for path in CONTRACTS:
        for name, schema in json.loads(path.read_bytes())["components"]["schemas"].items():
            if "enum" in schema:
                yield f"{path.parent.name} {path.stem}", name, schema


def plain(text: str) -> list[str]:
    """The words of a name, by blanks that are put between letters.

    One stands before a capital with a small letter behind it, and before one behind a small letter
    or a digit.
    """
    text = re.sub(r"([A-Za-z0-9])([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return re.sub(r"[^A-Za-z0-9]", " ", text).upper().split()


@pytest.mark.parametrize(("text", "name"), ODD)
def test_words_of_odd_names(text: str, name: str) -> None:
    assert name == "_".join(words(text)).upper()


@pytest.mark.parametrize(
    ("text", "name"),
    [pair for pair in ODD if not pair[1][0].isdigit() and pair[0].isascii()],
)
def test_members_of_classes_and_of_enums_have_the_same_words(text: str, name: str) -> None:
    assert name.lower() == identifier(text) == method_name(text)
    assert [name] == enum_members([text])


def test_members_of_all_enums_have_the_words_of_their_values() -> None:
    checked = 0
    for version, enum, schema in enums():
        names = enum_names(schema)
        assert list(names) == schema["enum"], (version, enum)
        assert len({*names.values()}) == len(schema["enum"]), (version, enum)
        for value, name in names.items():
            assert plain(value) == name.removeprefix("VALUE_").split("_"), (version, enum, value)
            checked += 1
    assert checked > 2_000


def test_generated_enums_have_these_members() -> None:
    """What can be imported is what the contracts give, of every default document."""
    checked = 0
    for plane in PLANES.values():
        models = import_module(f"{plane.package}.models")
        for version, name, schema in enums():
            if version == f"{plane.name} {plane.version}":
                made = getattr(models, class_name(name)).__members__
                assert enum_names(schema) == {member.value: key for key, member in made.items()}, (
                    version,
                    name,
                )
                checked += len(made)
    assert checked > 700


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["None", "NONE", "none"], ["NONE", "NONE_2", "NONE_3"]),
        (["a b", "A_B", "a_b_2", "aB"], ["A_B", "A_B_3", "A_B_2", "A_B_4"]),
        (["1d", "30d", "1D"], ["VALUE_1D", "VALUE_30D", "VALUE_1D_2"]),
        (["", "...", "x"], ["VALUE_0", "VALUE_1", "X"]),
        (["", "0"], ["VALUE_0", "VALUE_0_2"]),
        (["\U0001f150", "a\U0001f150b"], ["VALUE_0", "A_B"]),  # a letter in a circle is a symbol
        ([0, -1, 7], ["VALUE_0", "VALUE_NEGATIVE_1", "VALUE_7"]),
    ],
)
def test_values_of_the_same_words_are_told_apart(values: list[str | int], names: list[str]) -> None:
    assert names == enum_members(values)


@given(st.lists(st.text(), unique=True))
def test_every_enum_has_as_many_members_as_values(values: list[str]) -> None:
    names = enum_members(values)
    assert len(values) == len({*names})
    assert [] == [name for name in names if not name.isidentifier() or name.startswith("_")]


@given(st.text("aBsS1_ -é漢Ⅷ"))
def test_no_letter_is_lost(text: str) -> None:
    letters = [letter for letter in folded(text) if letter.isalnum()]
    assert letters == list("".join(words(text)))


def test_names_that_an_overlay_gives_come_first() -> None:
    schema = {"type": "string", "enum": ["1d", "7d"], "x-enum-varnames": ["DAY", "WEEK"]}
    assert {"1d": "DAY", "7d": "WEEK"} == enum_names(schema)


@pytest.mark.parametrize(
    "names",
    [["DAY"], ["DAY", "DAY"], ["DAY", "7D"], ["DAY", "WEEK", "MONTH"]],
)
def test_names_of_an_overlay_that_do_not_fit(names: list[str]) -> None:
    with pytest.raises(GateError, match="x-enum-varnames"):
        enum_names({"type": "string", "enum": ["1d", "7d"], "x-enum-varnames": names})
