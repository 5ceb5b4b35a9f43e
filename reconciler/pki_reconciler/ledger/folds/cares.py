"""How a subject is looked after, as a digest that rows are compared by."""

from __future__ import annotations

import hashlib

from pki_schema.desired import Meaning


def care_digest(meaning: Meaning) -> str:
    """SHA-256 (hex) of the part of a meaning that is applied without a signature."""
    return hashlib.sha256(meaning.care()).hexdigest()
