"""Strict YAML: what is typed, what stays text, what is refused, and where exactly."""

import time

import pytest

from pki_schema.errors import Position
from pki_schema.load.positions import Positions, pack
from pki_schema.load.strict_yaml import DEEPEST, MOST_VALUES, read

PATH = "tenants/vcc/services/clara.yaml"
AMBIGUOUS = (
    *("NO", "no", "No", "yes", "Yes", "on", "off", "y", "n", "True", "TRUE", "Null", "NULL"),
    *(
        "012",
        "007",
        "0o17",
        "0x1F",
        "0b101",
        "1_000",
        "+5",
        "-0",
        "00",
        "1:30",
        "22:22",
        "12:30:45",
    ),
    *("3.10", "1e3", ".5", ".inf", ".nan", "2026-11-23", "2026-11-23T17:47:53Z", "90d", "1.2", "="),
)
BIDI, ZERO_WIDTH, NEXT_LINE = "\u202e", "\u200b", "\u0085"


def value_of(written: str) -> object:
    tree, problems = read(PATH, f"key: {written}\n".encode())
    assert tree is not None, problems
    return tree.value["key"]


def places(data: bytes) -> list[tuple[str, int, int]]:
    tree, problems = read(PATH, data)
    assert (tree is None) == bool(problems)
    return [(p.code, p.position.line, p.position.column) for p in problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("7", 7),
        ("-7", -7),
        ("999999999999999999", 999_999_999_999_999_999),
    ],
)
def test_these_plain_scalars_are_typed(written: str, value: object) -> None:
    """Truth values, null and plain decimal integers: nothing else is anything but text."""
    found = value_of(written)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("written", AMBIGUOUS)
def test_everything_else_stays_the_text_it_is(written: str) -> None:
    """YAML 1.1 made truth values, octal and base-60 numbers and dates of these."""
    assert value_of(written) == written


@pytest.mark.parametrize("written", ["true", "123", "null", "~", "", "<<"])
def test_quoted_scalars_are_text(written: str) -> None:
    """Quotes of both kinds, and blocks, mean text whatever they hold."""
    assert value_of(f'"{written}"') == written
    assert value_of(f"'{written}'") == written
    assert value_of(f"|-\n  {written}x") == f"{written}x"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # what YAML has and manifests do without
        (b"a: &x 1\nb: *x\n", [("PKI1011", 1, 4), ("PKI1011", 2, 4)]),
        (b"a: &x [*x]\n", [("PKI1011", 1, 4), ("PKI1011", 1, 8)]),
        (b"a: &x {b: c}\n", [("PKI1011", 1, 4)]),
        (b"a: b\n<<: {c: d}\n", [("PKI1012", 2, 1)]),
        (b"a: !!binary aGk=\n", [("PKI1013", 1, 4)]),
        (b"a: !!python/object:os.system {}\n", [("PKI1013", 1, 4)]),
        (b"a: ! b\n", [("PKI1013", 1, 4)]),
        (b"!x\na: b\n", [("PKI1013", 1, 1)]),
        (b"a: !<tag:yaml.org,2002:float> 1\n", [("PKI1013", 1, 4)]),
        (b"# c\n%YAML 1.2\n---\na: b\n", [("PKI1014", 2, 1)]),
        (b"a: b\n...\n%TAG ! x\n---\na: b\n", [("PKI1014", 3, 1)]),
        # keys
        (b"a: 1\nb: 2\na: 3\n", [("PKI1015", 3, 1)]),
        (b"a:\n  b: 1\n  'b': 2\nc: {d: 1, d: 2}\n", [("PKI1015", 3, 3), ("PKI1015", 4, 11)]),
        (b"1: a\n", [("PKI1016", 1, 1)]),
        (b"true: a\n", [("PKI1016", 1, 1)]),
        (b"a:\n  null: a\n  ~: b\n", [("PKI1016", 2, 3), ("PKI1016", 3, 3)]),
        (b"?\n: a\n", [("PKI1016", 1, 2)]),
        (b"? [a]\n: b\n", [("PKI1016", 1, 3)]),
        (b"{{a: b}: c}\n", [("PKI1016", 1, 2)]),
        # documents
        (b"", [("PKI1009", 1, 1)]),
        (b"# only a comment\n", [("PKI1009", 1, 1)]),
        (b"---\n", [("PKI1009", 1, 1)]),
        (b"a: b\n---\nc: d\n", [("PKI1010", 2, 1)]),
        # encodings
        (b"\xef\xbb\xbfa: b\n", [("PKI1002", 1, 1)]),
        ("\ufeffa: b\n".encode("utf-16-le"), [("PKI1003", 1, 1)]),
        ("\ufeffa: b\n".encode("utf-16-be"), [("PKI1003", 1, 1)]),
        ("a: b\n".encode("utf-16-be"), [("PKI1003", 1, 1)]),
        ("a: b\n".encode("utf-16-le"), [("PKI1003", 1, 1)]),
        (b"a: b\nc: \xff\n", [("PKI1004", 2, 4)]),
        (b"a: \xc0\xaf\n", [("PKI1004", 1, 4)]),
        (b"a: \xed\xa0\x80\n", [("PKI1004", 1, 4)]),
        # characters, raw in values, keys and comments
        (b"a: b\nc: d\x00e\n", [("PKI1005", 2, 5)]),
        (b"a: \x1b[31m\n", [("PKI1005", 1, 4)]),
        (b"a: b\rc: d\n", [("PKI1005", 1, 5)]),
        (f"a: b{NEXT_LINE}c: d\n".encode(), [("PKI1005", 1, 5)]),
        (f"a: b\n\u00e9: x{BIDI}y{ZERO_WIDTH}\n".encode(), [("PKI1005", 2, 5), ("PKI1005", 2, 7)]),
        (f"a{ZERO_WIDTH}: b\n".encode(), [("PKI1005", 1, 2)]),
        (f"# {BIDI}\na: b\n".encode(), [("PKI1005", 1, 3)]),
        # characters, by an escape
        (b'a: "x\\0"\n', [("PKI1005", 1, 4)]),
        (
            b'a: ["\\x7f", "\\x9b", "\\r"]\n',
            [("PKI1005", 1, 5), ("PKI1005", 1, 13), ("PKI1005", 1, 21)],
        ),
        (b'a:\n  "\\u202e": "\\u200b"\n', [("PKI1005", 2, 3), ("PKI1005", 2, 13)]),
        (b'a: "\\uFEFF"\n', [("PKI1005", 1, 4)]),
        # sizes
        (b"a: 1234567890123456789\n", [("PKI1017", 1, 4)]),
        (b"a: -1234567890123456789\n", [("PKI1017", 1, 4)]),
        (b"[" * (DEEPEST + 1), [("PKI1007", 1, DEEPEST + 1)]),
        (b"a: [" + b"b," * MOST_VALUES + b"]", [("PKI1008", 1, 2 * MOST_VALUES - 1)]),
        (b"#" * (1024 * 1024 + 1), [("PKI1006", 1, 1)]),
        # no YAML at all
        (b"a: [b\n", [("PKI1001", 2, 1)]),
        (b"a: b: c\n", [("PKI1001", 1, 5)]),
        (b"a:\n\tb: c\n", [("PKI1001", 2, 1)]),
        (b"names:\n  - *.vcc.local\n", [("PKI1001", 2, 6)]),
        (b"a: 'b\n", [("PKI1001", 2, 1)]),
        (b'a: "\\q"\n', [("PKI1001", 1, 5)]),
        (b'a: "\\ud800"\n', [("PKI1001", 1, 7)]),
    ],
)
def test_what_is_refused_and_where(data: bytes, expected: list[tuple[str, int, int]]) -> None:
    """Each row: the bytes, and every problem's code, line and column."""
    assert places(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"a: b\r\nc: d\r\n",
        b"---\na: b\n",
        b"a: b\n...\n",
        b"a:\tb\n",
        b"a: 100%\nb: |\n  %TAG\n",
        "a: Gr\u00fc\u00dfe \u2013 \u65e5\u672c\n".encode(),
        b'a: "tab\\t and line\\n"\n',
        b"? a\n: b\n",
        b"'<<': b\n",
        b"[" * DEEPEST + b"]" * DEEPEST,
    ],
)
def test_what_is_not_refused(data: bytes) -> None:
    """Ordinary YAML: line ends of both worlds, document markers, text of all languages."""
    assert places(data) == []


def test_a_duplicate_key_names_both_lines() -> None:
    _, (problem,) = read(PATH, b"a: 1\n\n\na: 2\n")
    assert str(problem) == (
        f'{PATH}:4:1: error[PKI1015] the key "a" is given twice, in lines 1 and 4; '
        "remove one of them"
    )


def test_messages_show_no_hidden_characters() -> None:
    """A message goes to terminals and review comments: it must not become an attack itself."""
    _, problems = read(PATH, b'"\\e[2K\\u202e": 1\n"\\e[2K\\u202e": 1\na: !%1b 1\n')
    assert {p.code for p in problems} == {"PKI1005", "PKI1013", "PKI1015"}
    assert all(p.message.isprintable() for p in problems)


def test_every_key_and_value_has_a_place() -> None:
    """Columns count characters, not bytes; a nested value begins where its first key stands."""
    text = 'a: 1\n\u00fc: {c: d}\nlist:\n  - x\n  -   - "y"\n'
    tree, _ = read(PATH, text.encode())
    assert tree is not None
    positions = Positions(PATH, pack(tree))
    assert {path: (p.line, p.column) for path, p in positions.items()} == {
        (): (1, 1),
        ("a",): (1, 4),
        ("\u00fc",): (2, 4),
        ("\u00fc", "c"): (2, 8),
        ("list",): (4, 3),
        ("list", 0): (4, 5),
        ("list", 1): (5, 7),
        ("list", 1, 0): (5, 9),
    }
    assert positions.key(("\u00fc", "c")) == Position(PATH, 2, 5)
    assert positions.key(("list",)) == Position(PATH, 3, 1)


MIB = 1024 * 1024


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[" * MIB, id="open lists"),
        pytest.param(b"{" * MIB, id="open mappings"),
        pytest.param(b"- " * (MIB // 2), id="open block lists"),
        pytest.param(b"a: [" + b"[]," * (MIB // 3 - 4) + b"]", id="empty lists"),
        pytest.param(b"a: [" + b"*a," * (MIB // 3 - 4) + b"]", id="aliases"),
        pytest.param(b"a: b\n" * (MIB // 5), id="duplicates"),
        pytest.param(b"%TAG !a! b\n" * (MIB // 11), id="directives"),
        pytest.param(b"---\n" * (MIB // 4), id="documents"),
        pytest.param(b"a: " + b"9" * (MIB - 3), id="a number"),
        pytest.param(b'a: "' + b"\\0" * (MIB // 2 - 4) + b'"', id="escapes"),
        pytest.param("\u202e".encode() * (MIB // 3), id="bidi"),
        pytest.param(b"\r" * MIB, id="carriage returns"),
    ],
)
def test_no_file_costs_a_second(data: bytes) -> None:
    """The worst files of a mebibyte that we know; measured in processor time."""
    began = time.process_time()
    tree, problems = read(PATH, data)
    assert (tree, time.process_time() - began < 1) == (None, True)
    assert 0 < len(problems) <= 100
