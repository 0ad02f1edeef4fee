"""The Ollama registry: a tag -> its manifest -> one file a layer, each addressed by its own hash.

Speaks the distribution protocol of container registries as far as pulling goes. The manifest is named by its hash
too: that is the commit. Where the registry wants a token that everybody gets, `core.net` gets it.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from core.errors import AccessDenied, DownloadError, NotFound, ResolveError
from core.handles.hubs import ollama_parts
from core.net.origin import host_label
from core.net.reply import Reply
from core.patterns import pattern
from core.records import Handle, Manifest, RemoteFile, Selection
from core.sources.base import Fetcher, folder_of
from core.sources.listing import pinned, select
from core.sources.replies import expect, hub_error, is_ok, json_of, size_of

SITE = "https://ollama.com"
MANIFEST_BYTES_MAX = 8 * 2**20
LAYERS_MAX = 20_000  # models that are kept as one layer a tensor have thousands
ACCEPT = ", ".join((
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
))  # fmt: skip

_DIGEST = pattern(r"sha256:[0-9a-f]{64}")
_KIND = pattern(r"application/vnd\.ollama\.image\.([a-z]{1,20})")
_TEXTS = {
    "template": "template.txt", "system": "system.txt", "params": "params.json", "license": "license.txt",
    "messages": "messages.json", "prompt": "prompt.txt",
}  # fmt: skip
_WEIGHTS = frozenset({"model", "tensor"})


class _Layer(Struct, frozen=True):
    kind: str
    digest: str
    size: int
    name: str


class Ollama:
    """Models of the registry at `endpoint`."""

    hub = "ollama"

    def __init__(self, fetcher: Fetcher, *, endpoint: str) -> None:
        self._fetcher = fetcher
        self._endpoint = endpoint.rstrip("/")
        self._host = host_label(self._endpoint)

    def matches(self, handle: Handle) -> bool:
        """Tell whether the handle is for this hub."""
        return handle.hub == self.hub

    async def resolve(self, handle: Handle, selection: Selection) -> Manifest:
        """Return the files of a tag; all of them are wanted where nothing else was asked for.

        Raises:
            ResolveError: The registry has no such model or tag, or does not give it.
            TransferError: The registry could not be asked.
        """
        tag = ollama_parts(handle.repo)[2]
        reply = await self._ask(handle.repo, f"manifests/{tag}")
        if not is_ok(reply):
            raise self._refusal(reply, handle.repo)
        commit, files = await self._read(handle.repo, reply)
        page = self.page_of(handle.repo)
        return Manifest(
            hub=self.hub,
            repo=handle.repo,
            revision=tag,
            commit=commit,
            folder=folder_of(handle),
            files=await select(files, selection, repo=handle.repo, page=page, default=frozenset),
            page_url=page,
            hub_label="ollama.com" if self._host == "registry.ollama.ai" else self._host,
        )

    def page_of(self, repo: str) -> str:
        """Return the page of a model for people; the registry itself has none."""
        return f"{SITE}/{repo}"

    def url_of(self, repo: str, commit: str, path: str, *, digest: str = "") -> str:
        """Return where the bytes of a file are, before redirects: the registry knows them by their hash alone."""
        return f"{self._of(repo)}/blobs/{digest}" if digest else f"{self._of(repo)}/manifests/sha256:{commit}"

    async def files_at(self, repo: str, commit: str) -> tuple[RemoteFile, ...]:
        """Return every file of a manifest, none selected; `commit` is the hash of the manifest.

        Raises:
            ResolveError: There is no such manifest, or the registry does not give it.
            TransferError: The registry could not be asked.
        """
        commit = pinned(commit, repo=repo)
        tag = ollama_parts(repo)[2]
        # By its hash, as registries have it; as a blob, as Ollama has it; at last by its tag, if that did not move.
        for what in (f"manifests/sha256:{commit}", f"blobs/sha256:{commit}", f"manifests/{tag}"):
            reply = await self._ask(repo, what)
            if is_ok(reply) and hashlib.sha256(reply.body).hexdigest() == commit:
                return (await self._read(repo, reply))[1]
            if not is_ok(reply) and reply.status not in (400, 404, 405):
                raise self._refusal(reply, repo)
        raise NotFound(
            f"{self._host} no longer has this version of {repo}",
            action=f"Open {self.page_of(repo)} to see its tags; pull the model again for the present one.",
        )

    def _of(self, repo: str) -> str:
        space, name, _ = ollama_parts(repo)
        return f"{self._endpoint}/v2/{space}/{name}"

    # -- asking ------------------------------------------------------------------------------------------

    async def _ask(self, repo: str, what: str) -> Reply:
        """Ask for something of a model."""
        url, headers = f"{self._of(repo)}/{what}", {"Accept": ACCEPT}
        return await self._fetcher.fetch("GET", url, headers=headers, max_bytes=MANIFEST_BYTES_MAX)

    def _refusal(self, reply: Reply, repo: str) -> DownloadError:
        if reply.status in (404, 410):
            return NotFound(
                f"{repo} does not exist on {self._host}",
                action=f"Check the name and the tag: {self.page_of(repo.partition(':')[0])}/tags lists the tags.",
            )
        if reply.status in (401, 403):
            return AccessDenied(
                f"{self._host} refuses access to {repo}",
                action="Private models can be pulled with Ollama itself only: they need its key.",
            )
        return hub_error(reply, repo=repo, host=self._host, page=self.page_of(repo))

    # -- reading -----------------------------------------------------------------------------------------

    async def _read(self, repo: str, reply: Reply) -> tuple[str, tuple[RemoteFile, ...]]:
        """Return the hash of a manifest and its files, all wanted."""
        value = expect(await json_of(reply, self._host), dict, host=self._host, what="the manifest")
        commit = await asyncio.to_thread(lambda: hashlib.sha256(reply.body).hexdigest())
        said = reply.headers.get("docker-content-digest", "").strip()
        if said and said != f"sha256:{commit}":
            raise ResolveError(f"{self._host} sent another manifest of {repo} than it says")
        layers = [
            self._layer(layer) for layer in expect(value.get("layers"), list, host=self._host, what="its layers")
        ]
        if len(layers) > LAYERS_MAX:
            raise ResolveError(f"{repo} has more than {LAYERS_MAX} files")
        if not any(layer.kind in _WEIGHTS for layer in layers):
            raise NotFound(
                f"{repo} holds no model that can be fetched",
                meaning="It runs on Ollama's own servers, or is something else than a model.",
                action=f"Open {self.page_of(repo)} to see its other tags.",
            )
        url = f"{self._of(repo)}/blobs/"
        return commit, tuple(
            RemoteFile(name, layer.size, layer.digest, url + layer.digest)
            for name, layer in zip(names_of(repo, layers), layers, strict=True)
        )

    def _layer(self, value: Any) -> _Layer:
        fields = expect(value, dict, host=self._host, what="a layer")
        digest = expect(fields.get("digest"), str, host=self._host, what="the digest of a layer")
        size = size_of(fields.get("size"))
        if not _DIGEST.fullmatch(digest) or size is None:
            raise ResolveError(f"The answer of {self._host} is not as expected: a layer without a digest or a size")
        kind = _KIND.fullmatch(str(fields.get("mediaType", "")).partition(";")[0].strip())
        name = fields.get("name")
        if name is None:
            annotations = fields.get("annotations")
            name = annotations.get("org.opencontainers.image.title") if isinstance(annotations, dict) else ""
        return _Layer(kind[1] if kind else "", digest, size, name if isinstance(name, str) else "")


def names_of(repo: str, layers: Sequence[_Layer]) -> list[str]:
    """Return a file name for each layer: weights after the model and its tag, texts after what they are.

    The names that tensors have in a manifest are not yet safe paths.
    """
    _, name, tag = ollama_parts(repo)
    model = f"{name}-{tag}"
    taken: Counter[str] = Counter()
    names = []
    for layer in layers:
        match layer.kind:
            case "model":
                wanted = f"{model}.gguf"
            case "projector":
                wanted = f"mmproj-{model}.gguf"
            case "adapter":
                wanted = f"{model}-LoRA.gguf"
            case "draft":
                wanted = f"draft-{model}.gguf"
            case "tensor" if layer.name:
                wanted = f"{layer.name}.safetensors"
            case "json" if layer.name:
                wanted = layer.name
            case kind if kind in _TEXTS:
                wanted = _TEXTS[kind]
            case kind:
                wanted = f"{kind or 'layer'}-{layer.digest[7:19]}.bin"
        taken[wanted.lower()] += 1
        number = taken[wanted.lower()]
        stem, dot, suffix = wanted.rpartition(".")
        names.append(wanted if number == 1 else f"{stem}-{number}{dot}{suffix}")
    return names
