"""Rules for certificates, one per file: each reads the draft's bytes and cites what it enforces.

Must not be here: policy (who may have which certificate), which comes before anything is built.
"""

from pki_reconciler.decide.lint.certificates.alternative_names import alternative_names
from pki_reconciler.decide.lint.certificates.basic_constraints import basic_constraints
from pki_reconciler.decide.lint.certificates.extended_key_usage import extended_key_usage
from pki_reconciler.decide.lint.certificates.issuer_name import issuer_name
from pki_reconciler.decide.lint.certificates.issuer_purposes import issuer_purposes
from pki_reconciler.decide.lint.certificates.issuer_validity import issuer_validity
from pki_reconciler.decide.lint.certificates.key_identifiers import key_identifiers
from pki_reconciler.decide.lint.certificates.key_usage import key_usage
from pki_reconciler.decide.lint.certificates.known_extensions import known_extensions
from pki_reconciler.decide.lint.certificates.name_constraints import name_constraints
from pki_reconciler.decide.lint.certificates.name_grammar import name_grammar
from pki_reconciler.decide.lint.certificates.ocsp_signing import ocsp_signing
from pki_reconciler.decide.lint.certificates.own_name import own_name
from pki_reconciler.decide.lint.certificates.path_length import path_length
from pki_reconciler.decide.lint.certificates.pointers import pointers
from pki_reconciler.decide.lint.certificates.policies import policies
from pki_reconciler.decide.lint.certificates.public_key import public_key
from pki_reconciler.decide.lint.certificates.readable import readable
from pki_reconciler.decide.lint.certificates.serial import serial
from pki_reconciler.decide.lint.certificates.shared_name import shared_name
from pki_reconciler.decide.lint.certificates.signature_algorithm import signature_algorithm
from pki_reconciler.decide.lint.certificates.subject_name import subject_name
from pki_reconciler.decide.lint.certificates.subtrees import subtrees
from pki_reconciler.decide.lint.certificates.validity import validity

__all__ = [
    "alternative_names",
    "basic_constraints",
    "extended_key_usage",
    "issuer_name",
    "issuer_purposes",
    "issuer_validity",
    "key_identifiers",
    "key_usage",
    "known_extensions",
    "name_constraints",
    "name_grammar",
    "ocsp_signing",
    "own_name",
    "path_length",
    "pointers",
    "policies",
    "public_key",
    "readable",
    "serial",
    "shared_name",
    "signature_algorithm",
    "subject_name",
    "subtrees",
    "validity",
]
