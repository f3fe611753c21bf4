"""Clouds, and the hosts that may get the token."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import httpx
from attrs import frozen

from .errors import ConfigurationError, HostRefusedError


@frozen
class Cloud:
    """One cloud: where tokens come from, for which resource, and the hosts they are for.

    Hosts: `.suffix` is every host below it, `*-rest` one label that ends so, anything else the host
    itself; `:port` limits the port. `authorities` are other names of the same authority.
    """

    name: str
    authority: str
    resource: str
    hosts: tuple[str, ...]
    authorities: tuple[str, ...] = ()


_PORTAL = "api.purview-service.microsoft.com:443"
PUBLIC = Cloud(
    "public",
    "https://login.microsoftonline.com",
    "https://purview.azure.net",
    (".purview.azure.com:443", _PORTAL, f"*-{_PORTAL}"),
    ("https://login.microsoft.com",),
)
# No vendor page names the resource of the two others: the public one stands in until `resource=`
# says better.
US_GOVERNMENT = Cloud(
    "us_government", "https://login.microsoftonline.us", PUBLIC.resource, (".purview.azure.us:443",)
)
CHINA = Cloud(
    "china",
    "https://login.chinacloudapi.cn",
    PUBLIC.resource,
    (".purview.azure.cn:443",),
    ("https://login.partner.microsoftonline.cn",),
)
CLOUDS = (PUBLIC, US_GOVERNMENT, CHINA)


def scope_of(resource: str) -> str:
    """The v2 scope of a resource (an address or an app id); a scope is left as it is."""
    return resource if resource.endswith("/.default") else f"{resource}/.default"


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _origin(text: str, name: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        url = httpx.URL("")
    named = re.fullmatch(rb"[a-z0-9.:-]+", url.raw_host) is not None
    if not named or url.userinfo or url.query or url.fragment or url.path not in ("", "/"):
        raise ConfigurationError(
            f"{name} must be a scheme and a host, as https://login.microsoftonline.com"
        )
    return url


def check_authority(authority: str, allow_insecure_localhost: bool) -> str:
    """The authority without a slash at its end; ConfigurationError for anything but https and a
    host.
    """
    url = _origin(authority, "authority")
    if url.scheme != "https" and not (
        url.scheme == "http" and allow_insecure_localhost and is_loopback(url.host)
    ):
        raise ConfigurationError("authority must be https: the client secret is sent to it")
    return str(url).rstrip("/")


def check_tenant(tenant: str) -> str:
    """The tenant's id or domain; ConfigurationError where it is not one, or is one of the shared
    names.
    """
    if not isinstance(tenant, str) or not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", tenant):
        raise ConfigurationError(
            "tenant_id must be the tenant's id (a GUID) or one of its domain names"
        )
    if tenant.lower() in ("common", "organizations", "consumers"):
        raise ConfigurationError(
            f"tenant_id {tenant!r} names no tenant: a service principal needs its own tenant's id"
        )
    return tenant


def cloud_of(authority: str, cloud: Cloud | None) -> Cloud:
    """The cloud meant; ConfigurationError where the authority is another cloud's."""
    owner = next((one for one in CLOUDS if authority in (one.authority, *one.authorities)), None)
    if cloud is not None and owner is not None and owner.name != cloud.name:
        raise ConfigurationError(
            f"authority {authority} is of cloud {owner.name}, not of {cloud.name}"
        )
    return cloud or owner or PUBLIC


def _listed(entries: Iterable[str], host: str, port: int) -> bool:
    return any(_matches(entry, host, port) for entry in entries)


def _matches(entry: str, host: str, port: int) -> bool:
    name, _, wanted = entry.rpartition(":")
    if not wanted.isdigit() or name.endswith(":"):
        name, wanted = entry, str(port)
    if wanted != str(port):
        return False
    if name.startswith("."):
        return host.endswith(name)
    if name.startswith("*"):
        label = host.removesuffix(name[1:])
        return label not in ("", host) and "." not in label
    return host == name.strip("[]")


class HostRules:
    """Says whether a URL may get the token.

    Not with a user name in it. http or https to loopback, where `allow_insecure_localhost`; else
    https alone, to a host of `allowed_hosts` (any port unless it names one) or of the cloud (port
    443).
    """

    def __init__(
        self,
        cloud: Cloud,
        allowed_hosts: Iterable[str] = (),
        allow_insecure_localhost: bool = False,
    ) -> None:
        self.cloud = cloud
        self._local = allow_insecure_localhost
        self._last_good: tuple[str, bytes, int | None, bytes] | None = None
        entries = (allowed_hosts,) if isinstance(allowed_hosts, str) else allowed_hosts
        self._allowed = tuple(self._entry(text) for text in entries)

    def _entry(self, text: str) -> str:
        if "://" in text:
            text = _origin(text, "a URL in allowed_hosts").netloc.decode()
        host = text.lower().partition(":")[0]
        for cloud in CLOUDS:
            if cloud.name != self.cloud.name and (_listed(cloud.hosts, f"x{host}", 443)):
                raise ConfigurationError(
                    f"{host} is a host of cloud {cloud.name}, not of {self.cloud.name}"
                )
        return text.lower()

    def check(self, url: httpx.URL) -> None:
        """Raises HostRefusedError where the token may not go to this URL."""
        place = (url.scheme, url.raw_host, url.port, url.userinfo)
        if place != self._last_good:
            self._check(url)
            self._last_good = place  # most clients call one host

    def _check(self, url: httpx.URL) -> None:
        host = url.raw_host.decode("ascii").lower()
        port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        if url.userinfo:
            raise HostRefusedError(
                "the URL has a user name or password in it; the token is not sent there"
            )
        if self._local and url.scheme in ("http", "https") and is_loopback(host):
            return
        if url.scheme != "https":
            raise HostRefusedError(
                f"the token is sent over https alone, not over {url.scheme or 'no scheme'} "
                f"to {host}"
            )
        named = re.fullmatch(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]+", host) and _listed(
            self.cloud.hosts, host, port
        )
        if not named and not _listed(self._allowed, host, port):
            owner = next((cloud.name for cloud in CLOUDS if _listed(cloud.hosts, host, 443)), None)
            hint = "If it is a host of yours (a proxy, a sandbox), name it in allowed_hosts."
            if owner not in (None, self.cloud.name):
                hint = f"It is a host of cloud {owner}, this auth object is for {self.cloud.name}."
            raise HostRefusedError(
                f"{host}:{port} is no host of Purview; the token is not sent there", hint=hint
            )
