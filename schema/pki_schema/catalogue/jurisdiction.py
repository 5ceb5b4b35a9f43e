"""PKI408x: whether an object that governs may say what it says of others."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, entry
from pki_schema.catalogue.examples import (
    authority,
    communication,
    manifest,
    principals,
    role,
    text,
    timestamping,
    together,
    trust,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        4080,
        title="A tenant cannot open another's service",
        meaning=(
            "In a zero-trust matrix the side that is called grants. A tenant's own policy can "
            "open its own services only."
        ),
        example=communication(
            "rules: [{from: [api], to: [partner/web]}]", "rules: [{from: [api], to: [api]}]"
        ),
        cure=(
            "Have the owner of the service called write the rule, or put it into the global "
            "communication/."
        ),
    ),
    entry(
        4081,
        title="A strict tenant lets nobody in",
        meaning=(
            "isolation: strict, the default, says that no service of another tenant calls one of "
            "this tenant. A rule does not open it; the tenant does."
        ),
        example=communication(
            "rules: [{from: [partner/web], to: [api]}]", "rules: [{from: [api], to: [api]}]"
        ),
        cure=(
            "Remove the caller, or have isolation changed to federated or collaborative by those "
            "who own the tenant."
        ),
    ),
    entry(
        4082,
        title="A tenant's policy about another tenant",
        meaning=(
            "A policy below tenants/<t>/ is about that tenant and can only tighten. About others "
            "it would be a way to stop them."
        ),
        example=text(
            "tenants/vcc/policies/others.yaml",
            manifest(
                "Policy",
                "others",
                "constraints: {maxDuration: 90d}\nselector: {tenants: [partner]}\n",
            ),
            manifest("Policy", "others", "constraints: {maxDuration: 90d}\n"),
        ),
        cure=("Leave the tenant out of the selector, or move the policy to the global policies/."),
    ),
    entry(
        4085,
        title="Not a template for time-stamp units",
        meaning=(
            "A time-stamp unit's certificate has timestamping as its one extended key usage (RFC "
            "3161 section 2.3). With any other clients refuse the tokens."
        ),
        example=timestamping(
            "template: vcc-service\nprivateKey: {algorithm: P-256, usagePeriod: 30d}",
            "template: vcc-tsa",
        ),
        cure="Name a template whose only extended usage is timestamping.",
    ),
    entry(
        4086,
        title="The unit's key does not fit its template",
        meaning=(
            "The key signs for a shorter time than its certificate is valid, so that the last "
            "token can still be verified. And the template has to allow its algorithm."
        ),
        example=timestamping(
            "privateKey: {algorithm: P-384, usagePeriod: 90d}",
            "privateKey: {algorithm: P-384, usagePeriod: 30d}",
        ),
        cure="Shorten usagePeriod, or use an algorithm of the template.",
    ),
    entry(
        4087,
        title="A policy from the arc for documentation",
        meaning=(
            "1.3.6.1.4.1.32473 is for examples (RFC 5612). Nobody's policy stands there, and "
            "tokens keep the policy for ever."
        ),
        example=timestamping("policy: 1.3.6.1.4.1.32473.3.1", "policy: 1.2.276.0.99.1"),
        cure=("Write a policy from the operator's own arc before anything depends on it."),
    ),
    entry(
        4088,
        title="One key for two names, or one name with two keys",
        meaning=(
            "Over all bindings together a principal has one key and a key one principal, since "
            "approvals count distinct people."
        ),
        example=together(
            role("role: auditor"),
            role(
                "role: cert_manager\n" + principals("bob"),
                "role: cert_manager\n" + principals("ada"),
                name="managers",
            ),
        ),
        cure=(
            "Write the same name with the same key everywhere; to change a key change it in all "
            "bindings at once."
        ),
    ),
    entry(
        4089,
        title="A key that a SPIFFE bundle cannot hold",
        meaning=(
            "A SPIFFE bundle writes each CA's key as a JWK, and a JWK has no form for this kind of "
            "key: its readers would not trust the CA, and nobody would be told."
        ),
        example=together(
            authority("privateKey: {algorithm: brainpoolP384r1}", name="vcc-root"),
            trust(
                "formats: [pem, spiffe]\ntrustDomain: vcc.local",
                "formats: [pem, pkcs12]",
            ),
        ),
        cure="Leave spiffe out of formats, or give the CA a bundle of its own.",
    ),
)
