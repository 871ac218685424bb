"""The workflows of CI, by actionlint, and the check of them itself."""

import re
from pathlib import Path

from tools import lint_workflows


def test_the_workflows_are_clean() -> None:
    files = sorted((lint_workflows.ROOT / ".github/workflows").glob("*.yml"))
    assert files
    assert lint_workflows.complaints(files) == []


def test_actions_are_pinned_by_commit_with_their_version_beside() -> None:
    files = sorted((lint_workflows.ROOT / ".github/workflows").glob("*.yml"))
    used = [line for file in files for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    pinned = re.compile(r".*uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [line for line in used if not pinned.fullmatch(line)] == []


def test_a_fault_is_found_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "faulty.yml"
    path.write_text(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-1\n    steps:\n      - run: echo ${{ gone.x }}\n"
    )
    found = lint_workflows.complaints([path])
    assert [complaint.startswith(f"{path}:4:") for complaint in found].count(True) == 1
    assert any('undefined variable "gone"' in complaint for complaint in found)
