"""docs/findings.md lists every script of findings/, with the versions that the script names."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "findings").iterdir())
PAGE = ROOT / "docs" / "findings.md"
LINE = re.compile(
    r"^\| \[`(\w+)`\]\(\.\./findings/(\w+\.sh)\) \| ([^|]+) \| [^|]+ \| [^|]+ \|$", re.M
)


def test_each_script_has_one_line_with_a_link_to_it():
    lines = LINE.findall(PAGE.read_text())
    assert sorted(name for _, name, _ in lines) == [path.name for path in SCRIPTS]
    assert all(shown == Path(name).stem for shown, name, _ in lines)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_installs_the_versions_of_its_line(script):
    [versions] = [v for _, name, v in LINE.findall(PAGE.read_text()) if name == script.name]
    installed = script.read_text()
    for package, version in (entry.rsplit(" ", 1) for entry in versions.split(", ")):
        assert re.search(rf"{package}(-cpu)?=={re.escape(version)}", installed, re.I), package


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_works_in_a_temporary_folder_and_says_when_it_was_seen(script):
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n") and script.stat().st_mode & 0o100
    assert "set -euo pipefail" in text and "mktemp -d" in text and 'rm -rf "$folder"' in text
    assert re.search(r"^# Seen on \d{4}-\d\d-\d\d with Python 3\.\d+", text, re.M)
