"""AWS clients, and what their errors mean.

botocore rather than boto3, whose resource layer doubles a cold start. Clients are made while the
function initializes: Lambda gives that phase a whole CPU, the first request only its share.
"""

from functools import cache
from typing import Any, TypeAlias

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST
from botocore.session import Session

Client: TypeAlias = Any  # botocore makes a client's methods at run time

# Codes that services answer with 400: those of 429, 500 and above need no list.
_TRANSIENT = (
    *("LimitExceededException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"),
    *("RequestTimeout", "RequestTimeoutException", "Throttling", "ThrottlingException"),
    "TooManyRequestsException",
)


def config(*, connect_timeout: float = 1, read_timeout: float = 2, attempts: int = 3) -> Config:
    """Configure a client; timeouts are in seconds and for one attempt.

    The settings besides these are free and save a fifth of a warm call: no user agent built per
    call, no validation of parameters (requests are validated before), no look-ups of account
    endpoints, no compression of bodies that are never large.
    """
    return Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        user_agent="tap",
        parameter_validation=False,
        account_id_endpoint_mode="disabled",
        disable_request_compression=True,
    )


def client(service: str, settings: Config | None = None) -> Client:
    """Make a client for the environment's region and credentials; `config()` when omitted."""
    settings = settings or config()
    if service == "s3":
        # By default it presigns with SigV2, which buckets encrypted with a KMS key refuse, and for
        # the global endpoint, which redirects (and a POST does not survive that) to new buckets.
        presigning = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
        settings = settings.merge(presigning)
    return session(service).create_client(service, config=settings)


@cache
def session(service: str = "") -> Session:
    """Return the session, with the handlers that botocore has for all services and for this one.

    To register those of the others too is most of what a plain session costs.
    """
    made = session() if service else Session(include_builtin_handlers=False)
    events = made.get_component("event_emitter")
    orders = {REGISTER_FIRST: events.register_first, REGISTER_LAST: events.register_last}
    for event, handler, *order in BUILTIN_HANDLERS:
        if event.split(".")[1:2] == ([service] if service else []):
            register = orders[order[0]] if order else events.register
            register(event, handler)
    return made


def read_secret(
    secrets: Client, arn: str, stage: str, version_id: str | None = None
) -> dict[str, Any] | None:
    """Read the version of a secret with a staging label; None when none with a value has it.

    `version_id` is the version that must have the label, whichever it is when omitted.
    """
    version = {"VersionId": version_id} if version_id else {}
    try:
        answer: dict[str, Any] = secrets.get_secret_value(
            SecretId=arn, VersionStage=stage, **version
        )
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return None
    return answer


def is_transient(error: BotoCoreError | ClientError) -> bool:
    """Tell whether the service may recover from an error; every other is a bug of ours."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or code_of(error) in _TRANSIENT
    return isinstance(error, (BotoConnectionError, HTTPClientError))


def code_of(error: ClientError) -> str:
    """Return the service's error code, such as `ThrottlingException`."""
    return error.response["Error"]["Code"]


def name_of(error: Exception) -> str:
    """Name an error for the log: the service's error code, or else the exception's class."""
    return code_of(error) if isinstance(error, ClientError) else type(error).__name__


def region_of(arn: str) -> str:
    """Return the region that an ARN names."""
    return arn.split(":")[3]
