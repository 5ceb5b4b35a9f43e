"""What ends week by week, and what falls due day by day."""

from __future__ import annotations

from datetime import date

import pytest

from pki_publishers.page import expiry
from pki_schema.instants import DAY
from pki_schema.reported import Health
from tests.fakes import EPOCH as NOW
from tests.publishers.page.reports import QUIET, authority, certificate, report


def test_the_strip_is_a_year_of_weeks_from_this_monday_on() -> None:
    weeks = expiry.strip(QUIET)
    assert len(weeks) == 53
    assert weeks[0].monday == date(2026, 11, 23)
    assert weeks[-1].monday == date(2027, 11, 22)


def test_each_end_is_counted_in_its_week() -> None:
    ends = (NOW, NOW + 6 * DAY, NOW + 7 * DAY, NOW + 400 * DAY)
    of = report(
        certificates=tuple(certificate(f"s{nth}", not_after=end) for nth, end in enumerate(ends))
    )
    assert [week.count for week in expiry.strip(of)][:3] == [1, 1, 0]  # what ends now has ended


def test_ends_of_cas_and_responders_are_named() -> None:
    of = report(authorities=(authority("root", not_after=NOW + 8 * DAY),))
    named = {week.monday: week.notable for week in expiry.strip(of) if week.notable}
    assert named == {
        date(2026, 11, 30): ("CA root G1",),
        date(2026, 12, 14): ("OCSP responder of issuing G1",),
    }


@pytest.mark.parametrize(
    ("count", "most", "heat"), [(0, 0, 0), (0, 9, 0), (1, 1, 4), (1, 1000, 1), (501, 1000, 3)]
)
def test_heat_goes_by_quarters_and_one_is_never_nothing(count, most, heat) -> None:
    assert expiry.heat(count, most) == heat


def test_the_agenda_is_what_falls_due_within_thirty_days() -> None:
    told = [(entry.day.isoformat(), entry.what, entry.count) for entry in expiry.agenda(QUIET)]
    assert told == [
        ("2026-11-24", "CRL", 2),
        ("2026-12-08", "OCSP responder's renewal", 1),
        ("2026-12-13", "Renewal", 4),
    ]


def test_what_ends_without_renewal_is_in_the_agenda_itself() -> None:
    retired = certificate("api", renew_at=None, not_after=NOW + 3 * DAY, health=Health.RETIRED)
    entries = expiry.agenda(report(certificates=(retired,), authorities=(), responders=()))
    assert [(e.what, e.names) for e in entries] == [("End without renewal", ("vcc/api",))]
