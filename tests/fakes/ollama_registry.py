"""An Ollama registry: manifests and blobs as the distribution protocol has them, blobs behind a redirect."""

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from tests.fakes.two_hosts import TwoHosts, ranged

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
TOKEN = "anonymous-pull-token"


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class OllamaRegistry(TwoHosts):
    """Holds models by `namespace/name`, each with its tags.

    Attributes:
        wants_token: Whether anything is given only with a token that anybody gets.
        realm: Where that token is had; empty for the registry itself.
        lasts_s: Seconds that a token is said to last; it lasts until `expire`.
        by_digest: Whether manifests are known by their hash too.
        spoilt: Digests of blobs whose bytes arrive wrong.
    """

    def __init__(self) -> None:
        super().__init__()
        self.wants_token = False
        self.realm = ""
        self.lasts_s = 300
        self._generation = 0
        self.by_digest = True
        self.spoilt: set[str] = set()
        self.blobs: dict[str, bytes] = {}
        self._manifests: dict[tuple[str, str], bytes] = {}

    def push(self, model: str, tag: str, layers: list[tuple[str, bytes]], **fields: Any) -> str:
        """Add a tag with its layers (kind, bytes), or move it; return the hash of its manifest."""
        listed = []
        for kind, data in layers:
            digest = digest_of(data)
            self.blobs[digest] = data
            listed.append(
                {"mediaType": f"application/vnd.ollama.image.{kind}", "digest": digest, "size": len(data)}
            )
        config = json.dumps({"model_format": "gguf", "rootfs": {"type": "layers"}}).encode()
        self.blobs[digest_of(config)] = config
        manifest: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": listed,
        }
        return self.put(model, tag, json.dumps(manifest | fields).encode())

    def put(self, model: str, tag: str, body: bytes) -> str:
        """Add a tag with a manifest as it is."""
        self._manifests[model, tag] = self._manifests[model, digest_of(body)] = body
        return digest_of(body)

    def expire(self) -> None:
        """Take no token any more that was given out so far."""
        self._generation += 1

    def of_hub(self, request: web.BaseRequest) -> web.StreamResponse:
        parts = request.path.removeprefix("/").split("/")
        if parts == ["token"]:
            scope = parse_qs(urlsplit(request.path_qs).query).get("scope", [""])[0]
            token = f"{TOKEN}-{self._generation}-{scope}"
            return web.json_response({"token": token, "expires_in": self.lasts_s})
        if len(parts) != 5 or parts[0] != "v2":
            return _refusal(404, "NAME_UNKNOWN", "no such thing")
        model, what, name = "/".join(parts[1:3]), parts[3], parts[4]
        scope = f"repository:{model}:pull"
        token = f"Bearer {TOKEN}-{self._generation}-{scope}"
        if self.wants_token and request.headers.get("Authorization") != token:
            realm = self.realm or f"{self.hub}/token"
            challenge = f'Bearer realm="{realm}",service="registry.test",scope="{scope}"'
            return _refusal(401, "UNAUTHORIZED", "authentication required", challenge=challenge)
        if what == "manifests":
            return self._manifest(request, model, name)
        data = self.blobs.get(name)
        if data is None or not any(known == model for known, _ in self._manifests):
            return _refusal(404, "BLOB_UNKNOWN", "blob unknown to registry")
        location = f"{self.storage}/blobs/{name}?X-Amz-Expires=3600&X-Amz-Signature=abc"
        return web.Response(status=307, headers={"Location": location, "Docker-Content-Digest": name})

    def _manifest(self, request: web.BaseRequest, model: str, name: str) -> web.Response:
        body = self._manifests.get((model, name))
        is_refused = name.startswith("sha256:") and not self.by_digest
        if body is None or is_refused or MANIFEST not in request.headers.get("Accept", ""):
            return _refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")
        return web.Response(body=body, headers={"Content-Type": MANIFEST, "Docker-Content-Digest": digest_of(body)})

    def of_storage(self, request: web.BaseRequest) -> web.StreamResponse:
        digest = request.path.removeprefix("/blobs/")
        data = self.blobs[digest]
        if digest in self.spoilt:
            data = data[:-1] + bytes([data[-1] ^ 1])
        return ranged(request, data, ETag=f'"{hashlib.md5(digest.encode(), usedforsecurity=False).hexdigest()}"')


def _refusal(status: int, code: str, message: str, *, challenge: str = "") -> web.Response:
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=status, headers=headers)
