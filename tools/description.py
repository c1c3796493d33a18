"""Writes what `GET /` tells of an API: the operations of its OpenAPI description."""

import json
from pathlib import Path


def text(openapi: Path) -> str:
    """The file's text: the JSON that the API answers."""
    described = json.loads(openapi.read_text("utf-8"))
    told = {
        "name": described["info"]["title"],
        "version": described["info"]["version"],
        "operations": [
            {
                "operation": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
            }
            for path, methods in described["paths"].items()
            for method, operation in methods.items()
            if method != "parameters"
        ],
    }
    return json.dumps(told, indent=2) + "\n"
