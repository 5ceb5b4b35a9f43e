"""The Kubernetes envelope every object stands in, and the strictness they all share."""

from __future__ import annotations

from typing import Any

import msgspec

from pki_schema.fields import Name

API_VERSION = "pki.vcc.local/v1"


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A part of a manifest: immutable, keyword-only, unknown fields are errors."""


class Metadata(Strict, frozen=True, kw_only=True):
    """``name`` identifies the object within kind and tenant; the others are free for authors."""

    name: Name
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}


class Envelope(Strict, frozen=True, kw_only=True):
    """Any object before its spec is decoded."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: dict[str, Any]
