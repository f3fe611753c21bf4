from typing import TYPE_CHECKING

from purview_core.lazy import lazy_index

if TYPE_CHECKING:
    from .common import Box as Box
    from .common import Collection as Collection
    from .common import Key as Key
    from .common import Recurrence as Recurrence
    from .common import Scan as Scan
    from .common import ScanList as ScanList
    from .enums import Level as Level
    from .enums import Origin as Origin
    from .scan import AmazonScan as AmazonScan
    from .scan import AmazonScanProperties as AmazonScanProperties
    from .scan import SqlScan as SqlScan
    from .scan import SqlScanProperties as SqlScanProperties

_WHERE, __getattr__, __dir__ = lazy_index(
    __name__,
    common="Box Collection Key Recurrence Scan ScanList",
    enums="Level Origin",
    scan="AmazonScan AmazonScanProperties SqlScan SqlScanProperties",
)
