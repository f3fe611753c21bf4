from __future__ import annotations

from typing import TYPE_CHECKING

from purview_core.model import Model as _Model
from purview_core.model import define

from .common import Scan

if TYPE_CHECKING:
    from .common import Collection


@define(kw_only=True)
class AmazonScan(Scan):
    kind: str = "Amazon"
    properties: AmazonScanProperties | None = None


@define(kw_only=True)
class AmazonScanProperties(_Model):
    role_arn: str | None = None


@define(kw_only=True)
class SqlScan(Scan):
    kind: str = "Sql"
    properties: SqlScanProperties | None = None


@define(kw_only=True)
class SqlScanProperties(_Model):
    workers: int | None = None
    collection: Collection | None = None
