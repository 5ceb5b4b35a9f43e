"""PKI52xx: the linter of OCSP answers."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry

ENTRIES: tuple[Entry, ...] = (
    entry(
        5201,
        title="The OCSP answer to be signed cannot be read back",
        meaning=(
            "A successful answer in strict DER (RFC 6960 section 4.2.1), put together anew and "
            "compared, because clients accept a trailing octet."
        ),
        example=Told("error[PKI5201] put together anew, the answer is another one"),
        cure=("This is a fault of the program: report it. Answers published before stay."),
    ),
    entry(
        5202,
        title="Not one answer to one question",
        meaning=(
            "Answers signed in advance are about one certificate and have no extension (RFC 9919 "
            "section 3.2.1). A nonce in one would be somebody else's."
        ),
        example=Told("error[PKI5202] 2 single responses"),
        cure=("Report it with the CA that the message names; answers published before stay."),
    ),
    entry(
        5203,
        title="The answer is about another certificate",
        meaning=(
            "CertID names the issuer by the hashes of its name and key, and the recorded serial "
            "(RFC 6960 section 4.1.1). An answer for another issuer with the same serial would "
            "say the wrong thing."
        ),
        example=Told("The key was hashed with the header of its BIT STRING"),
        cure="Report it with the CA and the serial.",
    ),
    entry(
        5204,
        title="The responder may not answer for this issuer",
        meaning=(
            "Its certificate is signed by this very issuer, for OCSP alone, and valid until the "
            "answer ends; it is named by its key (RFC 6960 sections 2.6 and 4.2.2, RFC 9919 "
            "section 3.2.1)."
        ),
        example=Told("A responder's certificate that ends before the answer's nextUpdate"),
        cure=(
            "Give the responder's template a duration longer than ocsp.validity by some days, and "
            "see why it was not renewed."
        ),
    ),
    entry(
        5205,
        title="The answer is not of now",
        meaning=(
            "thisUpdate and producedAt are now, nextUpdate within ocsp.validity (RFC 6960 "
            "sections 2.4 and 4.2.2.1). Clients accept one from the future and one without an "
            "end."
        ),
        example=Told("error[PKI5205] nextUpdate None is missing or not within 345600 s"),
        cure="Check the host's clock; if it is right, report it.",
    ),
    entry(
        5206,
        title="The answer says something else than the ledger",
        meaning=(
            "Good or revoked, when and why, as the ledger knows it, and never good for a serial "
            "that it does not know (RFC 6960 section 2.2)."
        ),
        example=Told("error[PKI5206] serial 4f3a09c1 was not issued here"),
        cure=("Restore the newest ledger; no answer is signed for what it does not know."),
    ),
    entry(
        5207,
        title="pkilint objects to the OCSP answer",
        meaning=(
            "An independent linter reads one answer of each kind by RFC 6960, and a sample of the "
            "others."
        ),
        example=Told("error[PKI5207] with the name of pkilint's own finding"),
        cure=(
            "Look up the finding in the message; if the answer is right, report it. Answers "
            "published before stay."
        ),
    ),
)
