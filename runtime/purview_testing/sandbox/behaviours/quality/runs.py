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

PROGRESS = f"{BASE}/progress"  # how far each run is
_STATES = ("Queued", "InProgress", "Succeeded")
ENDED = {"Succeeded", "Failed", "Cancelled"}
_OVER = len(_STATES) - 1
ASSESSMENT, PROFILE, CLONE = "Assessment", "Profile", "Clone"
_ALL = 10_000


def runs_of(domain: str) -> str:
    return f"{domain_path(domain)}/runs"


def start(call: Call, asset: Asset, job: str, trigger: str = "Manual", **more: Any) -> str:
    """A new run of an asset; its id."""
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
    return Asset(run["businessDomainId"], run["dataProductId"], run["dataAssetId"])


def _keep(call: Call, run: Json) -> Json:
    asset = asset_of_run(run)
    tags = [asset.tag, *([f"scan={run['scanId']}"] if "scanId" in run else [])]
    tags += [] if "status" in run else [f"open {asset.tag}"]
    call.store.put(runs_of(asset.domain), run["runId"], run, tags)
    return run


def moved(call: Call, run: Json, *, asked: bool) -> Json:
    """A run as it is now. Asking for it moves it, where no clock does."""
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
    """The last state of a run, and what comes of it."""
    begun, ended = (
        datetime.fromisoformat(text) for text in (run.get("startTime") or call.now, call.now)
    )
    duration = int((ended - begun).total_seconds() * 1000)
    ended_run = _keep(
        call, {**run, "status": status, "endTime": call.now, "duration": duration, **more}
    )
    if status == "Failed":
        return _keep(
            call,
            {**ended_run, "message": "SandboxFault: a fault of the sandbox made this run fail."},
        )
    if status == "Succeeded" and run["jobType"] == ASSESSMENT:
        scores.assess(call, asset_of_run(run), run["runId"])
    if status == "Succeeded" and run["jobType"] == CLONE:
        scores.copy(
            call,
            asset_of_run(run),
            Asset(**call.store.get(PROGRESS, run["runId"])["target"]),
            run["runId"],
        )
    return ended_run


def settle(call: Call, asset: Asset) -> None:
    """What the clock has brought to its end gives its scores before they are read."""
    for row in call.store.page(runs_of(asset.domain), _ALL, tag=f"open {asset.tag}"):
        moved(call, row.value, asked=False)


def accepted(
    call: Call, key: str, text: str, link: str | None, *, kind: str = "Update", **more: Any
) -> Reply:
    """202: the status of something that has begun. `link`: where the live service would tell of it, no address of this sandbox."""
    value = {
        "id": key,
        "status": "InProgress",
        "kind": kind,
        "lastUpdated": call.now,
        "statusMessage": text,
        **more,
    }
    return Reply(
        value,
        202,
        {"Operation-Id": key, **({"Operation-Location": link} if link is not None else {})},
    )


def status_link(call: Call, key: str) -> str:
    """As the live service gives it: on a host that is neither the account's nor the sandbox's, at a path of no operation."""
    domain = quote(call.path_arguments["businessDomainId"], safe="~")
    return (
        f"https://westus.api.purview.azure.com/dataquality/business-domains/{domain}/status/{key}"
    )


def end_as_cancelled(call: Call, run: Json) -> None:
    """A fault of the operation leaves the run as it is."""
    if call.failing is None:
        _end(call, run, "Cancelled", cancelRequestTime=call.now, cancelledBy=CALLER)
