"""``Publication``: a named place where everything public is put; the host binds it to storage."""

from __future__ import annotations

import msgspec

from pki_schema.fields import Duration, HttpUrl, Text
from pki_schema.kinds.envelope import Strict


class PublicationSpec(Strict, frozen=True, kw_only=True):
    """``base_urls`` are where readers find it; ``retention`` how long superseded objects stay."""

    base_urls: tuple[HttpUrl, ...] = msgspec.field(name="baseURLs")
    retention: Duration = msgspec.field(default_factory=lambda: Duration(30 * 86_400))
    description: Text | None = None
