"""What is broken for clients between two OpenAPI descriptions, operation by operation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.api_diff.schemas import Schema, refused

_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation, with what it inherits from its path and its description."""

    name: str
    text: Mapping[str, Any]
    api: Mapping[str, Any]

    def resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """A part of it, or what its reference names in the components."""
        while "$ref" in part:
            kind, name = part["$ref"].split("/")[-2:]
            part = self.api["components"][kind][name]
        return part

    def schema(self, holder: Mapping[str, Any]) -> Schema:
        """The schema of a parameter, or of the JSON of a body or an answer."""
        text = self.resolved(holder)
        media = text.get("content", {}).get("application/json", text)
        whole = Schema(text={}, components=self.api.get("components", {}).get("schemas", {}))
        return whole.at(media.get("schema", True))

    @property
    def parameters(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Its parameters by place and name; headers have no case."""
        found = map(self.resolved, self.text["parameters"])
        return {(each["in"], each["name"].lower()): each for each in found}

    @property
    def answers(self) -> dict[str, Mapping[str, Any]]:
        """Its answers by status."""
        return {code: self.resolved(each) for code, each in self.text["responses"].items()}

    @property
    def security(self) -> list[Mapping[str, list[str]]]:
        """The ways to prove oneself, of which one is enough."""
        ways: list[Mapping[str, list[str]]] = self.text.get("security", self.api.get("security"))
        return ways or [{}]


def operations(api: Mapping[str, Any]) -> dict[str, Operation]:
    """The operations of a description by method and path."""
    found = {}
    for path, item in api["paths"].items():
        for method in _METHODS & item.keys():
            given = [*item.get("parameters", ()), *item[method].get("parameters", ())]
            name = f"{method.upper()} {path}"
            found[name] = Operation(name=name, text={**item[method], "parameters": given}, api=api)
    return found


def breaks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each thing that a client of `before` would miss or stumble over."""
    old, new = operations(before), operations(after)
    for name, operation in old.items():
        if name in new:
            yield from _of_operation(operation, new[name])
        else:
            yield f"{name}: is gone"


def _of_operation(old: Operation, new: Operation) -> Iterator[str]:
    named, renamed = old.text.get("operationId"), new.text.get("operationId")
    if named != renamed:
        yield f"{old.name}: operationId {named} is now {renamed}"
    for way in old.security:
        if not any(_opens(way, asked) for asked in new.security):
            yield f"{old.name}: {dict(way) or 'no credentials'} no longer suffice"
    yield from _of_parameters(old, new)
    yield from _of_body(old, new)
    yield from _of_answers(old, new)


def _opens(way: Mapping[str, list[str]], asked: Mapping[str, list[str]]) -> bool:
    return all(name in way and set(scopes) <= set(way[name]) for name, scopes in asked.items())


def _of_parameters(old: Operation, new: Operation) -> Iterator[str]:
    for key, parameter in old.parameters.items():
        where = f"{old.name}: {key[0]} {key[1]}"
        if key not in new.parameters:
            yield f"{where} is gone"
        else:
            pair = old.schema(parameter), new.schema(new.parameters[key])
            yield from refused(*pair, where, tolerant=False)
    for key, parameter in new.parameters.items():
        was = old.parameters.get(key, {}).get("required")
        if parameter.get("required") and not was:
            yield f"{old.name}: {key[0]} {key[1]} is required now"


def _of_body(old: Operation, new: Operation) -> Iterator[str]:
    body = old.resolved(old.text.get("requestBody", {}))
    now = new.resolved(new.text.get("requestBody", {}))
    if body and not now:
        yield f"{old.name}: request is gone"
        return
    if now.get("required") and not body.get("required"):
        yield f"{old.name}: request is required now"
    if body:
        pair = old.schema(body), new.schema(now)
        yield from refused(*pair, f"{old.name}: request", tolerant=False)


def _of_answers(old: Operation, new: Operation) -> Iterator[str]:
    for status in new.answers.keys() - old.answers.keys():
        if status.startswith("2"):
            yield f"{old.name}: {status} is new, and no failure"
    for status, answer in old.answers.items():
        where = f"{old.name}: {status}"
        if status not in new.answers:
            if status.startswith("2"):
                yield f"{where} is gone"
            continue
        now = new.answers[status]
        for header in _headers(answer) - _headers(now):
            yield f"{where}: header {header} is gone"
        yield from refused(new.schema(now), old.schema(answer), where, tolerant=True)


def _headers(answer: Mapping[str, Any]) -> set[str]:
    return {name.lower() for name in answer.get("headers", {})}
