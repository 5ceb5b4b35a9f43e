"""``ChangeWindow``: when changes wait, and when they may be carried out."""

from __future__ import annotations

from typing import Annotated, Literal

from pki_schema.fields import Duration, Name, Text, TimeOfDay, Timestamp
from pki_schema.kinds.envelope import Strict, about

Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class Weekly(Strict, frozen=True, kw_only=True):
    """The same hours every week, in UTC."""

    days: Annotated[tuple[Weekday, ...], about("On which days it begins.", ["Sat", "Sun"])]
    at: Annotated[TimeOfDay, about("When it begins, in UTC.", "22:00")]
    duration: Annotated[Duration, about("How long it lasts.", "6h")]


class ChangeWindowSpec(Strict, frozen=True, kw_only=True):
    """In a ``freeze`` what Git asks for waits; with ``maintenance`` windows it waits outside them.

    Either ``starts`` and ``ends``, or ``weekly``. Renewals, status and revocations for key
    compromise pass at any time.
    """

    mode: Annotated[Literal["freeze", "maintenance"], about("freeze, or maintenance.", "freeze")]
    starts: Annotated[Timestamp | None, about("When it begins, once.", "2026-12-23T00:00:00Z")] = (
        None
    )
    ends: Annotated[Timestamp | None, about("When it is over.", "2027-01-04T00:00:00Z")] = None
    weekly: Annotated[
        Weekly | None,
        about("Every week.", {"days": ["Sat"], "at": "22:00", "duration": "6h"}),
    ] = None
    tenants: Annotated[
        tuple[Name, ...], about("For these tenants; for all if empty.", ["vcc"])
    ] = ()
    reason: Annotated[Text | None, about("What whoever has to wait is told.", "Year's end")] = None
