"""Data Quality: jobs of an asset (assessment, profile, clone) and their runs."""

from __future__ import annotations

from functools import partial

from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing

from . import scores
from .places import ASSET_ALONE, ASSET_ROUTES, DOMAIN_ROUTE, NO_PRODUCT, PLANES, asset_of
from .runs import (
    ASSESSMENT,
    CLONE,
    ENDED,
    PROFILE,
    PROGRESS,
    accepted,
    asset_of_run,
    end_as_cancelled,
    moved,
    runs_of,
    start,
    status_link,
)

# What the documents also call a type of run.
_ALIASES = {"scan": "assessment", "validation": "assessment"}


def observe(call: Call) -> Reply:
    """Starts an assessment of an asset."""
    run = start(
        call, asset_of(call), ASSESSMENT, redundancyCheck=call.body.get("redundancyCheck", False)
    )
    result = {"value": run}
    if "datasetToDatasourceMappings" in call.body:
        result["datasetToDatasourceMappings"] = call.body["datasetToDatasourceMappings"]
    text = "Observation job initiated successfully"
    return accepted(call, run, text, None, progressPercentage=10, result=result)


def profile(call: Call) -> Reply:
    """Starts a profile of an asset."""
    source = (
        {"primaryDataSourceID": call.body["dataSourceId"]} if "dataSourceId" in call.body else {}
    )
    run = start(call, asset_of(call), PROFILE, **source)
    text = "Profile job initiated successfully"
    result = {"value": run}
    return accepted(call, run, text, status_link(call, run), progressPercentage=10, result=result)


def clone(call: Call) -> Reply:
    """Starts a clone of an asset's rules and last scores.

    They go to the asset that the body names; where it names none, to a new one.
    """
    source = asset_of(call)
    body = call.body or {}
    standalone = body.get("isStandAloneAsset") is True
    product = NO_PRODUCT if standalone else str(body.get("targetDataProductId") or source.product)
    target = {
        "domain": str(body.get("targetBusinessDomainId") or source.domain),
        "product": product,
        "key": str(body.get("targetAssetId") or call.guid()),
    }
    run = start(call, source, CLONE)
    call.store.put(PROGRESS, run, {**call.store.get(PROGRESS, run), "target": target})
    text = "Clone job initiated successfully"
    result = {"value": run, "targetAssetId": target["key"]}
    return accepted(
        call, run, text, status_link(call, run), kind="Create", progressPercentage=10, result=result
    )


def status(call: Call) -> Reply:
    """Shows how far a run is; asking moves it, unless the clock does."""
    domain, key = call.arguments
    run = call.store.get(runs_of(domain), key)
    if run is None:
        return Reply(
            call.require(runs_of(domain), key, "Run", lambda: {**call.example(), "runId": key})
        )
    return Reply(call.known_members(moved(call, run, asked=True)))


def history(call: Call) -> Reply:
    """Lists the runs of an asset, the newest first; looking at the list moves no run."""
    asset = asset_of(call)
    wanted = str(call.query["runType"]).lower()
    wanted = _ALIASES.get(wanted, wanted)

    def chosen(run: Json) -> bool:
        return wanted in (str(run["jobType"]).lower(), str(run["triggerType"]).lower())

    def shown(run: Json) -> Json:
        return call.as_item(moved(call, run, asked=False))

    handled = ("runType", "dataProductId")
    reply = listing(
        call, runs_of(asset.domain), tag=asset.tag, keep=chosen, present=shown, handled=handled
    )
    reply.value[call.operation.list_member].reverse()
    return reply


def cancel(call: Call) -> Reply:
    """Cancels a run that has not ended."""
    domain, key = call.arguments
    run = call.require(runs_of(domain), key, "Run", dict)
    if run:
        run = moved(call, run, asked=False)
        if run["status"] in ENDED:
            raise Problem(409, "RunEnded", f"The run {key!r} has ended: {run['status']}.")
        end_as_cancelled(call, run)
    kind = "Update" if call.settings.exact else "ScanOperation"
    operation = call.guid()
    text = "Scan cancellation in progress"
    return accepted(
        call, operation, text, status_link(call, operation), kind=kind, progressPercentage=50
    )


def forget(call: Call, job: str) -> Reply:
    """Removes a run of an asset with what it found."""
    asset = asset_of(call)
    key = call.arguments[-1]
    kind = runs_of(asset.domain)
    what = "Observation" if job == ASSESSMENT else "ProfileRun"
    run = call.require(kind, key, what, dict)
    if run and (asset_of_run(run) != asset or run["jobType"] != job):
        raise not_found(what, key)
    for where in (kind, PROGRESS):
        call.store.delete(where, key)
    scores.forget(call, asset, f"run={key}")
    return Reply()


ROUTES: dict[tuple[str, str], Behaviour] = {
    **{("POST", f"{asset}:observations"): observe for asset in ASSET_ROUTES},
    **{("POST", f"{asset}:profile"): profile for asset in ASSET_ROUTES},
    ("POST", f"{ASSET_ALONE}:clone"): clone,
    **{("GET", f"{asset}/runs"): history for asset in ASSET_ROUTES},
    **{
        ("DELETE", f"{asset}/observations/{{}}"): partial(forget, job=ASSESSMENT)
        for asset in ASSET_ROUTES
    },
    **{
        ("DELETE", f"{asset}/profiles/{{}}"): partial(forget, job=PROFILE) for asset in ASSET_ROUTES
    },
    ("GET", f"{DOMAIN_ROUTE}/runs/{{}}"): status,
    ("POST", f"{DOMAIN_ROUTE}/runs/{{}}:cancel"): cancel,
}
__all__ = ["PLANES", "ROUTES"]
