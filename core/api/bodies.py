"""JSON bodies of strangers: bounded before they are parsed, checked before they are used. Pure.

A `Field` says what a body may hold; the OpenAPI document is written from the same fields.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

BODY_BYTES_MAX = 64 * 1024
DEPTH_MAX = 16
TEXT_CHARS_MAX = 4096
LIST_MAX = 256
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class BadBody(Exception):
    """A body that cannot be used; the message names the field."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Field(Struct, frozen=True):
    """One field of a body.

    Attributes:
        kind: `text`, `texts` (a list, or one text for a list of one), `flag`, `number`.
        about: What it means, for the document.
        required: Named as required in the document; what is said when it is missing is the route's own.
    """

    name: str
    kind: str
    about: str
    required: bool = False


def parse_body(raw: bytes, fields: Sequence[Field]) -> dict[str, Any]:
    """Return the known fields of a JSON object; an empty body is an empty object. Unknown fields are ignored.

    Raises:
        BadBody: It is no JSON object, is nested too deeply, or a field has another type.
    """
    if not raw.strip():
        return {}
    if _depth(raw) > DEPTH_MAX:
        raise BadBody("The body is nested too deeply")
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadBody("The body is not valid JSON") from error
    if not isinstance(value, dict):
        raise BadBody("The body has to be a JSON object")
    return {field.name: _checked(field, value) for field in fields if field.name in value}


def _depth(raw: bytes) -> int:
    """Return how deeply brackets are nested; brackets in texts count, which no real body minds."""
    depth = most = 0
    for byte in raw.translate(None, _NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        most = max(most, depth)
    return most


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _checked(field: Field, value: Mapping[str, Any]) -> Any:
    found = value[field.name]
    if field.kind == "texts":
        texts = [found] if isinstance(found, str) else found
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise BadBody(f"{field.name} has to be a list of texts")
        if len(texts) > LIST_MAX:
            raise BadBody(f"{field.name} holds more than {LIST_MAX} texts")
        return [_text(field.name, text) for text in texts]
    kinds: dict[str, tuple[type, str]] = {
        "text": (str, "a text"),
        "flag": (bool, "true or false"),
        "number": (int, "a whole number"),
    }
    kind, words = kinds[field.kind]
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise BadBody(f"{field.name} has to be {words}")
    return _text(field.name, found) if isinstance(found, str) else found


def _text(name: str, text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        raise BadBody(f"{name} is longer than {TEXT_CHARS_MAX} characters")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadBody(f"{name} holds half a character") from None
    return text
