"""Data Quality: runs of jobs, from their start to their end, and the answers that tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import CALLER, Call, Reply
from purview_testing.sandbox.state.long_running import FAILED, advance, current_stage

from . import scores
from .places import BASE, NO_PRODUCT, Asset, domain_path, names

PROGRESS = f"{BASE}/progress"  # the record of how far each run is
_STATES = ("Queued", "InProgress", "Succeeded")
ENDED = {"Succeeded", "Failed", "Cancelled"}
_OVER = len(_STATES) - 1  # the stage at which a run has ended
ASSESSMENT = "Assessment"
PROFILE = "Profile"
CLONE = "Clone"
_ALL = 10_000


def runs_of(domain: str) -> str:
    """Returns the kind of the runs of a domain."""
    return f"{domain_path(domain)}/runs"


def start(call: Call, asset: Asset, job: str, trigger: str = "Manual", **more: Any) -> str:
    """Starts a run of a job of an asset, and returns its id."""
    run = call.guid()
    value = {
        "runId": run,
        "businessDomainId": asset.domain,
        "dataProductId": asset.product,
        "dataAssetId": asset.key,
        "accountId": call.as_guid("account"),
        "jobType": job,
        "triggerType": trigger,
        "submissionTime": call.now,
        "startedBy": CALLER,
        "isDQAsset": asset.product == NO_PRODUCT,
        **names(call, asset),
        **more,
    }
    _keep(call, value)
    call.store.put(PROGRESS, run, {"begun": call.settings.clock(), "failing": call.failing})
    return run


def asset_of_run(run: Json) -> Asset:
    """Returns the asset that a run is of."""
    return Asset(run["businessDomainId"], run["dataProductId"], run["dataAssetId"])


def _keep(call: Call, run: Json) -> Json:
    """Stores a run with the tags that it is found by."""
    asset = asset_of_run(run)
    tags = [asset.tag]
    if "scanId" in run:
        tags.append(f"scan={run['scanId']}")
    if "status" not in run:
        tags.append(f"open {asset.tag}")
    call.store.put(runs_of(asset.domain), run["runId"], run, tags)
    return run


def moved(call: Call, run: Json, *, asked: bool) -> Json:
    """Returns a run as it is now; one that is asked for moves first, unless the clock moves it."""
    if "status" in run:
        return run
    state = call.store.get(PROGRESS, run["runId"]) or {}
    at = advance(call, PROGRESS, run["runId"], state) if asked else current_stage(call, state)
    if at and "startTime" not in run:
        run = _keep(call, {**run, "startTime": call.now})
    if at < _OVER:
        return {**run, "status": _STATES[at]}
    return _end(call, run, "Failed" if state.get("failing") == FAILED else "Succeeded")


def _end(call: Call, run: Json, status: str, **more: Any) -> Json:
    """Stores the end of a run, and what comes of it."""
    begun = datetime.fromisoformat(run.get("startTime") or call.now)
    milliseconds = (datetime.fromisoformat(call.now) - begun).total_seconds() * 1000
    facts = {"status": status, "endTime": call.now, "duration": int(milliseconds)}
    ended = {**run, **facts, **more}
    if status == "Failed":
        ended["message"] = "SandboxFault: a fault of the sandbox made this run fail."
    _keep(call, ended)
    if status == "Succeeded" and run["jobType"] == ASSESSMENT:
        scores.assess(call, asset_of_run(run), run["runId"])
    if status == "Succeeded" and run["jobType"] == CLONE:
        target = Asset(**call.store.get(PROGRESS, run["runId"])["target"])
        scores.copy(call, asset_of_run(run), target, run["runId"])
    return ended


def settle(call: Call, asset: Asset) -> None:
    """Ends the runs of an asset that the clock has brought to their ends.

    What reads scores calls it first, since these runs give scores.
    """
    for row in call.store.page(runs_of(asset.domain), _ALL, tag=f"open {asset.tag}"):
        moved(call, row.value, asked=False)


def accepted(
    call: Call, key: str, text: str, link: str | None, *, kind: str = "Update", **more: Any
) -> Reply:
    """Replies with a 202: the status of something that has begun.

    Args:
        call: The call that began it.
        key: The id that the answer gives it.
        text: The message of the status.
        link: The address of its status, which is at the live service, not in this sandbox.
        kind: The kind of what has begun.
        more: Other members of the status.
    """
    value = {
        "id": key,
        "status": "InProgress",
        "kind": kind,
        "lastUpdated": call.now,
        "statusMessage": text,
        **more,
    }
    headers = {"Operation-Id": key}
    if link is not None:
        headers["Operation-Location"] = link
    return Reply(value, 202, headers)


def status_link(call: Call, key: str) -> str:
    """Returns the address of a status as the live service gives it.

    Its host is neither that of the account nor the sandbox, and its path is that of no operation.
    """
    domain = quote(call.path_arguments["businessDomainId"], safe="~")
    service = "https://westus.api.purview.azure.com/dataquality"
    return f"{service}/business-domains/{domain}/status/{key}"


def end_as_cancelled(call: Call, run: Json) -> None:
    """Ends a run as cancelled, unless a fault fails the operation that cancels it."""
    if call.failing is None:
        _end(call, run, "Cancelled", cancelRequestTime=call.now, cancelledBy=CALLER)
