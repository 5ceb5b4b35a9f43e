"""``vcc-pki.toml``: what the host decides and Git must not: which repository, and where things lie.

Belongs here: the file's words, their checks, where the file is looked for. Does not belong here:
secrets (a passphrase comes from a file, a descriptor or a systemd credential), defaults of the
desired state, opening anything the file names.
"""

from pki_reconciler.config.reading import ConfigRefused, find_config, load_config
from pki_reconciler.config.settings import Config, RepositorySettings, StatePaths, Target

__all__ = [
    "Config",
    "ConfigRefused",
    "RepositorySettings",
    "StatePaths",
    "Target",
    "find_config",
    "load_config",
]
