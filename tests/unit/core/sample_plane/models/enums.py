from enum import Enum as _Enum

from purview_core.model import OpenEnum as _OpenEnum


class Level(int, _Enum):
    LOW = 1
    HIGH = 2


class Origin(_OpenEnum):
    MANUAL = "Manual"
    BY_RULE = "By rule/2"
    NONE = ""
