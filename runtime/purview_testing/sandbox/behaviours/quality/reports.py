"""Data Quality: scores of assets, snapshots of the last assessment, trends of rules."""

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
    """The scores of the assets that are named; of those that are known here, and 0 of one that was never assessed."""
    domain, product = call.path_arguments["businessDomainId"], product_of(call)
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
    asset = asset_of(call)
    settle(call, asset)
    found = scores.snapshot(call, asset)
    if found is None and not call.settings.fill:
        raise Problem(404, "ScoreSnapshot_NotFound", f"The asset {asset.key!r} was never assessed.")
    return Reply(call.example() if found is None else found)


def trend(call: Call) -> Reply:
    """The opinions on a rule, the newest first."""
    asset, key = asset_of(call), call.arguments[-1]
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
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Problem(400, "InvalidRequest", f"{text!r} is no time.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _check(call: Call, most: int, since: float | None, until: float | None) -> None:
    """What the documents say of a trend's arguments in words."""
    wrong = {
        "maxRecordsToReturn: from 1 to 100": not 1 <= most <= _MOST,
        "startTime and endTime: both or none": (since is None) != (until is None),
        "endTime: at most 90 days after startTime": since is not None
        and until is not None
        and until - since > _WINDOW,
    }
    found = [text for text, departs in wrong.items() if departs]
    if found and not call.settings.fill:
        raise Problem(400, "InvalidRequest", f"A trend takes {'; '.join(found)}.")


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", f"{DOMAIN_ROUTE}/asset-scores"): asset_scores,
    **{("GET", f"{asset}/snapshots"): snapshot for asset in ASSET_ROUTES},
    ("GET", f"{ASSET_IN_PRODUCT}/rule-opinions/{{}}"): trend,
}
__all__ = ["PLANES", "ROUTES"]
