"""PKI51xx: the linter of CRLs."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry

ENTRIES: tuple[Entry, ...] = (
    entry(
        5101,
        title="The CRL to be signed cannot be read back",
        meaning=(
            "The draft is read afresh as strict DER (X.690 section 10), with no octet more or "
            "less, and for the key of its issuer. The CRL published before stays until then."
        ),
        example=Told("error[PKI5101] the CRL cannot be read"),
        cure=(
            "This is a fault of the program: report it. Mind until when the published CRL counts."
        ),
    ),
    entry(
        5102,
        title="The CRL is not its issuer's",
        meaning=(
            "Version 2, the issuer's subject octet by octet, its algorithm and its key identifier "
            "(RFC 5280 sections 5.1.2.1 to 5.1.2.3 and 5.2.1). Clients match a CRL to "
            "certificates by them."
        ),
        example=Told(
            "A CRL that names its issuer in another string type than the CA's certificate"
        ),
        cure=("Compare the CA's certificate in the ledger with the key store, and report it."),
    ),
    entry(
        5103,
        title="The CRL number does not grow",
        meaning=(
            "Each CRL has a higher number than all before it (RFC 5280 section 5.2.3), also those "
            "published before a ledger was restored. Clients keep the highest."
        ),
        example=Told(
            "The ledger of yesterday was restored; readers already have number 1795500000"
        ),
        cure=(
            "Restore the newer ledger. For a CA from elsewhere set crl.numberFloor above its last "
            "number."
        ),
    ),
    entry(
        5104,
        title="The CRL is not of now",
        meaning=(
            "thisUpdate is the moment it is made, and not before its predecessor's (RFC 5280 "
            "section 5.1.2.4). One from the future would hide every revocation until then."
        ),
        example=Told("The host's clock was set back by an hour after the last CRL"),
        cure="Correct the clock and try again.",
    ),
    entry(
        5105,
        title="The next CRL is not due as declared",
        meaning=(
            "nextUpdate is there, after thisUpdate, within crl.validity and not after the "
            "issuer's end (RFC 5280 section 5.1.2.5). Without it clients never ask again."
        ),
        example=Told("error[PKI5105] valid for 691200 s, declared are 604800 s"),
        cure="Report it with the CA's crl settings; the CRL published before stays.",
    ),
    entry(
        5106,
        title="The CRL would lose revocations",
        meaning=(
            "Revoked stays revoked: every entry of the predecessor is there, except certificates "
            "whose expiry a regular CRL has outlived (RFC 5280 section 3.3)."
        ),
        example=Told("error[PKI5106] 2 entries of the predecessor are missing: 4f3a09c1, 51e2"),
        cure=(
            "Restore the ledger that knows these revocations; look at the published CRL for them."
        ),
    ),
    entry(
        5107,
        title="An entry of the CRL",
        meaning=(
            "No serial twice, none revoked in the future, no empty list, no unknown extension of "
            "an entry (RFC 5280 sections 5.1.2.6 and 5.3). Some clients refuse the whole CRL for "
            "one."
        ),
        example=Told(
            "A certificate that was revoked both by serial and by its service, entered twice"
        ),
        cure="Report it with the serial that the message names.",
    ),
    entry(
        5108,
        title="A reason that says nothing or belongs elsewhere",
        meaning=(
            "unspecified is left out, as if no reason were given, and removeFromCRL is a word of "
            "delta CRLs (RFC 5280 section 5.3.1)."
        ),
        example=Told("An entry with the reason removeFromCRL in a full CRL"),
        cure=(
            "Report it with the serial that the message names; declare another reason if the "
            "revocation is yet to be made."
        ),
    ),
    entry(
        5109,
        title="The CRL is not a full one",
        meaning=(
            "An issuing distribution point, a delta indicator or a freshest CRL makes a CRL say "
            "less than all (RFC 5280 sections 5.2.4 to 5.2.6), and some client takes it for all."
        ),
        example=Told("error[PKI5109] extension 2.5.29.28 has no place in a full CRL here"),
        cure="Report it: no setting of a CA leads to such an extension.",
    ),
    entry(
        5110,
        title="expiredCertsOnCRL is not as declared",
        meaning=(
            "With crl.keepExpired a CRL says from when on it keeps expired certificates (X.509 "
            "section 9.5.2.8), since old signatures are judged by it. Else it does not say so."
        ),
        example=Told("keepExpired: true is declared, and the draft lacks the extension"),
        cure="Report it with crl.keepExpired of the CA.",
    ),
    entry(
        5111,
        title="pkilint objects to the CRL",
        meaning=(
            "An independent linter reads the CRL by the PKIX profile, of a long one each kind of "
            "entry and a sample of the others."
        ),
        example=Told("error[PKI5111] with the name of pkilint's own finding"),
        cure=(
            "Look up the finding in the message; if the CRL is right, report it. The one "
            "published before stays until then."
        ),
    ),
)
