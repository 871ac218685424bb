"""Write what was accepted of known vulnerabilities, tools/accepted-vulnerabilities.txt, as OpenVEX.

A scanner that is given the document passes over what was looked at, and shows why. Nothing is written where
nothing is accepted, as the format has no document without statements. https://github.com/openvex/spec
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from . import ROOT, audit

CONTEXT = "https://openvex.dev/ns/v0.2.0"
AUTHOR = "Slipway maintainers"


def document(name: str, version: str, accepted: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """An OpenVEX document of an image: each vulnerability does not affect it, and why."""
    product = {"@id": f"pkg:oci/{name}?tag={version}"}
    statements = [
        {
            "vulnerability": {"name": vulnerability},
            "products": [product],
            "status": "not_affected",
            "impact_statement": why,
        }
        for vulnerability, why in sorted(accepted.items())
    ]
    of = hashlib.sha256(json.dumps(statements, sort_keys=True).encode()).hexdigest()
    return {
        "@context": CONTEXT,
        "@id": f"https://openvex.dev/docs/public/vex-{of}",
        "author": AUTHOR,
        "timestamp": now.isoformat(timespec="seconds"),
        "version": 1,
        "statements": statements,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Write accepted vulnerabilities as OpenVEX.")
    parser.add_argument("name", help="the image's name, that of its folder in images/")
    parser.add_argument("--version", required=True)
    options = parser.parse_args()
    accepted = audit.accepted()
    unsaid = [name for name, why in accepted.items() if not why]
    if unsaid:
        print(f"vex: {audit.ACCEPTED.name}: no reason is given for {', '.join(unsaid)}", file=sys.stderr)
        return 1
    path = ROOT / ".slipway/sbom" / f"{options.name}.openvex.json"
    if not accepted:
        path.unlink(missing_ok=True)
        print(f"vex: {options.name}: no vulnerability is accepted, so there is nothing to write")
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    written = document(options.name, options.version, accepted, datetime.now(UTC))
    path.write_text(json.dumps(written, indent=2) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
