"""A page as a browser's parser would see it, strictly: nothing is forgiven."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

BLOCKS = frozenset({"p", "div", "dt", "dd", "li", "td", "th", "h1", "h2", "h3", "b"})
VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})


@dataclass
class Element:
    """``text`` is its own and that of everything inside it, blanks run together."""

    tag: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())


class Document(HTMLParser):
    """Raises ``AssertionError`` for tags that do not balance or attributes said twice."""

    def __init__(self, body: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(body.decode())
        self.close()
        assert not self._open, f"{self._open[-1].tag} is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        element = Element(tag, {n: v or "" for n, v in attrs}, tuple(one.tag for one in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes {self._open[-1].tag}"
        self._open.pop()
        if tag in BLOCKS:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.pieces.append(data)

    def all(self, tag: str, of: str = "") -> list[Element]:
        """Elements of a tag, or of a tag and a class."""
        return [
            one
            for one in self.elements
            if one.tag == tag and (not of or of in one.attributes.get("class", "").split())
        ]

    def one(self, identifier: str) -> Element:
        """The element with an id."""
        [found] = [one for one in self.elements if one.attributes.get("id") == identifier]
        return found

    @property
    def text(self) -> str:
        return self.elements[0].text
