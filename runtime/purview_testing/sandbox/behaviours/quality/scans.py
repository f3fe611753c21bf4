"""Data Quality: scans of a schedule, each with a run of every asset in its scope."""

from __future__ import annotations

from urllib.parse import quote

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing

from .places import DOMAIN_ROUTE, NO_PRODUCT, PLANES, Asset, domain_path, referred
from .runs import ASSESSMENT, ENDED, accepted, end_as_cancelled, moved, runs_of, start, status_link

_ALL = 10_000


def scan(call: Call) -> Reply:
    """A run of each asset that the schedule has in its scope."""
    domain, schedule = call.arguments
    kept = call.require(f"{domain_path(domain)}/schedules", schedule, "Schedule", dict)
    key, name = call.guid(), str(kept.get("name") or schedule)
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
        asset = Asset(
            domain, referred(item, "dataProduct") or NO_PRODUCT, referred(item, "dataAsset")
        )
        start(call, asset, ASSESSMENT, "Scheduled", **common, **how)
    text, result = "Scan initiated successfully", {"value": key}
    return accepted(
        call, key, text, status_link(call, key), kind="Create", progressPercentage=0, result=result
    )


def _scans(domain: str, schedule: str) -> str:
    return f"{domain_path(domain)}/schedules/{quote(schedule, safe='~')}/scans"


def _runs_of_scan(call: Call, *, asked: bool) -> list[Json]:
    domain, _, key = call.arguments
    return [
        moved(call, row.value, asked=asked)
        for row in call.store.page(runs_of(domain), _ALL, tag=f"scan={key}")
    ]


def scan_status(call: Call) -> Reply:
    """How far a scan is: the number of its runs that have ended, and how. Asking moves them, where no clock does."""
    domain, schedule, key = call.arguments
    kept = call.require(
        _scans(domain, schedule), key, "Scan", lambda: {"scanId": key, "scheduleId": schedule}
    )
    return Reply(call.known_members({**kept, **_counts(_runs_of_scan(call, asked=True))}))


def _counts(runs: list[Json]) -> Json:
    by_status = [run["status"] for run in runs]
    numbers = {
        "succeeded": by_status.count("Succeeded"),
        "failed": by_status.count("Failed"),
        "skipped": by_status.count("Cancelled"),
        "totalJobCount": len(runs),
    }
    if not ENDED.issuperset(by_status):
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
    kept = call.require(_scans(domain, schedule), key, "Scan", dict)

    def shown(run: Json) -> Json:
        run = moved(call, run, asked=False)
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
    kind, link = (
        "Update" if call.settings.exact else "Cancel",
        f"https://purview.azure.com/operations/{operation}",
    )
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
