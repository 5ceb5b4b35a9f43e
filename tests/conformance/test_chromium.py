"""A browser that nobody here wrote shows the published status page, by day and by night."""

from __future__ import annotations

import shutil
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from tests.conformance.programs import Said, run
from tests.publishers.page.documents import Document
from tests.worlds import World

pytestmark = pytest.mark.debian("chromium")

LIGHT, DARK = (0xFA, 0xF9, 0xF6), (0x14, 0x17, 0x1A)
"""The grounds of ``style.css``."""


@dataclass(frozen=True)
class Picture:
    """What a PNG of 8 bits a channel says without undoing its filters."""

    body: bytes

    @cached_property
    def size(self) -> tuple[int, int]:
        width, height = struct.unpack(">II", self.body[16:24])
        return width, height

    @cached_property
    def rows(self) -> list[bytes]:
        """Filtered: equal rows in a blank picture are equal, and those of text are not."""
        width, height = self.size
        depth = {2: 3, 6: 4}[self.body[25]]
        data, at = b"", 8
        while at < len(self.body):
            (length,) = struct.unpack(">I", self.body[at : at + 4])
            if self.body[at + 4 : at + 8] == b"IDAT":
                data += self.body[at + 8 : at + 8 + length]
            at += 12 + length
        raw, step = zlib.decompress(data), 1 + width * depth
        return [raw[n * step : (n + 1) * step] for n in range(height)]

    @property
    def corner(self) -> tuple[int, ...]:
        """The first pixel, which every filter leaves as it is."""
        return tuple(self.rows[0][1:4])


def chromium(folder: Path, page: Path, *more: str) -> Said:
    return run(
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
        "--enable-logging=stderr",
        *more,
        page.as_uri(),
    )


def shown(folder: Path, page: Path, size: str, *more: str) -> tuple[Picture, Said]:
    picture = folder / "picture.png"
    said = chromium(folder, page, f"--window-size={size}", f"--screenshot={picture}", *more)
    assert picture.exists(), said.stderr
    return Picture(picture.read_bytes()), said


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = World.shipped(tmp_path_factory.mktemp("world")).on_disk()
    world.reconcile()
    return world.public


def test_the_overview_is_shown_as_it_was_written(public: Path, tmp_path: Path) -> None:
    """Light and wide: not blank, nothing on the console, and no element more or less."""
    picture, said = shown(tmp_path, public / "index.html", "1280,2000", "--dump-dom")
    assert picture.size == (1280, 2000)
    assert picture.corner == LIGHT
    assert len(set(picture.rows)) > 200
    assert "CONSOLE" not in said.stderr
    written = Document((public / "index.html").read_bytes())
    parsed = Document(said.stdout.strip().encode())
    assert [e.tag for e in parsed.elements] == [e.tag for e in written.elements]
    assert parsed.one("authorities").text == "Certification authorities"
    assert len(parsed.all("article", "authority")) == 7


def test_a_tenant_is_shown_at_night_on_a_phone(public: Path, tmp_path: Path) -> None:
    page = public / "status" / "vcc.html"
    picture, said = shown(tmp_path, page, "500,3000", "--force-dark-mode")
    assert picture.corner == DARK
    assert len(set(picture.rows)) > 200
    assert "CONSOLE" not in said.stderr


@pytest.mark.slow
def test_the_browser_would_complain_of_what_the_page_forbids(public: Path, tmp_path: Path) -> None:
    """Else its silence would say nothing."""
    page = tmp_path / "index.html"
    shutil.copy(public / "index.html", page)
    picture = "<img src='x.png' alt=''></main>"
    page.write_text(page.read_text().replace("</main>", picture))
    _, said = shown(tmp_path, page, "500,500")
    assert "Content Security Policy" in said.stderr
    assert "CONSOLE" in said.stderr


@pytest.mark.slow
def test_it_prints(public: Path, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    chromium(tmp_path, public / "index.html", f"--print-to-pdf={paper}")
    assert paper.read_bytes().startswith(b"%PDF-")
