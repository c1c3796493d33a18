"""What is counted: functions of this project and of others, with the events that each answers."""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.packaging.package import build_package

_ROOT = Path(__file__).resolve().parent.parent
_PEERS = _ROOT / "benchmarks" / "peers"
PEERS = ("boto3", "chalice", "flask", "fastapi", "powertools")
_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:benchmark"
# Counted, checks that run side by side take longer than they and their clients have.
_PATIENT = """
from services.shared import aws, health

_settings = aws.config(connect_timeout=60, read_timeout=60, attempts=1)
health.client = lambda service: aws.client(service, _settings)
health.run.__defaults__ = (60.0,)

from services.health.handler import lambda_handler
"""
_SHIPPED_BY_CHALICE = (
    *("boto", "dateutil", "jmespath", "python_dateutil", "s3transfer", "six", "urllib3"),
    *("__init__.py", "__pycache__", "app.py", "chalice"),
)
_ITEM = {"name": "a bench", "tags": ["a", "b"], "price": 12.5, "in_stock": True}


@dataclass(frozen=True)
class Function:
    """One function: its unpacked package, its handler, the events it answers and its settings."""

    package: Path
    handler: str
    events: list[dict[str, Any]]
    environment: dict[str, str] = field(default_factory=dict)


def find(name: str) -> Function:
    """The function of this project with a service's name, or of another, `peers/NAME`."""
    folder, _, last = name.rpartition("/")
    return peer(last) if folder == "peers" else own(last)


def own(service: str) -> Function:
    """One of this project's functions, packaged as it is deployed."""
    if service not in _EVENTS:
        sys.exit(f"there are no events for {service}; name one of {', '.join(_EVENTS)}")
    built = build_package(service)
    package = _ROOT / ".build" / "unpacked" / built.path.stem
    if not package.is_dir():
        package.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=package.parent) as folder:
            with zipfile.ZipFile(built.path) as archive:
                archive.extractall(folder)
            shutil.copytree(folder, package)
    handler = f"services.{service}.handler.lambda_handler"
    if service == "health":
        (package / "patient.py").write_text(_PATIENT, "utf-8")
        handler = "patient.lambda_handler"
    return Function(package, handler, _EVENTS[service], _ENVIRONMENT)


def peer(name: str) -> Function:
    """The items API as others write it: `benchmarks/peers/<name>`, installed as it is locked."""
    source = _PEERS / name
    lock = (source / "requirements.txt").read_text("utf-8")
    package = _ROOT / ".build" / "peers" / name
    done = package / "requirements.txt"
    if not done.exists() or done.read_text("utf-8") != lock:
        shutil.rmtree(package, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        locked = ["--require-hashes", "--no-deps", "-r", str(source / "requirements.txt")]
        subprocess.run([*pip, "--target", str(package), *locked], check=True)
        _leave_out(name, package)
        done.write_text(lock, "utf-8")
    shutil.copyfile(source / "handler.py", package / "handler.py")
    events = _EVENTS.get(f"peers/{name}", _EVENTS["items_api"])
    return Function(package, "handler.lambda_handler", events, _ENVIRONMENT)


def _leave_out(name: str, package: Path) -> None:
    """Take away what `chalice package` would: all of Chalice and its tools but its runtime."""
    if name == "chalice":
        paths = [*package.iterdir(), *(package / "chalice").iterdir()]
        for path in paths:
            if not path.name.startswith(_SHIPPED_BY_CHALICE):
                subprocess.run(["rm", "-r", str(path)], check=True)


def _operation(**body: Any) -> dict[str, Any]:
    """An event of the HTTP API for `POST /api`, payload format 2.0."""
    scopes = "tap/items.read tap/items.write tap/files.write"
    return {
        **http("POST /api"),
        "requestContext": {
            **http("POST /api")["requestContext"],
            "authorizer": {"jwt": {"claims": {"scope": scopes}, "scopes": None}},
        },
        "body": json.dumps(body),
    }


def http(route: str) -> dict[str, Any]:
    """An event of the HTTP API for a route, payload format 2.0."""
    method, _, path = route.partition(" ")
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "example.com"},
        "requestContext": {
            "requestId": "request",
            "stage": "$default",
            "timeEpoch": 1_700_000_000_000,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "benchmark",
            },
        },
        "isBase64Encoded": False,
    }


def _rest(method: str, resource: str, body: Any = None, **path: str) -> dict[str, Any]:
    """An event of the REST API, payload format 1.0."""
    return {
        "httpMethod": method,
        "resource": resource,
        "path": resource.format(**path),
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "stageVariables": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": path or None,
        "requestContext": {
            "requestId": "request",
            "stage": "prod",
            "httpMethod": method,
            "resourcePath": resource,
            "identity": {"apiKeyId": "a-key", "sourceIp": "192.0.2.1", "userAgent": "benchmark"},
        },
        "body": json.dumps(body) if body else None,
        "isBase64Encoded": False,
    }


_RECORD = {
    "record_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "time": "2026-01-02T03:04:05.678901Z",
    "request_id": "request",
    "method": "GET",
    "path": "/items/one",
    "status": 200,
    "api_key_id": "a-key",
    "source_ip": "192.0.2.1",
    "user_agent": "benchmark",
    "latency_ms": 1.5,
    "stage": "prod",
}
_CREATE_AND_READ = [
    _operation(operation="create", item=_ITEM),
    _operation(operation="read", id="1"),
]
_EVENTS: dict[str, list[dict[str, Any]]] = {
    "items_api": _CREATE_AND_READ,
    "partner_api": [_rest("POST", "/items", _ITEM), _rest("GET", "/items/{id}", id="1")],
    "health": [http("GET /health")],
    "peers/chalice": [  # which knows the REST API alone
        _rest("POST", "/api", {"operation": "create", "item": _ITEM}),
        _rest("POST", "/api", {"operation": "read", "id": "1"}),
    ],
    "store_api": [],  # `benchmarks.store_function` has them, and the database that they need
    "audit_writer": [{"Records": [{"messageId": "1", "body": json.dumps(_RECORD)}]}],
}
_ENVIRONMENT = {
    "ALLOWED_ORIGINS": "https://example.com",
    "AUDIT_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/audit",
    "CURSOR_SECRET_ARN": _ARN,
    "DATABASE_SECRET_ARN": _ARN,
    "FILES_BUCKET_NAME": "files",
    "ITEMS_TABLE_NAME": "items",
    "LOGS_BUCKET_NAME": "logs",
    "MIGRATION_LEVEL": "1",
    "ORIGIN_KEY_ARN": _ARN,
    "POWERTOOLS_METRICS_NAMESPACE": "TAP",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "RESOURCE_SERVER_ID": "tap",
}
