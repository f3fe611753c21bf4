from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any as _Any

from purview_core.model import READ_ONLY as _READ_ONLY
from purview_core.model import Model as _Model
from purview_core.model import define
from purview_core.model import field as _field
from purview_core.model import wire as _wire

if TYPE_CHECKING:
    from datetime import datetime

    from .enums import Level, Origin
    from .scan import AmazonScan, SqlScan


@define(kw_only=True)
class Box(_Model):
    """Members of every type."""

    ratio: float | None = None
    done: bool | None = None
    anything: _Any = None
    labels: dict[str, str] | None = None
    attributes: dict[str, _Any] | None = None
    origins: list[Origin] | None = None
    times: list[datetime] | None = None
    collections: dict[str, Collection] | None = None
    grid: list[list[Collection]] | None = None
    either: Scan | Collection | None = None
    one_or_more: list[Collection] | Collection | str | None = None
    sql_or_amazon: SqlScan | AmazonScan | None = None


@define(kw_only=True)
class Collection(_Model):
    reference_name: str | None = None
    type_: str | None = None
    last_modified_at: datetime | None = _field(default=None, metadata=_READ_ONLY)


@define(kw_only=True)
class Key(_Model):
    name: str
    secret: str | None = _field(default=None, metadata=_wire("@key.secret", secret=True))


@define(kw_only=True)
class Recurrence(_Model):
    """Members that the service spells otherwise than the document."""

    time_zone: str | None = _field(default=None, metadata=_wire("timezone", "timeZone"))
    day_one: datetime | None = _field(default=None, metadata=_wire("dayone", "dayOne"))
    week_days: list[str] | None = _field(default=None, metadata=_wire("weekdays", "weekDays"))
    first_run: Collection | None = _field(
        default=None, metadata=_wire("firstrun", "firstRun", "FirstRun")
    )
    last_one: str | None = _field(
        default=None, metadata=_wire("lastone", "lastOne", read_only=True)
    )
    name: str | None = None


@define(kw_only=True)
class Scan(_Model):
    kind: str
    name: str | None = None
    id: str | None = _field(default=None, metadata=_READ_ONLY)
    origin: Origin | None = None
    level: Level | None = None
    tags: list[str] | None = None
    created_at: datetime | None = None
    last_run: ScanList | None = _field(default=None, metadata=_READ_ONLY)
    _tag = "kind"
    _kinds = {  # noqa: RUF012
        "Amazon": "AmazonScan",
        "Sql": "SqlScan",
    }


@define(kw_only=True)
class ScanList(_Model):
    value: list[Scan]
    count: int | None = None
    next_link: str | None = None
