"""An instant has one written form (RFC 3339, UTC)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pki_schema import instants

MOMENT = datetime(2026, 11, 23, 17, 47, 53, tzinfo=UTC)


@pytest.mark.parametrize("hours", [-11, 0, 1, 14])
def test_it_is_written_in_utc_wherever_it_was_said(hours):
    said = MOMENT.astimezone(timezone(timedelta(hours=hours)))
    assert instants.render(said) == "2026-11-23T17:47:53Z"


def test_instants_that_differ_are_written_differently():
    moments = [MOMENT + timedelta(seconds=n) for n in range(5_000)]
    written = [instants.render(moment) for moment in [*moments, *moments]]
    assert written[:5_000] == written[5_000:] == sorted(set(written))


def test_what_is_written_reads_as_what_it_was():
    assert instants.parse(instants.render(MOMENT)) == MOMENT
