"""AWS account, region and credentials that a command with --aws works with."""

import os
from typing import Any

import botocore.session
import typer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cli.console import talk
from cli.errors import CliError

# Where the AWS CLI looks for credentials and regions, as it does: variables before profiles.
_KEYS = "AWS_ACCESS_KEY_ID"
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
# What says how AWS is reached, not as whom: a company's certificates and endpoints.
_KEPT = ("AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
# Variables that the CDK CLI reads besides those of AWS, and that could choose another target.
_OF_THE_CDK = ("AMAZON_REGION", "AMAZON_DEFAULT_REGION", "CDK_PROFILE", "CDK_REGION")
_LOG_IN = "set AWS_PROFILE, or log in with `aws sso login`"
_LONG_ENOUGH = 3600  # seconds; a first deployment of the store takes 30 to 40 minutes


class Account:
    """The AWS account that the user's credentials lead to.

    The credentials are resolved once, in the AWS CLI's order: variables, then web identity, then
    the profile (static keys, SSO, an assumed role, a process), then the machine's role. AWS is
    asked whom they belong to, and exactly these are used from then on: by `client` and, in
    `environment`, by the CDK CLI. The region is that of `AWS_REGION`, `AWS_DEFAULT_REGION` or the
    profile, in that order. Raises `CliError` if either is missing, or AWS refuses the credentials.
    """

    def __init__(self) -> None:
        self._session = botocore.session.Session()
        self._session.set_config_variable("ignore_configured_endpoint_urls", True)
        for name in sorted(os.environ):
            if name.startswith("AWS_ENDPOINT_URL"):
                said = f"ignoring {name}={os.environ[name]}: --aws means AWS itself"
                talk.print(said, style="yellow")
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise CliError(f"no AWS credentials were found; {_LOG_IN}")
            self._credentials = credentials.get_frozen_credentials()
            self.region = self._resolve_region()
            sts = self.client("sts")
            identity = sts.get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise CliError(f"AWS does not accept these credentials ({error}); {_LOG_IN}") from error
        self.number = str(identity["Account"])
        self._say(credentials.method, identity["Arn"], sts.meta.endpoint_url)
        if getattr(credentials, "refresh_needed", lambda refresh_in: False)(_LONG_ENOUGH):
            talk.print("these credentials end within an hour; a deployment may outlast them")

    def client(self, service: str, **config: Any) -> Any:
        """Make a botocore client with these credentials; `config` are members of its `Config`."""
        return self._session.create_client(
            service,
            region_name=self.region,
            aws_access_key_id=self._credentials.access_key,
            aws_secret_access_key=self._credentials.secret_key,
            aws_session_token=self._credentials.token,
            config=Config(**config),
        )

    def confirm(self, what: str, *, yes: bool) -> None:
        """Ask before AWS is changed, unless told not to; leaves with exit code 1 on a no."""
        if not yes:
            typer.confirm(f"{what} there?", abort=True, err=True)

    def environment(self) -> dict[str, str]:
        """Copy this process's environment, with the resolved credentials as its only ones."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in _KEPT
            or not (name.startswith(("AWS_", "CDK_DEFAULT_")) or name in _OF_THE_CDK)
        }
        given = {
            _KEYS: self._credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self._credentials.secret_key,
            "AWS_SESSION_TOKEN": self._credentials.token,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            **dict.fromkeys(_REGIONS, self.region),
        }
        return kept | {name: value for name, value in given.items() if value}

    def _resolve_region(self) -> str:
        named = next((os.environ[name] for name in _REGIONS if os.environ.get(name)), None)
        region = named or self._session.get_config_variable("region")
        if not region:
            raise CliError(
                "no AWS region was given; set AWS_REGION, such as `export AWS_REGION=eu-central-1`"
            )
        return str(region)

    def _say(self, source: str, arn: str, address: str) -> None:
        if self._session.profile and source == "env":
            talk.print(
                f"not using profile {self._session.profile}: {_KEYS} is set, and goes before it",
                style="yellow",
            )
        talk.print(f"AWS account {self.number}, region {self.region}, {address}")
        talk.print(f"as {arn}, by credentials from {source}", style="dim")
