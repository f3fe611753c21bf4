"""The changelog as an update writes it: groups of the unreleased section, the rest as it was."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purview_codegen.errors import IntegrityError
from purview_codegen.update import changelog, release

TOP = "# Changelog\n\nWords.\n"
RELEASED = "## [0.4.0] - 2024-01-01\n\n### Changed\n\n- Released.\n"
NEW_BETWEEN_OTHERS = """## [Unreleased]

### Added

- A.

### Changed

- New.

### Fixed

- F.

"""
LINKS = "[Unreleased]: https://example.com/compare\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "## [Unreleased]\n\n### Changed\n\n- New.\n"),
        (TOP, f"{TOP}\n## [Unreleased]\n\n### Changed\n\n- New.\n"),
        (f"{TOP}\n{RELEASED}", f"{TOP}\n## [Unreleased]\n\n### Changed\n\n- New.\n\n{RELEASED}"),
        (f"{TOP}\n## [Unreleased]\n", f"{TOP}\n## [Unreleased]\n\n### Changed\n\n- New.\n"),
        (
            f"{TOP}\n## Unreleased\n\n{RELEASED}",
            f"{TOP}\n## Unreleased\n\n### Changed\n\n- New.\n\n{RELEASED}",
        ),
        (
            f"{TOP}\n## [Unreleased]\n\n### Changed\n\n- Old.\n\n{RELEASED}",
            f"{TOP}\n## [Unreleased]\n\n### Changed\n\n- New.\n- Old.\n\n{RELEASED}",
        ),
        (
            f"{TOP}\n## [Unreleased]\n\n### Added\n\n- A.\n\n### Fixed\n\n- F.\n\n{RELEASED}",
            f"{TOP}\n{NEW_BETWEEN_OTHERS}{RELEASED}",
        ),
        (
            f"{TOP}\n## [Unreleased]\n\n### Added\n\n- A.\n\n{LINKS}",
            f"{TOP}\n## [Unreleased]\n\n### Added\n\n- A.\n\n### Changed\n\n- New.\n\n{LINKS}",
        ),
    ],
)
def test_a_line_goes_on_top_of_its_group(before: str, after: str) -> None:
    assert after == changelog.with_entries(before, {"Changed": ["New."]})


def test_nothing_new_changes_nothing() -> None:
    assert TOP == changelog.with_entries(TOP, {}) == changelog.with_entries(TOP, {"Added": []})


GROUPED = st.dictionaries(
    st.sampled_from(changelog.GROUPS), st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3)
)


@given(st.lists(GROUPED, max_size=4), st.booleans())
def test_no_line_is_lost_and_groups_stay_in_their_order(
    steps: list[dict[str, list[str]]],
    released: bool,
) -> None:
    rest = f"\n{RELEASED}\n{LINKS}" if released else ""
    text = f"{TOP}{rest}"
    for step in steps:
        text = changelog.with_entries(text, step)
    assert text.startswith(TOP)
    assert text.endswith(rest)
    section = text.removesuffix(rest)
    blocks = section.split("### ")[1:]
    names = [block.splitlines()[0] for block in blocks]
    assert names == sorted({name for step in steps for name in step}, key=changelog.GROUPS.index)
    for name, block in zip(names, blocks, strict=True):
        expected = itertools.chain.from_iterable(step.get(name, []) for step in reversed(steps))
        found = [line for line in block.splitlines() if line.startswith("- ")]
        assert [f"- {line}" for line in expected] == found
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    ("stated", "sections", "level", "expected"),
    [
        ("0.4.0", "## [0.4.0] - 2024-01-01\n", "patch", "0.4.1"),
        ("0.4.0", "## [0.4.0] - 2024-01-01\n", "major", "0.5.0"),
        ("1.4.2", "## [1.4.2] - 2024-01-01\n", "major", "2.0.0"),
        ("0.4.0", "", "major", "0.4.0"),  # never released
        ("0.4.0", "## [Unreleased]\n", "minor", "0.4.0"),
        # on its way already
        (
            "0.5.0",
            "## [Unreleased]\n\n## [0.4.0] - 2024-01-01\n",
            "minor",
            "0.5.0",
        ),
        ("0.4.1", "## [Unreleased]\n\n## [0.4.0] - 2024-01-01\n", "minor", "0.5.0"),
        ("0.10.0", "## [0.9.0] - 2024-01-01\n\n## [0.8.0] - 2023-01-01\n", "patch", "0.10.0"),
        ("0.4.0", None, "minor", "0.5.0"),  # no changelog
    ],
)
def test_the_next_version(
    tmp_path: Path,
    stated: str,
    sections: str | None,
    level: str,
    expected: str,
) -> None:
    path = tmp_path / release.VERSIONED
    path.parent.mkdir(parents=True)
    path.write_text(f'"""Words."""\n\nVERSION = "{stated}"\n')
    if sections is not None:
        (tmp_path / release.CHANGELOG).write_text(f"{TOP}\n{sections}")
    found = release.next_version(tmp_path, level)
    assert expected == found
    written = release.written(tmp_path, found, {})[release.VERSIONED]
    assert f'"""Words."""\n\nVERSION = "{expected}"\n' == written


def test_a_file_without_a_version_says_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / release.VERSIONED
    path.parent.mkdir(parents=True)
    path.write_text('VERSION = "soon"\n')
    with pytest.raises(
        IntegrityError,
        match=r'version\.py states no version; it needs a line such as VERSION = "1\.2\.3"',
    ):
        release.stated(tmp_path)
