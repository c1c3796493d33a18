"""The search for secrets, once the suites have run, wherever an embedded cloud may have told one.

Looked for: every version of each secret that Secrets Manager still has, the values of API keys, the
secrets of OAuth clients, the passwords of the database and the root key. Looked in: log groups, log
files, kept files and records, templates and outputs, settings of functions, command lines and
environments of the cloud's processes. What holds secrets by its nature is left out: `cloud.json`
and the emulator's and the database's own state.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud

_SHORTEST = 12  # a shorter text is none of ours, and may be part of any word
_SECRET_FIELDS = ("key", "password", "secret")
_FILES = (
    *("*.log", "cdk.out/**/*", "deployed.json", "objects/**/*"),
    *("process.json", "run/**/*", "tmp/**/*"),
)
Places = Iterator[tuple[str, str]]


def found(cloud: Cloud) -> list[str]:
    """Where a secret is told, and which: its name, never its value."""
    wanted = secrets(cloud)
    texts = (told for places in _PLACES for told in places(cloud))
    return [leak for where, text in texts for leak in _in(where, text, wanted)]


def secrets(cloud: Cloud) -> dict[str, str]:
    """Every secret of the cloud, by what it is."""
    told = {
        "the root key": cloud.secret_access_key,
        "the database's password": cloud.database_password,
        **dict(_of_secrets_manager(cloud)),
        **dict(_of_api_keys(cloud)),
        **dict(_of_clients(cloud)),
    }
    return {name: value for name, value in told.items() if len(value) >= _SHORTEST}


def _in(where: str, text: str, wanted: Mapping[str, str]) -> list[str]:
    return [f"{where} tells {name}" for name, value in wanted.items() if value in text]


def _of_secrets_manager(cloud: Cloud) -> Places:
    client = cloud.client("secretsmanager")
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            which = {"SecretId": secret["ARN"]}
            versions = client.list_secret_version_ids(**which, IncludeDeprecated=True)["Versions"]
            for version in (each["VersionId"] for each in versions):
                with suppress(client.exceptions.ResourceNotFoundException):  # it has no value
                    value = client.get_secret_value(**which, VersionId=version)
                    for part, text in _parts(value.get("SecretString", "")):
                        yield f"{secret['Name']} {version}{part}", text


def _parts(value: str) -> Places:
    """The secret parts of a value: all of it, unless it is JSON that says which they are."""
    try:
        document = json.loads(value)
    except ValueError:
        document = value
    if not isinstance(document, dict):
        yield "", value
        return
    for name, part in document.items():
        if any(word in name.lower() for word in _SECRET_FIELDS):
            yield f" {name}", str(part)


def _of_api_keys(cloud: Cloud) -> Places:
    for page in (
        cloud.client("apigateway").get_paginator("get_api_keys").paginate(includeValues=True)
    ):
        for key in page["items"]:
            yield f"the API key {key['id']}", key["value"]


def _of_clients(cloud: Cloud) -> Places:
    client = cloud.client("cognito-idp")
    for pool in client.list_user_pools(MaxResults=60)["UserPools"]:
        for each in client.list_user_pool_clients(UserPoolId=pool["Id"])["UserPoolClients"]:
            which = {"UserPoolId": pool["Id"], "ClientId": each["ClientId"]}
            told = client.describe_user_pool_client(**which)["UserPoolClient"]
            yield f"the client {each['ClientId']}", told.get("ClientSecret", "")


def _files(cloud: Cloud) -> Places:
    for pattern in _FILES:
        for path in cloud.home.glob(pattern):
            if path.is_file():
                yield str(path), path.read_bytes().decode("utf-8", "replace")


def _log_groups(cloud: Cloud) -> Places:
    client = cloud.client("logs")
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in (each["logGroupName"] for each in page["logGroups"]):
            for events in client.get_paginator("filter_log_events").paginate(logGroupName=group):
                yield group, "\n".join(event["message"] for event in events["events"])


def _stacks(cloud: Cloud) -> Places:
    client = cloud.client("cloudformation")
    for stack in client.describe_stacks()["Stacks"]:
        told: Any = client.get_template(StackName=stack["StackName"])["TemplateBody"]
        yield stack["StackName"], json.dumps([told, stack], default=str)


def _functions(cloud: Cloud) -> Places:
    for page in cloud.client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            yield function["FunctionName"], json.dumps(function, default=str)


def _processes(cloud: Cloud) -> Places:
    """What every process that knows the cloud's folder shows of itself."""
    for process in Path("/proc").glob("[0-9]*"):
        shown = {part: _read(process / part) for part in ("cmdline", "environ")}
        if str(cloud.home) in "".join(shown.values()):
            for part, text in shown.items():
                yield f"the {part} of process {process.name}", text


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:  # it ended, or is another user's
        return ""


_PLACES = (_files, _log_groups, _stacks, _functions, _processes)
