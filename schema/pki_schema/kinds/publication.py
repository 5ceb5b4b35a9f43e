"""``Publication``: a named place where everything public is put; the host binds it to storage."""

from __future__ import annotations

from typing import Annotated

import msgspec

from pki_schema.fields import Duration, HttpUrl, Name, Text
from pki_schema.kinds.envelope import Strict, about


class PublicationSpec(Strict, frozen=True, kw_only=True):
    """``base_urls`` are where readers find it; ``retention`` how long superseded objects stay.

    ``est_trust_bundle``: one, because EST clients know one place on a host (RFC 7030 section 4.1).
    """

    base_urls: Annotated[
        tuple[HttpUrl, ...], about("Where readers find it.", ["http://pki.vcc.internal"])
    ] = msgspec.field(name="baseURLs")
    retention: Annotated[Duration, about("How long superseded and expired files stay.", "30d")] = (
        msgspec.field(default_factory=lambda: Duration(30 * 86_400))
    )
    est_trust_bundle: Annotated[
        Name | None, about("The TrustBundle that is found at /.well-known/est/cacerts.", "vcc")
    ] = None
    description: Annotated[Text | None, about("For people.", "What every client reads")] = None
