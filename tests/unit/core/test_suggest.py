"""What is said of a name that is unknown."""

from __future__ import annotations

from purview_core.suggest import nearest


def test_nearest_takes_what_comes_close_or_everything() -> None:
    assert "did you mean scan?" == nearest("scam", ["scan", "share"])
    assert "there are a, b" == nearest("zzzz", ["a", "b"])
