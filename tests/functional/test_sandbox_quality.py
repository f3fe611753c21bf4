"""What people do with Data Quality, done with the generated clients against the sandbox.

Each story is told with the sync and the async clients, against a sandbox as the live service is and
against an exact one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from purview_core import BadRequestError, ConflictError, NotFoundError
from purview_dataplane import data_quality, unified_catalog
from purview_testing import Fault, Sandbox

from .flows import Flow, Pages, Story, tell

pytestmark = pytest.mark.level("L4")

m = data_quality.models
DOMAIN, PRODUCT, ASSET, OTHER = (f"00000000-0000-4000-8000-0000000000d{i}" for i in range(4))
NONE = "00000000-0000-0000-0000-000000000000"  # the product of an asset that is in none
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(params=[False, True], ids=["live", "exact"])
def exact(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def run(request: pytest.FixtureRequest, exact: bool) -> Iterator[Any]:
    sandboxes: list[Sandbox] = []

    def run_story(story: Story, **options: Any) -> Sandbox:
        sandboxes.append(Sandbox(["data_quality", "unified_catalog"], exact=exact, **options))
        tell(story, sandboxes[-1], asynchronous=request.param)
        return sandboxes[-1]

    yield run_story
    for sandbox in sandboxes:
        sandbox.close()


def rule(key: str, **more: Any) -> Any:
    column = m.TypeProperties(column=m.Column(type_="Column", value="amount"))
    facts = {
        "id": key,
        "name": key,
        "type_": "NotNull",
        "status": "Active",
        "type_properties": column,
    }
    return m.RuleEntity(**facts | more)


def profile() -> Any:
    where = m.ProfileEntityTypePropertiesLocationItemTypeProperties(
        file_system="raw", folder_path="orders"
    )
    location = m.ProfileEntityTypePropertiesLocationItem(
        type_="AdlsGen2FileLocation", type_properties=where
    )
    return m.ProfileEntity(
        type_="Delta",
        type_properties=m.ProfileEntityTypeProperties(location=[location]),
        data_source_id="lake",
        configuration=m.ProfileEntityConfiguration(key_columns=[]),
    )


def schedule(*assets: str) -> Any:
    product = m.ScheduleEntityRequestResponseScopeItemsItemDataProduct(
        reference_id=PRODUCT, type_="DataProductReference"
    )
    items = [
        m.ScheduleEntityRequestResponseScopeItemsItem(
            data_product=product,
            data_asset=m.ScheduleEntityRequestResponseScopeItemsItemDataAsset(
                reference_id=asset, type_="DataAssetReference"
            ),
        )
        for asset in assets
    ]
    when = m.ScheduleEntityRequestResponseTriggerTypeProperties(timezone="UTC", trigger_time=NOON)
    trigger = m.ScheduleEntityRequestResponseTrigger(type_="RunOnce", type_properties=when)
    scope = m.ScheduleEntityRequestResponseScope(items=items)
    return m.ScheduleEntityRequestResponse(name="nightly", trigger=trigger, scope=scope)


def ended(quality: Any, run: str) -> Flow:
    """Asks for a run until it is over; returns it, and the states that it went through."""
    states = []
    for _ in range(10):
        found = yield quality.runs.get(DOMAIN, run)
        states.append(found.status)
        if found.status in ("Succeeded", "Failed", "Cancelled"):
            break
    return found, states


def rules_story(p: Any) -> Flow:
    """A rule is the same by both spellings of its path; PUT replaces, PATCH merges at any depth."""
    rules = p.data_quality.rules
    with pytest.raises(NotFoundError):
        yield rules.get(DOMAIN, PRODUCT, ASSET, "r1")
    made = yield rules.create(DOMAIN, PRODUCT, ASSET, "r1", body=rule("r1", description="no gaps"))
    assert ("r1", -1, PRODUCT, DOMAIN) == (
        *(made.id, made.score, made.data_product.reference_id, made.business_domain.reference_id),
    )
    yield rules.create(DOMAIN, NONE, ASSET, "r2", body=rule("r2"))
    assert made == (yield rules.get_of_asset(DOMAIN, ASSET, "r1", data_product_id=PRODUCT))
    assert ["r2"] == [r.id for r in (yield rules.list_of_asset(DOMAIN, ASSET))]
    assert ["r2"] == [r.id for r in (yield rules.list(DOMAIN, NONE, ASSET))]
    assert ["r1"] == [
        r.id for r in (yield rules.list_of_asset(DOMAIN, ASSET, data_product_id=PRODUCT))
    ]
    change = m.RuleEntityUpdate(type_properties=m.TypeProperties(condition="amount > 0"))
    changed = yield rules.update_of_asset(DOMAIN, ASSET, "r1", body=change, data_product_id=PRODUCT)
    assert ("no gaps", "amount", "amount > 0") == (
        *(
            changed.description,
            changed.type_properties.column.value,
            changed.type_properties.condition,
        ),
    )
    assert made.created_at == changed.created_at
    yield rules.replace_of_asset(
        DOMAIN, ASSET, "r1", body=rule("r1", type_properties=None), data_product_id=PRODUCT
    )
    replaced = yield rules.get(DOMAIN, PRODUCT, ASSET, "r1")
    assert (None, None) == (replaced.description, replaced.type_properties)
    yield rules.delete_of_asset(DOMAIN, ASSET, "r2")
    with pytest.raises(NotFoundError):
        yield rules.get(DOMAIN, NONE, ASSET, "r2")
    with pytest.raises(NotFoundError):
        yield rules.update(DOMAIN, NONE, ASSET, "r2", body=change)


def scores_story(p: Any) -> Flow:
    """An assessment gives an opinion on each active rule.

    What the rules, the asset, the snapshot and the trend say of it agrees.
    """
    quality = p.data_quality
    for key, status in (("r1", "Active"), ("r2", "Active"), ("r3", "Inactive")):
        yield quality.rules.create(DOMAIN, PRODUCT, ASSET, key, body=rule(key, status=status))
    with pytest.raises(NotFoundError):
        yield quality.scores.get_snapshot(DOMAIN, PRODUCT, ASSET)
    outcomes = []
    for _ in range(2):
        started = yield quality.observations.begin_run(
            DOMAIN, PRODUCT, ASSET, body=m.JobConfigDTO()
        )
        done, states = yield from ended(quality, started.id)
        assert (["Queued", "InProgress", "Succeeded"], "Assessment", started.id) == (
            states,
            done.job_type,
            done.run_id,
        )
        outcomes.append(started.id)
    scored = yield quality.rules.list(DOMAIN, PRODUCT, ASSET)
    assert [True, True, False] == [0 < r.score <= 1 for r in scored]
    shot = yield quality.scores.get_snapshot_of_asset(DOMAIN, ASSET, data_product_id=PRODUCT)
    assert (outcomes[-1], ["r1", "r2"]) == (shot.job.job_id, [r.id for r in shot.rules])
    assert [r.score for r in scored[:2]] == [r.score for r in shot.rules]
    assert shot.asset_score == pytest.approx(sum(r.score for r in shot.rules) / 2, abs=1e-4)
    for one in shot.rules:
        parts = (one.passed_rows, one.failed_rows, one.empty_rows, one.miscast_rows)
        assert one.total_rows == sum(parts)
        assert one.score == pytest.approx(one.passed_rows / one.total_rows, abs=1e-4)
    found = yield quality.scores.list_of_assets(
        DOMAIN, asset_id=f"{ASSET},{OTHER}", data_product_id=PRODUCT
    )
    assert [(ASSET, shot.asset_score)] == [(s.asset_id, s.score) for s in found]
    trend = yield quality.scores.list_trend(DOMAIN, PRODUCT, ASSET, "r1")
    assert outcomes[::-1] == [o.outcome_id for o in trend]
    assert scored[0].score == trend[0].value
    assert 1 == len(
        (yield quality.scores.list_trend(DOMAIN, PRODUCT, ASSET, "r1", max_records_to_return=1))
    )
    yield quality.observations.delete(DOMAIN, PRODUCT, ASSET, outcomes[-1])
    assert outcomes[:1] == [
        o.outcome_id for o in (yield quality.scores.list_trend(DOMAIN, PRODUCT, ASSET, "r1"))
    ]
    assert outcomes[0] == (yield quality.scores.get_snapshot(DOMAIN, PRODUCT, ASSET)).job.job_id


def trend_story(p: Any) -> Flow:
    """The arguments of a trend are held to what the documents say of them in words."""
    quality = p.data_quality
    yield quality.rules.create(DOMAIN, PRODUCT, ASSET, "r1", body=rule("r1"))
    started = yield quality.observations.begin_run(DOMAIN, PRODUCT, ASSET, body=m.JobConfigDTO())
    done, _ = yield from ended(quality, started.id)
    day = timedelta(days=1)
    for since, until, number in ((-day, day, 1), (day, 2 * day, 0)):
        window = {"start_time": done.end_time + since, "end_time": done.end_time + until}
        assert number == len(
            (yield quality.scores.list_trend(DOMAIN, PRODUCT, ASSET, "r1", **window))
        )
    for wrong in (
        {"max_records_to_return": 101},
        {"start_time": NOON},
        {"start_time": NOON, "end_time": NOON + 91 * day},
    ):
        with pytest.raises(BadRequestError):
            yield quality.scores.list_trend(DOMAIN, PRODUCT, ASSET, "r1", **wrong)
    with pytest.raises(NotFoundError):
        yield quality.scores.list_trend(DOMAIN, PRODUCT, ASSET, "r2")


def profiles_story(p: Any) -> Flow:
    """Runs are listed by their type, the newest first.

    They show the names that the Unified Catalog has for their ids.
    """
    quality, u = p.data_quality, unified_catalog.models
    yield p.unified_catalog.data_products.create(
        body=u.DataProduct(id=PRODUCT, name="Orders", domain=DOMAIN)
    )
    first = yield quality.profiles.begin_run(DOMAIN, PRODUCT, ASSET, body=profile())
    second = yield quality.profiles.begin_run_of_asset(
        DOMAIN, ASSET, body=profile(), data_product_id=PRODUCT
    )
    yield quality.observations.begin_run(DOMAIN, PRODUCT, ASSET, body=m.JobConfigDTO())
    yield from ended(quality, first.id)
    runs = (yield quality.runs.list(DOMAIN, PRODUCT, ASSET, run_type="Profile")).value
    assert [(second.id, "Queued"), (first.id, "Succeeded")] == [(r.run_id, r.status) for r in runs]
    assert {("Profile", "Orders")} == {(r.job_type, r.data_product_name) for r in runs}
    assert 1 == len(
        (
            yield quality.runs.list_of_asset(
                DOMAIN, ASSET, run_type="Scan", data_product_id=PRODUCT
            )
        ).value
    )
    assert [] == (yield quality.runs.list_of_asset(DOMAIN, ASSET, run_type="Profile")).value
    with pytest.raises(NotFoundError):
        yield quality.profiles.delete_run(DOMAIN, PRODUCT, OTHER, first.id)
    yield quality.profiles.delete_run_of_asset(DOMAIN, ASSET, first.id, data_product_id=PRODUCT)
    runs = (yield quality.runs.list(DOMAIN, PRODUCT, ASSET, run_type="Profile")).value
    assert [second.id] == [r.run_id for r in runs]


def scans_story(p: Any) -> Flow:
    """A scan of a schedule has a run of each asset in its scope.

    Asking for the scan moves them, cancelling it ends them.
    """
    quality = p.data_quality
    with pytest.raises(NotFoundError):
        yield quality.scans.begin_run(DOMAIN, "s1", body=m.ScanDTO(scan_type="RunOnce"))
    yield quality.schedules.create(DOMAIN, "s1", body=schedule(ASSET, OTHER))
    yield quality.rules.create(DOMAIN, PRODUCT, OTHER, "r1", body=rule("r1"))
    scan = yield quality.scans.begin_run(DOMAIN, "s1", body=m.ScanDTO(scan_type="RunOnce"))
    seen = []
    for _ in range(3):
        found = yield quality.scans.get(DOMAIN, "s1", scan.id)
        seen.append((found.status, found.succeeded, found.total_job_count))
    assert [("InProgress", 0, 2), ("InProgress", 0, 2), ("Succeeded", 2, 2)] == seen
    runs = (yield quality.runs.list_of_scan(DOMAIN, "s1", scan.id, offset=0)).value
    assert [(scan.id, "Succeeded")] * 2 == [(r.scan_id, r.status) for r in runs]
    assert 1 == len((yield quality.runs.list_of_scan(DOMAIN, "s1", scan.id, offset=1)).value)
    [run] = (yield quality.runs.list(DOMAIN, PRODUCT, OTHER, run_type="Assessment")).value
    assert (scan.id, "s1", "nightly", "Scheduled") == (
        run.scan_id,
        run.schedule_id,
        run.schedule_name,
        run.trigger_type,
    )
    assert 0 < (yield quality.rules.get(DOMAIN, PRODUCT, OTHER, "r1")).score
    with pytest.raises(ConflictError):
        yield quality.scans.begin_cancel(DOMAIN, "s1", scan.id)
    second = yield quality.scans.begin_run(DOMAIN, "s1", body=m.ScanDTO())
    yield quality.scans.begin_cancel(DOMAIN, "s1", second.id)
    stopped = yield quality.scans.get(DOMAIN, "s1", second.id)
    assert ("Cancelled", 2) == (stopped.status, stopped.skipped)
    yield quality.schedules.delete(DOMAIN, "s1")
    with pytest.raises(NotFoundError):
        yield quality.scans.get(DOMAIN, "s1", scan.id)


def cancel_story(p: Any) -> Flow:
    quality = p.data_quality
    started = yield quality.profiles.begin_run_of_asset(DOMAIN, ASSET, body=profile())
    yield quality.runs.get(DOMAIN, started.id)
    asked = yield quality.runs.begin_cancel(DOMAIN, started.id)
    assert "InProgress" == asked.status
    found = yield quality.runs.get(DOMAIN, started.id)
    assert ("Cancelled", True) == (found.status, found.cancel_request_time is not None)
    with pytest.raises(ConflictError):
        yield quality.runs.begin_cancel(DOMAIN, started.id)
    with pytest.raises(NotFoundError):
        yield quality.runs.begin_cancel(DOMAIN, OTHER)


def assets_story(p: Any) -> Flow:
    """An asset that a domain makes keeps its id and has metadata.

    It takes its rules along when it is cloned or deleted.
    """
    quality = p.data_quality
    body = m.CreateDqAssetRequest(data_map_asset_id=ASSET, fqn="https://lake/raw/orders")
    made = yield quality.assets.create(DOMAIN, body=body)
    assert (NONE, 0.0, DOMAIN) == (made.data_product_id, made.score, made.business_domain_id)
    again = yield quality.assets.create(DOMAIN, body=body)
    assert (made.asset_id, made.created_at) == (again.asset_id, again.created_at)
    for i in range(2):
        other = m.CreateDqAssetRequest(fqn=f"https://lake/raw/returns{i}")
        yield quality.assets.create(DOMAIN, body=other, data_product_id=PRODUCT)
    assert [2, 1] == [len(page) for page in (yield Pages(quality.assets.list(DOMAIN)))]
    assert 2 == len((yield quality.assets.list(DOMAIN, data_product_id=PRODUCT)))
    assert "orders" == (yield quality.asset_metadata.get(made.asset_id)).name
    yield quality.rules.create(DOMAIN, NONE, made.asset_id, "r1", body=rule("r1"))
    started = yield quality.observations.begin_run_of_asset(
        DOMAIN, made.asset_id, body=m.JobConfigDTO()
    )
    yield from ended(quality, started.id)
    scored = yield quality.assets.get(DOMAIN, made.asset_id, data_product_id=NONE)
    assert 0 < scored.score
    with pytest.raises(NotFoundError):
        yield quality.assets.get(DOMAIN, made.asset_id, data_product_id=PRODUCT)
    copied = m.CloneAssetRequest(target_asset_id=OTHER, target_data_product_id=PRODUCT)
    job = yield quality.assets.begin_clone(DOMAIN, made.asset_id, body=copied)
    assert [] == (yield quality.rules.list(DOMAIN, PRODUCT, OTHER))
    done, _ = yield from ended(quality, job.id)
    assert ("Clone", "Succeeded") == (done.job_type, done.status)
    assert ["r1"] == [r.id for r in (yield quality.rules.list(DOMAIN, PRODUCT, OTHER))]
    assert scored.score == (yield quality.assets.get(DOMAIN, OTHER)).score
    assert [True] == [
        o.is_cloned_opinion for o in (yield quality.scores.list_trend(DOMAIN, PRODUCT, OTHER, "r1"))
    ]
    shot = yield quality.scores.get_snapshot(DOMAIN, PRODUCT, OTHER)
    assert (made.asset_id, OTHER) == (shot.origin_asset_id, shot.asset_id)
    yield quality.assets.delete(DOMAIN, made.asset_id)
    for gone in (
        quality.assets.get,
        quality.rules.get_of_asset,
        quality.scores.get_snapshot_of_asset,
    ):
        with pytest.raises(NotFoundError):
            yield gone(
                DOMAIN, made.asset_id, *(["r1"] if gone == quality.rules.get_of_asset else [])
            )


def metadata_story(p: Any) -> Flow:
    """What is set on an asset merges.

    The metadata of all assets comes in pages of ten, and goes into another account.
    """
    quality = p.data_quality
    with pytest.raises(NotFoundError):
        yield quality.asset_metadata.get(ASSET)
    made = yield quality.asset_metadata.update(
        ASSET, body=m.AssetMetadataUpdate(name="orders", format_="delta")
    )
    kept = yield quality.asset_metadata.update(
        ASSET, body=m.AssetMetadataUpdate(schema_name="sales")
    )
    assert (made.id, "orders", "delta", "sales") == (
        kept.id,
        kept.name,
        kept.format_,
        kept.schema_name,
    )
    assert made.e_tag != kept.e_tag
    scoped = quality.scoped_metadata
    with pytest.raises(NotFoundError):
        yield scoped.get_of_asset(DOMAIN, ASSET)
    runtime = m.ScopedAssetMetadataRuntimeUpdate(is_error_row_required=True)
    yield scoped.update(DOMAIN, NONE, ASSET, body=m.ScopedAssetMetadataUpdate(runtime=runtime))
    change = m.ScopedAssetMetadataUpdate(
        runtime=m.ScopedAssetMetadataRuntimeUpdate(error_row_write_format="csv")
    )
    yield scoped.update_of_asset(DOMAIN, ASSET, body=change)
    found = yield scoped.get(DOMAIN, NONE, ASSET)
    assert (True, "csv", []) == (
        *(
            found.runtime.is_error_row_required,
            found.runtime.error_row_write_format,
            found.favourite_column_paths,
        ),
    )
    yield scoped.delete_of_asset(DOMAIN, ASSET)
    with pytest.raises(NotFoundError):
        yield scoped.get(DOMAIN, NONE, ASSET)
    for i in range(11):
        yield quality.asset_metadata.update(f"asset{i}", body=m.AssetMetadataUpdate(name=f"a{i}"))
    pages = yield Pages(quality.bulk_metadata.list())
    assert [2] * 6 == [len(page) for page in pages]


def other_things_story(p: Any) -> Flow:
    """Data sources, schedules and alerts are kept, found by part of a name, changed, removed."""
    quality = p.data_quality
    credential = m.DataSourceEntityCredential(type_="ManagedServiceIdentity")
    server = m.DataSourceEntityTypeProperties(server="sql.example.com", database="sales")
    source = m.DataSourceEntity(name="Sales SQL", credential=credential, type_properties=server)
    yield quality.data_sources.create(DOMAIN, "sql", body=source)
    change = m.DataSourceEntityUpdate(
        region="westeurope",
        type_properties=m.DataSourceEntityUpdateTypeProperties(database="orders"),
    )
    yield quality.data_sources.update(DOMAIN, "sql", body=change)
    got = yield quality.data_sources.get(DOMAIN, "sql")
    assert ("westeurope", "sql.example.com", "orders") == (
        *(got.region, got.type_properties.server, got.type_properties.database),
    )
    assert datetime.fromisoformat(got.created_at).year
    assert ["sql"] == [s.id for s in (yield quality.data_sources.list(DOMAIN, name="sales")).value]
    assert [] == (yield quality.data_sources.list(DOMAIN, name="lake")).value
    assert [] == (yield quality.data_sources.list(OTHER)).value
    scope = m.AlertScope(
        data_product=m.Reference(reference_id=PRODUCT, type_="DataProductReference"),
        data_asset=m.Reference(reference_id=ASSET, type_="DataAssetReference"),
    )
    for i in range(3):
        facts = {
            "scopes": [scope],
            "condition": "score < 90",
            "receivers": [],
            "enabled_for_failed_jobs": False,
        }
        alert = m.Alert(id=f"a{i}", name=f"Low {i}", status=m.AlertStatus.ENABLED, **facts)
        yield quality.alerts.create_or_replace(DOMAIN, f"a{i}", body=alert)
    yield quality.alerts.update_status(
        DOMAIN, "a0", body=m.AlertStatusUpdateRequest(status=m.AlertStatus.DISABLED)
    )
    kept = yield quality.alerts.get(DOMAIN, "a0")
    assert ("Disabled", "Low 0", "score < 90") == (kept.status, kept.name, kept.condition)
    assert [2, 1] == [len(page) for page in (yield Pages(quality.alerts.list(DOMAIN)))]
    assert ["a1"] == [a.id for a in (yield quality.alerts.list(DOMAIN, name="low 1"))]
    yield quality.alerts.delete(DOMAIN, "a1")
    with pytest.raises(NotFoundError):
        yield quality.alerts.update_status(DOMAIN, "a1", body=m.AlertStatusUpdateRequest())
    yield quality.schedules.create(DOMAIN, "s1", body=schedule(ASSET))
    yield quality.schedules.update(
        DOMAIN, "s1", body=m.ScheduleEntityRequestResponseUpdate(description="at night")
    )
    [listed] = yield quality.schedules.list(DOMAIN)
    assert ("s1", "nightly", "at night", "UTC") == (
        *(listed.id, listed.name, listed.description, listed.trigger.type_properties.timezone),
    )


STORIES = [
    *(rules_story, scores_story, trend_story, profiles_story, scans_story, cancel_story),
    *(assets_story, metadata_story, other_things_story),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_a_story_goes_as_at_the_service(run: Any, story: Story) -> None:
    run(story, page_size=2)


def test_metadata_goes_into_another_account() -> None:
    """A page holds ten entries at most, whatever the sandbox's own pages hold.

    What one account gives, another one takes and gives again.
    """
    taken: list[Any] = []

    def given(p: Any) -> Flow:
        for i in range(12):
            body = m.CreateDqAssetRequest(fqn=f"https://lake/raw/t{i}")
            asset = yield p.data_quality.assets.create(DOMAIN, body=body)
            yield p.data_quality.rules.create(DOMAIN, NONE, asset.asset_id, "r1", body=rule("r1"))
        pages = yield Pages(p.data_quality.bulk_metadata.list())
        assert [10, 2] == [len(page) for page in pages]
        taken.extend(entry for page in pages for entry in page)

    def kept(p: Any) -> Flow:
        yield p.data_quality.bulk_metadata.create(
            body=m.BulkAssetMetadataRequestResponse(metadata=taken)
        )
        assert taken == (yield p.data_quality.bulk_metadata.list())

    for story in (given, kept):
        with Sandbox(["data_quality"], exact=True) as sandbox:
            tell(story, sandbox, asynchronous=False)


@pytest.mark.parametrize("kind", ["operation-fails", "operation-never-ends"])
def test_a_run_may_fail_or_never_end(kind: str) -> None:
    with Sandbox(["data_quality"]) as sandbox:
        sandbox.faults.add(Fault(kind, operation="Observations"))

        def story(p: Any) -> Flow:
            yield p.data_quality.rules.create(DOMAIN, PRODUCT, ASSET, "r1", body=rule("r1"))
            started = yield p.data_quality.observations.begin_run(
                DOMAIN, PRODUCT, ASSET, body=m.JobConfigDTO()
            )
            done, states = yield from ended(p.data_quality, started.id)
            if kind == "operation-fails":
                assert ("Failed", True) == (done.status, "SandboxFault" in done.message)
            else:
                assert ["InProgress"] * 10 == states
            assert -1 == (yield p.data_quality.rules.get(DOMAIN, PRODUCT, ASSET, "r1")).score

        tell(story, sandbox, asynchronous=False)


def test_a_clock_moves_runs_and_gives_scores() -> None:
    """With a pace nobody has to ask: opinions are there once a run's time is over."""
    now = [NOON.timestamp()]
    with Sandbox(["data_quality"], pace=60, clock=lambda: now[0]) as sandbox:

        def story(p: Any) -> Flow:
            quality = p.data_quality
            yield quality.rules.create(DOMAIN, PRODUCT, ASSET, "r1", body=rule("r1"))
            started = yield quality.observations.begin_run(
                DOMAIN, PRODUCT, ASSET, body=m.JobConfigDTO()
            )
            for _ in range(5):
                assert "Queued" == (yield quality.runs.get(DOMAIN, started.id)).status
            now[0] += 60
            assert "InProgress" == (yield quality.runs.get(DOMAIN, started.id)).status
            assert -1 == (yield quality.rules.get(DOMAIN, PRODUCT, ASSET, "r1")).score
            now[0] += 60
            assert 0 < (yield quality.rules.get(DOMAIN, PRODUCT, ASSET, "r1")).score
            done = yield quality.runs.get(DOMAIN, started.id)
            assert ("Succeeded", 60_000) == (done.status, done.duration)

        tell(story, sandbox, asynchronous=False)


@pytest.mark.parametrize(
    ("path", "link"),
    [
        (
            f"data-assets/{ASSET}:profile",
            f"https://westus.api.purview.azure.com/dataquality/business-domains/{DOMAIN}/status/",
        ),
        (f"data-assets/{ASSET}:observations", None),
    ],
)
def test_a_job_names_its_id_and_an_address_of_the_service(path: str, link: str | None) -> None:
    """The live service does so, too.

    The host of the address is neither the sandbox's nor the account's.
    """
    body = profile().to_dict() if path.endswith("profile") else {}
    with Sandbox(["data_quality"]) as sandbox:
        client = httpx.Client(
            transport=sandbox.transport(), auth=sandbox.auth, base_url=sandbox.url
        )
        url = f"/datagovernance/quality/business-domains/{DOMAIN}/{path}"
        answer = client.post(url, params={"api-version": "2026-01-12-preview"}, json=body)
        key = answer.json()["id"]
        assert (202, key, "InProgress") == (
            answer.status_code,
            answer.headers["Operation-Id"],
            answer.json()["status"],
        )
        assert (link and link + key) == answer.headers.get("Operation-Location")
