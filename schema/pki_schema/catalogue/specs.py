"""PKI22xx: what CAs, templates, tenants, services and the like say against themselves."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, entry
from pki_schema.catalogue.examples import (
    SERVICE,
    authority,
    manifest,
    publication,
    revocation,
    service,
    template,
    tenant,
    text,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        2201,
        title="A service without a certificate",
        meaning=(
            "A service asks for one certificate in the short form, with template, or for several "
            "in the long form, with certificates. With neither there is nothing to issue."
        ),
        example=text(
            "tenants/vcc/services/web.yaml",
            manifest("Service", "web", "description: The web shop\n"),
            manifest("Service", "web", SERVICE),
        ),
        cure=(
            "Give a template, or a list certificates with a template each. To stop a service for "
            "a while say suspend: true."
        ),
    ),
    entry(
        2202,
        title="A field of the short form beside certificates",
        meaning=(
            "Fields beside the list belong to the one certificate of the short form, which is not "
            "there. Even a default would say something that nobody does."
        ),
        example=service(
            "certificates: [{template: vcc-service}]\nduration: 30d",
            "certificates: [{template: vcc-service, duration: 30d}]",
        ),
        cure="Move the field into the certificates that it is for.",
    ),
    entry(
        2203,
        title="Two certificates of one name",
        meaning=(
            "The name tells the certificates of a service apart: in the ledger, in file names and "
            "for revocations. Without one it is default."
        ),
        example=service(
            "certificates: [{template: vcc-service}, {template: vcc-service}]",
            "certificates: [{template: vcc-service}]",
        ),
        cure="Give each certificate a name of its own, e.g. server and client.",
    ),
    entry(
        2207,
        title="A signature that this key cannot make",
        meaning=(
            "signatureAlgorithm names how a CA signs. RSA, ECDSA, Ed25519 and ML-DSA keys each "
            "make signatures of their own kind only."
        ),
        example=authority("signatureAlgorithm: RSA-SHA256", "signatureAlgorithm: ECDSA-SHA256"),
        cure="Name one for the kind of key, or leave it out for the key's own.",
    ),
    entry(
        2208,
        title="A cross-signature that says nothing",
        meaning=(
            "crossSigns names CAs that certify this one beside its parent. The parent does so "
            "already, a CA does not cross-sign itself, and twice is once."
        ),
        example=authority("crossSigns: [vcc-root]", ""),
        cure="Leave the name out.",
    ),
    entry(
        2209,
        title="Keys that would be too old for their certificates",
        meaning=(
            "maxAge is how long one key goes on being certified. If that is shorter than one "
            "certificate's life, no certificate could be used to its end."
        ),
        example=template(
            "privateKey: {algorithms: [P-256], maxAge: 30d}",
            "privateKey: {algorithms: [P-256], maxAge: 365d}",
        ),
        cure="Make maxAge at least the duration.",
    ),
    entry(
        2210,
        title="The target of a revocation is not clear",
        meaning=(
            "A revocation cannot be taken back. So its target says one thing only, and "
            "completely: half a target or two of them are refused."
        ),
        example=revocation("target: {tenant: vcc}", "target: {tenant: vcc, service: api}"),
        cure=(
            "Give ca and serial; or tenant and service, with certificate for one of them; or "
            "authority, template or key alone."
        ),
    ),
    entry(
        2211,
        title="cACompromise for something that is no CA",
        meaning=(
            "cACompromise says that a CA's own key is known to others (RFC 5280 section 5.3.1). "
            "Clients then distrust all below it."
        ),
        example=revocation("reason: cACompromise", "reason: keyCompromise"),
        cure=("Use keyCompromise for a service's key, or name the CA with target {authority: …}."),
    ),
    entry(
        2212,
        title="State and reason of a revocation do not go together",
        meaning=(
            "certificateHold is the one reason that may be taken back (RFC 5280 section 5.3.1), "
            "and it never says that something is over. So held and released need it, and revoked, "
            "which is also what counts where no state is given, needs another one."
        ),
        example=revocation("state: held", "state: held\nreason: certificateHold"),
        cure=(
            "Write state: held beside certificateHold, later state: released; to end it for good "
            "say state: revoked with the reason why."
        ),
    ),
    entry(
        2213,
        title="A CA cannot be put on hold",
        meaning=(
            "On hold, everything below the CA would fail at once, and after the release nobody "
            "could say what had been signed in between. Only certificates of services go on hold."
        ),
        example=revocation(
            "target: {authority: vcc-services}\nreason: certificateHold\nstate: held",
            "target: {authority: vcc-services}\nreason: cessationOfOperation\nstate: revoked",
        ),
        cure=(
            "Put on hold what the CA issued, by service, template or serial. A CA that is not "
            "trusted any more is revoked, and its next generation takes over."
        ),
    ),
    entry(
        2220,
        title="A generation below 1",
        meaning=(
            "Generations count the keys of a CA, from 1. The number stands in file names and "
            "never falls."
        ),
        example=authority("generation: 0", "generation: 1"),
        cure=("Leave generation out for the first key, and raise it by one for each new one."),
    ),
    entry(
        2221,
        title="A negative path length",
        meaning=(
            "pathLength is how many CAs may follow below (RFC 5280 section 4.2.1.9). 0 allows "
            "none; without it there is no bound."
        ),
        example=authority("pathLength: -1", "pathLength: 0"),
        cure="Write 0 or more, or leave it out.",
    ),
    entry(
        2222,
        title="A CA that could never issue",
        meaning=(
            "issuesFor is how long a CA issues, counted from its beginning. What is left of its "
            "duration is the longest life it can give, because validity is never clamped; with "
            "nothing left it can give none."
        ),
        example=authority("issuesFor: 1825d", "issuesFor: 1460d"),
        cure=(
            "Make issuesFor shorter than duration by the longest life of what the CA shall issue."
        ),
    ),
    entry(
        2223,
        title="A CRL would end before the next one",
        meaning=(
            "refresh is how old a CRL gets before the next is made, validity how long it counts. "
            "Between the two lies the time in which a failure can be repaired."
        ),
        example=authority("crl: {validity: 1d, refresh: 1d}", "crl: {validity: 7d, refresh: 1d}"),
        cure="Make refresh shorter than validity by as long as an outage may last.",
    ),
    entry(
        2224,
        title="A negative CRL number",
        meaning=(
            "CRL numbers are not negative and only grow (RFC 5280 section 5.2.3). numberFloor is "
            "for CAs that come from elsewhere and have CRLs in use."
        ),
        example=authority("crl: {numberFloor: -1}", "crl: {numberFloor: 1000}"),
        cure=(
            "Write the number of the last CRL that the CA has published elsewhere, or leave it out."
        ),
    ),
    entry(
        2225,
        title="An OCSP mode that is not offered",
        meaning=(
            "Answers are signed in advance (presigned), when somebody asks (live), or there are "
            "none."
        ),
        example=authority(
            "ocsp: {mode: signed, template: vcc-ocsp}",
            "ocsp: {mode: presigned, template: vcc-ocsp}",
        ),
        cure="Write mode: presigned with a template, or leave ocsp out.",
    ),
    entry(
        2226,
        title="Something of a CA that has another place",
        meaning=(
            "Answers that are signed in advance need a responder's template, since the CA's own "
            "key signs none. And a CA is revoked by a Revocation with a reason, never by its "
            "lifecycle."
        ),
        example=authority("ocsp: {mode: presigned}", "ocsp: {mode: presigned, template: vcc-ocsp}"),
        cure=(
            "Name the responder's template in ocsp. To revoke a CA declare a Revocation with "
            "target {authority: …} and keep lifecycle: retired."
        ),
    ),
    entry(
        2227,
        title="An offline CA with OCSP",
        meaning=(
            "A responder's certificate is renewed every few weeks by the CA's key. The key of an "
            "offline CA is not there to do it."
        ),
        example=authority(
            "offline: true\nocsp: {mode: presigned, template: vcc-ocsp}", "offline: true"
        ),
        cure="Leave ocsp out for an offline CA; its CRL says what is revoked.",
    ),
    entry(
        2228,
        title="An OCSP answer would end before the next one",
        meaning=(
            "refreshAt is how old an answer gets before the next is signed, validity how long it "
            "counts. Clients refuse an answer that is over."
        ),
        example=authority(
            "ocsp: {mode: presigned, template: vcc-ocsp, validity: 2d, refreshAt: 2d}",
            "ocsp: {mode: presigned, template: vcc-ocsp, validity: 4d, refreshAt: 2d}",
        ),
        cure="Make refreshAt shorter than validity; half of it is usual.",
    ),
    entry(
        2229,
        title="refresh and overlap in one CA",
        meaning=(
            "Both say when the next CRL is made: refresh counts from a CRL's beginning, overlap "
            "back from its end. Side by side they could contradict each other."
        ),
        example=authority(
            "crl: {validity: 7d, refresh: 1d, overlap: 6d}", "crl: {validity: 7d, overlap: 6d}"
        ),
        cure="Keep refresh, or overlap.",
    ),
    entry(
        2230,
        title="An opening that begins no variable",
        meaning=(
            "In texts of templates ${name} stands for a value. An opening without its end, or one "
            "within another, has no meaning."
        ),
        example=template(
            'subject: [{CN: "${service_name"}]', 'subject: [{CN: "${service_name}.${zone}"}]'
        ),
        cure="Close it with }, or write $${ for the two signs themselves.",
    ),
    entry(
        2231,
        title="Not the name of a variable",
        meaning=(
            "Variables are called in lower case, with digits and _, so that they look alike in "
            "every template. Defaults and functions as in a shell are not offered."
        ),
        example=template(
            'subject: [{CN: "${service-name}"}]', 'subject: [{CN: "${service_name}.${zone}"}]'
        ),
        cure=("Use the variable's name as it is, e.g. service_name, without spaces or :-."),
    ),
    entry(
        2232,
        title="The duration is longer than maxDuration",
        meaning=(
            "duration is what a service gets unless it asks, maxDuration the most it may ask for. "
            "Both stand in this template."
        ),
        example=template("maxDuration: 30d\nrenewBefore: 10d", "maxDuration: 180d"),
        cure="Raise maxDuration or shorten duration.",
    ),
    entry(
        2233,
        title="renewBefore is not shorter than the duration",
        meaning=(
            "A certificate is renewed when renewBefore is left of its life. If that is the whole "
            "life, it would be renewed without end."
        ),
        example=template("renewBefore: 90d", "renewBefore: 30d"),
        cure="Make renewBefore shorter; without it a third of the life is left.",
    ),
    entry(
        2234,
        title="Two subjects in one template",
        meaning=(
            "subject is a list in the certificate's order, literalSubject one line as RFC 4514 "
            "writes it. They are two ways to say one thing, and nobody could tell which counts."
        ),
        example=template('literalSubject: "CN=${service_name}.${zone},O=VCC"', ""),
        cure="Keep subject, or literalSubject.",
    ),
    entry(
        2235,
        title="An extension that templates do not bring",
        meaning=(
            "Usages, names, constraints, policies and pointers to status come from fields of their "
            "own, where they are judged. As bytes in extraExtensions they would pass by all rules."
        ),
        example=template('extraExtensions: [{oid: 2.5.29.19, value: "MAMBAf8="}]', ""),
        cure="Use the field that is for it, or leave the extension out.",
    ),
    entry(
        2236,
        title="An extension twice",
        meaning="A certificate has each extension at most once (RFC 5280 section 4.2).",
        example=template(
            'extraExtensions: [{oid: 1.2.3.4, value: "BQA="}, {oid: 1.2.3.4, value: "BQA="}]',
            'extraExtensions: [{oid: 1.2.3.4, value: "BQA="}]',
        ),
        cure="Keep the extension once.",
    ),
    entry(
        2237,
        title="The value of an extension is not DER",
        meaning=(
            "The value is base64 (with padding, in one line) of exactly one element in DER, and "
            "of at most 4096 octets, since a certificate is sent with every handshake."
        ),
        example=template(
            'extraExtensions: [{oid: 1.2.3.4, value: "30030201"}]',
            'extraExtensions: [{oid: 1.2.3.4, value: "BQA="}]',
        ),
        cure="Encode the value with an ASN.1 tool and write it in base64.",
    ),
    entry(
        2238,
        title="An other name of a type with a form of its own",
        meaning=(
            "User principal names, mail addresses, service names and their like say who somebody "
            "is to software that believes them. As free text in otherNames they would pass by the "
            "rules for such names."
        ),
        example=template(
            'names: {otherNames: [{oid: 1.3.6.1.4.1.311.20.2.3, utf8Value: "a@vcc.local"}]}',
            'names: {dnsNames: ["${service_name}.${zone}"]}',
        ),
        cure="Use the field for that type, e.g. userPrincipalNames, or leave the name out.",
    ),
    entry(
        2239,
        title="CRLs that entries cannot be spread over",
        meaning=(
            "shards says over how many CRLs a CA's entries are spread. There is at least one, and "
            "more than 1024 would each be nearly empty."
        ),
        example=authority("crl: {shards: 0}", "crl: {shards: 1}"),
        cure="Write a number from 1 to 1024, or leave it out.",
    ),
    entry(
        2240,
        title="A negative quota or limit",
        meaning="Quotas and limits count certificates. 0 is the least and allows none.",
        example=tenant("limits: {revocations: -1}", "limits: {revocations: 5}"),
        cure="Write 0 or more, or leave the field out for the default.",
    ),
    entry(
        2250,
        title="A publication without a base URL",
        meaning=(
            "The base URL is where readers find CRLs, answers and CA certificates. Without one "
            "the files are written and nobody looks there."
        ),
        example=publication("baseURLs: []", "baseURLs: [http://pki.vcc.internal]"),
        cure="Give at least one, e.g. [http://pki.vcc.internal].",
    ),
    entry(
        2251,
        title="A retention shorter than an hour",
        meaning=(
            "A file that was replaced stays for the retention, because caches on the way may "
            "still hand out pointers to it. An hour is more than they keep them."
        ),
        example=publication("retention: 10m", "retention: 30d"),
        cure="Write 1h or more; without the field it is 30d.",
    ),
)
