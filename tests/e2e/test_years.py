"""Four hundred days, hour by hour, of an organisation with everything that happens to one.

What readers see is looked at every hour by somebody who knows nothing but the published bytes:
nothing is ever expired, no number goes back, no revocation is forgotten. And whatever was due was
done in time, also while Git, the keys, the target or the daemon were away for a day or three.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.years import Years


def _live(root: Path, *, days: int, **more: int) -> Years:
    """However it went: every renewal came within its window, and not one was late that no outage
    kept waiting. That is more than 99.9 % of however many.
    """
    years = Years.begin(root, days=days, **more)
    years.live(24 * days)
    assert years.onlooker.faults == []
    assert years.author.faults == []
    assert years.untold == []
    assert years.late == []
    for renewal in years.onlooker.renewals:
        assert renewal.due <= renewal.seen < renewal.end, renewal
    return years


@pytest.mark.debian("git")
def test_days(quick: Path) -> None:
    """Every kind of outage, and a CA that is followed by another."""
    years = _live(quick / "world", days=12, services=4, each=1, apart=24, seed=1)
    assert years.cycles == 24 * 11
    assert years.onlooker.renewals


@pytest.mark.soak
@pytest.mark.debian("git")
def test_a_hundred_days(quick: Path) -> None:
    years = _live(quick / "world", days=100, services=12, each=2, seed=2)
    assert len(years.onlooker.renewals) > 30


@pytest.mark.soak
@pytest.mark.debian("git")
@pytest.mark.parametrize("part", range(4))
def test_four_hundred_days(quick: Path, part: int) -> None:
    """Four organisations, so that no test is taken for hanging; each lives for all the days. With
    more than a thousand renewals between them, of which none was late.
    """
    years = _live(quick / "world", days=400, services=15, each=4, seed=10 + part, steady=4)
    assert len(years.onlooker.renewals) > 350
