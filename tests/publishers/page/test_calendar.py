"""The calendar of expiries, read as RFC 5545 says it is to be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pki_publishers.page import calendar
from pki_schema.instants import DAY
from pki_schema.reported import Health, Report
from tests.fakes import EPOCH as NOW
from tests.publishers.page.reports import QUIET, authority, certificate, report

Event = dict[str, str]


def lines(of: Report) -> list[str]:
    """Unfolded: a line that begins with a blank goes on the one before it."""
    text = calendar.calendar(of).body.decode()
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def events(of: Report) -> dict[str, Event]:
    """Each event by its UID."""
    found: dict[str, Event] = {}
    current: Event = {}
    for line in lines(of):
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            current = {}
        elif line == "END:VEVENT":
            assert current["UID"] not in found
            found[current["UID"]] = current
        else:
            current[name] = value
    return found


def test_it_is_a_calendar_of_version_two() -> None:
    found = lines(QUIET)
    assert found[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//VCC-PKI//Expiries//EN"]
    assert found[-1] == "END:VCALENDAR"


def test_certificates_cas_and_responders_end_in_it() -> None:
    found = events(QUIET)
    assert set(found) == {
        "ca/root/1@vcc-pki",
        "ca/issuing/1@vcc-pki",
        "responder/issuing/1@vcc-pki",
        "certificate/partner/exchange/default@vcc-pki",
        "certificate/vcc/api/default@vcc-pki",
        "certificate/vcc/web/default@vcc-pki",
        "certificate/vcc/web/internal@vcc-pki",
    }
    api = found["certificate/vcc/api/default@vcc-pki"]
    assert api["DTSTART"] == "20270122T120000Z"
    assert api["SUMMARY"] == "vcc/api: certificate ends"
    assert api["DESCRIPTION"] == "Serial 1f2e3d by issuing. It is renewed by itself before."


def test_every_event_has_what_it_must() -> None:
    """RFC 5545 section 3.6.1: UID, DTSTAMP; DTSTART, as there is no METHOD."""
    for event in events(QUIET).values():
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= event.keys()
        for name in ("DTSTAMP", "DTSTART"):
            datetime.strptime(event[name], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def test_a_renewal_moves_the_event_instead_of_adding_one() -> None:
    renewed = certificate("api", serial="abc", not_before=NOW, not_after=NOW + 90 * DAY)
    before, after = events(QUIET), events(report(certificates=(renewed,)))
    uid = "certificate/vcc/api/default@vcc-pki"
    assert before[uid]["DTSTART"] < after[uid]["DTSTART"]
    assert before[uid]["DTSTAMP"] < after[uid]["DTSTAMP"]


def test_it_says_what_will_not_be_renewed() -> None:
    retired = certificate("api", renew_at=None, health=Health.RETIRED)
    [event] = [e for uid, e in events(report(certificates=(retired,))).items() if "api" in uid]
    assert event["DESCRIPTION"].endswith("It will not be renewed.")


def test_what_has_ended_or_is_revoked_is_not_in_it() -> None:
    of = report(
        authorities=(authority("root", health=Health.REVOKED),),
        responders=(),
        certificates=(
            certificate("api", health=Health.REVOKED),
            certificate("web", health=Health.EXPIRED, not_after=NOW - DAY),
        ),
    )
    assert events(of) == {}


def test_many_of_a_tenant_on_one_day_are_one_event() -> None:
    fleet = tuple(certificate(f"svc-{n:03}", "fleet") for n in range(200))
    [event] = [e for uid, e in events(report(certificates=fleet)).items() if "fleet" in uid]
    assert event["UID"] == "certificates/fleet/2027-01-22@vcc-pki"
    assert event["SUMMARY"] == "fleet: 200 certificates end"
    assert event["DESCRIPTION"].endswith(" and 150 more")


def test_the_same_ends_are_the_same_bytes_a_week_later() -> None:
    assert calendar.calendar(QUIET).body == calendar.calendar(report(now=NOW + 7 * DAY)).body


def test_text_cannot_leave_its_line() -> None:
    hostile = certificate("api", issuer="x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil;,\\\x00")
    of = report(certificates=(hostile,), authorities=(), responders=())
    [event] = events(of).values()
    assert "x\\nEND:VEVENT\\nBEGIN:VEVENT\\nUID:evil\\;\\,\\\\." in event["DESCRIPTION"]


@given(st.text(max_size=300))
def test_lines_are_folded_within_75_octets_and_between_characters(text: str) -> None:
    line = f"SUMMARY:{calendar.escaped(text)}"
    pieces = calendar.folded(line).split("\r\n")
    assert all(len(piece.encode()) <= calendar.LINE for piece in pieces)
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == line


@given(st.text(max_size=100))
def test_escaping_can_be_undone(text: str) -> None:
    """But for controls, which TEXT may not have, and carriage returns."""
    read = re.sub(
        r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], calendar.escaped(text), flags=re.DOTALL
    )
    assert read == re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text)
