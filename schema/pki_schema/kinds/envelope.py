"""The Kubernetes envelope every object stands in, and the strictness they all share."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from pki_schema.fields import Name

API_VERSION = "pki.vcc.local/v1"


def about(description: str, *examples: object) -> msgspec.Meta:
    """What a field is for and how it is written, for the JSON Schemas that editors show.

    Examples are as an author would write them: plain text, numbers, lists and mappings.
    """
    return msgspec.Meta(description=description, examples=list(examples))


class Strict(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    gc=False,
):
    """A part of a manifest: immutable, keyword-only, unknown fields are errors.

    Decoded from a tree of values, it is in no cycle: the collector need not look for one.
    """


class Metadata(Strict, frozen=True, kw_only=True):
    """``name`` identifies the object within kind and tenant; the others are free for authors."""

    name: Annotated[
        Name, about("Identifies the object within its kind and tenant.", "argus-backend")
    ]
    annotations: Annotated[
        dict[str, str], about("Free for authors and their tools.", {"ticket": "PKI-17"})
    ] = {}
    labels: Annotated[
        dict[str, str], about("Free for authors and their tools.", {"team": "vcc"})
    ] = {}


class Envelope(Strict, frozen=True, kw_only=True):
    """Any object before its spec is decoded."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: dict[str, Any]
