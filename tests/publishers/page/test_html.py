"""The status page: what it says, to everybody, without a script, giving nothing away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from pki_publishers import layout
from pki_publishers.page import html
from pki_publishers.page.tenants import tenants
from pki_publishers.release import PublicObject
from pki_schema.desired import Identity
from pki_schema.instants import DAY
from pki_schema.reported import (
    Delivery,
    Doubt,
    Failure,
    Health,
    HeldStatus,
    PublicationStatus,
    Report,
    SliceStatus,
    Sync,
)
from tests.fakes import EPOCH as NOW
from tests.publishers.page.documents import Document
from tests.publishers.page.reports import QUIET, authority, certificate, report

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>&{{ 7*7 }}"


def pages(of: Report, declared: tuple[str, ...] = ()) -> Iterator[PublicObject]:
    found = tenants(of, declared)
    yield html.index(of, found)
    for tenant in found:
        yield html.tenant(tenant, of.now)
        for part in tenant.parts:
            yield html.part(tenant, part, of.now)


def index(of: Report) -> Document:
    return Document(next(pages(of)).body)


def tenant(of: Report, name: str = "vcc") -> Document:
    [found] = [page for page in pages(of) if page.path == f"status/{name}.html"]
    return Document(found.body)


TROUBLED = report(
    certificates=(
        certificate("exchange", "partner", health=Health.EXPIRED, not_after=NOW - DAY),
        certificate("api", sync=Sync.HELD, note="revoked by stolen"),
        certificate("web", serial="", not_after=None, health=Health.PENDING, renew_at=None),
    ),
    held=(HeldStatus(code="PKI6001", message="six revocations", remedy="raise the limit"),),
    failures=(Failure(resource="repository", message="cannot read /srv/git", remedy="mount it"),),
    slices=(SliceStatus(tenant="vcc", commit="b" * 40, since="a" * 40, count=1),),
    doubts=(Doubt(what="ledger", evidence="keys know 900 entries", remedy="restore"),),
)
LARGE = report(certificates=tuple(certificate(f"svc-{n:04}", "fleet") for n in range(600)))


@pytest.mark.parametrize("of", [QUIET, TROUBLED, LARGE, Report(now=NOW)])
def test_every_page_is_well_formed_and_its_ids_are_unique(of: Report) -> None:
    for page in pages(of, ("empty",)):
        document = Document(page.body)
        ids = [i for one in document.elements if (i := one.attributes.get("id"))]
        assert len(ids) == len(set(ids)), page.path
        assert page.body.startswith(b"<!DOCTYPE html>\n")


@pytest.mark.parametrize("of", [QUIET, TROUBLED, LARGE, Report(now=NOW)])
def test_headings_go_down_one_level_at_a_time(of: Report) -> None:
    for page in pages(of, ("empty",)):
        document = Document(page.body)
        levels = [int(e.tag[1]) for e in document.elements if re.fullmatch("h[1-6]", e.tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), page.path


@pytest.mark.parametrize("of", [QUIET, TROUBLED, LARGE])
def test_who_does_not_see_it_finds_the_way(of: Report) -> None:
    """Language, landmarks, labelled sections, a way past the head, tables with captions."""
    for page in pages(of):
        document = Document(page.body)
        assert document.elements[0].attributes == {"lang": "en"}
        assert [len(document.all(t)) for t in ("header", "main", "footer", "title")] == [1] * 4
        assert document.all("a")[0].attributes["href"] == "#main"
        for one in document.elements:
            if label := one.attributes.get("aria-labelledby"):
                assert document.one(label).text
        for one in document.all("section"):
            assert "aria-labelledby" in one.attributes
        assert all(one.attributes.get("aria-label") for one in document.all("nav"))
        assert len(document.all("caption")) == len(document.all("table"))
        assert all(one.attributes.get("scope") for one in document.all("th"))
        assert all(one.text for one in document.all("a"))


@pytest.mark.parametrize("of", [QUIET, TROUBLED, LARGE])
def test_every_link_leads_to_a_page_or_a_form_of_public_path(of: Report) -> None:
    found = {page.path: Document(page.body) for page in pages(of)}
    for path, document in found.items():
        for one in (*document.all("a"), *document.all("link")):
            target, _, fragment = one.attributes["href"].partition("#")
            to = resolved(path, target) if target else path
            assert layout.place(to), f"{path} leads to {to}"
            if to in found and fragment:
                assert found[to].one(fragment)


def resolved(path: str, link: str) -> str:
    folder = path.split("/")[:-1]
    while link.startswith("../"):
        folder, link = folder[:-1], link.removeprefix("../")
    return "/".join((*folder, link))


def test_nothing_is_loaded_and_nothing_runs() -> None:
    for page in pages(TROUBLED):
        document = Document(page.body)
        [policy] = [
            one.attributes["content"]
            for one in document.all("meta")
            if one.attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
        for tag in ("script", "img", "iframe", "object", "form", "input", "base"):
            assert not document.all(tag)
        assert not [a for one in document.elements for a in one.attributes if a.startswith("on")]
        assert not re.search(r"url\(|@import", document.all("style")[0].text)
        assert all(one.attributes["rel"] == "alternate" for one in document.all("link"))


def hostile(text: str) -> Report:
    """Every field that comes from elsewhere says this."""
    return report(
        commit=text,
        authorities=(authority("root", note=text),),
        certificates=(
            certificate("api", note=text, sync=Sync.HELD, commit=text, serial=text, plan=text),
            certificate("web", issuer=text, issuer_stem=text),
        ),
        publications=(PublicationStatus(name=text, base_urls=(text,)),),
        held=(HeldStatus(code=text, message=text, remedy=text, origin=text, actions=(text,)),),
        failures=(Failure(resource=f"publication/{text}", message=text),),
        slices=(
            SliceStatus(
                tenant=text,
                commit=text,
                since=text,
                problems=(f"{text}:1:2: error[PKI2007] {text}",),
                count=1,
            ),
        ),
        doubts=(Doubt(what=text, evidence=text, remedy=text),),
    )


def test_text_from_elsewhere_stays_text() -> None:
    """Not one tag more than with harmless text, and the words arrive as they are."""
    for page, harmless in zip(pages(hostile(HOSTILE)), pages(hostile("harmless")), strict=True):
        document = Document(page.body)
        usual = Document(harmless.body)
        assert [e.tag for e in document.elements] == [e.tag for e in usual.elements]
        assert [set(e.attributes) for e in document.elements] == [
            set(e.attributes) for e in usual.elements
        ]
        assert HOSTILE in document.text


SECRET = "/srv/pki/state/passphrase"  # a path of the host


@pytest.mark.parametrize(
    "trouble",
    [
        {"failures": (Failure(resource="ledger", message=SECRET, remedy=SECRET),)},
        {"failures": (Failure(resource="publication/public", message=SECRET, remedy=SECRET),)},
        {"failures": (Failure(resource="reconcile", message=SECRET, remedy=SECRET),)},
        {"failures": (Failure(resource="signer/" + "ab" * 32, message=SECRET, remedy=SECRET),)},
        {"doubts": (Doubt(what="ledger", evidence=SECRET, remedy=SECRET),)},
        {
            "slices": (
                SliceStatus(
                    tenant="vcc",
                    commit="b" * 40,
                    since="a" * 40,
                    problems=(f'tenants/vcc/x.yaml:1:2: error[PKI2007] "{SECRET}"', SECRET),
                    count=2,
                ),
            )
        },
        {
            "publications": (
                PublicationStatus(name="public", health=Health.DEGRADED, conditions=()),
            )
        },
    ],
)
def test_what_is_told_on_the_host_alone_is_not_told_to_the_public(trouble: dict[str, Any]) -> None:
    """Messages of failures carry paths, messages about files whatever somebody wrote there."""
    for page in pages(report(**trouble)):
        assert SECRET.encode() not in page.body


def test_a_quiet_day_says_so() -> None:
    document = index(QUIET)
    assert document.all("title")[0].text == "In order – VCC-PKI status"
    assert "Everything is in order." in document.text
    assert "Nothing is held, faulty, failing or in doubt" in document.text


def test_each_trouble_is_told_with_what_to_do() -> None:
    document = index(TROUBLED)
    assert document.all("title")[0].text == "To do: 6 – VCC-PKI status"
    told = [one.text for one in document.all("li", "task")]
    assert [text.split(" ")[0] for text in told] == ["in", "failing", "faulty", "held"]
    assert all("To do:" in text for text in told)
    assert "vcc-pki doctor" in told[0]
    assert "Raise the limit. What the code means: vcc-pki explain PKI6001." in told[3]
    assert "1 service of partner to look at" in document.text
    assert "revoked by stolen" in document.text


def test_a_faulty_slice_names_places_and_codes() -> None:
    problems = (
        'tenants/vcc/services/x.yaml:13:13: error[PKI2007] duration "90days"; write 90d',
        "tenants/vcc/services/y.yaml:1:1: error[PKI1001] not YAML",
    )
    faulty = SliceStatus(tenant="vcc", commit="b" * 40, since="a" * 40, problems=problems, count=5)
    [task] = index(report(slices=(faulty,))).all("li", "task")
    assert "Tenant vcc stands still" in task.text
    assert "tenants/vcc/services/x.yaml:13:13 PKI2007" in task.text
    assert "and 3 more" in task.text
    assert "90days" not in task.text


def test_a_stale_crl_of_an_offline_ca_says_whose_turn_it_is() -> None:
    stale = authority("root", health=Health.DEGRADED, note="CRL ended 2026-11-22T12:00:00Z")
    [task] = index(report(authorities=(stale,))).all("li", "task")
    assert "root G1: CRL ended 2026-11-22T12:00:00Z" in task.text
    assert "its key is offline: attach it" in task.text


def test_a_service_tells_its_story_under_its_name() -> None:
    document = tenant(QUIET)
    story = document.one("web").text
    assert "Declared cccccccccccc" in story
    assert "Planned dddddddddddd 2026-10-24 12:00" in story
    assert "Signed 1f2e3d by issuing, ends 2027-01-22" in story
    assert "Published current.json" in story
    assert "Due renewal 2026-12-13" in story
    assert "internal" in story


def test_what_waits_to_be_written_has_no_link_yet() -> None:
    waiting = certificate("api", delivery=Delivery.NONE)
    story = tenant(report(certificates=(waiting,))).one("api").text
    assert "Published waits to be written" in story


def test_instants_are_for_programs_too_and_none_is_relative() -> None:
    for page in pages(QUIET):
        document = Document(page.body)
        times = document.all("time")
        assert times
        assert all(re.match(r"\d{4}-\d\d-\d\d", one.attributes["datetime"]) for one in times)
        assert not re.search(r"\bdays (left|ago)\b|\bin \d+ days\b|\byesterday\b", document.text)
        assert "As of 2026-11-23 12:00" in document.text


@pytest.mark.parametrize("word", [*Health, *Sync])
def test_every_word_has_a_badge(word: Health | Sync) -> None:
    assert str(word) in html.badge(word)


def test_a_word_stands_beside_every_colour() -> None:
    """The sign before it is for eyes alone."""
    for page in pages(TROUBLED):
        for badge in Document(page.body).all("span", "badge"):
            assert re.search(r"[A-Z][A-Za-z]+$", badge.text)


def test_the_hierarchy_is_a_tree_with_generations() -> None:
    of = report(
        authorities=(
            authority("root"),
            authority("issuing", "root", 1),
            authority("issuing", "root", 2, stem="issuing-99999999"),
        )
    )
    names = [
        (one.text.split(" ")[:2], one.path.count("ul"))
        for one in index(of).all("h3")
        if "authority" not in one.text and "G" in one.text
    ]
    assert names == [(["root", "G1"], 1), (["issuing", "G2"], 2), (["issuing", "G1"], 2)]


def test_a_page_is_the_same_bytes_for_the_same_report() -> None:
    assert [p.digest for p in pages(TROUBLED)] == [p.digest for p in pages(TROUBLED)]


def test_names_that_cannot_stand_in_a_path_make_no_page() -> None:
    strange = msgspec.structs.replace(
        certificate("api"), identity=Identity("Certificate", "../etc", "api/default")
    )
    with pytest.raises(ValueError, match="cannot stand in a public path"):
        list(pages(report(certificates=(strange,))))
