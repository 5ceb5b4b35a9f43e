"""Every code that the product can say, explained: what ``vcc-pki explain PKI2007`` prints.

Belongs here: one ``Entry`` per code, in a file per range or room; the examples, as manifests that
lie over the small tree ``examples.BASE``; and the look-up by code.

Does not belong here: messages and hints of single problems, which stand where they are told, and
anything that reads a file or judges one. Tests hold the entries to the codes in the source, and
every declared example to what ``load`` says of it.
"""

from pki_schema.catalogue.entries import Declared, Entry, Told
from pki_schema.catalogue.lookup import RANGES, find, near, range_of
from pki_schema.catalogue.wording import changed, shown

__all__ = [
    "RANGES",
    "Declared",
    "Entry",
    "Told",
    "changed",
    "find",
    "near",
    "range_of",
    "shown",
]
