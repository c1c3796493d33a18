"""AWS itself: which account the user's credentials lead to, and no other endpoint."""

import os
from typing import Any

import botocore.session
import typer
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud import without_aws
from localcloud.console import talk
from localcloud.errors import CliError


class Account:
    """The AWS account of the user's own credentials.

    Raises:
        CliError: AWS does not accept them.
    """

    def __init__(self) -> None:
        self._session = botocore.session.Session(profile=os.environ.get("AWS_PROFILE"))
        self._session.set_config_variable("ignore_configured_endpoint_urls", True)
        self.region = str(self._session.get_config_variable("region") or "us-east-1")
        for name in sorted(os.environ):
            if name.startswith("AWS_ENDPOINT_URL"):
                talk.print(f"[yellow]ignoring {name}={os.environ[name]}[/]: --aws means AWS itself")
        sts = self.client("sts")
        try:
            self.number = str(sts.get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            raise CliError(
                f"AWS does not accept these credentials ({error}); "
                "set AWS_PROFILE, or log in with `aws sso login`"
            ) from error
        address = sts.meta.endpoint_url
        talk.print(f"AWS account [bold]{self.number}[/], region [bold]{self.region}[/], {address}")

    def client(self, service: str) -> Any:
        """A botocore client of this account."""
        return self._session.create_client(service, region_name=self.region)

    def confirm(self, what: str, *, yes: bool) -> None:
        """Ask before AWS is changed, unless told not to; leaves with exit code 1 on a no."""
        if not yes:
            typer.confirm(f"{what} there?", abort=True, err=True)

    def environment(self) -> dict[str, str]:
        """This process's environment, with nothing in it that leads elsewhere."""
        profile = {n: os.environ[n] for n in ("AWS_PROFILE",) if n in os.environ}
        ignore = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_REGION": self.region}
        return without_aws(os.environ) | profile | ignore
