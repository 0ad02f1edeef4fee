"""The OpenAPI document, written from the table of routes: what it says of a route is what the server does. Pure."""

import json
from functools import cache
from typing import Any

from core import __version__
from core.api.bodies import LIST_MAX, TEXT_CHARS_MAX, Field
from core.api.control import FIELDS
from core.api.events import TYPES
from core.api.routes import ROUTES, Route
from core.states import ItemState, TaskState

COMMON = {
    400: "The body is no JSON object, is nested too deeply, or a field has a wrong type",
    401: "A key is needed (where api_keys are set)",
    403: "The Host or the Origin is not one that Pulley answers to",
    408: "The body did not come within 10 seconds",
    413: "The body is larger than 64 KiB",
    415: "The body is not application/json",
}
"""What any route with a body may answer; those without one leave out the last three."""

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _schemas() -> dict[str, Any]:
    item = {
        "id": {**_TEXT, "description": "Path in the repo"},
        "bytes": {**_NUMBER, "description": "Size; 0 where the hub does not say"},
        "downloadedBytes": {**_NUMBER, "description": "Bytes that are durably kept"},
        "checksum": {**_TEXT, "description": "sha256:HEX, git-sha1:HEX or N/A"},
        "downloadUrl": _TEXT,
        "localPath": _TEXT,
        "state": {"enum": [state.value for state in ItemState if state.is_wanted]},
        "error": _or_null(_ref("Error")),
    }
    task = {
        "id": _TEXT,
        "type": {"const": "Model"},
        "items": _list(_ref("Item")),
        "state": {"enum": [state.value for state in TaskState]},
        "bytesPerSecond": _NUMBER,
        "etaSeconds": _or_null(_NUMBER),
        "error": _or_null(_ref("Error")),
    }
    row = {"id": _TEXT, "model": _TEXT, "object": {"const": "model"}, "status": {"const": "downloaded"}}
    names = _list(_TEXT)
    config = {field.name: _kind(field) for field in FIELDS}
    return {
        "Error": _object({"kind": _TEXT, "message": _TEXT, "action": _TEXT}),
        "Item": _object(item),
        "Task": _object(task),
        "Event": _object({"type": {"enum": list(TYPES)}, "task": _ref("Task")}),
        "Message": _object({"message": _TEXT}),
        "Refusal": {
            "type": "object",
            "properties": {"message": _TEXT, "result": _TEXT, "error": _ref("Error")},
            "anyOf": [{"required": ["message"]}, {"required": ["result"]}],
        },
        "Started": _object({"message": _TEXT, "task": _ref("Task")}),
        "Tasks": _object({"data": _list(_ref("Task"))}),
        "Stopped": _object({"message": _TEXT, "taskId": _TEXT}),
        "Info": _object(
            {
                "id": _TEXT,
                "modelSource": _TEXT,
                "defaultBranch": _TEXT,
                "message": _TEXT,
                "downloadedModels": names,
                "availableModels": names,
                "downloadUrl": _TEXT,
            }
        ),
        "Model": _object(row),
        "Models": _object({"object": {"const": "list"}, "data": _list(_ref("Model")), "result": _TEXT}),
        "Config": _object(config),
        "Changed": _object({"message": _TEXT, "config": _ref("Config")}),
        "Document": {"type": "object"},
    }


def _kind(field: Field) -> dict[str, Any]:
    text = {"type": "string", "maxLength": TEXT_CHARS_MAX}
    kinds: dict[str, dict[str, Any]] = {
        "text": text,
        "texts": {"type": "array", "items": text, "maxItems": LIST_MAX},
        "flag": {"type": "boolean"},
        "number": {"type": "integer"},
    }
    return {**kinds[field.kind], "description": field.about}


def _operation(route: Route, *, with_v1: bool) -> dict[str, Any]:
    name = route.path.strip("/").replace("/", "_").replace("{id}", "id").replace(".", "_")
    common = {code: text for code, text in COMMON.items() if route.fields or code in (401, 403)}
    if route.is_public:
        del common[401]
    if "{id}" in route.path:
        common[400] = "Unknown"
    replies = {**common, **route.replies}
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{'v1_' if with_v1 else ''}{name}",
        "summary": route.about,
        "responses": {
            **{str(code): _described(text, "Refusal") for code, text in sorted(replies.items())},
            **_success(route),
        },
    }
    if route.is_public:
        operation["security"] = []
    if "{id}" in route.path:
        about = "Id of a model; its slashes may be plain or percent-encoded"
        operation["parameters"] = [
            {"name": "id", "in": "path", "required": True, "schema": _TEXT, "description": about}
        ]
    if route.fields:
        body: dict[str, Any] = {"type": "object", "properties": {f.name: _kind(f) for f in route.fields}}
        if required := [field.name for field in route.fields if field.required]:
            body["required"] = required
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _described(text: str, shape: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ref(shape)}}}


def _success(route: Route) -> dict[str, Any]:
    if route.path == "/events":
        return {
            "101": {"description": "The WebSocket is open; each message is an Event"},
            "400": _described("It is no WebSocket handshake", "Refusal"),
        }
    if not route.shape:
        return {"200": {"description": "Alive", "content": {"text/html": {"schema": _TEXT}}}}
    return {"200": _described(route.about, route.shape)}


def document() -> dict[str, Any]:
    """Return the whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        for prefix in ("/v1", "") if route.has_v1 else ("",):
            place = paths.setdefault(prefix + route.path, {})
            place[route.method.lower()] = _operation(route, with_v1=bool(prefix))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pulley",
            "version": __version__,
            "description": "The local API of Pulley: pull models, follow them, look at the library.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"key": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


@cache
def text() -> str:
    """Return the document as JSON."""
    return json.dumps(document())
