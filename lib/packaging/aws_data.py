"""The part of botocore's data that a package needs: the declared operations and nothing else.

botocore reads these files at every cold start. For the declared operations the trimmed files act
as the whole ones do; the tests prove it request by request.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib.packaging import PackageError

_FOR_EVERY_SERVICE = ("_retry", "partitions", "sdk-default-configuration")

# What botocore looks up by itself: a presigned POST takes its URL from the model of CreateBucket.
_IMPLIED = {("s3", "PutObject"): "CreateBucket"}


def trim_aws_data(data: Path, aws: Mapping[str, tuple[str, ...]]) -> dict[str, bytes]:
    """Return what these operations of each service need of an installation's `data`, in JSON."""
    files = {name: _load(data / name) for name in _FOR_EVERY_SERVICE}
    prefixes = set()
    for service, operations in aws.items():
        folder = _newest_version(data, service)
        model = _trim_model(_load(folder / "service-2"), service, operations)
        prefixes.add(model["metadata"]["endpointPrefix"])
        kept = {"service-2": model, **_trim_companions(folder, operations)}
        files |= {f"{service}/{folder.name}/{name}": content for name, content in kept.items()}
    files["endpoints"] = _trim_endpoints(_load(data / "endpoints"), prefixes)
    return {
        f"botocore/data/{name}.json": json.dumps(content, separators=(",", ":")).encode()
        for name, content in files.items()
    }


def _newest_version(data: Path, service: str) -> Path:
    versions = sorted((data / service).glob("*/service-2.json*"))
    if not versions:
        mend = "use its client name, such as dynamodb"
        raise PackageError(f"[aws] names {service!r}, a service botocore does not have; {mend}")
    return versions[-1].parent


def _trim_model(model: dict[str, Any], service: str, operations: tuple[str, ...]) -> dict[str, Any]:
    unknown = sorted(set(operations) - model["operations"].keys())
    if unknown:
        mend = "write operations as the AWS API does, such as GetItem"
        raise PackageError(f"[aws] {service} names {unknown}, which it does not have; {mend}")
    implied = {_IMPLIED.get((service, operation)) for operation in operations}
    kept = {
        name: operation
        for name, operation in model["operations"].items()
        # Clients call the endpoint operation by themselves where the service is discovered.
        if name in operations or name in implied or operation.get("endpointoperation")
    }
    shapes = model["shapes"]
    # Errors are parsed by name, whichever operation answers them, so every one stays.
    exceptions = (name for name, shape in shapes.items() if shape.get("exception"))
    todo, reached = [*_references(kept), *exceptions], set()
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += _references(shapes[name])
    kept_shapes = {name: shape for name, shape in shapes.items() if name in reached}
    return model | {"operations": kept, "shapes": kept_shapes}


def _trim_companions(folder: Path, operations: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return what lies beside a service's model; its examples are documentation and go."""
    companions = {"endpoint-rule-set-1": _load(folder / "endpoint-rule-set-1")}
    for name, kind in (("paginators-1", "pagination"), ("waiters-2", "waiters")):
        if (folder / f"{name}.json").exists():
            content = companions[name] = _load(folder / name)
            # A waiter names its operation; a paginator is named after its own.
            content[kind] = {
                k: v for k, v in content[kind].items() if v.get("operation", k) in operations
            }
    return companions


def _trim_endpoints(endpoints: dict[str, Any], prefixes: set[str]) -> dict[str, Any]:
    partitions = [
        partition | {"services": {k: v for k, v in partition["services"].items() if k in prefixes}}
        for partition in endpoints["partitions"]
    ]
    return endpoints | {"partitions": partitions}


def _references(node: object) -> Iterator[str]:
    """Yield the names of the shapes that a part of a model mentions."""
    if isinstance(node, dict):
        if isinstance(node.get("shape"), str):
            yield node["shape"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _load(path: Path) -> dict[str, Any]:
    """Read `<path>.json`, or `<path>.json.gz`, with the amendments that lie beside it."""
    plain = path.with_name(f"{path.name}.json")
    packed = path.with_name(f"{path.name}.json.gz")
    text = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    content: dict[str, Any] = json.loads(text, object_hook=_empty_documentation)
    amendments = path.with_name(f"{path.name}.sdk-extras.json")
    if amendments.exists():
        _merge(content, json.loads(amendments.read_bytes())["merge"])
    return content


def _empty_documentation(node: dict[str, Any]) -> dict[str, Any]:
    """Empty the texts; their keys stay, because botocore requires some of them."""
    for key in ("documentation", "documentationUrl"):
        if isinstance(node.get(key), str):
            node[key] = ""
    return node


def _merge(base: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for key, value in extra.items():
        if isinstance(base.get(key), dict) and isinstance(value, dict):
            _merge(base[key], value)
        else:
            base[key] = value
