"""Where published bytes are put: one module per kind of storage, all with one small protocol.

Belongs here: writing, reading and deleting objects durably, with the storage's own errors turned
into ``WorldFailed``.

Does not belong here: what is written and in which order (``sync``), formats (``render``), or any
knowledge of what an object means. A target never lists what it holds: listings may lie.
"""

from pki_publishers.targets.directory import DirectoryTarget
from pki_publishers.targets.target import Target

__all__ = ["DirectoryTarget", "Target"]
