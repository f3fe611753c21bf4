"""JSON to models and back, made from the annotations of a class at its first use.

`decoders` makes models, `encoders` makes JSON of them, and both do it by `compiled`, or by `plain`,
its readable twin. The rest of the package uses the names that this module hands on.

A decoded model keeps the object that it came as (`_raw`). Scalars, enums and date-times are stored
at once; models are made, and lists and maps handed out, at the first read. Encoding lays the
attributes over `_raw`:

| attribute          | the member came as      | goes out as                                      |
|--------------------|-------------------------|--------------------------------------------------|
| never assigned     | anything                | as it came (null, 7-digit seconds, unknown enum) |
| what it decodes to | a value                 | as it came                                       |
| None               | null / absent / a value | absent                                           |
| NULL               | anything                | null                                             |
| another value      | anything                | the value                                        |

A service may spell a member in another way than its document does (`x-live-name` in contracts);
both spellings are read. The member keeps the one that it came in, and goes out in that of the
service in request bodies, and where none came.

Only what may have changed is looked at: scalars once an attribute of their model was assigned, all
else once it was read. So a write that passes by `Model.__setattr__` (`object.__setattr__`) is not
seen. One case cannot be told apart: in `attrs.evolve(model, name=None)`, where null came, the null
is kept.

A nested model, list or map is one object from its first read on, whoever read it, and what is done
to it goes out with its parent, over the JSON that the parent came as. Assigning another object
drops it. Shallow copies (`copy.copy`, `attrs.evolve`) share such objects with the model that they
were made from; `deepcopy`, pickle, `from_dict` and `to_dict` share nothing.
"""

from __future__ import annotations

from . import decoders, encoders
from .decoders import Codec, Registry, codec
from .encoders import body, copied, encode, to_json
from .fields import Coded
from .types import normal, split_union
from .values import camel

__all__ = [
    "Codec",
    "Coded",
    "Registry",
    "body",
    "camel",
    "codec",
    "copied",
    "encode",
    "normal",
    "split_union",
    "to_json",
]


def use_compiled(on: bool) -> None:
    """Has models read, decoded and encoded by `compiled`, or by `plain`; for tests alone."""
    Codec.use_compiled = on
    decoders.forget()
    encoders.forget()
