"""Text can be read by those who see little: WCAG 2.2 contrast of at least 4.5, by day and night."""

from __future__ import annotations

import re
from importlib import resources

import pytest

STYLE = (resources.files("pki_publishers.page") / "templates" / "style.css").read_text()
SCHEMES = ("light", "dark")
ON_PAPER = ("ink", "soft", "link", "good", "warn", "bad", "calm")
PAIRS = [
    *((text, ground) for text in ON_PAPER for ground in ("paper", "card")),
    *((tone, f"{tone}-wash") for tone in ("good", "warn", "bad", "calm")),
    *(("ink", f"heat{n}") for n in (1, 2, 3, 4)),
]
LINE = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6});")


def colours(scheme: str) -> dict[str, str]:
    light, _, rest = STYLE.partition("@media (prefers-color-scheme: dark)")
    dark = rest.partition("\n}\n")[0]
    return dict(LINE.findall(light)) | (dict(LINE.findall(dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_21() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(scheme: str, text: str, ground: str) -> None:
    of = colours(scheme)
    ratio = contrast(of[text], of[ground])
    assert ratio >= 4.5, f"{text} on {ground}: {ratio:.2f}"


def test_every_colour_is_in_a_pair_or_a_line_and_none_is_written_elsewhere() -> None:
    used = {name for pair in PAIRS for name in pair} | {"line"}
    assert set(colours("light")) == set(colours("dark")) == used
    beside = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-f]{3,8}\b", beside)
