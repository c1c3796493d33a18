"""Embedded cloud: its folder, ports, credentials and certificates."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from threading import get_ident
from typing import Any

import botocore.session
from botocore.config import Config

from localcloud.app import App
from localcloud.errors import CloudError

ACCOUNT = "000000000000"
REGION = "us-east-1"

# What no proxy can reach for us; a leading dot is how Node.js wants to be told of subdomains.
_LOCAL_NAMES = ("localhost", ".localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """One embedded cloud, as its folder describes it; all its ports are on 127.0.0.1."""

    home: Path  # the folder of all its state
    port: int  # where the AWS API answers, over TLS
    front_port: int  # where the front door answers, over plain HTTP
    # The root user's. The key is random: whoever has it is root.
    access_key_id: str = field(default_factory=lambda: "AKIA" + secrets.token_hex(8).upper())
    secret_access_key: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    database_port: int = 5433  # where PostgreSQL answers, over TLS
    # That of PostgreSQL's superuser, whom no function knows.
    database_password: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    app: App = field(default_factory=App)

    @classmethod
    def load(cls, home: Path) -> "Cloud | None":
        """The cloud of a folder; None where there is none yet, `CloudError` where it is damaged."""
        path = home / "cloud.json"
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            if "app" in known:
                known["app"] = App.of(known["app"])
            return cls(home=home, **known)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            why = f"the state of the embedded cloud cannot be read: {path} is damaged"
            mend = f"forget it by deleting {home}, then start again"
            raise CloudError(f"{why}; {mend}") from error

    def save(self) -> None:
        """Write the description, readable by this user alone, and certificates if they are due."""
        from localcloud import certificates  # most commands need no cryptography

        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        described = {name: value for name, value in asdict(self).items() if name != "home"}
        write_private(self.home / "cloud.json", json.dumps(described, indent=2, default=str))
        tls = self.authority.parent
        if certificates.are_due(tls):
            tls.mkdir(exist_ok=True, mode=0o700)
            authority, server, key = certificates.pair()
            write_private(tls / "server.key", key)
            write_private(self.authority, authority)
            write_private(tls / "server.pem", server)

    @property
    def endpoint(self) -> str:
        """Where SDKs and the CDK CLI reach it. An address, not a name: SDKs then use paths."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def front_door(self) -> str:
        """Where people reach what is deployed."""
        return f"http://localhost:{self.front_port}"

    @property
    def authority(self) -> Path:
        """The certificate of the local CA, to verify the endpoint with."""
        return self.home / "tls" / "ca.pem"

    def credentials(self) -> dict[str, str]:
        """The variables that point an AWS SDK, the AWS CLI or the CDK CLI at this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CA_BUNDLE": str(self.authority),
            "NODE_EXTRA_CA_CERTS": str(self.authority),
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": REGION,
            **dict.fromkeys(("NO_PROXY", "no_proxy"), _without_proxy(os.environ)),
        }

    def environment(self) -> dict[str, str]:
        """This process's environment, pointed at this cloud and at no other."""
        # The user's own profiles and settings of AWS are out of reach, so that none leads to AWS.
        nothing = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "CDK_DEFAULT_"))}
        return {**kept, **self.credentials(), **nothing}

    def client(self, service: str, **config: Any) -> Any:
        """A botocore client of this cloud as its root user."""
        given: dict[str, Any] = {
            "proxies": {},
            "signature_version": "s3v4" if service == "s3" else None,
            "retries": {"mode": "standard", "total_max_attempts": 2},
        }
        return _session(get_ident()).create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            verify=str(self.authority),
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(**given | config),
        )


@cache
def _session(_thread: int) -> botocore.session.Session:
    """A thread's session, which reads nothing of the user's: no variable, no profile, no file."""
    unread = {
        name: (None, None, default, converted)
        for name, (_, _, default, converted) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    for name in ("config_file", "credentials_file"):
        unread[name] = (None, None, os.devnull, None)
    return botocore.session.Session(session_vars=unread)


def _without_proxy(environ: Mapping[str, str]) -> str:
    """The user's `NO_PROXY`, with the names of this machine in it."""
    given = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    names = [name.strip() for name in given.split(",") if name.strip()]
    if "*" in names:  # Python heeds it only when it stands alone.
        return "*"
    return ",".join(dict.fromkeys((*names, *_LOCAL_NAMES)))


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
