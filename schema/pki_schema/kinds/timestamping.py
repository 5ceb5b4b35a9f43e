"""``TimestampAuthority``: an RFC 3161 time-stamp service, its key and its policy."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pki_schema.fields import Duration, KeyAlgorithm, Name, Oid, Text, Word
from pki_schema.kinds.envelope import Strict, about


class TimestampKey(Strict, frozen=True, kw_only=True):
    """The unit's key, which signs for a shorter time than its certificate is valid.

    ``usage_period`` is the certificate's privateKeyUsagePeriod; at its end the key is destroyed,
    and the tokens can be verified for the rest of the certificate's life.
    """

    algorithm: Annotated[KeyAlgorithm, about("What each key is made as.", "P-384")]
    usage_period: Annotated[Duration, about("How long a key signs.", "365d")]


class Accuracy(Strict, frozen=True, kw_only=True):
    """How far the time of a token may be off (RFC 3161 section 2.4.2)."""

    seconds: Annotated[int, about("Whole seconds.", 1)] = 0
    millis: Annotated[int, about("Milliseconds, 1 to 999.", 500)] = 0
    micros: Annotated[int, about("Microseconds, 1 to 999.", 100)] = 0


class DocumentType(Strict, frozen=True, kw_only=True):
    """A kind of document with what has to be said about each."""

    name: Annotated[Word, about("What callers call it.", "clara_model")]
    required_metadata: Annotated[
        tuple[Word, ...],
        about("What a request has to say about its document.", ["model_name", "model_version"]),
    ] = ()
    operations: Annotated[
        tuple[Word, ...], about("On which occasions; any if empty.", ["model_training"])
    ] = ()


class TimestampAuthoritySpec(Strict, frozen=True, kw_only=True):
    """``policy`` is the TSA policy of every token (RFC 3161 section 2.4.2)."""

    issuer_ref: Annotated[Name, about("The CA that certifies the unit.", "vcc-time")]
    template: Annotated[Name, about("The template of its certificates.", "vcc-tsa")]
    private_key: Annotated[
        TimestampKey, about("Its keys.", {"algorithm": "P-384", "usagePeriod": "365d"})
    ]
    policy: Annotated[
        Oid, about("The policy, from an arc of the operator's.", "1.3.6.1.4.1.32473.3.1")
    ]
    accuracy: Annotated[Accuracy, about("How far a token's time may be off.", {"seconds": 1})] = (
        msgspec.field(default_factory=lambda: Accuracy(seconds=1))
    )
    digests: Annotated[
        tuple[Literal["sha256", "sha384", "sha512"], ...],
        about("The digests that are stamped.", ["sha256", "sha512"]),
    ] = ("sha256", "sha384", "sha512")
    ordering: Annotated[
        bool, about("Whether any two tokens can be put in order by their times.", False)
    ] = False
    document_types: Annotated[
        tuple[DocumentType, ...],
        about(
            "What is stamped, and what has to be said about it.",
            [{"name": "clara_model", "requiredMetadata": ["model_name"]}],
        ),
    ] = ()
    description: Annotated[Text | None, about("For people.", "Time for signatures")] = None
