"""Data Quality: scores of assets, snapshots of their last assessments, trends of rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from purview_testing.contracts.messages import Problem
from purview_testing.sandbox.call import Behaviour, Call, Reply

from . import scores
from .places import (
    ASSET_IN_PRODUCT,
    ASSET_ROUTES,
    DOMAIN_ROUTE,
    PLANES,
    Asset,
    asset_of,
    assets_of,
    product_of,
)
from .runs import settle

_MOST = 100  # opinions of a trend
_WINDOW = 90 * 86_400  # seconds that a trend may span


def asset_scores(call: Call) -> Reply:
    """Lists the scores of the assets that the query names.

    Unknown assets are left out; one that was never assessed has the score 0.
    """
    domain = call.path_arguments["businessDomainId"]
    product = product_of(call)
    found = []
    for key in dict.fromkeys(text.strip() for text in str(call.query["assetId"]).split(",")):
        asset = Asset(domain, product, key)
        settle(call, asset)
        score = scores.score_of(call, asset)
        known = call.store.get(
            assets_of(call.path_arguments["businessDomainId"]), key
        ) or scores.rules_of(call, asset)
        if score is not None or known:
            found.append({"assetId": key, "score": score or 0.0})
    return Reply({"value": found})


def snapshot(call: Call) -> Reply:
    """Shows the last assessment of an asset."""
    asset = asset_of(call)
    settle(call, asset)
    found = scores.snapshot(call, asset)
    if found is None and not call.settings.fill:
        raise Problem(404, "ScoreSnapshot_NotFound", f"The asset {asset.key!r} was never assessed.")
    return Reply(call.example() if found is None else found)


def trend(call: Call) -> Reply:
    """Lists the opinions on a rule, the newest first."""
    asset = asset_of(call)
    key = call.arguments[-1]
    settle(call, asset)
    call.require(f"{asset.path}/rules", key, "Rule", dict)
    most = call.query.get("maxRecordsToReturn", 10)
    since, until = (_moment(call.query.get(name)) for name in ("startTime", "endTime"))
    _check(call, most, since, until)
    found = scores.opinions(call, asset, f"rule={key}")[::-1]
    if since is not None and until is not None:
        found = [o for o in found if since <= (_moment(o["resultedAt"]) or 0) <= until]
    return Reply(found[:most])


def _moment(text: Any) -> float | None:
    """Returns a time of the query in seconds since 1970; one without a zone is in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Problem(400, "InvalidRequest", f"{text!r} is not a date and time.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _check(call: Call, most: int, since: float | None, until: float | None) -> None:
    """Raises an error for arguments that depart from what the documents say only in words."""
    found: list[str] = []
    if not 1 <= most <= _MOST:
        found.append("maxRecordsToReturn: from 1 to 100")
    if (since is None) != (until is None):
        found.append("startTime and endTime: both or none")
    if since is not None and until is not None and until - since > _WINDOW:
        found.append("endTime: at most 90 days after startTime")
    if found and not call.settings.fill:
        raise Problem(400, "InvalidRequest", f"A trend takes {'; '.join(found)}.")


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", f"{DOMAIN_ROUTE}/asset-scores"): asset_scores,
    **{("GET", f"{asset}/snapshots"): snapshot for asset in ASSET_ROUTES},
    ("GET", f"{ASSET_IN_PRODUCT}/rule-opinions/{{}}"): trend,
}
__all__ = ["PLANES", "ROUTES"]
