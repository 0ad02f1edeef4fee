"""Pictures of Browse: a hub with models of true sizes that nobody downloads, results, and the page of a model."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.demo import texts
from core.demo.content import Content
from core.demo.gguf import QUANTS, gguf_file
from core.demo.repos import File, Repo, TextFile
from core.demo.thread import HubThread
from gui.main_window import MainWindow

GB = 1_000_000_000
CARD = """
# Llamacpp imatrix Quantizations of {name}

Multilingual instruct model for dialogue, retrieval and summarisation. All quants made using the imatrix option.
Original model: <https://huggingface.co/{base}>

## Prompt format

```
<|begin_of_text|><|start_header_id|>system<|end_header_id|>

{{system_prompt}}<|eot_id|><|start_header_id|>user<|end_header_id|>
```

| Quant | Use |
|---|---|
| Q8_0 | as good as the original |
| Q4_K_M | *good balance*, the usual choice |
"""
SIZES = {"IQ3_M": 0.50, "Q4_K_M": 0.63, "Q6_K_L": 0.86, "Q8_0": 1.07, "F16": 2.01}
"""Gigabytes for a thousand million parameters."""


@dataclass(frozen=True, slots=True)
class Painted(File):
    """A file that is listed and never read to its end: its hash is made up, so it may have any size."""

    path: str
    size: int
    header: bytes = b""
    lfs: bool = True

    @property
    def content(self) -> Content:
        return Content(self.size, self.path, self.header)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.encode()).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256

    @property
    def oid(self) -> str:
        return self.sha256[:40]


def gguf_repo(repo: str, billions: float, told: tuple[int, int, str]) -> Repo:
    """Make a repo with one file a quantisation; `told` are its downloads, likes and month."""
    name = repo.partition("/")[2]
    stem = name.removesuffix("-GGUF")
    base = f"meta-llama/{stem}"
    files: list[File] = [TextFile("README.md", f"---\nlicense: llama3.2\n---\n{CARD.format(name=stem, base=base)}")]
    for quant, gigabytes in SIZES.items():
        header = gguf_file("x", 0, name=stem, quant=quant if quant in QUANTS else "Q8_0").header
        files.append(Painted(f"{stem}-{quant}.gguf", int(gigabytes * billions * GB), header))
    return Repo(
        repo,
        files,
        tags=("gguf", "text-generation", "llama", "en", "conversational", "license:llama3.2"),
        pipeline_tag="text-generation",
        downloads=told[0],
        likes=told[1],
        last_modified=f"{told[2]}-02T09:00:00.000Z",
        card={"license": "llama3.2", "base_model": base},
        gguf={"total": int(billions * GB), "architecture": "llama", "context_length": 131_072},
    )


def weights_repo(repo: str, billions: float, told: tuple[int, int, str]) -> Repo:
    """Make a gated repo of safetensors."""
    files: list[File] = [
        TextFile("README.md", texts.readme(repo, {"license": "llama3.2"})),
        Painted("model.safetensors", int(billions * 2 * GB)),
        TextFile("config.json", texts.config("LlamaForCausalLM", hidden=4096, layers=32)),
    ]
    return Repo(
        repo,
        files,
        gated="manual",
        tags=("safetensors", "llama", "license:llama3.2"),
        pipeline_tag="text-generation",
        downloads=told[0],
        likes=told[1],
        last_modified=f"{told[2]}-02T09:00:00.000Z",
        safetensors={"total": int(billions * GB)},
    )


def browse_repos(hub: HubThread) -> None:
    """Put models on the hub that look like those of the real one."""
    assert hub.hub is not None
    made = (
        gguf_repo("bartowski/Llama-3.2-3B-Instruct-GGUF", 3.2, (1_204_000, 612, "2025-10")),
        weights_repo("meta-llama/Llama-3.1-8B-Instruct", 8.03, (6_130_000, 4900, "2025-09")),
        gguf_repo("unsloth/Llama-3.3-70B-Instruct-GGUF", 70.6, (310_000, 588, "2025-12")),
        weights_repo("meta-llama/Llama-3.2-11B-Vision-Instruct", 10.7, (1_900_000, 1600, "2025-12")),
        gguf_repo("QuantFactory/Meta-Llama-3-8B-Instruct-GGUF", 8.03, (205_000, 350, "2025-08")),
        gguf_repo("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", 8.03, (402_000, 300, "2025-09")),
    )  # fmt: skip
    for repo in made:
        hub.hub.add_repo(repo)


async def browse_story(
    window: MainWindow,
    *,
    take: Callable[[str], Awaitable[None]],
    until: Callable[[Callable[[], bool]], Awaitable[None]],
    dark: Callable[[bool], None],
) -> None:
    """Take pictures of the results, of a model's page, in the dark, and in a small window."""
    size = window.size()
    window.actions_["actionBrowse"].trigger()
    panel = window.browse
    assert panel is not None
    await take("browse-start")
    panel.search.setText("llama")
    await until(lambda: panel.model.rowCount() > 5)
    await until(lambda: all(repo in panel._desk.book for repo in panel.results.repos_in_sight()))
    panel.open_model("bartowski/Llama-3.2-3B-Instruct-GGUF")
    await until(lambda: "Prompt" in panel.page.card.toPlainText())
    await until(lambda: panel.page.choices.model.columnCount() > 0)
    await take("browse")
    dark(True)
    await take("browse-dark")
    panel.filters.more.setChecked(True)
    window.resize(window.minimumSize())
    await take("browse-small")
    panel.filters.more.setChecked(False)
    window.resize(size)
    dark(False)
    panel.open_model("meta-llama/Llama-3.1-8B-Instruct")
    await until(lambda: panel.page.repo.startswith("meta-llama") and panel.page.listing is not None)
    await until(lambda: "could not be" in panel.page.card.toPlainText())
    await take("browse-gated")
