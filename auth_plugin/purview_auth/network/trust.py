"""Which authorities are trusted: the TLS contexts of sign-in and of data calls, made of the same
variables.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from pathlib import Path

import httpx

from purview_auth import settings
from purview_auth.errors import TrustError

_LONGEST_S = 5.0  # that a fork waits for a context under way
# the names under which OpenSSL looks for authorities in a folder
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_contexts: dict[tuple[str | None, ...], ssl.SSLContext] = {}
_lock = threading.Lock()
_held: list[bool] = []  # whether the forking thread has the lock


def shared_ssl_context(*, trust_env: bool = True, http2: bool = False) -> ssl.SSLContext:
    """The TLS context of all clients of this process, made when it is first asked for (that takes
    some 45 ms).

    It trusts what httpx trusts: certifi's authorities, or with `trust_env` those that SSL_CERT_FILE
    or SSL_CERT_DIR name. HTTP/2 has one of its own, since a context holds the protocols that are
    offered. Raises TrustError for a variable that names no authorities.
    """
    named = settings.authorities() if trust_env else {}
    key = ("h2" if http2 else None, named.get(settings.CERT_FILE), named.get(settings.CERT_DIR))
    with _lock:
        if key not in _contexts:
            _contexts[key] = _made(named)
        return _contexts[key]


def _made(named: dict[str, str]) -> ssl.SSLContext:
    if settings.CERT_FILE in named:
        return context_of(Path(named[settings.CERT_FILE]), settings.CERT_FILE)
    if settings.CERT_DIR in named:
        folders = named[settings.CERT_DIR]  # OpenSSL takes several
        wrong = [
            folder for folder in folders.split(os.pathsep) if folder and not Path(folder).is_dir()
        ]
        if wrong:
            raise TrustError(f"{settings.CERT_DIR} names a folder that is not there: {wrong[0]}")
        if not any(
            _HASHED.fullmatch(p.name)
            for folder in folders.split(os.pathsep)
            if folder
            for p in _in(folder)
        ):
            raise TrustError(
                f"{settings.CERT_DIR} names a folder without authorities under the names "
                f"that OpenSSL looks for"
                f" (openssl rehash makes them): {folders}"
            )
        return ssl.create_default_context(capath=folders)
    return httpx.create_ssl_context(trust_env=False)


def _in(folder: str) -> list[Path]:
    try:
        return list(Path(folder).iterdir())
    except OSError as error:
        raise TrustError(
            f"{settings.CERT_DIR} names a folder that cannot be read ({error.strerror}): {folder}"
        ) from None


def context_of(path: Path, name: str) -> ssl.SSLContext:
    """A context that trusts the authorities of a file.

    `name` is what names it: a variable, an argument.
    """
    try:
        return ssl.create_default_context(cafile=str(path))
    except FileNotFoundError:
        raise TrustError(f"{name} names a file that is not there: {path}") from None
    except ssl.SSLError:
        raise TrustError(f"{name} names a file that holds no certificates in PEM: {path}") from None
    except OSError as error:
        raise TrustError(
            f"{name} names a file that cannot be read ({error.strerror}): {path}"
        ) from None


def distrust_hint(error: object) -> str:
    """What to do about a certificate that is not trusted, as sentences; empty where that is not
    the failure.
    """
    if "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return ""
    unread = settings.unread_authorities()
    said = f" ({unread} is set, but is not read here.)" if unread else ""
    return (
        "The certificate, of the service or of a proxy before it, is not trusted: name the "
        "file of your organisation's"
        f" authorities in SSL_CERT_FILE, or give transport= an ssl_context: that of the "
        f"package truststore has the"
        f" authorities of the operating system.{said}"
    )


def _before_fork() -> None:
    """Lets another thread make its context first: OpenSSL has locks of its own, which the child
    would find held.
    """
    _held.append(_lock.acquire(timeout=_LONGEST_S))


def _after_fork_in_parent() -> None:
    if _held and _held.pop():
        _lock.release()


def _after_fork_in_child() -> None:
    global _lock  # noqa: PLW0603  # whoever held it is not in this process
    _lock = threading.Lock()
    _held.clear()


# Where there is no fork, dict() takes the arguments and nothing comes of it.
getattr(os, "register_at_fork", dict)(
    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
)
