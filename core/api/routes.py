"""The table of routes: what the server dispatches by, what the OpenAPI document is written from, what tests walk.

A path is written with its optional `/v1` in brackets. `{id}` takes the rest of the path, slashes included.
"""

from collections.abc import Mapping
from urllib.parse import unquote

from msgspec import Struct, field

from core.api import control
from core.api.bodies import Field

MODEL = Field("model", "text", "A model handle in any accepted form", required=True)
TASK_ID = Field("taskId", "text", "Id of a task", required=True)


class Route(Struct, frozen=True):
    """One route.

    Attributes:
        path: Segments below the optional `/v1`.
        has_v1: Answers under `/v1` too.
        handler: `room.method` of what answers; empty for what the server does itself.
        about: One sentence for the document.
        fields: What a body may hold.
        replies: What each status means.
        is_public: Needs no key.
        shape: Name of the reply's schema in the document, for status 200.
    """

    method: str
    path: str
    handler: str
    about: str
    fields: tuple[Field, ...] = ()
    replies: Mapping[int, str] = field(default_factory=dict)
    has_v1: bool = True
    is_public: bool = False
    shape: str = "Message"

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path."""
        return tuple(self.path.strip("/").split("/"))


_TASK_REPLIES = {400: "Unknown task, or it is in no state for this", 409: "No taskId"}

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/models/pull",
        "pulls.pull",
        "Pull a model, or set one going again that stands still",
        (
            MODEL,
            Field("id", "text", "The id that the task gets; else the handle in its shortest form"),
            Field("name", "text", "The name that the description gives the model"),
            Field("files", "texts", "Globs that replace the default selection; * crosses /"),
            Field("revision", "text", "Branch, tag or commit"),
        ),
        {
            400: "Not understood, not found, gated, no space, hub unreachable, or complete already",
            409: "No model, or the id or other files of it are in use",
        },
        shape="Started",
    ),
    Route("GET", "/models/pull", "pulls.tasks", "Every task, live and ended", shape="Tasks"),
    Route(
        "DELETE",
        "/models/pull",
        "pulls.cancel",
        "Cancel a task",
        (TASK_ID, Field("keepParts", "flag", "Keep what came so far for a later pull")),
        {400: "Unknown or complete", 409: "No taskId"},
        shape="Stopped",
    ),
    Route("POST", "/models/pull/pause", "pulls.pause", "Pause a task", (TASK_ID,), _TASK_REPLIES, shape="Started"),
    Route(
        "POST", "/models/pull/resume", "pulls.resume", "Resume a task", (TASK_ID,), _TASK_REPLIES, shape="Started"
    ),
    Route(
        "POST",
        "/models/pull/info",
        "info.info",
        "What a handle stands for: branches, GGUF files",
        (MODEL,),
        {400: "Not understood or not found", 409: "No model"},
        shape="Info",
    ),
    Route("GET", "/models", "models.all", "The local library", shape="Models"),
    Route("GET", "/models/{id}", "models.one", "One model of the library", replies={400: "Unknown"}, shape="Model"),
    Route(
        "DELETE",
        "/models/{id}",
        "models.delete",
        "Delete a model's files",
        replies={400: "Unknown, or being downloaded"},
    ),
    Route("GET", "/configs", "configs.show", "The configuration, secrets masked", shape="Config"),
    Route(
        "PATCH",
        "/configs",
        "configs.change",
        "Change the configuration",
        control.FIELDS,
        {400: "Nothing known was named, or a value cannot be"},
        shape="Changed",
    ),
    Route("GET", "/healthz", "", "Whether the server is alive", has_v1=False, is_public=True, shape=""),
    Route("GET", "/events", "", "WebSocket with the events of all tasks", has_v1=False, shape=""),
    Route("GET", "/openapi.json", "", "This document", has_v1=False, shape="Document"),
)


class Match(Struct, frozen=True):
    """What a request's path leads to.

    Attributes:
        route: The route; None where the path has none for this method.
        methods: What the path does take; empty for an unknown path.
        ident: What stood for `{id}`.
    """

    route: Route | None
    methods: tuple[str, ...] = ()
    ident: str = ""


def match(method: str, raw_path: str) -> Match:
    """Find the route of a request; `raw_path` is the path as it came, still encoded. HEAD goes where GET does."""
    method = "GET" if method == "HEAD" else method
    raw = raw_path.partition("?")[0]
    segments = raw.removeprefix("/").split("/")
    has_v1 = segments[0] == "v1"
    if has_v1:
        segments = segments[1:]
    plain = [route for route in ROUTES if "{id}" not in route.path and route.segments == tuple(segments)]
    ident = ""
    if not plain and len(segments) > 1:
        ident = unquote("/".join(segments[1:]), errors="replace")
        plain = [r for r in ROUTES if r.segments == (segments[0], "{id}") and ident]
    found = [route for route in plain if route.has_v1 or not has_v1]
    route = next((route for route in found if route.method == method), None)
    return Match(route, tuple(route.method for route in found), ident)
