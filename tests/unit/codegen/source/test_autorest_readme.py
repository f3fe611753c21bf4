"""What the tags of a readme file list, whatever way it is written in."""

from __future__ import annotations

import pytest

from purview_codegen.source.autorest_readme import beside, inputs, published

HERE = "specification/purview/data-plane/readme.md"
HOME = "specification/purview/data-plane"
CATS = "Cats/stable/2024-01-01/cats.json"


def fenced(*lines: str, fence: str = "``` yaml $(tag) == 'package-1'") -> str:
    return "\n".join(
        ["# Words", "input-file: words.json", fence, *lines, fence[:3], "- more.json", ""]
    )


@pytest.mark.parametrize(
    "text",
    [
        fenced("input-file:", f"  - {CATS}"),
        fenced("input-file:", f"- {CATS}"),
        fenced("input-file:", "  # a remark", f"  - ./{CATS}  # another", "title: Cats"),
        fenced("title: Cats", f"input-file: {CATS}", "directive:", "  - where.json"),
        fenced(f"input-file: [{CATS}]"),
        fenced(f'input-file: ["{CATS}"]', fence="```yaml"),
        fenced("input-file:", f"  - '$(this-folder)/{CATS}'", fence="~~~ yaml"),
        fenced("input-file:", f"  - ../data-plane/{CATS}"),
        fenced("input-file:", f"  - {CATS.replace('/', chr(92))}"),
        fenced("input-file:", f"  - https://github.com/o/r/blob/{'0' * 40}/{HOME}/{CATS}"),
    ],
)
def test_one_document_is_listed(text: str) -> None:
    assert {f"{HOME}/{CATS}"} == inputs(text, HERE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "input-file:\n  - a.json\n",
        fenced("tag: package-1"),
        fenced("input-file:", "  - a.json", fence="```bash"),
        fenced("where:", "  - a.json"),
    ],
)
def test_nothing_is_listed(text: str) -> None:
    assert frozenset() == inputs(text, HERE)


def test_several_tags() -> None:
    text = fenced("input-file:", f"  - {CATS}", "  - b.json") + fenced("input-file:", "  - c.json")
    assert {f"{HOME}/{name}" for name in (CATS, "b.json", "c.json")} == inputs(text, HERE)


@pytest.mark.parametrize(
    ("readme", "near"),
    [
        (f"{HOME}/Cats/readme.md", True),
        (f"{HOME}/README.MD", True),
        ("specification/purview/readme.md", True),
        ("specification/readme.md", False),
        ("readme.md", False),
        (f"{HOME}/Dogs/readme.md", False),
        (f"{HOME}/Cats/readme.python.md", False),
    ],
)
def test_which_readme_files_lie_beside_a_document(readme: str, *, near: bool) -> None:
    assert near == (readme in beside(f"{HOME}/{CATS}", [readme]))


@pytest.mark.parametrize(
    ("listed", "path", "said"),
    [
        (f"{HOME}/{CATS}", f"{HOME}/{CATS}", True),
        (f"{HOME}/Kats/stable/2024-01-01/Cats.json", f"{HOME}/{CATS}", True),
        (f"{HOME}/Cats/stable/2024-01-02/cats.json", f"{HOME}/{CATS}", False),
        (f"{HOME}/Cats/preview/2024-01-01-preview/cats.json", f"{HOME}/{CATS}", False),
        (f"{HOME}/Cats/stable/2024-01-01/dogs.json", f"{HOME}/{CATS}", False),
    ],
)
def test_whether_a_document_is_listed(listed: str, path: str, *, said: bool) -> None:
    assert said == published(path, {HERE: frozenset({listed})}).lists(path)


def test_a_readme_without_tags_says_nothing() -> None:
    assert () == published(f"{HOME}/{CATS}", {HERE: frozenset()}).readmes
