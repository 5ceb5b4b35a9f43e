"""The pulse as Prometheus metrics. Gauges carry timestamps (Unix seconds), not "days left"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from pki_reconciler.daemon.pulse import BUCKETS, Pulse
from pki_schema.instants import Instant
from pki_schema.reported import Failure, Report

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BACKEND: Final = "file"
"""What signs: encrypted key files are the only key store there is."""
Notified = Mapping[tuple[str, str], int]
"""What became of notices, by channel and result."""
NONE: Final[Notified] = MappingProxyType({})
_Value = float | int | Instant | None


def exposition(pulse: Pulse, *, version: str, notices: Notified = NONE) -> bytes:
    """All metrics in the text format 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Once(families(pulse, version=version, notices=notices)))
    return generate_latest(registry)


class _Once(Collector):
    """What prometheus_client asks for its metrics: here they are values already."""

    def __init__(self, found: Iterator[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> list[Metric]:
        return self._found


def families(pulse: Pulse, *, version: str, notices: Notified = NONE) -> Iterator[Metric]:
    """Every metric there is, in a fixed order."""
    yield InfoMetricFamily("pki_build", "What runs here.", {"version": version})
    yield from _cycles(pulse)
    yield from _inputs(pulse)
    yield from _certificates(pulse.report)
    yield from _authorities(pulse.report)
    yield from _publications(pulse)
    yield _notifications(notices)


def _cycles(pulse: Pulse) -> Iterator[Metric]:
    tally = pulse.tally
    cycles = CounterMetricFamily("pki_reconcile", "Cycles, by how they ended.", labels=["result"])
    for result in ("success", "held", "failed"):
        cycles.add_metric([result], tally.cycles[result])
    yield cycles
    durations = HistogramMetricFamily(
        "pki_reconcile_duration_seconds",
        "How long cycles took.",
        buckets=[
            *((str(float(b)), tally.cumulative(b)) for b in BUCKETS),
            ("+Inf", tally.cycles.total()),
        ],
        sum_value=tally.seconds,
    )
    yield durations
    yield _gauge("pki_reconcile_last_timestamp_seconds", "When the last cycle began.", pulse.at)
    yield _gauge(
        "pki_reconcile_last_success_timestamp_seconds",
        "When a cycle last ended without a failure.",
        pulse.succeeded_at,
    )
    actions = CounterMetricFamily(
        "pki_plan_actions", "Actions planned, by verb and cause.", labels=["action", "cause"]
    )
    for (verb, cause), count in sorted(tally.actions.items()):
        actions.add_metric([verb, cause], count)
    yield actions
    operations = CounterMetricFamily(
        "pki_signer_operations",
        "Signatures, and attempts that failed.",
        labels=["backend", "result"],
    )
    operations.add_metric([BACKEND, "success"], tally.signed)
    operations.add_metric([BACKEND, "failed"], tally.refused_signatures)
    yield operations
    held = GaugeMetricFamily("pki_guard_held", "What is held, by rule.", labels=["code"])
    since = GaugeMetricFamily(
        "pki_guard_held_since_timestamp_seconds", "Since when it is held.", labels=["code"]
    )
    for code, count in sorted(Counter(one.code for one in pulse.report.held).items()):
        held.add_metric([code], count)
        since.add_metric([code], pulse.held_since[code].timestamp())
    yield from (held, since)
    yield _gauge("pki_next_due_timestamp_seconds", "When work falls due next.", pulse.next_due)


def _inputs(pulse: Pulse) -> Iterator[Metric]:
    yield _gauge(
        "pki_git_last_applied_commit_timestamp_seconds",
        "When a commit was accepted last; what it asks for is planned in the same cycle.",
        pulse.report.accepted_at,
    )
    yield _gauge(
        "pki_git_last_fetch_timestamp_seconds", "When Git was asked last.", pulse.fetched_at
    )
    yield _gauge("pki_git_refused_commits", "Commits that were not accepted.", len(pulse.refused))
    yield _slices(pulse.report)
    up = GaugeMetricFamily(
        "pki_resource_up",
        "Whether what this host needs does what it is asked.",
        labels=["resource"],
    )
    down = {label(one, pulse.report) for one in pulse.failures}
    for name in sorted({*_resources(pulse.report), *down}):
        up.add_metric([name], name not in down)
    yield up
    slices = GaugeMetricFamily(
        "pki_slice_faults",
        "Errors in a tenant's folder that stands still; the global one's tenant is empty.",
        labels=["tenant"],
    )
    for one in pulse.report.slices:
        slices.add_metric([one.tenant], one.count)
    doubts = GaugeMetricFamily(
        "pki_in_doubt", "1 while it is not trusted and nothing is issued.", labels=["what"]
    )
    doubted = {one.what for one in pulse.report.doubts}
    for what in sorted({"clock", "ledger", *doubted}):
        doubts.add_metric([what], what in doubted)
    yield from (slices, doubts)


def _slices(report: Report) -> Metric:
    """Of every tenant with certificates or a fault; tenant "" is what is global."""
    valid = GaugeMetricFamily(
        "pki_slice_valid",
        "0 for what stands at an older commit because of errors in its files.",
        labels=["tenant"],
    )
    faulty = {one.tenant for one in report.slices}
    for tenant in sorted({"", *faulty, *(c.identity.tenant for c in report.certificates)}):
        valid.add_metric([tenant], tenant not in faulty)
    return valid


def _resources(report: Report) -> Iterator[str]:
    yield from ("ledger", "repository")
    yield from (f"publication/{one.name}" for one in report.publications)
    yield from (f"signer/{one.name}/{one.generation}" for one in report.authorities)


def label(failure: Failure, report: Report) -> str:
    """A resource as people know it: a CA's key by the name of the CA."""
    kind, _, rest = failure.resource.partition("/")
    if kind == "signer":
        for one in report.authorities:
            if rest in (one.spki, one.responder_spki):
                return f"signer/{one.name}/{one.generation}"
    return failure.resource


def _certificates(report: Report) -> Iterator[Metric]:
    named = ["tenant", "name", "ca"]
    ends = GaugeMetricFamily(
        "pki_certificate_expiration_timestamp_seconds", "Its notAfter.", labels=named
    )
    renewals = GaugeMetricFamily(
        "pki_certificate_renewal_timestamp_seconds", "When it is due for renewal.", labels=named
    )
    ready = GaugeMetricFamily(
        "pki_certificate_ready_status",
        "1 for the condition that holds.",
        labels=["tenant", "name", "condition"],
    )
    sync = GaugeMetricFamily(
        "pki_certificate_sync_status",
        "1 for how it stands to Git.",
        labels=["tenant", "name", "sync"],
    )
    for one in report.certificates:
        tenant, name = one.identity.tenant, one.identity.name
        if one.not_after:
            ends.add_metric([tenant, name, one.issuer], one.not_after.timestamp())
        if one.renew_at:
            renewals.add_metric([tenant, name, one.issuer], one.renew_at.timestamp())
        healthy = next(c.status for c in one.conditions if c.type == "Healthy")
        ready.add_metric([tenant, name, healthy], 1)
        sync.add_metric([tenant, name, str(one.sync)], 1)
    counts = GaugeMetricFamily(
        "pki_certificates", "How many, by health.", labels=["tenant", "health"]
    )
    by_health = Counter((c.identity.tenant, str(c.health)) for c in report.certificates)
    for (tenant, health), count in sorted(by_health.items()):
        counts.add_metric([tenant, health], count)
    yield from (ends, renewals, ready, sync, counts)


def _authorities(report: Report) -> Iterator[Metric]:
    columns = {
        "pki_ca_expiration_timestamp_seconds": ("A CA certificate's notAfter.", "not_after"),
        "pki_crl_number": ("The number of the current CRL.", "crl_number"),
        "pki_crl_this_update_timestamp_seconds": ("Its thisUpdate.", "crl_this_update"),
        "pki_crl_next_update_timestamp_seconds": ("Its nextUpdate.", "crl_next_update"),
        "pki_ocsp_staple_timestamp_seconds": (
            "The thisUpdate of the oldest of its OCSP answers, staples among them.",
            "answers_this_update",
        ),
        "pki_ocsp_next_update_timestamp_seconds": (
            "The earliest nextUpdate of its OCSP answers.",
            "answers_next_update",
        ),
        "pki_ocsp_responder_expiration_timestamp_seconds": (
            "The OCSP responder certificate's notAfter.",
            "responder_not_after",
        ),
    }
    for name, (text, attribute) in columns.items():
        family = GaugeMetricFamily(name, text, labels=["ca", "generation"])
        for one in report.authorities:
            value: _Value = getattr(one, attribute)
            if value is not None:
                family.add_metric([one.name, str(one.generation)], _number(value))
        yield family


def _publications(pulse: Pulse) -> Iterator[Metric]:
    unwritten = GaugeMetricFamily(
        "pki_publish_unwritten", "Files that wait to be written.", labels=["target"]
    )
    oldest = GaugeMetricFamily(
        "pki_publish_oldest_unwritten_timestamp_seconds",
        "Since when files wait, where any do.",
        labels=["target"],
    )
    for one in pulse.report.publications:
        unwritten.add_metric([one.name], one.unwritten)
        if one.name in pulse.unwritten_since:
            oldest.add_metric([one.name], pulse.unwritten_since[one.name].timestamp())
    yield from (unwritten, oldest)


def _notifications(notices: Notified) -> Metric:
    family = CounterMetricFamily(
        "pki_notifications",
        "Attempts to tell a channel, and notices it was never told.",
        labels=["channel", "result"],
    )
    for (channel, result), count in sorted(notices.items()):
        family.add_metric([channel, result], count)
    return family


def _gauge(name: str, text: str, value: _Value) -> Metric:
    family = GaugeMetricFamily(name, text)
    if value is not None:
        family.add_metric([], _number(value))
    return family


def _number(value: float | int | Instant) -> float:
    return value.timestamp() if isinstance(value, Instant) else value
