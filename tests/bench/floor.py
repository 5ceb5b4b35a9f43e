"""The least that reading a tree takes: each file by the C parser, each service into its struct."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pki_schema.kinds import ServiceSpec


def main(tree: Path) -> int:
    """Read every manifest; how many services there were."""
    services = 0
    for path in tree.rglob("*.yaml"):
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        if document["kind"] == "Service":
            msgspec.convert(document["spec"], ServiceSpec, strict=False, dec_hook=_scalar)
            services += 1
    return services


def _scalar(kind: type[Any], value: object) -> Any:
    return kind(value)


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
