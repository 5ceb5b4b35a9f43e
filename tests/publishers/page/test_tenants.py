"""Which service is told on which page, and how little that changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pki_publishers.page.tenants import LARGEST_PART, MOST_ON_ONE, Service, Tenant, parts, tenants
from pki_schema.instants import DAY
from pki_schema.reported import Health
from tests.fakes import EPOCH as NOW
from tests.publishers.page.reports import QUIET, certificate, report


def fleet(count: int) -> Tenant:
    [found] = tenants(
        report(certificates=tuple(certificate(f"svc-{n:05}", "fleet") for n in range(count))), ()
    )
    return found


def services(names: list[str]) -> list[Service]:
    return [Service(name=name, certificates=()) for name in sorted(set(names))]


def test_tenants_are_those_declared_and_those_with_certificates() -> None:
    assert [one.name for one in tenants(QUIET, ("empty", "vcc"))] == ["empty", "partner", "vcc"]


def test_a_small_tenant_has_one_page() -> None:
    assert fleet(MOST_ON_ONE).parts == ()


def test_a_large_one_is_told_in_parts_that_hold_everything_once() -> None:
    large = fleet(3_000)
    assert [s for part in large.parts for s in part.services] == list(large.services)
    assert max(len(part.services) for part in large.parts) <= LARGEST_PART
    assert len({part.path for part in large.parts}) == len(large.parts)


def test_a_service_more_changes_one_part() -> None:
    names = [f"svc-{n:05}" for n in range(3_000)]
    before = {p.path: p.services for p in parts("fleet", services(names))}
    after = {p.path: p.services for p in parts("fleet", services([*names, "svc-01500-new"]))}
    assert sum(after.get(path) != told for path, told in before.items()) <= 1


@given(st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), max_size=200))
def test_whatever_the_names_every_service_is_on_the_page_that_is_said(names: list[str]) -> None:
    found = tuple(services(names))
    tenant = Tenant(
        name="t",
        services=found,
        parts=tuple(parts("t", found)),
        health={},
        sync={},
        next_renewal=None,
        next_end=None,
    )
    for part in tenant.parts:
        for one in part.services:
            assert tenant.place(one) == f"{part.path}#{one.name}"


def test_what_was_retired_and_has_ended_is_told_no_more() -> None:
    gone = certificate("gone", health=Health.RETIRED, not_after=NOW - DAY, renew_at=None)
    still = certificate("still", health=Health.RETIRED, renew_at=None)
    [vcc] = tenants(report(certificates=(gone, still)), ())
    assert [one.name for one in vcc.services] == ["still"]


def test_the_sums_are_of_what_is_told() -> None:
    _, vcc = tenants(QUIET, ())
    assert (vcc.certificates, vcc.health) == (3, {Health.HEALTHY: 3})
    assert vcc.next_renewal == NOW + 20 * DAY
    assert vcc.next_end == NOW + 60 * DAY
    assert vcc.troubled == ()
