"""What a name that does not exist may have been meant to be.

Looked for only when somebody reads the message.
"""

from __future__ import annotations

TYPE_CHECKING = (
    False  # type checkers take it for true; typing itself would cost more than all the rest
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean X?`, with the nearest of the known names; nothing where none is near."""
    from difflib import get_close_matches  # a message is seldom read

    found = list(known)
    # DataSourceID is DataSourceId, and parentTerm parent_term
    alike = {_bare(one): one for one in found}
    near = (
        [alike[_bare(name)]]
        if _bare(name) in alike
        else get_close_matches(name, found, n=1, cutoff=0.7)
    )
    return f" Did you mean {near[0]}?" if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean X or Y?`, with up to three names that come close, or else the first twenty."""
    from difflib import get_close_matches  # a message is seldom read

    names = list(known)
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(sorted(names)[:20])}"


def _bare(name: str) -> str:
    return name.replace("_", "").casefold()


class MissingNameError(AttributeError):
    """An AttributeError that says what is near, at the cost of looking for it only where it is
    shown: code asks modules for names that are not there all the time (hasattr, copy, pickle,
    notebooks).
    """

    def __init__(self, text: str, name: str, known: Callable[[], Iterable[str]]) -> None:
        super().__init__(text, name=name)
        self._known = known

    def __str__(self) -> str:
        text = str(self.args[0])
        return (
            text
            if not self.name or self.name.startswith("_")
            else text + did_you_mean(self.name, self._known())
        )

    def __reduce__(self) -> tuple[type[AttributeError], tuple[str]]:
        return AttributeError, (str(self),)
