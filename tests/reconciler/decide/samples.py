"""Samples for tests: pkilint looks at everything, or at nothing so that one rule stands alone."""

from pki_reconciler.decide.lint import Sample

EVERY_ONE = Sample(0, b"")


class _Nothing(Sample):
    def takes(self, shape, content):
        return False


NOTHING = _Nothing(0, b"")
