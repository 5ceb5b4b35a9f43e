"""JSON Schemas of the kinds, for editors and for whoever checks manifests without this program.

Made of the same types as the decoder. Draft-07, because that is what editors read; they promise
less than ``load`` checks: what one field says, not what objects say of each other. A field written
as ``null`` is one left out, which the schemas do not offer.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pki_schema import fields
from pki_schema.fields import Scalar
from pki_schema.kinds import API_VERSION, SPECS, Metadata
from pki_schema.x509 import algorithms, oids

DRAFT = "http://json-schema.org/draft-07/schema#"

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_OID = r"[0-2](\.(0|[1-9][0-9]*))+"
_HEX_64 = {"pattern": "^[0-9a-f]{64}$"}
_LINE = {"minLength": 1, "maxLength": 512}

SHAPES: Mapping[type[Scalar], dict[str, Any]] = {
    fields.Text: _LINE,
    fields.Name: {"pattern": f"^{_LABEL}$"},
    fields.Duration: {"pattern": "^(([0-9]{1,9}[wdhms])+|P[0-9WDTHMS]+)$"},
    fields.DnsName: {"pattern": "^[a-z0-9.-]+$", "maxLength": 253},
    fields.MailSubtree: {"pattern": r"^\S+$", "maxLength": 254},
    fields.UriSubtree: {"pattern": r"^\S+$", "maxLength": 254},
    fields.EmailAddress: {"pattern": r"^[^@\s]+@[^@\s]+$", "maxLength": 254},
    fields.Uri: {"pattern": r"^[a-z][a-z0-9+.-]*:\S+$", "maxLength": 512},
    fields.HttpUrl: {"pattern": r"^http://\S+$", "maxLength": 512},
    fields.IpRange: {"pattern": "^[0-9a-f.:]+(/[0-9]{1,3})?$"},
    fields.IpAddress: {"pattern": "^[0-9a-f.:]+$"},
    fields.Oid: {"pattern": f"^{_OID}$", "maxLength": 128},
    fields.Usage: {
        "anyOf": [
            {"enum": [*oids.KEY_USAGES, *oids.EXTENDED_KEY_USAGES]},
            {"pattern": f"^{_OID}$"},
        ]
    },
    fields.KeyAlgorithm: {"enum": list(algorithms.ALGORITHMS)},
    fields.SerialNumber: {"pattern": "^[0-9A-Fa-f:]+$"},
    fields.KeyDigest: _HEX_64,
    fields.Timestamp: {"pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+(Z|z|[+-][0-9:]+)$"},
    fields.ServiceReference: {"pattern": f"^({_LABEL}/)?{_LABEL}$"},
    fields.Word: {"pattern": "^[a-z][a-z0-9_-]{0,62}$"},
    fields.Sha256: _HEX_64,
    fields.SshPublicKey: {
        "pattern": f"^({'|'.join(map(re.escape, fields.SshPublicKey.types))}) [A-Za-z0-9+/=]+$"
    },
    fields.SshSignature: {"pattern": "^[A-Za-z0-9+/=]+$"},
    fields.TimeOfDay: {"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
    fields.Expression: _LINE,
}
"""What can be said of each scalar without its parser: never less than the parser accepts."""


def schemas() -> dict[str, bytes]:
    """One schema per kind, by file name: ``service.schema.json``; the same bytes every time."""
    return {file_name(kind): _rendered(kind) for kind in SPECS}


def file_name(kind: str) -> str:
    """The schema file of a kind: ``CertificateAuthority`` is ``certificate-authority``."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower()
    return f"{words}.schema.json"


def _rendered(kind: str) -> bytes:
    return (json.dumps(_schema(kind), indent=2, ensure_ascii=False) + "\n").encode()


def _schema(kind: str) -> dict[str, Any]:
    spec = SPECS[kind]
    (metadata, body), definitions = msgspec.json.schema_components(
        (Metadata, spec), schema_hook=_scalar, ref_template="#/definitions/{name}"
    )
    properties = {
        "apiVersion": {
            "const": API_VERSION,
            "description": "The version of these words.",
            "examples": [API_VERSION],
        },
        "kind": {"const": kind, "description": _about(spec), "examples": [kind]},
        "metadata": {
            "description": "Who the object is.",
            "examples": [{"name": "argus-backend"}],
            "allOf": [metadata],
        },
        "spec": {"description": "What is declared.", "examples": [{}], "allOf": [body]},
    }
    return {
        "$schema": DRAFT,
        "title": kind,
        "description": _about(spec),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "definitions": {
            name: _draft_07({k: v for k, v in one.items() if k not in ("title", "description")})
            for name, one in sorted(definitions.items())
        },
    }


def _scalar(kind: type) -> dict[str, Any]:
    return {"type": "string", **SHAPES[kind]}


def _draft_07(schema: Any) -> Any:
    """In the words of draft-07: nothing beside ``$ref``, no ``null`` for what may be left out."""
    if isinstance(schema, list):
        return [_draft_07(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: value for name, value in schema.items() if not _says_nothing(name, value)}
    if "properties" in found:
        found["properties"] = {n: _draft_07(one) for n, one in found["properties"].items()}
    for name in ("items", "additionalProperties", "anyOf"):
        if name in found:
            found[name] = _draft_07(found[name])
    choices = [one for one in found.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del found["anyOf"]
        found = {**choices[0], **found} if "$ref" not in choices[0] else {**found, **choices[0]}
    if "$ref" in found and len(found) > 1:
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found


def _says_nothing(name: str, value: Any) -> bool:
    """A default that only stands for "left out"."""
    return name == "default" and (value is None or value in ((), [], {}))


def _about(spec: type) -> str:
    """What a kind is, from the first line of its module: ``Service``: something that runs …"""
    first = (inspect.getdoc(inspect.getmodule(spec)) or "").split("\n")[0]
    text = first.partition(": ")[2]
    return text[:1].upper() + text[1:]
