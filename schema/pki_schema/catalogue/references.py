"""PKI3xxx: what objects say of each other, and templates with their parents."""

from __future__ import annotations

from pki_schema.catalogue.entries import Declared, Entry, entry
from pki_schema.catalogue.examples import (
    CSR,
    SERVICE,
    WEB_CSR,
    approval,
    authority,
    manifest,
    principals,
    role,
    service,
    service_without_csr,
    template,
    tenant,
    text,
    together,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        3001,
        title="The object referred to does not exist",
        meaning=(
            "Names in a spec refer to other objects of the tree, of a fixed kind and tenant. For "
            "revocations, and for rules that name a service, it is a warning: what is revoked may "
            "be long gone, and nobody is kept from ending a service by what others say of it."
        ),
        example=service("template: vcc-servce", "template: vcc-service"),
        cure=("Correct the name as the hint says, or declare the object in the same commit."),
    ),
    entry(
        3002,
        title="A cycle of parents",
        meaning=(
            "Following parent or extends upwards leads back to where it began. A CA cannot be "
            "certified by its own descendant, nor can a template inherit from its own child."
        ),
        example=template("extends: web", "extends: vcc-service", name="web"),
        cure="Cut the circle that the message draws at one place.",
    ),
    entry(
        3003,
        title="More than three levels above",
        meaning=(
            "A line of CAs or templates has at most four members. Longer chains fail in many "
            "clients, and nobody reviews what a template inherits over five levels."
        ),
        example=together(
            template("extends: vcc-service", name="a"),
            template("extends: a", name="b"),
            template("extends: b", name="c"),
            template("extends: c", "extends: b", name="d"),
        ),
        cure=(
            "Let the object descend from one further up, and give what lies between to it directly."
        ),
    ),
    entry(
        3004,
        title="The CA does not issue from this template",
        meaning=(
            "A template lists its issuers, a tenant the CAs that may certify it. What is issued "
            "lies in both; here nothing does, or the CA named is not among them."
        ),
        example=together(
            tenant("certificateAuthorities: [vcc-root, vcc-services]"),
            service("issuerRef: vcc-root", "issuerRef: vcc-services"),
        ),
        cure=(
            "Use one of the CAs in the message, or have the template's issuers or the tenant's "
            "list extended by those who own them."
        ),
    ),
    entry(
        3005,
        title="Several CAs could issue the certificate",
        meaning=(
            "Template and tenant have more than one CA in common. Which one signs decides who "
            "trusts the certificate, so it is not left to chance."
        ),
        example=together(
            template("issuers: [vcc-root, vcc-services]"),
            tenant("certificateAuthorities: [vcc-root, vcc-services]"),
            Declared(files={}, cured=service("issuerRef: vcc-services").files),
        ),
        cure="Name one of them with issuerRef.",
    ),
    entry(
        3006,
        title="An object is declared twice",
        meaning=(
            "Kind, tenant and name are an object's identity. With two files for one identity it "
            "would depend on their order which of them counts."
        ),
        example=text(
            "tenants/vcc/services/copy.yaml",
            manifest("Service", "api", SERVICE),
            manifest("Service", "copy", SERVICE),
        ),
        cure=(
            "Delete one of the two files, or give its object another name. The hint says where "
            "the other one is."
        ),
    ),
    entry(
        3007,
        title="Two CSRs for one certificate",
        meaning=(
            "The CSR of the certificate default may stand in api.pem or api.default.pem. With "
            "both nobody knows which key is meant."
        ),
        example=text("tenants/vcc/csr/api.default.pem", CSR),
        cure="Delete the file with the old key.",
    ),
    entry(
        3010,
        title="No publication serves this base URL",
        meaning=(
            "A CA's base URLs go into every certificate it issues, for years. Clients will look "
            "for CRLs there, so some Publication should serve them."
        ),
        example=authority(
            "baseURLs: [http://crl.vcc.internal]", "baseURLs: [http://pki.vcc.internal]"
        ),
        cure=("Add the URL to the baseURLs of a Publication, or correct the one at the CA."),
    ),
    entry(
        3011,
        title="An approval by somebody unknown",
        meaning=(
            "A signature counts when a RoleBinding knows its principal. One of a stranger counts "
            "for nothing, and the approval may lack it."
        ),
        example=together(
            approval("signatures: [{principal: ada, signature: U1NIU0lHAAAAAQ==}]"),
            role(principals("bob"), principals("ada")),
        ),
        cure="Correct the name of the principal, or bind it to a role first.",
    ),
    entry(
        3020,
        title="A template lacks a field",
        meaning=(
            "Fields of a template are optional because a child inherits them. subject, usages, "
            "duration and nameTypes must come from somewhere in its line."
        ),
        example=template("nameTypes: -", "nameTypes: [dns, uri]"),
        cure=(
            "Give the field here or in a template that it extends. nameTypes: [] says that there "
            "are no alternative names."
        ),
    ),
    entry(
        3021,
        title="A CA's usage in a template",
        meaning=(
            "cert sign and crl sign make a certificate a CA's. Templates make leaves; CAs have a "
            "kind of their own, with the rules that belong to it."
        ),
        example=template(
            "usages: [digital signature, cert sign, server auth]",
            "usages: [digital signature, server auth, client auth]",
        ),
        cure="Remove the usage. For a CA declare a CertificateAuthority.",
    ),
    entry(
        3022,
        title="A variable without a value",
        meaning=(
            "${name} is one of the fixed variables or a parameter that the template declares, and "
            "nothing else. A parameter may not hide a fixed one."
        ),
        example=template(
            'subject: [{CN: "${servicename}"}]', 'subject: [{CN: "${service_name}.${zone}"}]'
        ),
        cure=(
            "Correct the name as the hint says, or add it to the template's parameters. Write $${ "
            "for a literal ${."
        ),
    ),
    entry(
        3023,
        title="Parameters that are not those of the template",
        meaning=(
            "A service gives a value for each parameter of its template, no more and no fewer. "
            "One too many is most often one that is misspelt."
        ),
        example=service("parameters: {signer: Covina}", "suspend: false"),
        cure="Give exactly the parameters that the template lists.",
    ),
    entry(
        3024,
        title="A maxDuration shorter than the duration that is inherited",
        meaning=(
            "duration and maxDuration may come from different templates of a line. Both count for "
            "what is issued, so they are compared when the line is put together."
        ),
        example=template(
            "extends: vcc-service\nmaxDuration: 60d",
            "extends: vcc-service\nmaxDuration: 60d\nduration: 45d",
            name="web",
        ),
        cure=(
            "Shorten the duration where maxDuration is shortened, or leave maxDuration as it is "
            "inherited."
        ),
    ),
    entry(
        3025,
        title="An inherited renewBefore is not shorter than the duration",
        meaning=(
            "A child that shortens the duration keeps its parent's renewBefore. If that is now "
            "the whole life, the certificate would be renewed without end."
        ),
        example=template(
            "extends: vcc-service\nduration: 20d",
            "extends: vcc-service\nduration: 20d\nrenewBefore: 7d",
            name="web",
        ),
        cure="Give the child a renewBefore of its own, shorter than its duration.",
    ),
    entry(
        3026,
        title="A required name of a type that is not allowed",
        meaning=(
            "requiredNames asks for a name of a type that nameTypes closes, so no certificate "
            "could ever fulfil the template."
        ),
        example=template("nameTypes: [uri]\nnames: -", "nameTypes: [dns, uri]"),
        cure="Add the type to nameTypes, or take it out of requiredNames.",
    ),
    entry(
        3027,
        title="ocspNoCheck for something that is no responder",
        meaning=(
            "ocsp-nocheck tells clients not to ask whether a certificate was revoked (RFC 6960 "
            "section 4.2.2.2.1). It is for OCSP responders, which cannot answer for themselves; a "
            "service with it could never be stopped."
        ),
        example=template("ocspNoCheck: true", "ocspNoCheck: false"),
        cure=("Remove ocspNoCheck, or add the usage ocsp signing if it is a responder's template."),
    ),
    entry(
        3028,
        title="A responder's template with issuers",
        meaning=(
            "Whoever holds a responder's key could answer for all that the CA has issued (RFC "
            "6960 section 4.2.2.2). So no service gets one: every CA certifies its own responder, "
            "in the key store."
        ),
        example=template("issuers: [vcc-services]", "issuers: -", name="vcc-ocsp"),
        cure="Leave issuers out, and name the template in ocsp.template of the CAs.",
    ),
    entry(
        3030,
        title="The certificate waits for its CSR",
        meaning=(
            "The service makes its own key and commits a signing request. Until that file is "
            "there nothing can be certified; everything else is judged already."
        ),
        example=Declared(
            files=service_without_csr().files,
            cured={"tenants/vcc/csr/web.pem": WEB_CSR},
        ),
        cure=(
            "Make the key on the service's host with openssl req -new -addext "
            "subjectAltName=URI:pki:vcc/web, and commit the request under the path that the "
            "message names."
        ),
    ),
    entry(
        3031,
        title="A key origin that nothing acts on yet",
        meaning=(
            "sealed and enrolled are known words, but only keys with a committed CSR are "
            "certified in this version. The certificate waits."
        ),
        example=service("keyOrigin: sealed", "keyOrigin: csr"),
        cure="Use keyOrigin: csr, which is the default, and commit a CSR.",
    ),
    entry(
        3032,
        title="A CSR that no service asks for",
        meaning=(
            "The file name says for which certificate a CSR is. No service declares one of this "
            "name, most often because the file is misspelt."
        ),
        example=text(
            "tenants/vcc/services/api.yaml",
            manifest("Service", "api", "certificates: [{name: server, template: vcc-service}]\n"),
            manifest("Service", "api", SERVICE),
        ),
        cure=(
            "Rename the file to service.pem, or to service.certificate.pem in the long form, or "
            "delete it."
        ),
    ),
)
