"""AzureCliCredential: the sign-in of the `az` command, for laptops."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from typing import Any

from attrs import field, frozen

from .errors import CredentialError
from .hosts import check_tenant


@frozen
class AccessToken:
    """What a credential gives: the token, and its expiry in seconds since the epoch."""

    token: str = field(repr=False)
    expires_on: float


class AzureCliCredential:
    """Asks `az account get-access-token`; for use with CredentialAuth after `az login`.

    tenant_id: where it is not the one `az` is signed in to. timeout: seconds that the command may
    take.
    """

    def __init__(self, *, tenant_id: str | None = None, timeout: float = 20.0) -> None:
        self._tenant = [] if tenant_id is None else ["--tenant", check_tenant(tenant_id)]
        self._timeout = timeout

    def get_token(self, scope: str, **_: Any) -> AccessToken:
        """The token for a scope. Raises CredentialError that says what to install or to run."""
        if (program := shutil.which("az")) is None:
            raise CredentialError(
                "the Azure CLI is not installed", hint="Install it, run `az login`.", permanent=True
            )
        command = [program, "account", "get-access-token", "--output", "json", *self._tenant]
        failure = CredentialError(
            "`az account get-access-token` failed", hint="Run it by hand to see why."
        )
        try:
            done = subprocess.run(  # noqa: S603 - our own arguments, checked, and no shell
                [*command, "--resource", scope.removesuffix("/.default")],
                capture_output=True,
                timeout=self._timeout,
                check=False,
                stdin=subprocess.DEVNULL,
            )
            if b"az login" in done.stderr:
                failure = CredentialError(
                    "the Azure CLI is not signed in", hint="Run `az login`.", permanent=True
                )
            answer = json.loads(done.stdout)
            # of an older az expiresOn alone, a local time without a zone
            on = answer.get("expires_on") or datetime.fromisoformat(answer["expiresOn"]).timestamp()
            return AccessToken(answer["accessToken"], float(on))
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            subprocess.TimeoutExpired,
        ):
            pass  # not chained: the command's output may hold a token
        raise failure
