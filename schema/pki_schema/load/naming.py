"""What a certificate names: subject and alternative names, from template and service, judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pki_schema.errors import FieldError, Problem
from pki_schema.fields import DnsName, EmailAddress, IpAddress, Text, Uri
from pki_schema.load.belonging import beyond, foreign
from pki_schema.load.links import Path
from pki_schema.load.substitute import distinguished_name, substitute
from pki_schema.load.tree import nearest
from pki_schema.load.wanted import Wanted
from pki_schema.x509.names import HOST_LIKE
from pki_schema.x509.oids import NAME_ATTRIBUTES

_Grammar = type[DnsName] | type[IpAddress] | type[Uri] | type[EmailAddress]
NAMES: dict[str, tuple[str, str, _Grammar]] = {
    "dns": ("dns_names", "dnsNames", DnsName),
    "ip": ("ip_addresses", "ipAddresses", IpAddress),
    "uri": ("uris", "uris", Uri),
    "email": ("email_addresses", "emailAddresses", EmailAddress),
    # A user principal name is written like a mail address (MS-ADTS section 5.1.1.1.1).
    "upn": ("user_principal_names", "userPrincipalNames", EmailAddress),
}
"""Name types that services can ask for: their field, as authors write it, and its grammar."""

Subject = tuple[tuple[str, str], ...]
Names = tuple[tuple[str, str], ...]


def name_it(wanted: Wanted) -> tuple[Subject, Names, tuple[Problem, ...]]:
    """Subject and names, with all that is wrong with them."""
    problems = list(_parameter_problems(wanted))
    if problems:
        return (), (), tuple(problems)
    values = _values(wanted)
    subject = _subject(wanted, values, problems)
    names = _names(wanted, values, problems)
    problems += _name_problems(wanted, subject, names)
    return subject, names, tuple(problems)


def _parameter_problems(wanted: Wanted) -> Iterator[Problem]:
    """Parameters are exactly those the template declares (PKI3023)."""
    given, declared = wanted.certificate.parameters, wanted.terms.template.parameters
    for name in sorted(set(declared) - set(given)):
        message = f'template "{wanted.terms.template.name}" needs the parameter "{name}"'
        yield wanted.problem("parameters", "PKI3023", message)
    for name in sorted(set(given) - set(declared)):
        message = f'template "{wanted.terms.template.name}" has no parameter "{name}"'
        yield wanted.problem(("parameters", name), "PKI3023", message, nearest(name, declared))


def _values(wanted: Wanted) -> Mapping[str, str]:
    """The value of each variable. A parameter can take the place of none of the fixed ones."""
    given = wanted.certificate.parameters
    return {
        **{name: str.__str__(value) for name, value in given.items()},
        **wanted.terms.values,
        "service_name": str.__str__(wanted.service.identity.name),
        "certificate_name": str.__str__(wanted.certificate.name),
    }


def _subject(wanted: Wanted, values: Mapping[str, str], problems: list[Problem]) -> Subject:
    try:
        return distinguished_name(wanted.terms.subject, values)
    except FieldError as error:
        problems.append(_in_template(wanted, error))
        return ()


def _names(wanted: Wanted, values: Mapping[str, str], problems: list[Problem]) -> Names:
    """The template's names, then the service's own; each once, sorted."""
    found: set[tuple[str, str]] = set()
    for kind, (attribute, field, grammar) in NAMES.items():
        for written in getattr(wanted.terms.template.names, attribute):
            try:
                name = grammar.parse(substitute(written, values))
            except FieldError as error:
                problems.append(_in_template(wanted, error))
                continue
            problems += _judged(wanted, "template", kind, name)
            found.add((kind, str.__str__(name)))
        for i, written in enumerate(getattr(wanted.certificate, attribute)):
            try:
                name = grammar.parse(written)
            except FieldError as error:
                problems.append(wanted.problem((field, i), error.code, error.message, error.hint))
                continue
            problems += _judged(wanted, (field, i), kind, name)
            found.add((kind, str.__str__(name)))
    found.update(_other_names(wanted, values, problems))
    return tuple(sorted(found))


def _other_names(
    wanted: Wanted, values: Mapping[str, str], problems: list[Problem]
) -> Iterator[tuple[str, str]]:
    """Names that only the template's author answers for: no tenant owns any, and name constraints
    here know no such type.
    """
    template = wanted.terms.template
    for other in template.names.other_names:
        try:
            text = Text.parse(substitute(other.utf8_value, values))
        except FieldError as error:
            problems.append(_in_template(wanted, error))
            continue
        if "other" not in template.name_types:
            message = f'template "{template.name}" does not allow the other name "{text}"'
            hint = f"it allows {', '.join(template.name_types) or 'no names at all'}"
            problems.append(wanted.problem("template", "PKI4021", message, hint))
        yield "other", f"{str.__str__(other.oid)};{str.__str__(text)}"


def _judged(wanted: Wanted, field: str | Path, kind: str, name: str) -> Iterator[Problem]:
    """Whether the template, the tenant and the CAs above let this name be certified."""
    template = wanted.terms.template
    if kind not in template.name_types:
        known = ", ".join(template.name_types) or "no names at all"
        message = f'template "{template.name}" does not allow the {kind} name "{name}"'
        yield wanted.problem(field, "PKI4021", message, f"it allows {known}")
        return
    fault = foreign(kind, name, wanted.terms.owner)
    if fault:
        message = (
            f'"{name}" does not belong to tenant "{wanted.service.identity.tenant}": it {fault}'
        )
        yield wanted.problem(field, "PKI4022", message)
        return
    for above, constraints in wanted.terms.constraints:
        if beyond(kind, name, constraints):
            message = f'"{name}" is outside the name constraints of CA "{above}"'
            yield wanted.problem(field, "PKI4026", message)


def _name_problems(wanted: Wanted, subject: Subject, names: Names) -> Iterator[Problem]:
    template = wanted.terms.template
    kinds = {kind for kind, _ in names}
    if template.required_names and not kinds.intersection(template.required_names):
        kinds_wanted = " or ".join(template.required_names)
        fields = " or ".join(NAMES[kind][1] for kind in template.required_names if kind in NAMES)
        message = f'template "{template.name}" requires a name of type {kinds_wanted}'
        yield wanted.problem("template", "PKI4023", message, f"give {fields}" if fields else "")
    common = [value for oid, value in subject if oid == NAME_ATTRIBUTES["CN"]]
    if "dns" in template.name_types:
        # Old verifiers read a CN like a DNS name (RFC 6125 section 6.4.4).
        for value in common:
            if "." in value and ("dns", value) not in names:
                message = (
                    f'the common name "{value}" looks like a DNS name and is not among the names'
                )
                yield wanted.problem("template", "PKI4024", message)
    if "dns" not in kinds:
        yield from _readable_as_hosts(wanted, common)
    if not subject and not names and not template.subject:
        yield wanted.problem("template", "PKI4025", "the certificate names nobody")


def _readable_as_hosts(wanted: Wanted, common: Iterable[str]) -> Iterator[Problem]:
    """Without a DNS name beside it Java reads a common name of one word as a host's, and holds it
    to the name constraints of the CAs above.
    """
    for value in common:
        for above, constraints in wanted.terms.constraints:
            if HOST_LIKE.fullmatch(value) and beyond("dns", value.lower(), constraints):
                message = (
                    f'the common name "{value}" may be read as a DNS name, which is outside the '
                    f'name constraints of CA "{above}"'
                )
                hint = "give it a second word, as in ${service_name} client"
                yield wanted.problem("template", "PKI4026", message, hint)


def _in_template(wanted: Wanted, error: FieldError) -> Problem:
    message = f'template "{wanted.terms.template.name}": {error.message}'
    return wanted.problem("template", error.code, message, error.hint)
