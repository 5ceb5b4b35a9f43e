"""The linter is shown known faults before it is trusted; a silent one is noticed."""

import pytest

from pki_reconciler.decide.lint import canary, rulebook


def test_a_linter_that_is_awake_notices_everything():
    assert canary.unnoticed() == ()


@pytest.mark.parametrize("name", ["CERTIFICATE", "CRL", "ANSWER"])
def test_the_seeded_faults_are_read_from_the_bytes(name):
    """They are constants, long enough to be what they claim to be."""
    assert getattr(canary, name)[0] == 0x30
    assert 200 < len(getattr(canary, name)) < 600


def test_what_one_rule_no_longer_says_is_named():
    """An emptied book: as after a broken merge, with only the rule that reads left."""
    now = canary.parse("2026-01-01T00:00:00Z")
    context = canary._below_itself(now)
    book = [rulebook.CERTIFICATE_RULES[0](context)]
    unnoticed = list(canary._passed("certificate", canary._certificate(now), book))
    assert "certificate: PKI5002 was not found" in unnoticed
    assert "certificate: pkilint pkix.key_usage_extension_not_critical was not found" in unnoticed
