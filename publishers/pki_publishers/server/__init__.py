"""Hands out published files over plain HTTP, and answers OCSP from them. Keyless and stateless.

Belongs here: the ASGI app and its two routes, the OCSP core (which knows no web framework), and the
bounds on what a stranger may send. The server reads a folder; any number of replicas may read it.

Does not belong here: keys, the ledger, Git, signing, or writing anything at all.
"""

from pki_publishers.server.app import create_app, create_server, serve
from pki_publishers.server.limits import Limits

__all__ = ["Limits", "create_app", "create_server", "serve"]
