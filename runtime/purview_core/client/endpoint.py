"""Endpoints in any form people hold: an account name, a host, an address with or without slash
or plane suffix.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

TENANT_HOST = "https://api.purview-service.microsoft.com"
CLOUDS = {
    "public": ".purview.azure.com",
    "usgov": ".purview.azure.us",
    "china": ".purview.azure.cn",
}
_FORM = "give the account name (contoso) or its address (https://contoso.purview.azure.com)"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{1,61}[A-Za-z0-9])")
_OLD_HOSTS = {  # of single planes, with the path prefix that their addresses leave out
    "account": "/account",
    "catalog": "/catalog/api",
    "datamap": "/datamap/api",
    "guardian": "",
    "scan": "/scan",
    "share": "/share",
}
_PREFIXES = (
    *(
        "/account",
        "/catalog",
        "/catalog/api",
        "/datamap",
        "/datamap/api",
        "/pds",
        "/policystore",
        "/scan",
        "/share",
        "/workflow",
    ),
    *(
        "/purviewunifiedcatalog",
        "/purviewunifiedcatalog/api",
        "/catalog/api/atlas/v2",
        "/datamap/api/atlas/v2",
    ),
    *(
        "/datagovernance",
        "/datagovernance/access",
        "/datagovernance/catalog",
        "/datagovernance/dataaccess",
    ),
    *("/datagovernance/dataestate", "/datagovernance/quality"),
)
_CUT_OFF = re.compile(r".+\.purview(\.azure(\.(c|co|u))?)?")  # of an account's address
_LABEL = "[a-z0-9:](?:[a-z0-9:-]*[a-z0-9:])?"  # a colon: IPv6
# Portals, the name that tokens are asked for, and the service without an account.
_NO_SERVICE = re.compile(
    r"(.+\.)?(web\.purview|purviewstudio)\.azure\.\w+|purview\.(microsoft\.\w+|azure\.\w+)|portal\.azure\.\w+"
)


def account_endpoint(text: str, cloud: str | None = None) -> str:
    """The address of an account, or of whatever else a URL names, without slash and plane suffix.

    Raises ValueError with the right form for a text that is neither name nor address, or is of
    another cloud than `cloud`. http is admitted for loopback alone.
    """
    if not isinstance(text, str):
        raise TypeError(f"an endpoint is a str, not {type(text).__name__}; {_FORM}")
    text, suffix = text.strip(), _suffix(cloud)
    if _NAME.fullmatch(text) and text.lower() != "localhost":
        return f"https://{text.lower()}{suffix}"
    parts = _split(text)
    host = parts.hostname or ""
    if is_loopback(host) and "://" not in text:
        raise ValueError(
            f"{host} may be http or https: give http://{parts.netloc} or "
            f"https://{parts.netloc}; {_FORM}"
        )
    if not _is_host(host, text):
        raise ValueError(_refused(text))
    if _NO_SERVICE.fullmatch(host):
        raise ValueError(
            f"{host} is a portal or a token resource, not an account's address; {_FORM}"
        )
    if cloud is not None and host.endswith(tuple(CLOUDS.values())) and not host.endswith(suffix):
        raise ValueError(
            f"{host} is not of cloud {cloud!r}, whose accounts are at https://<account>{suffix}"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"an endpoint has no user, query or fragment: {host}; {_FORM}")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError(f"an endpoint is https, not {parts.scheme}: {host}; {_FORM}")
    path = parts.path.rstrip("/")
    if path and path.lower() not in _PREFIXES:
        raise ValueError(f"an endpoint has no path but a plane's own: {host}{path}; {_FORM}")
    usual = parts.scheme == "https" and parts.port == 443 and "." in host
    port = f":{parts.port}" if parts.port and not usual else ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else _mapped(host)}{port}"


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def plane_endpoint(
    kind: str, text: str, tenant_endpoint: str | None = None, cloud: str | None = None
) -> str:
    """The address that a plane of the given kind answers at. An account says nothing of the
    tenant-wide host, which no vendor page names but for the public cloud: ValueError for the
    others, unless `tenant_endpoint` says.
    """
    found = account_endpoint(text, cloud)
    tenant = None if tenant_endpoint is None else account_endpoint(tenant_endpoint)
    if kind != "tenant":
        return found
    if tenant is not None:
        return tenant
    if found.endswith((CLOUDS["usgov"], CLOUDS["china"])):
        raise ValueError(
            f"the tenant-wide host beside {found} is in no document; give it as tenant_endpoint="
        )
    return TENANT_HOST if found.endswith(CLOUDS["public"]) else found


def _suffix(cloud: str | None) -> str:
    if cloud is None:
        return CLOUDS["public"]
    if not isinstance(cloud, str) or cloud not in CLOUDS:
        raise ValueError(f"unknown cloud {cloud!r}; there are {', '.join(CLOUDS)}")
    return CLOUDS[cloud]


def _refused(text: str) -> str:
    return f"not an endpoint: {text.rpartition('@')[2][:100]!r}; {_FORM}"


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        if parts.port != 0:
            return parts
    except ValueError:  # a port that is none, brackets that are no IPv6 address
        pass
    raise ValueError(_refused(text))


def _is_host(host: str, text: str) -> bool:
    """Whether it is one, beyond doubt: a trailing dot or an odd character would get round the
    comparison of hosts, and a single word or a part of the suffix is a mistyped account (unless an
    address with a port says that it is meant).
    """
    if not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", host) or not text.isprintable():
        return False
    named = ("." in host and not _CUT_OFF.fullmatch(host)) or ":" in host or host == "localhost"
    return named or re.match(r"https?://[^/]+:\d", text, re.IGNORECASE) is not None


def has_prefix(path: str) -> bool:
    """Whether a path begins with the prefix of a plane."""
    return f"/{path.lower().split('/')[1] if '/' in path else ''}" in _PREFIXES


def old_host(host: str) -> tuple[str, str] | None:
    """The account's host and the path prefix that an old host stands for; None for one that is
    none.
    """
    account, _, rest = host.partition(".")
    plane, _, suffix = rest.partition(".")
    if plane in _OLD_HOSTS and f".{suffix}" in CLOUDS.values():
        return f"{account}.{suffix}", _OLD_HOSTS[plane]
    return None


def _mapped(host: str) -> str:
    """Old host forms: `contoso.scan.purview.azure.com` is the account's
    `contoso.purview.azure.com`.
    """
    found = old_host(host)
    return found[0] if found else host
