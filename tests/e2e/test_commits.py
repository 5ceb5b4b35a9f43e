"""Which commits are accepted, what stands when one is not, and what goes on meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pki_reconciler.cli import apply
from pki_reconciler.loop import Outcome
from tests.published import Published, is_page
from tests.worlds import World

SERVICES = "tenants/vcc/services"
ARGUS = f"{SERVICES}/argus-backend.yaml"
CLARA = f"{SERVICES}/clara-backend.yaml"
EXCHANGE = "tenants/partner/services/exchange.yaml"


def _git(world: World, *arguments: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_AUTHOR_NAME": "Author",
        "GIT_AUTHOR_EMAIL": "author@vcc.local",
        "GIT_COMMITTER_NAME": "Author",
        "GIT_COMMITTER_EMAIL": "author@vcc.local",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    done = subprocess.run(
        ["git", "-C", str(world.tree), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _head(world: World) -> str:
    return _git(world, "rev-parse", "HEAD")


def _problems(outcome: Outcome) -> list[str]:
    """Of refused commits and of tenants that stand still."""
    refused = [str(p) for refusal in outcome.observed.refused for p in refusal.problems]
    return refused + [text for fault in outcome.observed.faults for text in fault.problems]


def _append(world: World, path: str, text: str) -> None:
    world.write(path, (world.tree / path).read_text() + text)


# ------------------------------------------------------------------ errors


def _unclosed_quote(world: World) -> None:
    _append(world, ARGUS, '  duration: "90d\n')


def _duplicate_key(world: World) -> None:
    _append(world, ARGUS, "  template: vcc-service\n")


def _unknown_field(world: World) -> None:
    _append(world, ARGUS, "  renewbefore: 20d\n")


def _no_duration(world: World) -> None:
    _append(world, ARGUS, '  duration: "90days"\n')


def _a_month(world: World) -> None:
    _append(world, ARGUS, "  duration: 3mo\n")


def _no_such_template(world: World) -> None:
    world.edit(ARGUS, "template: vcc-service", "template: vcc-servce")


def _template_in_use_removed(world: World) -> None:
    world.remove("templates/vcc-admin.yaml")


def _name_of_somebody_else(world: World) -> None:
    _append(world, ARGUS, "  dnsNames: [www.example.org]\n")


def _longer_than_allowed(world: World) -> None:
    _append(world, ARGUS, "  duration: 366d\n")


def _wildcard(world: World) -> None:
    _append(world, ARGUS, '  dnsNames: ["*.vcc.local"]\n')


def _template_of_another_tenant(world: World) -> None:
    world.edit(EXCHANGE, "vcc-service", "vcc-code-signing")


def _two_of_one_name(world: World) -> None:
    world.write(f"{SERVICES}/copy.yaml", (world.tree / ARGUS).read_text())


def _wider_than_its_parent(world: World) -> None:
    world.edit("templates/vcc-clara-model.yaml", "duration: 730d", "duration: 1096d")


def _link(world: World) -> None:
    (world.tree / SERVICES / "link.yaml").symlink_to("argus-backend.yaml")


def _too_large(world: World) -> None:
    _append(world, ARGUS, "# " + "x" * 1_048_576 + "\n")


def _private_key(world: World) -> None:
    key = (world.hosts / "vcc" / "argus-backend" / "default.key.pem").read_text()
    world.write("tenants/vcc/csr/argus-backend.pem", key)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (_unclosed_quote, f"{ARGUS}:13:1: error[PKI1001]"),
        (_duplicate_key, f"{ARGUS}:12:3: error[PKI1015]"),
        (_unknown_field, f"{ARGUS}:12:3: error[PKI2101]"),
        (_no_duration, f"{ARGUS}:12:13: error[PKI2007]"),
        (_a_month, f"{ARGUS}:12:13: error[PKI2007]"),
        (_wildcard, f"{ARGUS}:12:14: error[PKI2010]"),
        (_no_such_template, f"{ARGUS}:8:13: error[PKI3001]"),
        (_template_in_use_removed, f"{SERVICES}/admin-example.yaml:7:13: error[PKI3001]"),
        (_two_of_one_name, f"{SERVICES}/copy.yaml:5:18: error[PKI3006]"),
        (_template_of_another_tenant, f"{EXCHANGE}:8:13: error[PKI4002]"),
        (_wider_than_its_parent, "templates/vcc-clara-model.yaml:11:13: error[PKI4020]"),
        (_name_of_somebody_else, f"{ARGUS}:12:14: error[PKI4022]"),
        (_longer_than_allowed, f"{ARGUS}:12:13: error[PKI4027]"),
        (_link, f"{SERVICES}/link.yaml:1:1: error[PKI1301]"),
        (_too_large, f"{ARGUS}:1:1: error[PKI1304]"),
        (_private_key, "tenants/vcc/csr/argus-backend.pem:1:1: error[PKI6101]"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
def test_nothing_of_a_faulty_slice_is_done(
    world: World, spoil: Callable[[World], None], problem: str
) -> None:
    """The problem is told with file, line and column; nothing is signed and nothing published. In a
    tenant's folder it stops that tenant (exit 3), elsewhere the commit (exit 1).
    """
    accepted = _head(world)
    before = Published.of(world)
    spoil(world)
    commit = world.commit()
    outcome = world.reconcile(minutes=1)
    told = outcome.observed
    assert [p for p in _problems(outcome) if p.startswith(problem)]
    assert outcome.done.signed == 0
    after = Published.of(world)
    assert {p for p in after.but_pages if after.files[p] != before.files.get(p)} <= {"status.json"}
    tenant = problem.split("/")[1] if problem.startswith("tenants/") else ""
    if tenant and spoil is not _template_in_use_removed:
        assert (told.accepted, told.refused) == ((commit,), ())
        assert [(f.tenant, f.since, f.commit) for f in told.faults] == [(tenant, accepted, commit)]
        assert apply.exit_code(outcome) == 3
    else:
        assert (told.accepted, told.faults) == ((), ())
        assert [r.commit for r in told.refused] == [commit]
        assert apply.exit_code(outcome) == 1
        assert outcome.plans[-1].commit == accepted


def test_a_refusal_is_written_down_once(world: World) -> None:
    accepted = _head(world)
    _wider_than_its_parent(world)
    commit = world.commit()
    assert world.reconcile(minutes=1).done.written == 1
    assert world.reconcile(minutes=1).done.written == 0
    with world.reader() as reader:
        [fault] = reader.faults()
    assert (fault.tenant, fault.commit, fault.since) == ("", commit, accepted)


def test_a_refused_commit_that_is_taken_out_of_the_branch_leaves_nothing(world: World) -> None:
    accepted = _head(world)
    _wider_than_its_parent(world)
    world.commit()
    world.reconcile(minutes=1)
    _git(world, "reset", "--quiet", "--hard", accepted)
    outcome = world.reconcile(minutes=1)
    with world.reader() as reader:
        assert (reader.faults(), reader.accepted()) == ((), accepted)
    assert apply.exit_code(outcome) == 0
    assert world.reconcile(minutes=1).done.written == 0


def test_every_problem_is_told_at_once(world: World) -> None:
    """In three files of two tenants, in reading order."""
    _no_duration(world)
    world.edit(CLARA, "template: vcc-service", "template: vcc-servce")
    _append(world, EXCHANGE, "  colour: blue\n")
    world.commit()
    problems = _problems(world.reconcile())
    assert problems == sorted(problems)
    assert len(problems) == 3


def test_nothing_of_a_refused_commit_is_done(world: World) -> None:
    """Its good parts wait with it: a change, a new service, a deletion, a revocation."""
    before = Published.of(world)
    _append(world, CLARA, "  duration: 60d\n")
    world.remove(f"{SERVICES}/vpb-backend.yaml")
    world.revoke("gone", "{tenant: vcc, service: covina-backend}", "superseded")
    _wider_than_its_parent(world)
    world.commit()
    outcome = world.reconcile(minutes=1)
    assert outcome.plans[0].actions == ()
    assert Published.of(world).but_pages == before.but_pages


def test_of_a_faulty_tenant_nothing_is_done_and_of_the_others_everything(world: World) -> None:
    """A change and a deletion beside the error wait; a revocation, which is global, counts, and so
    does another tenant's change.
    """
    covina = Published.of(world).certificate("covina-backend")
    _append(world, CLARA, "  duration: 60d\n")
    world.remove(f"{SERVICES}/vpb-backend.yaml")
    world.revoke("gone", "{tenant: vcc, service: covina-backend}", "superseded")
    _append(world, EXCHANGE, "  duration: 60d\n")
    _no_duration(world)
    world.commit()
    outcome = world.reconcile(minutes=1)
    assert sorted(
        (str(a.verb), str(a.subject))
        for p in outcome.plans
        for a in p.actions
        if a.subject.kind == "Certificate"
    ) == [
        ("reissue", "Certificate/partner/exchange/default"),
        ("reissue", "Certificate/vcc/covina-backend/default"),
    ]
    assert outcome.done.revoked == 1
    assert Published.of(world).ocsp_states(covina) == {"REVOKED"}


def test_what_is_due_goes_on_under_the_last_accepted_commit(world: World) -> None:
    """Renewals and status, for the faulty service too, with the exit code saying what is wrong."""
    old = Published.of(world).certificate("argus-backend")
    _no_duration(world)
    world.commit()
    outcome = world.reconcile(days=61)
    published = Published.of(world)
    assert apply.exit_code(outcome) == 3
    assert len(_problems(outcome)) == 1
    assert published.certificate("argus-backend").not_valid_after_utc > old.not_valid_after_utc
    assert published.crl("vcc-services").next_update_utc > world.clock.now()
    assert all(a.next_update_utc > world.clock.now() for a in published.answers(old))


def test_a_bad_commit_is_told_again_until_it_is_mended(world: World) -> None:
    _no_duration(world)
    world.commit()
    first, second = world.reconcile(), world.reconcile(minutes=1)
    assert _problems(first) == _problems(second) != []
    assert (apply.exit_code(first), apply.exit_code(second)) == (3, 3)
    _wider_than_its_parent(world)
    world.commit()
    first, second = world.reconcile(), world.reconcile(minutes=1)
    assert _problems(first) == _problems(second) != []
    assert (apply.exit_code(first), apply.exit_code(second)) == (1, 1)


def test_the_fixing_commit_heals(world: World) -> None:
    """It brings all that the bad one had brought beside its error."""
    _append(world, CLARA, "  duration: 60d\n")
    _no_duration(world)
    world.commit()
    world.reconcile()
    world.edit(ARGUS, '"90days"', "90d")
    mended = world.commit()
    outcome = world.reconcile(minutes=1)
    assert (outcome.observed.accepted, outcome.observed.refused) == ((mended,), ())
    assert [str(a.subject) for a in outcome.plans[0].actions if a.meaning] == [
        "Certificate/vcc/clara-backend/default"
    ]
    assert apply.exit_code(outcome) == 0


def test_a_bad_commit_and_its_fix_seen_together_are_no_error(world: World) -> None:
    """How often somebody polls decides nothing: the same as seeing them one by one."""
    _no_duration(world)
    bad = world.commit()
    world.edit(ARGUS, '"90days"', "90d")
    mended = world.commit()
    outcome = world.reconcile()
    assert (outcome.observed.accepted, outcome.observed.refused) == ((bad, mended), ())
    assert outcome.observed.faults == ()
    assert apply.exit_code(outcome) == 0


def test_a_good_commit_on_top_of_a_refused_one_is_not_accepted_while_the_error_stands(
    world: World,
) -> None:
    accepted = _head(world)
    _wider_than_its_parent(world)
    world.commit()
    _append(world, CLARA, "  duration: 60d\n")
    world.commit()
    outcome = world.reconcile()
    assert outcome.observed.accepted == ()
    assert outcome.plans[-1].commit == accepted
    assert apply.exit_code(outcome) == 1


def test_a_faulty_tenant_stands_where_it_stood_however_many_commits_follow(world: World) -> None:
    """Its own further changes wait, too; the one that mends it brings all of them."""
    accepted = _head(world)
    _no_duration(world)
    world.commit()
    world.reconcile(minutes=1)
    _append(world, CLARA, "  duration: 60d\n")
    newest = world.commit()
    outcome = world.reconcile(minutes=1)
    [fault] = outcome.observed.faults
    assert (fault.tenant, fault.since, fault.commit) == ("vcc", accepted, newest)
    assert outcome.done.signed == 0
    world.edit(ARGUS, '"90days"', "61d")
    world.commit()
    outcome = world.reconcile(minutes=1)
    assert sorted(str(a.subject) for a in outcome.plans[0].actions if a.meaning) == [
        "Certificate/vcc/argus-backend/default",
        "Certificate/vcc/clara-backend/default",
    ]


def test_a_revocation_in_a_refused_commit_counts_when_its_tree_is_mended(world: World) -> None:
    certificate = Published.of(world).certificate("covina-backend")
    world.revoke("gone", "{tenant: vcc, service: covina-backend}", "superseded")
    good = (world.tree / "templates/vcc-clara-model.yaml").read_text()
    _wider_than_its_parent(world)
    world.commit()
    assert world.reconcile().done.revoked == 0
    world.write("templates/vcc-clara-model.yaml", good)
    world.commit()
    world.reconcile(minutes=1)
    assert Published.of(world).ocsp_states(certificate) == {"REVOKED"}


def test_a_hundred_commits_at_once_or_one_by_one_are_the_same(world: World, tmp_path: Path) -> None:
    """Ten here. The same accepted commits, and the same state to be in."""
    other = World.shipped(tmp_path / "other")
    other.reconcile()
    outcomes = []
    for one, each in ((world, True), (other, False)):
        for days in range(61, 71):
            path = f"{SERVICES}/{'clara' if days % 2 else 'argus'}-backend.yaml"
            text = (one.tree / path).read_text().partition("  duration:")[0]
            one.write(path, f"{text}  duration: {days}d\n")
            if days == 65:
                one.revoke("gone", "{tenant: vcc, service: vpb-backend}", "keyCompromise")
            if days == 66:
                one.remove("revocations/gone.yaml")
            one.commit()
            if each:
                outcomes.append(one.reconcile())
    outcomes.append(other.reconcile())
    for one in (world, other):
        published = Published.of(one)
        lasting = [published.current(s)["notAfter"] for s in ("argus-backend", "clara-backend")]
        assert lasting == ["2027-02-01T11:54:59Z", "2027-01-31T11:54:59Z"]
        assert published.current("vpb-backend")["state"] == "revoked"
    assert [len(o.observed.accepted) for o in outcomes] == [*[1] * 10, 10]


# ------------------------------------------------------------------ history


def test_a_rewritten_history_is_refused_and_told(world: World) -> None:
    """Exit 1; nothing of it is done, whatever it says; what is due goes on."""
    _append(world, CLARA, "  duration: 60d\n")
    accepted = world.commit()
    world.reconcile(minutes=1)
    old = Published.of(world).certificate("argus-backend")
    _git(world, "reset", "--quiet", "--hard", "HEAD~1")
    world.remove(ARGUS)
    rewritten = world.commit("Another history")
    outcome = world.reconcile(minutes=1)
    assert outcome.observed.rewound is not None
    assert (outcome.observed.rewound.head, outcome.observed.rewound.since) == (rewritten, accepted)
    assert apply.exit_code(outcome) == 1
    assert outcome.plans[-1].commit == accepted
    assert outcome.plans[0].actions == ()
    outcome = world.reconcile(days=61)
    published = Published.of(world)
    assert apply.exit_code(outcome) == 1
    assert published.certificate("argus-backend").not_valid_after_utc > old.not_valid_after_utc
    assert published.crl("vcc-services").next_update_utc > world.clock.now()


def test_going_back_to_an_older_commit_is_a_rewritten_history(world: World) -> None:
    _append(world, CLARA, "  duration: 60d\n")
    accepted = world.commit()
    world.reconcile(minutes=1)
    _git(world, "reset", "--quiet", "--hard", "HEAD~1")
    outcome = world.reconcile(minutes=1)
    assert outcome.observed.rewound is not None
    assert (apply.exit_code(outcome), outcome.plans[-1].commit) == (1, accepted)


def test_a_rewritten_history_is_refused_by_a_new_clone_too(world: World) -> None:
    """The clone was lost, and the accepted commit is nowhere any more."""
    _append(world, CLARA, "  duration: 60d\n")
    world.commit()
    world.reconcile(minutes=1)
    before = Published.of(world)
    _git(world, "reset", "--quiet", "--hard", "HEAD~1")
    _git(world, "reflog", "expire", "--expire=now", "--all")
    _git(world, "gc", "--quiet", "--prune=now")
    shutil.rmtree(world.root / "state" / "repository.git")
    outcome = world.reconcile(minutes=1)
    assert outcome.observed.rewound is not None
    assert apply.exit_code(outcome) == 1
    assert Published.of(world).but_pages == before.but_pages


def test_a_branch_without_common_history_is_refused(world: World) -> None:
    _git(world, "checkout", "--quiet", "--orphan", "fresh")
    world.commit("A new beginning")
    _git(world, "branch", "--force", "main", "fresh")
    _git(world, "checkout", "--quiet", "main")
    outcome = world.reconcile()
    assert outcome.observed.rewound is not None
    assert apply.exit_code(outcome) == 1


def test_after_a_rewrite_a_commit_on_the_accepted_one_heals(world: World) -> None:
    accepted = _head(world)
    _append(world, CLARA, "  duration: 60d\n")
    world.commit()
    _git(world, "reset", "--quiet", "--hard", "HEAD~1")
    _git(world, "commit", "--quiet", "--amend", "--message=Rewritten")
    assert world.reconcile().observed.rewound is not None
    _git(world, "reset", "--quiet", "--hard", accepted)
    _append(world, CLARA, "  duration: 61d\n")
    healed = world.commit()
    outcome = world.reconcile(minutes=1)
    assert outcome.observed.accepted == (healed,)
    assert apply.exit_code(outcome) == 0


def _side_branch(world: World) -> None:
    """A branch with a bad commit and its fix, while ``main`` goes on."""
    _git(world, "checkout", "--quiet", "-b", "side")
    _no_duration(world)
    world.commit("Bad, on a side branch")
    world.edit(ARGUS, '"90days"', "60d")
    world.commit("Mended, on a side branch")
    _git(world, "checkout", "--quiet", "main")
    _append(world, CLARA, "  duration: 60d\n")
    world.commit("On main")


def test_a_merge_is_judged_as_its_difference_to_its_first_parent(world: World) -> None:
    """Commits of the branch are not judged: nobody ever had them on the protected branch."""
    _side_branch(world)
    on_main = _head(world)
    _git(world, "merge", "--quiet", "--no-ff", "--message=Merge", "side")
    merge = _head(world)
    outcome = world.reconcile(minutes=1)
    assert (outcome.observed.accepted, outcome.observed.refused) == ((on_main, merge), ())
    assert sorted(str(a.subject) for a in outcome.plans[0].actions if a.meaning) == [
        "Certificate/vcc/argus-backend/default",
        "Certificate/vcc/clara-backend/default",
    ]
    assert Published.of(world).current("argus-backend")["commit"] == merge


def test_a_merge_that_makes_the_branch_its_second_parent_is_a_rewritten_history(
    world: World,
) -> None:
    """The accepted commits would be a side branch of a history that nobody judged."""
    _append(world, CLARA, "  duration: 60d\n")
    world.commit()
    world.reconcile(minutes=1)
    _git(world, "checkout", "--quiet", "-b", "side", "HEAD~1")
    _append(world, ARGUS, "  duration: 60d\n")
    world.commit("On a side branch")
    _git(world, "merge", "--quiet", "--no-ff", "--message=Merge the wrong way round", "main")
    _git(world, "branch", "--force", "main", "side")
    _git(world, "checkout", "--quiet", "main")
    outcome = world.reconcile(minutes=1)
    assert outcome.observed.rewound is not None
    assert apply.exit_code(outcome) == 1
    assert outcome.done.signed == 0


def test_a_revocation_that_never_was_on_the_first_parent_chain_does_not_count(
    world: World,
) -> None:
    """Added and removed on a side branch: the merge brings nothing of it."""
    certificate = Published.of(world).certificate("argus-backend")
    _git(world, "checkout", "--quiet", "-b", "side")
    world.revoke("gone", "{tenant: vcc, service: argus-backend}", "superseded")
    world.commit("Revoke, on a side branch")
    world.remove("revocations/gone.yaml")
    world.commit("Think again, on a side branch")
    _git(world, "checkout", "--quiet", "main")
    _git(world, "merge", "--quiet", "--no-ff", "--message=Merge", "side")
    outcome = world.reconcile(minutes=1)
    assert outcome.done.revoked == 0
    assert Published.of(world).ocsp_states(certificate) == {"GOOD"}


# ------------------------------------------------------------------ empty, absent


def _empty(world: World) -> str:
    for path in world.tree.iterdir():
        if path.name != ".git":
            _git(world, "rm", "-r", "--quiet", path.name)
    return world.commit("Nothing left")


def test_an_empty_tree_is_held(world: World) -> None:
    """Nothing retires; renewals and status go on; exit 3 with what to do."""
    old = Published.of(world).certificate("argus-backend")
    head = _empty(world)
    outcome = world.reconcile(minutes=1)
    held = outcome.kept_back[0]
    assert apply.exit_code(outcome) == 3
    assert (held.code, held.message) == (
        "PKI6002",
        f"commit {head[:12]} declares nothing at all",
    )
    assert outcome.plans[0].actions == ()
    world.reconcile(days=61)
    published = Published.of(world)
    assert published.certificate("argus-backend").not_valid_after_utc > old.not_valid_after_utc
    assert published.crl("vcc-services").next_update_utc > world.clock.now()


def test_restoring_an_emptied_tree_is_as_if_nothing_had_been(world: World) -> None:
    before = Published.of(world)
    _empty(world)
    world.reconcile(minutes=1)
    _git(world, "checkout", "--quiet", "HEAD~1", "--", ".")
    world.commit("Restored")
    outcome = world.reconcile(minutes=1)
    after = Published.of(world)
    assert apply.exit_code(outcome) == 0
    assert outcome.done.signed == 0
    changed = {path for path, body in after.files.items() if body != before.files.get(path)}
    assert {path for path in changed if not is_page(path)} == {"status.json"}


def test_without_git_what_is_due_goes_on(world: World) -> None:
    """The repository is away: exit 1, and everything published stays fresh."""
    old = Published.of(world).certificate("argus-backend")
    world.tree.rename(world.root / "away")
    outcome = world.reconcile(days=61)
    published = Published.of(world)
    assert apply.exit_code(outcome) == 1
    assert outcome.observed.failed
    renewed = published.certificate("argus-backend")
    assert renewed.not_valid_after_utc - old.not_valid_after_utc > timedelta(days=50)
    assert published.crl("vcc-services").next_update_utc > world.clock.now()
