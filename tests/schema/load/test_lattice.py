"""Whatever templates are made of, none can be wider than one it extends.

Lines of random templates are folded as the loader does; where it has nothing against one, what it
allows is compared with what each of its ancestors allows, by a comparison of this file's own.
"""

from collections.abc import Collection
from random import Random
from typing import Any

import msgspec
import pytest

from pki_schema.desired import GLOBAL, Declared, DesiredState, Identity
from pki_schema.errors import Position
from pki_schema.fields import Duration, KeyAlgorithm, Name, Oid, Usage
from pki_schema.kinds import CertificateTemplateSpec
from pki_schema.kinds.parts import KeyRule
from pki_schema.kinds.template import ExtraExtension
from pki_schema.load.complete import CompleteTemplate
from pki_schema.load.inherit import Templates

USAGES = ("digital signature", "server auth", "client auth", "code signing", "1.2.3.4", "any")
ISSUERS = ("vcc-services", "vcc-people", "vcc-signing")
NAME_TYPES = ("dns", "ip", "uri", "email", "upn")
ALGORITHMS = ("P-256", "P-384", "Ed25519", "RSA-3072")
DAYS = [Duration(n * 86_400) for n in (30, 90, 365)]

STAPLE = ExtraExtension(oid=Oid("1.3.6.1.5.5.7.1.24"), value="MAMCAQU=")
PRIVATE = ExtraExtension(oid=Oid("1.2.3.4"), value="BQA=")
CRITICAL = ExtraExtension(oid=Oid("1.2.3.4"), critical=True, value="BQA=")
EXTENSIONS = [(), (STAPLE,), (PRIVATE,), (STAPLE, PRIVATE), (CRITICAL,)]


def some(
    chance: Random, of: Collection[str], within: Collection[str] | None, kind: type[str] = str
) -> tuple[Any, ...] | None:
    """A few of these, or the field left out; mostly of what the parent has."""
    if chance.random() < 0.5:
        return None
    known = of if within is None or chance.random() < 0.15 else within
    return tuple(kind(one) for one in known if chance.random() < 0.7)


def perhaps(chance: Random, *values: Any) -> Any:
    return chance.choice((*[None] * 6, *values))


def template(chance: Random, above: CertificateTemplateSpec | None) -> CertificateTemplateSpec:
    """A root of everything, or what extends ``above``, of which the last in line is known."""
    if above is None:
        return CertificateTemplateSpec(
            subject=({"CN": "x"},),  # type: ignore[dict-item]
            issuers=tuple(map(Name, ISSUERS)),
            name_types=NAME_TYPES,  # type: ignore[arg-type]
            required_names=perhaps(chance, ("dns", "uri")),
            usages=tuple(map(Usage, USAGES)),
            extended_key_usage_critical=perhaps(chance, True, False),
            private_key=perhaps(
                chance,
                KeyRule(
                    algorithms=tuple(map(KeyAlgorithm, ALGORITHMS)), max_age=perhaps(chance, *DAYS)
                ),
            ),
            duration=DAYS[1],
            max_duration=perhaps(chance, DAYS[2]),
            extra_extensions=perhaps(chance, *EXTENSIONS),
            status_pointers=perhaps(chance, True, False),
        )
    algorithms = some(
        chance,
        ALGORITHMS,
        above.private_key.algorithms if above.private_key else None,
        KeyAlgorithm,
    )
    return CertificateTemplateSpec(
        issuers=some(chance, ISSUERS, above.issuers, Name),
        name_types=some(chance, NAME_TYPES, above.name_types),  # type: ignore[arg-type]
        required_names=some(chance, NAME_TYPES, above.required_names),
        usages=some(chance, USAGES, above.usages, Usage),
        extended_key_usage_critical=perhaps(chance, True, False),
        private_key=None
        if algorithms is None
        else KeyRule(algorithms=algorithms, max_age=perhaps(chance, *DAYS)),
        duration=perhaps(chance, *DAYS),
        max_duration=perhaps(chance, *DAYS),
        extra_extensions=perhaps(chance, *EXTENSIONS),
        ocsp_no_check=perhaps(chance, True, False),
        status_pointers=perhaps(chance, True, False),
    )


def line_of_templates(chance: Random) -> Templates:
    """Two to four templates, each extending the one before it: t0, t1, …"""
    objects = {}
    above: CertificateTemplateSpec | None = None
    for number in range(chance.randint(2, 4)):
        identity = Identity("CertificateTemplate", GLOBAL, f"t{number}")
        spec = template(chance, above)
        if above is not None:
            spec = msgspec.structs.replace(spec, extends=Name(f"t{number - 1}"))
        objects[identity] = Declared(identity=identity, spec=spec, position=Position("t.yaml"))
        above = spec
    return Templates(DesiredState(objects=objects))


INFINITE = 10**12
FEATURE = ("1.3.6.1.5.5.7.1.24", False, bytes.fromhex("3003020105"))


def widened(child: CompleteTemplate, parent: CompleteTemplate) -> list[str]:
    """What a child allows that its ancestor does not."""
    names_wanted = set(parent.required_names)
    return [
        field
        for field, wider in (
            ("usages", not set(child.usages) <= set(parent.usages)),
            # One without issuers is a pattern for others: nothing can be issued from it.
            ("issuers", bool(parent.issuers) and not set(child.issuers) <= set(parent.issuers)),
            ("nameTypes", not set(child.name_types) <= set(parent.name_types)),
            ("algorithms", not set(child.algorithms) <= set(parent.algorithms)),
            ("duration", child.duration > parent.max_duration),
            ("maxDuration", child.max_duration > parent.max_duration),
            ("critical", parent.extended_key_usage_critical > child.extended_key_usage_critical),
            ("ocspNoCheck", child.ocsp_no_check > parent.ocsp_no_check),
            ("statusPointers", parent.status_pointers > child.status_pointers),
            ("maxAge", (parent.max_age or INFINITE) < (child.max_age or INFINITE)),
            ("extensions", not {*child.extra_extensions} - {FEATURE} <= {*parent.extra_extensions}),
            ("staple", parent.demands_staple > child.demands_staple),
            (
                "requiredNames",
                bool(names_wanted)
                and (not child.required_names or not set(child.required_names) <= names_wanted),
            ),
        )
        if wider
    ]


def check(pairs: int) -> None:
    chance, compared, refused = Random(20_261_123), 0, 0  # the same lines every time
    while compared + refused < pairs:
        templates = line_of_templates(chance)
        line = [templates.complete(f"t{number}") for number in range(4)]
        known = [one for one in line if one is not None]
        refused += len(templates.state.objects) - len(known)
        for index, child in enumerate(known):
            for parent in known[:index]:
                compared += 1
                assert widened(child, parent) == [], (child, parent)
    # The test would say nothing if hardly any pair were allowed, or hardly any refused.
    assert compared > pairs // 20
    assert refused > pairs // 20


def test_no_child_is_wider_than_what_it_extends() -> None:
    check(3_000)


@pytest.mark.slow
def test_no_child_is_wider_than_what_it_extends_at_length() -> None:
    check(100_000)
