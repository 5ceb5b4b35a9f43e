"""``RoleBinding``: which signers of commits hold which role, and where."""

from __future__ import annotations

from typing import Annotated, Literal

from pki_schema.fields import EmailAddress, Name, ServiceReference, SshPublicKey, Text
from pki_schema.kinds.envelope import Strict, about

Role = Literal[
    "pki_super_admin",
    "pki_admin",
    "cert_manager",
    "service_account",
    "code_signer",
    "auditor",
]


class Principal(Strict, frozen=True, kw_only=True):
    """Who signs commits, by the key. A key of the forge is nobody's."""

    name: Annotated[Name, about("Who it is; one name has one key.", "ada")]
    ssh_key: Annotated[
        SshPublicKey,
        about(
            "The public key that the commits are signed with.",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBDQZiIbqNvAsTgSUbfWQ5PZ2y6JOg2bDOyqbeBbxQgt",
        ),
    ]
    email: Annotated[EmailAddress | None, about("Where they read mail.", "ada@vcc.internal")] = None


class RoleBindingSpec(Strict, frozen=True, kw_only=True):
    """``pki_super_admin`` is held everywhere, every other role in the tenants named.

    ``services`` limits a ``service_account`` to its own services.
    """

    role: Annotated[Role, about("What its holders may do.", "cert_manager")]
    tenants: Annotated[
        tuple[Name, ...], about("In which tenants; none for pki_super_admin.", ["vcc"])
    ] = ()
    services: Annotated[
        tuple[ServiceReference, ...],
        about("For a service_account: the services it may change.", ["vcc/argus-backend"]),
    ] = ()
    principals: Annotated[
        tuple[Principal, ...],
        about(
            "Who holds it.",
            [
                {
                    "name": "ada",
                    "sshKey": "ssh-ed25519 "
                    "AAAAC3NzaC1lZDI1NTE5AAAAIBDQZiIbqNvAsTgSUbfWQ5PZ2y6JOg2bDOyqbeBbxQgt",
                }
            ],
        ),
    ] = ()
    description: Annotated[Text | None, about("For people.", "The platform team")] = None
