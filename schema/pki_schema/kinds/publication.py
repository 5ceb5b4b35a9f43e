"""``Publication``: a named place where everything public is put; the host binds it to storage."""

from __future__ import annotations

from typing import Annotated

import msgspec

from pki_schema.fields import Duration, HttpUrl, Text
from pki_schema.kinds.envelope import Strict, about


class PublicationSpec(Strict, frozen=True, kw_only=True):
    """``base_urls`` are where readers find it; ``retention`` how long superseded objects stay."""

    base_urls: Annotated[
        tuple[HttpUrl, ...], about("Where readers find it.", ["http://pki.vcc.internal"])
    ] = msgspec.field(name="baseURLs")
    retention: Annotated[Duration, about("How long superseded and expired files stay.", "30d")] = (
        msgspec.field(default_factory=lambda: Duration(30 * 86_400))
    )
    description: Annotated[Text | None, about("For people.", "What every client reads")] = None
