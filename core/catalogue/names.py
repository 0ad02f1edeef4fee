"""What the hub calls a model, and what a handle calls it. Pure."""

from core.records import Handle

_CORTEX = "cortexso"


def handle_of(repo: str, revision: str) -> Handle:
    """Return the handle of a model of the hub at a revision; `main` is the default one."""
    revision = "" if revision == "main" else revision
    author, _, name = repo.partition("/")
    if author == _CORTEX and revision:
        return Handle("cortexso", name, revision)
    return Handle("huggingface", repo, revision)


def repo_on_hub(hub: str, repo: str) -> str:
    """Return how the hub calls what a handle or a description names; empty for what is on another hub."""
    return {"huggingface": repo, "cortexso": f"{_CORTEX}/{repo}"}.get(hub, "")
