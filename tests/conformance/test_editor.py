"""An author's editor: what yaml-language-server says of manifests that name their schema.

The server is the one that VS Code, Neovim and Emacs start; ``ci/node-packages`` brings it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "build/editor/node_modules/yaml-language-server/bin/yaml-language-server"
ARGUS = ROOT / "desired-state/tenants/vcc/services/argus-backend.yaml"
PATIENCE = 60
"""Messages of the server without the one that is waited for."""

pytestmark = pytest.mark.debian("node", "npm")


class Editor:
    """As much of the Language Server Protocol as it takes to open a file and look at it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._last = 0
        self.request("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}})
        self.notify("initialized", {})
        settings = {
            "yaml": {"validate": True, "completion": True, "schemaStore": {"enable": False}}
        }
        self.notify("workspace/didChangeConfiguration", {"settings": settings})

    def diagnostics(self, path: Path, text: str) -> list[str]:
        """What is underlined in a file of this text: ``line:column message``, from 1."""
        self._open(path, text)
        found = self._until(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and m["params"]["uri"] == path.as_uri()
            )
        )["params"]["diagnostics"]
        starts = [(d["range"]["start"], d["message"]) for d in found]
        return [f"{at['line'] + 1}:{at['character'] + 1} {message}" for at, message in starts]

    def completions(self, path: Path, text: str, *, line: int, column: int) -> set[str]:
        """What is offered at a place, both counted from 1."""
        self._open(path, text)
        position = {"line": line - 1, "character": column - 1}
        where = {"textDocument": {"uri": path.as_uri()}, "position": position}
        return {item["label"] for item in self.request("textDocument/completion", where)["items"]}

    def hover(self, path: Path, text: str, *, line: int, column: int) -> str:
        """What is said about a place."""
        self._open(path, text)
        position = {"line": line - 1, "character": column - 1}
        where = {"textDocument": {"uri": path.as_uri()}, "position": position}
        return str(self.request("textDocument/hover", where)["contents"]["value"])

    def request(self, method: str, params: Any) -> Any:
        self._last += 1
        number = self._last
        self._send({"id": number, "method": method, "params": params})
        return self._until(lambda m: m.get("id") == number and "method" not in m)["result"]

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _open(self, path: Path, text: str) -> None:
        item = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for _ in range(PATIENCE):
            message = self._receive()
            if wanted(message):
                return message
            if "id" in message and "method" in message:  # it asks for settings: there are none
                asked = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [None for _ in asked]})
        raise AssertionError("the server says a lot, but not what it was asked")

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            elif not line and self._process.poll() is not None:
                raise AssertionError("the server has ended")
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    if not SERVER.exists() and os.environ.get("CI") != "true":
        pytest.skip("yaml-language-server is missing; ci/node-packages brings it")
    with subprocess.Popen(
        ["node", str(SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Editor(process)
        process.kill()


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A file beside a copy of nothing but its schema: the server reads it by the relative path."""
    folder = tmp_path / "desired-state/tenants/vcc/services"
    folder.mkdir(parents=True)
    (tmp_path / "schema").symlink_to(ROOT / "schema")
    return folder / "argus-backend.yaml"


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "desired-state").rglob("*.yaml")),
    ids=lambda p: p.relative_to(ROOT / "desired-state").as_posix(),
)
def test_nothing_is_underlined_in_what_is_shipped(editor: Editor, path: Path) -> None:
    assert editor.diagnostics(path, path.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  trustLevel: high", "  trustLevel: enormous", "11:15 "),
        ("  trustLevel: high", "  colour: blue", "11:3 "),
        ("  trustLevel: high", "  duration: 90days", "11:13 "),
        ("  template: vcc-service", "  template: VCC", "8:13 "),
        ("kind: Service", "kind: Servic", "4:7 "),
        ("metadata: {name: argus-backend}\n", "", "3:1 "),
    ],
)
def test_what_is_wrong_is_underlined_where_it_stands(
    editor: Editor, beside: Path, old: str, new: str, expected: str
) -> None:
    text = ARGUS.read_text()
    assert old in text
    [found] = editor.diagnostics(beside, text.replace(old, new))
    assert found.startswith(expected)


def test_fields_and_values_are_offered(editor: Editor, beside: Path) -> None:
    text = ARGUS.read_text()
    fields = editor.completions(beside, text + "  \n", line=12, column=3)
    assert {"dnsNames", "duration", "renewBefore", "suspend"} <= fields
    assert "trustLevel" not in fields  # it is there already
    values = editor.completions(
        beside, text.replace("trustLevel: high", "trustLevel: "), line=11, column=15
    )
    assert {"low", "medium", "high"} <= values


def test_a_field_is_explained(editor: Editor, beside: Path) -> None:
    text = ARGUS.read_text()
    assert "How much depends on it." in editor.hover(beside, text, line=11, column=5)
