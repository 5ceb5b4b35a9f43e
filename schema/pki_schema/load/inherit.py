"""Templates with their parents: one complete specification per template.

A field left out is inherited, a field given stands instead of the parent's; a child may only
narrow. What a parent's reviewers refused can then not come back by extending their template.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from pki_schema.desired import GLOBAL, Declared, DesiredState, Identity, Profile
from pki_schema.errors import FieldError, Problem
from pki_schema.kinds import CertificateAuthoritySpec, CertificateTemplateSpec
from pki_schema.kinds.parts import NameConstraints
from pki_schema.kinds.template import TemplateNames
from pki_schema.load import extensions
from pki_schema.load.complete import CompleteTemplate, contradictions
from pki_schema.load.lineage import lineage, parent_of
from pki_schema.load.narrowing import widenings
from pki_schema.load.profiles import profile_of
from pki_schema.load.subjects import literal_subject
from pki_schema.load.tree import at
from pki_schema.x509.algorithms import ALGORITHMS

Constraints = tuple[tuple[str, NameConstraints], ...]
"""Names of CAs, each with what it lets others be named."""


@dataclass
class Templates:
    """The complete templates of a state, each folded when first asked for, what they say of their
    certificates, and what the CAs above an issuer let it name.
    """

    state: DesiredState
    _folded: dict[str, tuple[CompleteTemplate | None, tuple[Problem, ...]]] = field(
        default_factory=dict
    )
    _profiles: dict[tuple[str, str], Profile] = field(default_factory=dict)
    _constraints: dict[Identity, Constraints] = field(default_factory=dict)

    def complete(self, name: str) -> CompleteTemplate | None:
        """The template, or ``None`` when it is missing or faulty."""
        return self._fold(name)[0]

    def problems(self, name: str) -> tuple[Problem, ...]:
        """What is wrong with the template itself, its references aside."""
        return self._fold(name)[1]

    def profile(self, template: CompleteTemplate, algorithm: str) -> Profile:
        """What one of these templates says of its certificates with one kind of key."""
        found = self._profiles.get((template.name, algorithm))
        if found is None:
            found = self._profiles[template.name, algorithm] = profile_of(template, algorithm)
        return found

    def constraints_above(self, issuer: Declared) -> Constraints:
        """The CAs that constrain names, from the issuer up, and how."""
        found = self._constraints.get(issuer.identity)
        if found is None:
            found = tuple(
                (above.identity.name, above.spec.name_constraints)
                for above in lineage(self.state, issuer).members
                if isinstance(above.spec, CertificateAuthoritySpec)
                and above.spec.name_constraints is not None
            )
            self._constraints[issuer.identity] = found
        return found

    def _fold(self, name: str) -> tuple[CompleteTemplate | None, tuple[Problem, ...]]:
        if name not in self._folded:
            declared = self.state.objects.get(Identity("CertificateTemplate", GLOBAL, name))
            self._folded[name] = self._judged(declared) if declared else (None, ())
        return self._folded[name]

    def _judged(self, declared: Declared) -> tuple[CompleteTemplate | None, tuple[Problem, ...]]:
        """Below a faulty template there is none that could be used: it may have been widened."""
        found, problems = fold(self.state, declared)
        above = parent_of(declared)
        if found is not None and above is not None and self.complete(above.name) is None:
            return None, problems
        return found, problems


def fold(
    state: DesiredState, declared: Declared
) -> tuple[CompleteTemplate | None, tuple[Problem, ...]]:
    """A template with everything it inherits, or the problems that keep it from being complete."""
    line = lineage(state, declared)
    specs = [_listed(m.spec) for m in line.members if isinstance(m.spec, CertificateTemplateSpec)]
    if not line.whole or len(specs) != len(line.members):
        return None, ()
    inherited = specs[-1]
    for spec in reversed(specs[1:-1]):
        inherited = _overlay(inherited, spec)
    merged = _overlay(inherited, specs[0]) if len(specs) > 1 else specs[0]
    problems = list(widenings(declared, inherited, specs[0])) if len(specs) > 1 else []
    missing = [
        Problem(
            at(declared, "spec"), "PKI3020", f'the template has no "{name}"', "nor do its parents"
        )
        for name, value in (
            ("subject", merged.subject),
            ("usages", merged.usages),
            ("duration", merged.duration),
            ("nameTypes", merged.name_types),
        )
        if value is None
    ]
    if missing:
        return None, (*problems, *missing)
    complete = _completed(declared, merged)
    problems += contradictions(declared, complete)
    return (None if problems else complete), tuple(problems)


def _listed(spec: CertificateTemplateSpec) -> CertificateTemplateSpec:
    """With its subject as a list, whichever way it is written; ``specs`` has judged it."""
    if spec.literal_subject is None:
        return spec
    try:
        subject = literal_subject(spec.literal_subject)
    except FieldError:
        subject = ()
    return msgspec.structs.replace(spec, subject=subject, literal_subject=None)


def _overlay(
    parent: CertificateTemplateSpec, child: CertificateTemplateSpec
) -> CertificateTemplateSpec:
    given = {
        name: getattr(child if getattr(child, name) is not None else parent, name)
        for name in child.__struct_fields__
    }
    return CertificateTemplateSpec(**given)


def _completed(declared: Declared, spec: CertificateTemplateSpec) -> CompleteTemplate:
    duration = int(spec.duration or 0)
    rule = spec.private_key
    return CompleteTemplate(
        name=declared.identity.name,
        origin=at(declared, "metadata", "name"),
        issuers=tuple(spec.issuers or ()),
        subject=spec.subject or (),
        names=spec.names or TemplateNames(),
        name_types=tuple(spec.name_types or ()),
        required_names=tuple(spec.required_names or ()),
        usages=tuple(spec.usages or ()),
        extended_key_usage_critical=bool(spec.extended_key_usage_critical),
        policies=spec.policies or (),
        extra_extensions=extensions.values(spec.extra_extensions or ()),
        algorithms=tuple(rule.algorithms if rule else ()) or tuple(ALGORITHMS),
        max_age=int(rule.max_age) if rule and rule.max_age else None,
        duration=duration,
        max_duration=int(spec.max_duration) if spec.max_duration else duration,
        # The default of two thirds of the life is for leaves, which is all templates make.
        renew_before=int(spec.renew_before) if spec.renew_before else duration // 3,
        ocsp_no_check=bool(spec.ocsp_no_check),
        status_pointers=spec.status_pointers is not False,
        parameters=tuple(spec.parameters or ()),
    )
