"""Data Quality: scans of a schedule, each with a run of every asset in the schedule's scope."""

from __future__ import annotations

from urllib.parse import quote

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing

from .places import DOMAIN_ROUTE, NO_PRODUCT, PLANES, Asset, domain_path, referred
from .runs import ASSESSMENT, ENDED, accepted, end_as_cancelled, moved, runs_of, start, status_link

_ALL = 10_000
_TIMES = ("startTime", "endTime", "cancelRequestTime", "cancelledBy")


def scan(call: Call) -> Reply:
    """Starts a scan: a run of each asset that the schedule has in its scope."""
    domain, schedule = call.arguments
    kept = call.require(f"{domain_path(domain)}/schedules", schedule, "Schedule", dict)
    key = call.guid()
    name = str(kept.get("name") or schedule)
    common = {"scanId": key, "scheduleId": schedule, "scheduleName": name}
    how = {"scheduleScanType": call.body.get("scanType") or "RunOnce"}
    value = {
        **common,
        "scanType": how["scheduleScanType"],
        "scheduleRunType": ASSESSMENT,
        "accountId": call.as_guid("account"),
        "businessDomainId": domain,
        "startedBy": CALLER,
        "startTime": call.now,
    }
    call.store.put(_scans(domain, schedule), key, value)
    for item in (kept.get("scope") or {}).get("items") or []:
        product = referred(item, "dataProduct") or NO_PRODUCT
        asset = Asset(domain, product, referred(item, "dataAsset"))
        start(call, asset, ASSESSMENT, "Scheduled", **common, **how)
    text = "Scan initiated successfully"
    result = {"value": key}
    return accepted(
        call, key, text, status_link(call, key), kind="Create", progressPercentage=0, result=result
    )


def _scans(domain: str, schedule: str) -> str:
    """The kind of the scans of a schedule."""
    return f"{domain_path(domain)}/schedules/{quote(schedule, safe='~')}/scans"


def _runs_of_scan(call: Call, *, asked: bool) -> list[Json]:
    """The runs of the scan that a call is about, as they are now."""
    domain, _, key = call.arguments
    rows = call.store.page(runs_of(domain), _ALL, tag=f"scan={key}")
    return [moved(call, row.value, asked=asked) for row in rows]


def scan_status(call: Call) -> Reply:
    """Shows how far a scan is: how many of its runs have ended, and how.

    Asking moves the runs, unless the clock does.
    """
    domain, schedule, key = call.arguments
    invented = {"scanId": key, "scheduleId": schedule}
    kept = call.require(_scans(domain, schedule), key, "Scan", lambda: invented)
    return Reply(call.known_members({**kept, **_counts(_runs_of_scan(call, asked=True))}))


def _counts(runs: list[Json]) -> Json:
    """The numbers of runs by their ends, and the status of them together."""
    by_status = [run["status"] for run in runs]
    numbers = {
        "succeeded": by_status.count("Succeeded"),
        "failed": by_status.count("Failed"),
        "skipped": by_status.count("Cancelled"),
        "totalJobCount": len(runs),
    }
    if not ENDED.issuperset(by_status):
        return {**numbers, "status": "InProgress"}
    worst = next((way for way in ("Failed", "Cancelled") if way in by_status), "Succeeded")
    ended = {"endTime": max(run["endTime"] for run in runs)} if runs else {}
    return {**numbers, **ended, "status": worst}


def scan_runs(call: Call) -> Reply:
    """Lists the runs of a scan, each shown as a scan of one run.

    Looking at the list moves no run.
    """
    domain, schedule, key = call.arguments
    kept = call.require(_scans(domain, schedule), key, "Scan", dict)

    def shown(run: Json) -> Json:
        run = moved(call, run, asked=False)
        times: Json = {name: run[name] for name in _TIMES if name in run}
        facts = {**kept, "rowKey": run["runId"], **_counts([run]), "status": run["status"]}
        return call.as_item({**facts, **times})

    return listing(call, runs_of(domain), tag=f"scan={key}", present=shown)


def cancel_scan(call: Call) -> Reply:
    """Cancels the runs of a scan that have not ended."""
    domain, schedule, key = call.arguments
    kept = call.require(_scans(domain, schedule), key, "Scan", dict)
    going = [run for run in _runs_of_scan(call, asked=False) if run["status"] not in ENDED]
    if kept and not going:
        raise Problem(409, "ScanEnded", f"The scan {key!r} has ended.")
    for run in going:
        end_as_cancelled(call, run)
    if kept and call.failing is None:
        request = {"cancelRequestTime": call.now, "cancelledBy": CALLER}
        call.store.put(_scans(domain, schedule), key, {**kept, **request})
    operation = call.guid()
    kind = "Update" if call.settings.exact else "Cancel"
    link = f"https://purview.azure.com/operations/{operation}"
    text = "Scan cancellation request accepted and processing."
    return accepted(call, operation, text, link, kind=kind, progressPercentage=0)


_SCAN = f"{DOMAIN_ROUTE}/schedules/{{}}/scans/{{}}"
ROUTES: dict[tuple[str, str], Behaviour] = {
    ("POST", f"{DOMAIN_ROUTE}/schedules/{{}}:scans"): scan,
    ("GET", _SCAN): scan_status,
    ("GET", f"{_SCAN}/runs"): scan_runs,
    ("POST", f"{_SCAN}:cancel"): cancel_scan,
}
__all__ = ["PLANES", "ROUTES"]
