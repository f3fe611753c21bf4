"""Data Quality: jobs of assets (assessment, profile, clone), alone or as the scan of a schedule, that move to their end."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import ME, Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing
from purview_testing.sandbox.state.long_running import FAILED, peek, stage

from . import quality_scores as scores
from .quality_assets import BASE, NO_PRODUCT, PLANES, Asset, asset_of, domain_path, names, referred

_PROGRESS = f"{BASE}/progress"  # how far each run is
_STATES = ("Queued", "InProgress", "Succeeded")
_ENDED = {"Succeeded", "Failed", "Cancelled"}
_OVER = len(_STATES) - 1
_ASSESSMENT, _PROFILE, _CLONE = "Assessment", "Profile", "Clone"
_ALIASES = {
    "scan": "assessment",
    "validation": "assessment",
}  # what the documents also call a type of run
_ALL = 10_000


def runs_of(domain: str) -> str:
    return f"{domain_path(domain)}/runs"


def _start(call: Call, asset: Asset, job: str, trigger: str = "Manual", **more: Any) -> str:
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
        "startedBy": ME,
        "isDQAsset": asset.product == NO_PRODUCT,
        **names(call, asset),
        **more,
    }
    _keep(call, value)
    call.store.put(_PROGRESS, run, {"begun": call.settings.clock(), "failing": call.failing})
    return run


def _asset(run: Json) -> Asset:
    return Asset(run["businessDomainId"], run["dataProductId"], run["dataAssetId"])


def _keep(call: Call, run: Json) -> Json:
    asset = _asset(run)
    tags = [asset.tag, *([f"scan={run['scanId']}"] if "scanId" in run else [])]
    tags += [] if "status" in run else [f"open {asset.tag}"]
    call.store.put(runs_of(asset.domain), run["runId"], run, tags)
    return run


def _moved(call: Call, run: Json, *, asked: bool) -> Json:
    """A run as it is now. Asking for it moves it, where no clock does."""
    if "status" in run:
        return run
    state = call.store.get(_PROGRESS, run["runId"]) or {}
    at = stage(call, _PROGRESS, run["runId"], state) if asked else peek(call, state)
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
    if status == "Succeeded" and run["jobType"] == _ASSESSMENT:
        scores.assess(call, _asset(run), run["runId"])
    if status == "Succeeded" and run["jobType"] == _CLONE:
        scores.copy(
            call,
            _asset(run),
            Asset(**call.store.get(_PROGRESS, run["runId"])["target"]),
            run["runId"],
        )
    return ended_run


def settle(call: Call, asset: Asset) -> None:
    """What the clock has brought to its end gives its scores before they are read."""
    for row in call.store.page(runs_of(asset.domain), _ALL, tag=f"open {asset.tag}"):
        _moved(call, row.value, asked=False)


def _monitor(
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


def _link(call: Call, key: str) -> str:
    """As the live service gives it: on a host that is neither the account's nor the sandbox's, at a path of no operation."""
    domain = quote(call.holes["businessDomainId"], safe="~")
    return (
        f"https://westus.api.purview.azure.com/dataquality/business-domains/{domain}/status/{key}"
    )


def observe(call: Call) -> Reply:
    run = _start(
        call, asset_of(call), _ASSESSMENT, redundancyCheck=call.body.get("redundancyCheck", False)
    )
    mappings = {n: call.body[n] for n in ("datasetToDatasourceMappings",) if n in call.body}
    text, result = "Observation job initiated successfully", {"value": run, **mappings}
    return _monitor(call, run, text, None, progressPercentage=10, result=result)


def profile(call: Call) -> Reply:
    source = (
        {"primaryDataSourceID": call.body["dataSourceId"]} if "dataSourceId" in call.body else {}
    )
    run = _start(call, asset_of(call), _PROFILE, **source)
    text, result = "Profile job initiated successfully", {"value": run}
    return _monitor(call, run, text, _link(call, run), progressPercentage=10, result=result)


def clone(call: Call) -> Reply:
    """The asset's rules and last scores, for another asset; a new one where the body names none."""
    source, body = asset_of(call), call.body or {}
    standalone = body.get("isStandAloneAsset") is True
    product = NO_PRODUCT if standalone else str(body.get("targetDataProductId") or source.product)
    target = {
        "domain": str(body.get("targetBusinessDomainId") or source.domain),
        "product": product,
        "key": str(body.get("targetAssetId") or call.guid()),
    }
    run = _start(call, source, _CLONE)
    call.store.put(_PROGRESS, run, {**call.store.get(_PROGRESS, run), "target": target})
    text, result = (
        "Clone job initiated successfully",
        {"value": run, "targetAssetId": target["key"]},
    )
    return _monitor(
        call, run, text, _link(call, run), kind="Create", progressPercentage=10, result=result
    )


def status(call: Call) -> Reply:
    """How far a run is; asking moves it, where no clock does."""
    domain, key = call.arguments
    run = call.store.get(runs_of(domain), key)
    if run is None:
        return Reply(
            call.need(runs_of(domain), key, "Run", lambda: {**call.example(), "runId": key})
        )
    return Reply(call.known(_moved(call, run, asked=True)))


def history(call: Call) -> Reply:
    """The runs of an asset, the newest first. Looking at the list moves none of them."""
    asset, wanted = asset_of(call), str(call.query["runType"]).lower()
    wanted = _ALIASES.get(wanted, wanted)

    def chosen(run: Json) -> bool:
        return wanted in (str(run["jobType"]).lower(), str(run["triggerType"]).lower())

    def shown(run: Json) -> Json:
        return call.as_item(_moved(call, run, asked=False))

    handled = ("runType", "dataProductId")
    reply = listing(
        call, runs_of(asset.domain), tag=asset.tag, keep=chosen, present=shown, handled=handled
    )
    reply.value[call.operation.list_member].reverse()
    return reply


def cancel(call: Call) -> Reply:
    domain, key = call.arguments
    run = call.need(runs_of(domain), key, "Run", dict)
    if run:
        run = _moved(call, run, asked=False)
        if run["status"] in _ENDED:
            raise Problem(409, "RunEnded", f"The run {key!r} has ended: {run['status']}.")
        _cancelled(call, run)
    kind = "Update" if call.settings.exact else "ScanOperation"
    operation, text = call.guid(), "Scan cancellation in progress"
    return _monitor(call, operation, text, _link(call, operation), kind=kind, progressPercentage=50)


def _cancelled(call: Call, run: Json) -> None:
    """A fault of the operation leaves the run as it is."""
    if call.failing is None:
        _end(call, run, "Cancelled", cancelRequestTime=call.now, cancelledBy=ME)


def forget(call: Call, job: str) -> Reply:
    """DELETE of what a run of an asset found."""
    asset, key = asset_of(call), call.arguments[-1]
    kind, what = runs_of(asset.domain), "Observation" if job == _ASSESSMENT else "ProfileRun"
    run = call.need(kind, key, what, dict)
    if run and (_asset(run) != asset or run["jobType"] != job):
        raise not_found(what, key)
    for where in (kind, _PROGRESS):
        call.store.delete(where, key)
    scores.forget(call, asset, f"run={key}")
    return Reply()


def scan(call: Call) -> Reply:
    """A run of each asset that the schedule has in its scope."""
    domain, schedule = call.arguments
    kept = call.need(f"{domain_path(domain)}/schedules", schedule, "Schedule", dict)
    key, name = call.guid(), str(kept.get("name") or schedule)
    common = {"scanId": key, "scheduleId": schedule, "scheduleName": name}
    how = {"scheduleScanType": call.body.get("scanType") or "RunOnce"}
    value = {
        **common,
        "scanType": how["scheduleScanType"],
        "scheduleRunType": _ASSESSMENT,
        "accountId": call.as_guid("account"),
        "businessDomainId": domain,
        "startedBy": ME,
        "startTime": call.now,
    }
    call.store.put(_scans(domain, schedule), key, value)
    for item in (kept.get("scope") or {}).get("items") or []:
        asset = Asset(
            domain, referred(item, "dataProduct") or NO_PRODUCT, referred(item, "dataAsset")
        )
        _start(call, asset, _ASSESSMENT, "Scheduled", **common, **how)
    text, result = "Scan initiated successfully", {"value": key}
    return _monitor(
        call, key, text, _link(call, key), kind="Create", progressPercentage=0, result=result
    )


def _scans(domain: str, schedule: str) -> str:
    return f"{domain_path(domain)}/schedules/{quote(schedule, safe='~')}/scans"


def _runs_of_scan(call: Call, *, asked: bool) -> list[Json]:
    domain, _, key = call.arguments
    return [
        _moved(call, row.value, asked=asked)
        for row in call.store.page(runs_of(domain), _ALL, tag=f"scan={key}")
    ]


def scan_status(call: Call) -> Reply:
    """How far a scan is: the number of its runs that have ended, and how. Asking moves them, where no clock does."""
    domain, schedule, key = call.arguments
    kept = call.need(
        _scans(domain, schedule), key, "Scan", lambda: {"scanId": key, "scheduleId": schedule}
    )
    return Reply(call.known({**kept, **_counts(_runs_of_scan(call, asked=True))}))


def _counts(runs: list[Json]) -> Json:
    by_status = [run["status"] for run in runs]
    numbers = {
        "succeeded": by_status.count("Succeeded"),
        "failed": by_status.count("Failed"),
        "skipped": by_status.count("Cancelled"),
        "totalJobCount": len(runs),
    }
    if not _ENDED.issuperset(by_status):
        return {**numbers, "status": "InProgress"}
    ways = ("Failed", "Cancelled")
    ended = {"endTime": max(run["endTime"] for run in runs)} if runs else {}
    return {
        **numbers,
        **ended,
        "status": next((way for way in ways if way in by_status), "Succeeded"),
    }


def scan_runs(call: Call) -> Reply:
    """What each run of a scan came to, as a scan of one run. Looking at the list moves none of them."""
    domain, schedule, key = call.arguments
    kept = call.need(_scans(domain, schedule), key, "Scan", dict)

    def shown(run: Json) -> Json:
        run = _moved(call, run, asked=False)
        times: Json = {
            n: run[n]
            for n in ("startTime", "endTime", "cancelRequestTime", "cancelledBy")
            if n in run
        }
        counts = _counts([run])
        return call.as_item(
            {**kept, "rowKey": run["runId"], **counts, "status": run["status"], **times}
        )

    return listing(call, runs_of(domain), tag=f"scan={key}", present=shown)


def cancel_scan(call: Call) -> Reply:
    domain, schedule, key = call.arguments
    kept = call.need(_scans(domain, schedule), key, "Scan", dict)
    going = [run for run in _runs_of_scan(call, asked=False) if run["status"] not in _ENDED]
    if kept and not going:
        raise Problem(409, "ScanEnded", f"The scan {key!r} has ended.")
    for run in going:
        _cancelled(call, run)
    if kept and call.failing is None:
        request = {"cancelRequestTime": call.now, "cancelledBy": ME}
        call.store.put(_scans(domain, schedule), key, {**kept, **request})
    operation = call.guid()
    kind, link = (
        "Update" if call.settings.exact else "Cancel",
        f"https://purview.azure.com/operations/{operation}",
    )
    text = "Scan cancellation request accepted and processing."
    return _monitor(call, operation, text, link, kind=kind, progressPercentage=0)


_DOMAIN, _SCAN = "/business-domains/{}", "/business-domains/{}/schedules/{}/scans/{}"
_SPELLINGS = (f"{_DOMAIN}/data-assets/{{}}", f"{_DOMAIN}/data-products/{{}}/data-assets/{{}}")
ROUTES: dict[tuple[str, str], Behaviour] = {
    **{("POST", f"{asset}:observations"): observe for asset in _SPELLINGS},
    **{("POST", f"{asset}:profile"): profile for asset in _SPELLINGS},
    **{("POST", f"{asset}:clone"): clone for asset in _SPELLINGS},
    **{("GET", f"{asset}/runs"): history for asset in _SPELLINGS},
    **{
        ("DELETE", f"{asset}/observations/{{}}"): partial(forget, job=_ASSESSMENT)
        for asset in _SPELLINGS
    },
    **{("DELETE", f"{asset}/profiles/{{}}"): partial(forget, job=_PROFILE) for asset in _SPELLINGS},
    ("GET", f"{_DOMAIN}/runs/{{}}"): status,
    ("POST", f"{_DOMAIN}/runs/{{}}:cancel"): cancel,
    ("POST", f"{_DOMAIN}/schedules/{{}}:scans"): scan,
    ("GET", _SCAN): scan_status,
    ("GET", f"{_SCAN}/runs"): scan_runs,
    ("POST", f"{_SCAN}:cancel"): cancel_scan,
}
__all__ = ["PLANES", "ROUTES", "runs_of", "settle"]
