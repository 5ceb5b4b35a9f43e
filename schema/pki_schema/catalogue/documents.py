"""PKI21xx: whether a document is an object of its kind."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry
from pki_schema.catalogue.examples import (
    SERVICE,
    authority,
    manifest,
    policy,
    service,
    tenant,
    text,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        2100,
        title="The document does not have the form of its kind",
        meaning=(
            "The decoder refused the document, and the schema has no rule of its own for this "
            "fault. The message is that of the decoder."
        ),
        example=Told(
            "A fault that none of PKI2101 to PKI2106 names, such as one in a part that only a "
            "newer version knows"
        ),
        cure=(
            "Compare the object with the example of its kind in desired-state/ and with its "
            "schema in schema/v1/."
        ),
    ),
    entry(
        2101,
        title="An unknown field",
        meaning=(
            "A field that nobody reads is refused, because a misspelt one would silently keep its "
            "default."
        ),
        example=service("dnsName: [web.vcc.local]", "dnsNames: [web.vcc.local]"),
        cure=(
            "Correct the spelling as the hint says, or remove the field. Notes belong in "
            "metadata.annotations."
        ),
    ),
    entry(
        2102,
        title="A field is missing",
        meaning=(
            "This field has no default that could be right for everybody, so the author gives it."
        ),
        example=tenant("zone: -", "zone: vcc.local"),
        cure="Add the field that the message names.",
    ),
    entry(
        2103,
        title="A value of another type",
        meaning=(
            "Text, whole numbers, true and false, lists and mappings are not turned into each "
            "other. Only true and false are booleans here: yes, no, on and off are text, as in "
            "YAML 1.2."
        ),
        example=service("suspend: yes", "suspend: true"),
        cure=(
            "Write the value as the hint says: lists in brackets, numbers and booleans without "
            "quotes, text that looks like one of them in quotes."
        ),
    ),
    entry(
        2104,
        title="A value that is not one of those allowed",
        meaning="The field has a closed list of values, each with a meaning of its own.",
        example=tenant("isolation: open", "isolation: collaborative"),
        cure="Use one of the values in the hint; capitals count.",
    ),
    entry(
        2105,
        title="An unknown kind",
        meaning=(
            "kind says what an object is, and with it which fields it has. Nothing of the object "
            "can be read without it."
        ),
        example=text(
            "tenants/vcc/services/web.yaml",
            manifest("Servce", "web", SERVICE),
            manifest("Service", "web", SERVICE),
        ),
        cure="Write one of the kinds in the hint, with its capitals.",
    ),
    entry(
        2106,
        title="An unknown apiVersion",
        meaning=(
            "apiVersion says by which version of the schema the object was written. Another one "
            "may mean something else by the same words."
        ),
        example=text(
            "tenants/vcc/services/api.yaml",
            manifest("Service", "api", SERVICE).replace("/v1", "/v2"),
            manifest("Service", "api", SERVICE),
        ),
        cure="Write apiVersion: pki.vcc.local/v1.",
    ),
    entry(
        2107,
        title="The kind is declared, not yet acted on",
        meaning=(
            "This version reads and judges objects of the kind, but nothing follows from them. It "
            "is said each time, so that nobody takes a policy for enforced because nobody "
            "complained."
        ),
        example=policy("constraints: {maxDuration: 90d}"),
        cure=(
            "Keep the object if it shall count later; see that what it asks for is also held "
            "elsewhere, such as in templates and tenants."
        ),
    ),
    entry(
        2108,
        title="More problems than are told of one file",
        meaning=(
            "After 100 problems of one file the rest is left out. Most of them have one cause."
        ),
        example=Told(
            "A service with 150 unknown fields, because all of it is indented by one level too many"
        ),
        cure="Correct the first ones and validate again.",
    ),
    entry(
        2109,
        title="The field is declared, not yet acted on",
        meaning=(
            "This version reads and judges the field, and does without it: every CRL is a full "
            "one, live OCSP answers are signed in advance, a CA signs as its key is used to, "
            "nobody certifies a CA beside its parent, and no key is too old."
        ),
        example=authority("crl: {delta: true}"),
        cure="Keep the field if it shall count later, and do not rely on it.",
    ),
)
