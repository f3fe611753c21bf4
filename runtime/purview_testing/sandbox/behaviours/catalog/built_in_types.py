"""The type definitions that an account of the Data Map starts with."""

from __future__ import annotations

from collections.abc import Iterator

from purview_testing.contracts.messages import Json

_ENTITIES = {  # with the types that each one inherits from
    "Asset": ("Referenceable",),
    "DataSet": ("Asset",),
    "Infrastructure": ("Asset",),
    "Process": ("Asset",),
    "Purview_DataMap_Root": (),
    "Referenceable": (),
    "adf_copy_activity": ("Process",),
    "adf_pipeline": ("Process",),
    "azure_blob_container": ("DataSet",),
    "azure_blob_path": ("DataSet",),
    "azure_datalake_gen2_filesystem": ("DataSet",),
    "azure_datalake_gen2_path": ("DataSet",),
    "azure_datalake_gen2_resource_set": ("DataSet",),
    "azure_datalake_gen2_service": ("Asset",),
    "azure_sql_column": ("DataSet",),
    "azure_sql_db": ("Asset",),
    "azure_sql_schema": ("Asset",),
    "azure_sql_server": ("Asset",),
    "azure_sql_table": ("DataSet",),
    "azure_sql_view": ("DataSet",),
    "azure_storage_account": ("Asset",),
    "azure_synapse_dedicated_sql_table": ("DataSet",),
    "column": ("DataSet",),
    "databricks_table": ("DataSet",),
    "hive_table": ("DataSet",),
    "mssql_table": ("DataSet",),
    "powerbi_dataset": ("DataSet",),
    "powerbi_report": ("DataSet",),
    "spark_process": ("Process",),
    "tabular_schema": ("DataSet",),
}
_CLASSIFICATIONS = (
    "MICROSOFT.PERSONAL.EMAIL",
    "MICROSOFT.PERSONAL.NAME",
    "MICROSOFT.FINANCIAL.CREDIT_CARD_NUMBER",
)
# For each end: its type, its attribute for the other end, whether that may hold many.
_RELATIONSHIPS = {
    "AtlasGlossarySemanticAssignment": (
        ("AtlasGlossaryTerm", "assignedEntities", True),
        ("Referenceable", "meanings", True),
    ),
    "azure_sql_table_columns": (
        ("azure_sql_table", "columns", True),
        ("azure_sql_column", "table", False),
    ),
    "dataset_process_inputs": (("Process", "inputs", True), ("DataSet", "inputToProcesses", True)),
    "direct_lineage_dataset_dataset": (("DataSet", "sinks", True), ("DataSet", "sources", True)),
    "process_dataset_outputs": (
        ("Process", "outputs", True),
        ("DataSet", "outputFromProcesses", True),
    ),
    "tabular_schema_columns": (
        ("tabular_schema", "columns", True),
        ("column", "composeSchema", False),
    ),
}


def definitions() -> Iterator[tuple[str, Json]]:
    """Yields the definitions, each with its category."""
    attributes = [
        _attribute("qualifiedName", unique=True),
        _attribute("name"),
        _attribute("description"),
    ]
    for name, inherited in _ENTITIES.items():
        own = attributes if name in ("Referenceable", "Asset") else []
        value: Json = {"name": name, "superTypes": list(inherited), "attributeDefs": own}
        yield "ENTITY", {**value, "subTypes": []}
    for name in _CLASSIFICATIONS:
        value = {"name": name, "superTypes": [], "subTypes": []}
        yield "CLASSIFICATION", {**value, "attributeDefs": [], "entityTypes": []}
    for name, both in _RELATIONSHIPS.items():
        ends = {f"endDef{i}": _end(*end) for i, end in enumerate(both, 1)}
        value = {"name": name, "relationshipCategory": "ASSOCIATION", "attributeDefs": []}
        yield "RELATIONSHIP", {**value, **ends}


def _end(type_name: str, name: str, many: bool) -> Json:
    return {
        "type": type_name,
        "name": name,
        "isContainer": False,
        "cardinality": "SET" if many else "SINGLE",
    }


def _attribute(name: str, *, unique: bool = False) -> Json:
    return {
        "name": name,
        "typeName": "string",
        "isUnique": unique,
        "isOptional": not unique,
        "cardinality": "SINGLE",
    }
