"""Whether a template narrows what it extends: what a parent's reviewers refused stays refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from pki_schema.desired import Declared
from pki_schema.errors import Problem
from pki_schema.fields import Duration
from pki_schema.kinds import CertificateTemplateSpec
from pki_schema.load.extensions import values
from pki_schema.load.tree import at
from pki_schema.x509 import oids
from pki_schema.x509.algorithms import ALGORITHMS


def widenings(
    declared: Declared, parent: CertificateTemplateSpec, child: CertificateTemplateSpec
) -> Iterator[Problem]:
    """What a child asks for beyond its parent (PKI4020)."""
    yield from _outside(declared, ("usages",), child.usages, parent.usages)
    yield from _outside(declared, ("issuers",), child.issuers, parent.issuers)
    yield from _outside(declared, ("nameTypes",), child.name_types, parent.name_types)
    yield from _outside(
        declared, ("privateKey", "algorithms"), _algorithms(child), _algorithms(parent)
    )
    if parent.required_names and child.required_names is not None:
        required = parent.required_names
        yield from _outside(declared, ("requiredNames",), child.required_names, required)
        if not child.required_names:
            yield _widening(declared, ("requiredNames",), "asks for no name at all")
    longest = parent.max_duration or parent.duration
    for name, asked in (("duration", child.duration), ("maxDuration", child.max_duration)):
        if longest is not None and asked is not None and asked > longest:
            yield _widening(declared, (name,), f"{asked} is longer than its parent's {longest}")
    yield from _loosened(declared, parent, child)
    oldest, age = _max_age(parent), _max_age(child)
    if oldest is not None and child.private_key is not None and (age is None or age > oldest):
        why = f"its parent's keys are certified for {oldest} at most"
        yield _widening(declared, ("privateKey", "maxAge"), why)
    yield from _extended(declared, parent, child)


def _loosened(
    declared: Declared, parent: CertificateTemplateSpec, child: CertificateTemplateSpec
) -> Iterator[Problem]:
    flags: tuple[tuple[str, bool | None, bool, Callable[[bool, bool], bool]], ...] = (
        (
            "extendedKeyUsageCritical",
            child.extended_key_usage_critical,
            bool(parent.extended_key_usage_critical),
            lambda mine, theirs: theirs and not mine,
        ),
        (
            "ocspNoCheck",
            child.ocsp_no_check,
            bool(parent.ocsp_no_check),
            lambda mine, theirs: mine and not theirs,
        ),
        (
            "statusPointers",
            child.status_pointers,
            parent.status_pointers is not False,
            lambda mine, theirs: theirs and not mine,
        ),
    )
    for name, mine, theirs, loosens in flags:
        if mine is not None and loosens(mine, theirs):
            yield _widening(declared, (name,), f"its parent has {str(theirs).lower()}")


def _extended(
    declared: Declared, parent: CertificateTemplateSpec, child: CertificateTemplateSpec
) -> Iterator[Problem]:
    """Nobody knows what an extension allows, so none is added. Must-staple only demands (RFC 7633
    section 4.3): it may be added, and not taken away.
    """
    if child.extra_extensions is None:
        return
    theirs = values(parent.extra_extensions or ())
    for index, one in enumerate(child.extra_extensions):
        mine = values((one,))[0]
        if mine not in theirs and one.oid != oids.TLS_FEATURE:
            path = ("extraExtensions", index)
            yield _widening(declared, path, f"{one.oid} is not among its parent's")
    for feature in theirs:
        if feature[0] == oids.TLS_FEATURE and feature not in values(child.extra_extensions):
            yield _widening(declared, ("extraExtensions",), "its parent demands a staple")


def _outside(
    declared: Declared,
    path: tuple[str, ...],
    asked: Collection[str] | None,
    allowed: Collection[str] | None,
) -> Iterator[Problem]:
    if asked is None or allowed is None:
        return
    for index, item in enumerate(asked):
        if item not in allowed:
            yield _widening(declared, (*path, index), f'"{item}" is not among its parent\'s')


def _algorithms(spec: CertificateTemplateSpec) -> tuple[str, ...] | None:
    if spec.private_key is None:
        return None
    return tuple(spec.private_key.algorithms) or tuple(ALGORITHMS)


def _max_age(spec: CertificateTemplateSpec) -> Duration | None:
    return spec.private_key.max_age if spec.private_key else None


def _widening(declared: Declared, path: tuple[str | int, ...], why: str) -> Problem:
    message = f"the template widens its parent: {'.'.join(str(p) for p in path)}: {why}"
    return Problem(at(declared, "spec", *path), "PKI4020", message, "a child may only narrow")
