"""PKI6xxx: what is held back, and secrets in the tree."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry
from pki_schema.catalogue.examples import (
    text,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        6001,
        title="More revocations than the limit",
        meaning=(
            "A plan that revokes more within 24 hours than the tenant or the host allows does "
            "none of what Git asks for. A wrong selector must not end a whole PKI."
        ),
        example=Told(
            "? HELD  tenants/vcc/tenant.yaml:12:25: [PKI6001] 12 revocations in tenant vcc\n"
            "                (0 more in the last 24 h), limit 5"
        ),
        cure=(
            "If all of them are meant, raise spec.limits.revocations of the tenant to the number "
            "told, in a commit of its own before; the host's limit stands in vcc-pki.toml."
        ),
    ),
    entry(
        6002,
        title="The commit declares nothing at all",
        meaning=(
            "An empty tree would retire everything. It is far more often a wrong folder, a failed "
            "merge or a deleted branch than the end of a PKI."
        ),
        example=Told("$ git rm -r desired-state && git commit -m 'tidy up'"),
        cure="Restore the tree. If this PKI is to end, retire its CAs first.",
    ),
    entry(
        6003,
        title="A CA was deleted while its certificates are in use",
        meaning=(
            "Its CRLs are needed until the last of its certificates has expired. Without its file "
            "nothing says where they are published."
        ),
        example=Told("$ git rm desired-state/cas/vcc-people.yaml"),
        cure=(
            "Restore the file with lifecycle: retired, and delete it when the CA's own "
            "certificate has expired."
        ),
    ),
    entry(
        6004,
        title="A CA changed without a new generation",
        meaning=(
            "A key keeps its name: two keys under one name hide each other's revocations. So "
            "subject, parent and algorithm change with the generation alone, which never falls, "
            "and OCSP is not switched off while certificates point to it."
        ),
        example=Told(
            "privateKey: {algorithm: P-384} at a CA that was signed with P-256, with generation: "
            "1 as before"
        ),
        cure=("Raise generation by one and give it a subject of its own, or take the change back."),
    ),
    entry(
        6005,
        title="Certificates would outlive their issuer",
        meaning=(
            "Validity is never cut to fit. The CA's own certificate has less life left than what "
            "was asked for."
        ),
        example=Told(
            "? HELD  [PKI6005] 20 certificates would outlive their issuer\n"
            "                vcc-services generation 1, which ends 2031-11-20T12:00:00Z"
        ),
        cure=(
            "Raise generation of the CA, with a new subject; the next certificates come from the "
            "new one."
        ),
    ),
    entry(
        6006,
        title="The issuer does not exist yet",
        meaning=(
            "A certificate is issued after that of its CA. The CA's own was held or refused in "
            "this cycle, or its parent's key is offline."
        ),
        example=Told("A new intermediate below an offline root whose key is not on this host"),
        cure=(
            "See the message about the CA itself and cure that; this certificate follows in the "
            "next cycle."
        ),
    ),
    entry(
        6007,
        title="A CA has no valid responder",
        meaning=(
            "Answers are signed by the responder's key, and its certificate is missing or over. "
            "Answers already published count until they end."
        ),
        example=Told("The responder's certificate was refused by the linter, so its CA has none"),
        cure=(
            "See why the responder's certificate was not issued, and cure that before the "
            "published answers end."
        ),
    ),
    entry(
        6008,
        title="X.509 cannot say what is declared",
        meaning=(
            "The library that encodes certificates refused a value, such as a text that does not "
            "fit its type. It is found while building, before any signature."
        ),
        example=Told("A serial number in the subject with characters that its type does not have"),
        cure=(
            "Correct the field that the message is about in the service, its template or the CA."
        ),
    ),
    entry(
        6011,
        title="A number that readers already have",
        meaning=(
            "A CRL or another numbered object is never published with a number that is not above "
            "the one at the target. The ledger is older than what is public."
        ),
        example=Told(
            "The ledger was restored from a backup of the day before, and apply runs again"
        ),
        cure="Restore the newer ledger. Do not delete anything at the target.",
    ),
    entry(
        6012,
        title="Readers would lose revocations",
        meaning=(
            "Before a CRL is put in place, it is compared with the very file that readers have "
            "now. An entry that is there stays until its certificate has expired, or was released "
            "from hold; and what is there for ever does not become a hold."
        ),
        example=Told(
            "? HELD [PKI6012] vcc-services.crl would lose 3 revocations that readers already have"
        ),
        cure=(
            "Restore the newer ledger, which knows them. The published CRL stays in place until "
            "then."
        ),
    ),
    entry(
        6020,
        title="A removed revocation changes nothing",
        meaning=(
            "Revoked stays revoked: removing the file or reverting the commit takes nothing back, "
            "and its author should not expect it. A hold does not end that way either."
        ),
        example=Told("$ git rm desired-state/revocations/argus-moved.yaml"),
        cure=(
            "To certify the service again, name the revocation in resumeAfter of the service. A "
            "hold ends when its file is back and says state: released."
        ),
    ),
    entry(
        6021,
        title="A release of what is not on hold",
        meaning=(
            "Only the object that put certificates on hold can release them, under its own name "
            "and once. Accepted commits of before count, not what the tree shows now."
        ),
        example=Told(
            "revocations/laptop.yaml says state: released, and no commit ever had it say held"
        ),
        cure=(
            "Say state: released in the Revocation whose state is held; status names it beside "
            "what it holds. What is not on hold needs no release: remove the file."
        ),
    ),
    entry(
        6022,
        title="A hold that aims elsewhere",
        meaning=(
            "The object that held certificates releases these, or makes these final. With another "
            "target it would say so of some, and leave the first ones on hold unseen."
        ),
        example=Told(
            "-  target: {tenant: vcc, service: api}\n-  state: held\n"
            "+  target: {tenant: vcc, service: web}\n+  state: released"
        ),
        cure=(
            "Give it back the target that it had, and declare another Revocation for the other one."
        ),
    ),
    entry(
        6023,
        title="For ever, and then only held",
        meaning=(
            "What a Revocation has ended for ever cannot be put on hold or released afterwards, "
            "by no object. Its file would say what is not so."
        ),
        example=Told("-  reason: keyCompromise\n+  reason: certificateHold\n+  state: held"),
        cure=(
            "Put the file back as it was. To hold what was certified since, declare a Revocation "
            "with a name of its own; to certify again, use resumeAfter."
        ),
    ),
    entry(
        6024,
        title="A revocation that was declared before",
        meaning=(
            "It was looked up once, when it was carried out. Brought back or reverted to under the "
            "same name, it says nothing new, and nothing that was certified since is revoked."
        ),
        example=Told("$ git revert HEAD   # which had removed revocations/argus-moved.yaml"),
        cure="Declare a Revocation with another name, if what is certified now is meant.",
    ),
    entry(
        6025,
        title="A name that is used again",
        meaning=(
            "Everything that a name says in an accepted commit counts, one beside the other: what "
            "was revoked first stays so, and what the name says now is carried out as well. A "
            "service that named it before is suspended by it all the same."
        ),
        example=Told("-  reason: cessationOfOperation\n+  reason: keyCompromise"),
        cure=(
            "Nothing, if it is meant. Each revocation is easier to follow under a name of its own."
        ),
    ),
    entry(
        6026,
        title="resumeAfter names nothing that could be resumed after",
        meaning=(
            "It counts for a revocation that was declared for ever in an earlier commit than the "
            "one that names it. A name written in advance, or of a hold, does nothing, also when "
            "the revocation comes."
        ),
        example=Told("A service lists a revocation that is declared in the same commit"),
        cure=(
            "Take the name out, and put it in again in a commit after the revocation. A hold ends "
            "by state: released."
        ),
    ),
    entry(
        6030,
        title="The ledger is in doubt",
        meaning=(
            "Keys or publications bear witness to more than this ledger knows: it was restored "
            "from a backup, or made anew. Nothing is issued. CRLs and OCSP answers go on with what "
            "could be read back, so that no revocation is lost and no number goes back."
        ),
        example=Told(
            "? HELD  [PKI6030] the ledger is in doubt: publication public has seen a ledger with\n"
            "                412 entries, this one has 388"
        ),
        cure=(
            "If there is a newer ledger, stop the daemon and restore it. If this one is the newest "
            "there is, look at what vcc-pki doctor says, then vcc-pki doctor --confirm ledger."
        ),
    ),
    entry(
        6031,
        title="The clock is in doubt",
        meaning=(
            "It is behind the newest ledger entry, far beyond everything that was due, or has "
            "leapt since the last cycle. Nothing is signed, published or recorded, because numbers "
            "and dates from the future could not be taken back."
        ),
        example=Told(
            "? HELD  [PKI6031] the clock is in doubt: it is 2036-01-01T00:00:00Z, but the newest\n"
            "                ledger entry is of 2026-11-23T12:00:00Z"
        ),
        cure=(
            "Set the clock: everything goes on by itself. If the clock is right, because nothing "
            "ran for longer than [clock] leap: vcc-pki doctor --confirm clock."
        ),
    ),
    entry(
        6032,
        title="An issuer's certificates were left unrecorded twice",
        meaning=(
            "Twice within 24 hours vcc-pki ended after it had written down that it will certify "
            "and before it recorded the certificates. They have been made up for, but whatever "
            "ends it would end it again, so this issuer certifies nothing more for a day. CRLs and "
            "OCSP answers go on."
        ),
        example=Told(
            "? HELD  [PKI6032] 2 times within 24 h certificates of vcc-services generation 1 were\n"
            "                intended and not recorded; 14 more wait"
        ),
        cure=(
            "Find out what ends the process while it signs: its log, the machine's memory, its "
            "disk. Then vcc-pki doctor --confirm crashes."
        ),
    ),
    entry(
        6101,
        title="A private key in the tree",
        meaning=(
            "Everybody who can read the repository has the key, now and in its history. Every "
            "file is searched, whatever its name: PEM, OpenSSH, PGP, JWK, DER and key stores, "
            "also within base64. Nothing of its text comes up in a message."
        ),
        example=text(
            "tenants/vcc/csr/web.pem", "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI…\n"
        ),
        cure=(
            "Take the key out of use: make another, commit its CSR, revoke what the old one "
            "certified, and remove the file."
        ),
    ),
    entry(
        6340,
        title="A private key in an earlier version of a file",
        meaning=(
            "A key that one commit adds and the next removes can be cloned all the same. So every "
            "version of every file on the way from the last accepted commit is searched, merged "
            "branches included."
        ),
        example=Told(
            "$ git add old.key && git commit -m 'new service'\n"
            "$ git rm old.key && git commit -m 'oops' && git push"
        ),
        cure=(
            "Take the key out of use and make another. Then take that commit out of the branch "
            "and push again; nothing of it was accepted yet."
        ),
    ),
    entry(
        6341,
        title="A private key in a commit message",
        meaning=(
            "Messages are cloned with the commits, and shown in more places than files: in logs, "
            "mails and on the forge's pages."
        ),
        example=Told("$ git commit -F web.key"),
        cure=(
            "Take the key out of use and make another. Then write the commit again with git "
            "commit --amend or git rebase, and push."
        ),
    ),
    entry(
        6342,
        title="A CSR that came with a private key",
        meaning=(
            "A tenant pushed a private key and deleted it again, while the CSRs that came with it "
            "stayed. The key of one of them may be the one that everybody can read now."
        ),
        example=Told("$ git rm tenants/vcc/services/web.key && git commit"),
        cure="Make another key on the service's host, and commit its CSR in place of this one.",
    ),
)
