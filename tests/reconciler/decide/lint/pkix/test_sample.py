"""Which of many objects are shown to pkilint."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pki_reconciler.decide.lint import Sample
from pki_reconciler.decide.lint.pkix.sample import ALL, certificate_shape

SEED = b"a seed of 16 oct"


def contents(count):
    return [index.to_bytes(4, "big") for index in range(count)]


def test_all_of_a_plan_of_five_hundred():
    sample = Sample(ALL, SEED)
    assert all(sample.takes("one shape", content) for content in contents(ALL))


def test_of_more_the_first_of_each_shape_and_one_in_five_hundred():
    """100,000 objects of 10 shapes: 200 are expected, 144 to 256 are within four deviations."""
    sample = Sample(ALL + 1, SEED)
    taken = [n for n, c in enumerate(contents(100_000)) if sample.takes(n % 10, c)]
    assert taken[:10] == list(range(10))
    assert 144 <= len(taken) <= 266


def test_another_seed_is_another_sample():
    """Who writes manifests cannot know which of them will be judged."""
    one, other = (
        {c for c in contents(10_000) if sample.takes("shape", c)}
        for sample in (Sample(10_000, SEED), Sample(10_000, b"another"))
    )
    assert len(one & other) < len(one) / 2


@pytest.fixture(scope="module")
def facts(world, services):
    def made(**profile):
        return world.unsigned(world.leaf_meaning(**profile), services).facts

    return made


def test_names_and_keys_of_the_same_kinds_are_one_shape(facts):
    assert certificate_shape(facts()) == certificate_shape(
        facts(names=(("dns", "other.vcc.local"), ("dns", "third.vcc.local")))
    )


@pytest.mark.parametrize(
    "change",
    [
        {"names": (("dns", "*.vcc.local"),)},
        {"names": (("uri", "spiffe://vcc.local/a"),)},
        {"names": (("dns", "a.vcc.local"), ("ip", "10.0.0.1"))},
        {"subject": (("2.5.4.3", "Grüße"),)},
        {"duration": 86_400},
        {"extended_key_usages": ("client auth",)},
        {"policies": ()},
    ],
    ids=str,
)
def test_whatever_else_differs_is_another_shape(facts, change):
    assert certificate_shape(facts()) != certificate_shape(facts(**change))


def test_from_2050_on_dates_are_encoded_in_another_way(facts):
    now = facts()
    late = replace(now, not_after=now.not_after + timedelta(days=365 * 24))
    assert certificate_shape(now) != certificate_shape(late)
