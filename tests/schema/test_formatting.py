"""How manifests are laid out: one way, and never another meaning."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_schema.errors import Problem
from pki_schema.formatting import formatted
from pki_schema.load.strict_yaml import read

ROOT = Path(__file__).parents[2] / "desired-state"
SHIPPED = sorted(ROOT.rglob("*.yaml"))
PATH = "tenants/vcc/services/clara.yaml"

MESSY = """\
# first
apiVersion:   pki.vcc.local/v1
kind: Service   # second
metadata:   {  name: clara ,labels: {a: "b"}}
spec:
    template:     vcc-service
    # third
    dnsNames:
    - a.vcc.local   # fourth

    - "b.vcc.local"
    subject: [{C: DE}]
    parameters: {no: NO, octal: 012, time: 1:30, date: 2026-12-23}
    description: >-
      folded
      text
# last
"""

TIDY = """\
# first
apiVersion: pki.vcc.local/v1
kind: Service   # second
metadata: {name: clara, labels: {a: "b"}}
spec:
  template: vcc-service
  # third
  dnsNames:
    - a.vcc.local   # fourth

    - "b.vcc.local"
  subject: [{C: DE}]
  parameters: {no: NO, octal: 012, time: 1:30, date: 2026-12-23}
  description: >-
    folded
    text
# last
"""


def laid_out(text: str) -> str:
    found = formatted(PATH, text.encode())
    assert isinstance(found, bytes), found
    return found.decode()


def test_the_looks_of_it() -> None:
    """Indentation and spaces; every comment, quote and number as its author wrote it."""
    assert laid_out(MESSY) == TIDY
    assert laid_out(TIDY) == TIDY


def test_line_ends_of_other_systems_become_ours() -> None:
    """All of them, also behind comments: half of each would be worse than either."""
    assert laid_out(MESSY.replace("\n", "\r\n")) == TIDY


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_what_is_shipped_is_laid_out(path: Path) -> None:
    assert formatted(str(path), path.read_bytes()) == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [1\n", "PKI1001"),
        ("a: 1\na: 2\n", "PKI1015"),
        ("a: &x 1\n", "PKI1011"),
        ("a: !!binary x\n", "PKI1013"),
        ("a: 1\n---\nb: 2\n", "PKI1010"),
    ],
)
def test_what_is_no_manifest_is_told_and_left(text: str, code: str) -> None:
    [problem] = formatted(PATH, text.encode())
    assert isinstance(problem, Problem)
    assert problem.code == code


LINES = st.sampled_from(
    [
        "  a: 1\n", "  b: {c: d,   e: [f,g]}\n", "  h:\n    - i\n    -   j # k\n", "\n", "# l\n",
        "    # m\n", "  n: |\n    # no comment\n     o\n", "  p: 'q # r'\n", '  s: "t\\n"\n',
        "  u: [ # v\n    w,\n    x]\n", "  y: >\n    z\n\n    z\n", "  null: ~\n", "  on: yes\n",
        "  A: 0x1F\n", "  B: 1e3\n", "  C: [{D: E}, {F: G}]\n", "  H: # I\n    J: K\n",
        "  ? L\n  : M\n", "  N: ''\n", "  O: P   \n",
    ]
)  # fmt: skip


@given(lines=st.lists(LINES, unique=True, max_size=8), indent=st.integers(1, 5))
def test_meaning_and_comments_stay_and_once_is_enough(lines: list[str], indent: int) -> None:
    """Or the file is left alone and that is said: there is nothing between."""
    body = "".join(lines).replace("\n  ", "\n" + " " * indent)
    before = f"spec:\n{body}".encode()
    after = formatted(PATH, before)
    if isinstance(after, tuple):
        assert after
        return
    (old, _), (new, _) = read(PATH, before), read(PATH, after)
    assert old is not None
    assert new is not None
    assert new.value == old.value
    for comment in ("# k", "# l", "# m", "# v", "# I", "# no comment", "# r"):
        assert after.count(comment.encode()) == before.count(comment.encode())
    assert formatted(PATH, after) == after
