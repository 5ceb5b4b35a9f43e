"""Alert rules and the board: sound, tried out, and about what the daemon really tells."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pki_reconciler.daemon.metrics import families
from tests.reconciler.daemon.pulses import pulse

FOLDER = Path(__file__).parents[2] / "ci" / "observability"
RULES, TESTS, BOARD = (FOLDER / n for n in ("alerts.yaml", "alerts.test.yaml", "grafana.json"))


def exposed() -> dict[str, set[str]]:
    """Every name that Prometheus stores, with its labels."""
    ends = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "info": ["_info"]}
    found = {}
    for one in families(pulse(), version="1"):
        labels = {*getattr(one, "_labelnames", ()), *({"le"} if one.type == "histogram" else ())}
        found |= {one.name + end: labels for end in ends.get(one.type, [""])}
    return found


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    return list(group["rules"])


def board() -> dict[str, Any]:
    return dict(json.loads(BOARD.read_text()))


def queries() -> dict[str, list[str]]:
    """What is asked of Prometheus, by where it is asked."""
    shown = [t["expr"] for panel in board()["panels"] for t in panel["targets"]]
    chosen = [v["definition"] for v in board()["templating"]["list"] if "definition" in v]
    tried = [
        one["series"]
        for test in yaml.safe_load(TESTS.read_text())["tests"]
        for one in test["input_series"]
    ]
    return {"rules": [r["expr"] for r in rules()], "tests": tried, "board": [*shown, *chosen]}


@pytest.mark.parametrize("where", ["rules", "tests", "board"])
def test_every_metric_and_label_that_is_asked_for_exists(where: str) -> None:
    known = exposed()
    asked = "\n".join(queries()[where])
    names = set(re.findall(r"\bpki_\w+", asked))
    assert names
    assert names <= known.keys()
    for name, selector in re.findall(r"\b(pki_\w+)\{([^}]*)\}", asked):
        assert set(re.findall(r"(\w+)=~?\"", selector)) <= known[name], name


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "runbook"}
    assert len(rule["annotations"]["runbook"].split()) >= 12
    labels = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    told = set().union(*(exposed()[name] for name in re.findall(r"\bpki_\w+", rule["expr"])))
    assert labels <= told


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_is_tried_out_both_ways(rule: dict[str, Any]) -> None:
    tried = [
        case
        for test in yaml.safe_load(TESTS.read_text())["tests"]
        for case in test["promql_expr_test"]
        if f'"{rule["alert"]}"' in case["expr"]
    ]
    assert {bool(case["exp_samples"]) for case in tried} == {True, False}


@pytest.mark.debian("promtool")
def test_prometheus_reads_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.debian("promtool")
def test_prometheus_reads_what_the_board_asks(tmp_path: Path) -> None:
    """As recording rules, for promtool reads no board."""
    asked = [t["expr"] for panel in board()["panels"] for t in panel["targets"]]
    group = {
        "name": "board",
        "rules": [
            {"record": f"board:{n}", "expr": one.replace("$__rate_interval", "5m")}
            for n, one in enumerate(asked)
        ],
    }
    file = tmp_path / "board.yaml"
    file.write_text(yaml.safe_dump({"groups": [group]}))
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.debian("promtool")
def test_the_rules_fire_when_they_should_and_are_quiet_before() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", TESTS], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_board_has_a_name_that_stays_and_its_variables() -> None:
    found = board()
    assert found["uid"] == "vcc-pki"
    names = [one["name"] for one in found["templating"]["list"]]
    assert names == ["datasource", "tenant", "ca"]
    shown = "\n".join(queries()["board"])
    assert all(f'=~"${name}"' in shown for name in ("tenant", "ca"))


def test_its_panels_lie_side_by_side() -> None:
    """Each has a title, a query and a place of its own in 24 columns."""
    taken: set[tuple[int, int]] = set()
    panels = board()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["targets"]
        at = panel["gridPos"]
        here = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert max(x for x, _ in here) < 24
        assert not here & taken, panel["title"]
        taken |= here
