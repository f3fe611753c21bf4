"""What `Poller.token` holds of a long-running operation, so that another process can go on with it."""

from __future__ import annotations

import msgspec


class SavedOperation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a token holds; `url` and `link` without the host, which is the resuming client's.

    `arguments` are those of the first request that the declared paths of the operation take, too.
    """

    plane: str
    operation: str
    method: str
    url: str
    link: str
    location: str | None
    status: str
    id: str | None = None
    arguments: dict[str, str] = {}
