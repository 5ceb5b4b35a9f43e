"""PKI226x to PKI229x: the same for the kinds that govern issuance."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, entry
from pki_schema.catalogue.examples import (
    approval,
    communication,
    policy,
    principals,
    role,
    timestamping,
    trust,
    window,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        2260,
        title="A policy without a rule",
        meaning=(
            "A policy refuses something, by allowed, constraints or validations. One without any "
            "of them would look like protection and be none."
        ),
        example=policy(
            "constraints: -\ndescription: To be written", "constraints: {maxDuration: 90d}"
        ),
        cure="Give at least one rule, or delete the policy.",
    ),
    entry(
        2261,
        title="Bounds that nothing can meet",
        meaning=(
            "A shortest life above the longest, or room for less than one name, refuses every "
            "certificate."
        ),
        example=policy(
            "constraints: {minDuration: 90d, maxDuration: 7d}",
            "constraints: {minDuration: 7d, maxDuration: 90d}",
        ),
        cure=(
            "Make minDuration the shorter one, and maxNames at least 1. To refuse everything "
            "retire the template."
        ),
    ),
    entry(
        2262,
        title="validationActions that contradict each other",
        meaning=(
            "As in Kubernetes a policy denies or warns, and may audit beside it. A refusal need "
            "not be repeated as a warning, and with no action at all the rules say nothing."
        ),
        example=policy("validationActions: [Deny, Warn]", "validationActions: [Deny, Audit]"),
        cure=("Write [Deny], [Warn] or [Audit], with Audit added to the others if wanted."),
    ),
    entry(
        2263,
        title="A test expects what the policy never says",
        meaning=(
            "The tests of a policy expect Allow, or one of its validationActions. Anything else "
            "can never come true."
        ),
        example=policy(
            "tests: [{name: a year, given: {duration: 365d}, expect: Warn}]",
            "tests: [{name: a year, given: {duration: 365d}, expect: Deny}]",
        ),
        cure="Correct expect, or add the action to validationActions.",
    ),
    entry(
        2265,
        title="A side of a rule names nobody",
        meaning=(
            "A rule lets the services of from call those of to. With one side empty it lets "
            "nobody do anything."
        ),
        example=communication(
            "rules: [{from: [], to: [api]}]", "rules: [{from: [api], to: [api]}]"
        ),
        cure="Name at least one service on each side, or remove the rule.",
    ),
    entry(
        2266,
        title="A service without its tenant",
        meaning=("In a file outside of tenants/ a bare name could be a service of any tenant."),
        example=communication(
            "rules: [{from: [vcc/api], to: [api]}]",
            "rules: [{from: [vcc/api], to: [vcc/api]}]",
            folder="communication",
        ),
        cure=("Write tenant/service, e.g. vcc/api, or move the policy below the tenant."),
    ),
    entry(
        2270,
        title="An accuracy that cannot be",
        meaning=(
            "Seconds count from 0, millis and micros from 0 to 999, and not all are 0 (RFC 3161 "
            "section 2.4.2). A time that may be off by more than a minute stamps nothing."
        ),
        example=timestamping("accuracy: {millis: 1500}", "accuracy: {seconds: 1, millis: 500}"),
        cure=("Carry what is above 999 into the next larger unit; write e.g. {seconds: 1}."),
    ),
    entry(
        2271,
        title="No digest to stamp",
        meaning=(
            "A time-stamp is over a digest of the document. With an empty list every request "
            "would be refused."
        ),
        example=timestamping("digests: []", "digests: [sha256, sha512]"),
        cure=("Name the digests, or leave the field out for SHA-256, SHA-384 and SHA-512."),
    ),
    entry(
        2272,
        title="A document type is there twice",
        meaning=(
            "A request names its document type, and what it has to say follows from it. Two types "
            "of one name could ask for different things."
        ),
        example=timestamping(
            "documentTypes: [{name: report}, {name: report}]",
            "documentTypes: [{name: report}, {name: clara_model}]",
        ),
        cure="Join the two, or give one of them another name.",
    ),
    entry(
        2275,
        title="A bundle that is empty or repeats itself",
        meaning=(
            "A bundle is a set of CAs in some formats. Without one of the two there is no file; a "
            "name twice is most often another one misspelt."
        ),
        example=trust("authorities: [vcc-root, vcc-root]", "authorities: [vcc-root]"),
        cure="Name each CA and each format once, and at least one of both.",
    ),
    entry(
        2276,
        title="Trust domain and format do not fit",
        meaning=("A SPIFFE bundle is for exactly one trust domain; the other formats know none."),
        example=trust("formats: [pem, spiffe]", "formats: [pem, spiffe]\ntrustDomain: vcc.local"),
        cure="Give trustDomain together with the format spiffe, and only then.",
    ),
    entry(
        2280,
        title="Nobody holds the role",
        meaning=(
            "A binding gives a role to principals. One without any looks in a review as if "
            "somebody had it."
        ),
        example=role("principals: []", principals("ada")),
        cure="Name at least one principal with its SSH key, or delete the binding.",
    ),
    entry(
        2281,
        title="A role and its tenants do not fit",
        meaning=(
            "pki_super_admin is held everywhere, so it names no tenants. Every other role is held "
            "in the tenants that are named, and in no others."
        ),
        example=role("tenants: -", "tenants: [vcc]"),
        cure="Name the tenants, or leave them out for pki_super_admin.",
    ),
    entry(
        2282,
        title="Services and role do not fit",
        meaning=(
            "A service_account may change its own services alone, so it names them. For other "
            "roles such a list would suggest a bound that nobody holds."
        ),
        example=role("services: [vcc/api]", "role: service_account\nservices: [vcc/api]"),
        cure="Give services to a service_account, at least one, and to nobody else.",
    ),
    entry(
        2283,
        title="A service outside of the binding's tenants",
        meaning=(
            "A service account acts within the tenants of its binding. A service of another "
            "tenant would widen it past what the line above says."
        ),
        example=role(
            "role: service_account\nservices: [partner/api]",
            "role: service_account\nservices: [vcc/api]",
        ),
        cure="Write tenant/service with one of the tenants named, or add the tenant.",
    ),
    entry(
        2284,
        title="A principal is there twice",
        meaning=(
            "Approvals count distinct principals, by name and by key. One person under two names "
            "would be two."
        ),
        example=role(
            principals("ada", "bob"),
            principals("ada"),
        ),
        cure="Keep one entry for each name and each key.",
    ),
    entry(
        2285,
        title="An approval that nobody or one person twice has signed",
        meaning=(
            "An approval is the signatures of distinct principals. One who signs twice counts once."
        ),
        example=approval(
            "signatures: []", "signatures: [{principal: ada, signature: U1NIU0lHAAAAAQ==}]"
        ),
        cure="Add a signature from each approver, one for each.",
    ),
    entry(
        2290,
        title="A window without its time",
        meaning=(
            "A window is either from starts to ends or weekly. With both or neither it is not "
            "known when it is open."
        ),
        example=window("ends: -", "ends: 2027-01-04T00:00:00Z"),
        cure="Give starts and ends, or weekly alone.",
    ),
    entry(
        2291,
        title="A window that ends before it starts",
        meaning="Such a window is never open, so a freeze would freeze nothing.",
        example=window("ends: 2026-01-04T00:00:00Z", "ends: 2027-01-04T00:00:00Z"),
        cure="Correct the dates; look at the year first.",
    ),
    entry(
        2292,
        title="A weekly window that cannot be",
        meaning=(
            "A weekly window begins on at least one day, each named once, and is over before the "
            "same time next week."
        ),
        example=window(
            'starts: -\nends: -\nweekly: {days: [], at: "22:00", duration: 6h}',
            'starts: -\nends: -\nweekly: {days: [Sat], at: "22:00", duration: 6h}',
        ),
        cure="Name the days it begins on, and make duration shorter than a week.",
    ),
)
