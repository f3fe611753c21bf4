"""Data Quality: what an assessment finds.

The rows are made up, the same for the same rule and run; all scores are counted from them.
"""

from __future__ import annotations

from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import Call

from .places import METADATA, NO_PRODUCT, Asset, assets_of, number

_ROWS = ("totalRows", "passedRows", "failedRows", "emptyRows", "miscastRows")
_UNKNOWN = -1  # the score of a rule that was never assessed
_ALL = 10_000


def rules_of(call: Call, asset: Asset) -> list[Json]:
    """Returns the rules of an asset."""
    return [row.value for row in call.store.page(f"{asset.path}/rules", _ALL)]


def assess(call: Call, asset: Asset, run: str) -> None:
    """Gives an opinion on each active rule of an asset, and notes that it was assessed."""
    call.store.put(f"{asset.path}/assessments", run, {"run": run})
    for rule in rules_of(call, asset):
        if str(rule.get("status")).lower() == "active":
            keep_opinion(call, asset, rule["id"], run, _rows(asset, rule["id"], run))


def _rows(asset: Asset, rule: str, run: str) -> Json:
    """Makes up the rows that an assessment counts for a rule.

    An asset has one number of rows. Most of them pass, and how many do not differs a little from
    run to run.
    """
    total = 1_000 + number(asset.key) % 9_000
    failed = total * (number(rule) % 60 + number(rule, run) % 40) // 1_000
    empty = total * (number("empty", rule) % 20) // 1_000
    miscast = total * (number("miscast", rule) % 5) // 1_000
    return dict(
        zip(_ROWS, (total, total - failed - empty - miscast, failed, empty, miscast), strict=True)
    )


def keep_opinion(
    call: Call, asset: Asset, rule: str, run: str, rows: Json, *, cloned: bool = False
) -> None:
    """Stores an opinion on a rule; one that is cloned comes from another asset."""
    value = {
        "businessDomainId": asset.domain,
        "dataProductId": asset.product,
        "dataAssetId": asset.key,
        "controlId": None,
        "opinionId": rule,
        "value": round(rows["passedRows"] / rows["totalRows"], 4),
        "resultedAt": call.now,
        "outcomeId": run,
        "isClonedOpinion": cloned,
        **{name: rows[name] for name in _ROWS},
    }
    call.store.put(f"{asset.path}/opinions", f"{run}/{rule}", value, [f"rule={rule}", f"run={run}"])


def opinions(call: Call, asset: Asset, tag: str) -> list[Json]:
    """Returns opinions, the oldest first.

    `tag` is "rule=ID" for those on a rule, "run=ID" for those of a run.
    """
    return [row.value for row in call.store.page(f"{asset.path}/opinions", _ALL, tag=tag)]


def forget(call: Call, asset: Asset, tag: str) -> None:
    """Removes the opinions on a rule or of a run."""
    kind = f"{asset.path}/opinions"
    for row in call.store.page(kind, _ALL, tag=tag):
        call.store.delete(kind, row.key)
    if tag.startswith("run="):
        call.store.delete(f"{asset.path}/assessments", tag.removeprefix("run="))


def scored(call: Call, asset: Asset, rule: Json) -> Json:
    """Returns a rule with the score of the last opinion on it.

    Without an opinion it keeps the score that it came with, if any.
    """
    found = opinions(call, asset, f"rule={rule['id']}")
    return {**rule, "score": found[-1]["value"] if found else rule.get("score", _UNKNOWN)}


def score_of(call: Call, asset: Asset) -> float | None:
    """Returns the mean of the last assessment's opinions; None where there was no assessment."""
    run = _last(call, asset)
    return None if run is None else _mean(opinions(call, asset, f"run={run}"))


def _last(call: Call, asset: Asset) -> str | None:
    """Returns the run of the last assessment."""
    found = call.store.page(f"{asset.path}/assessments", _ALL)
    return found[-1].key if found else None


def _mean(found: list[Json]) -> float:
    return round(sum(o["value"] for o in found) / len(found), 4) if found else 0.0


def snapshot(call: Call, asset: Asset) -> Json | None:
    """Returns the last assessment as a whole; None where there was none.

    It holds the score of the asset, its rules and their rows.
    """
    run = _last(call, asset)
    if run is None:
        return None
    found = opinions(call, asset, f"run={run}")
    rules = {rule["id"]: rule for rule in rules_of(call, asset)}
    shown = [
        {**rules[o["opinionId"]], "score": o["value"], **{name: o[name] for name in _ROWS}}
        for o in found
        if o["opinionId"] in rules
    ]
    return {
        **nothing(call, asset),
        "assetScore": _mean(found),
        "rules": shown,
        "job": {"jobId": run, "businessDomainId": asset.domain},
    }


def nothing(call: Call, asset: Asset) -> Json:
    """Returns the snapshot of an asset that was never assessed.

    The metadata of many assets shows it.
    """
    origin = call.store.get(asset.path, "origin") or {}
    return {
        "businessDomainId": asset.domain,
        "dataProductId": asset.product,
        "assetId": asset.key,
        "assetScore": 0.0,
        "originAssetId": origin.get("assetId", asset.key),
        "isStandaloneAsset": asset.product == NO_PRODUCT,
        "rules": [],
        "job": {},
    }


def copy(call: Call, source: Asset, target: Asset, run: str) -> None:
    """Copies what there is of an asset, for a clone of it.

    That is the asset itself, where a domain has made it, its rules, its settings and its last
    opinions.
    """
    made = call.store.get(assets_of(source.domain), source.key)
    if made is not None:
        own = {
            "assetId": target.key,
            "businessDomainId": target.domain,
            "dataProductId": target.product,
        }
        call.store.put(
            assets_of(target.domain),
            target.key,
            {**made, **own},
            [f"dataProductId={target.product}"],
        )
        described = {**call.store.get(METADATA, source.key), **target.references, "id": call.guid()}
        call.store.put(METADATA, target.key, described)
    for rule in rules_of(call, source):
        call.store.put(f"{target.path}/rules", rule["id"], {**rule, **target.references})
    scoped = call.store.get(source.path, "scoped-asset-metadata")
    if scoped is not None:
        call.store.put(
            target.path, "scoped-asset-metadata", {**scoped, **target.references, "id": call.guid()}
        )
    call.store.put(target.path, "origin", {"assetId": source.key})
    last = _last(call, source)
    if last is not None:
        call.store.put(f"{target.path}/assessments", run, {"run": run})
        for opinion in opinions(call, source, f"run={last}"):
            keep_opinion(call, target, opinion["opinionId"], run, opinion, cloned=True)
