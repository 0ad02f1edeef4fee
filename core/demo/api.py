"""The routes under /api, save the file contents.

Knows: which path is answered with which JSON, and paging by Link. Must not know: sockets, faults, rates.
"""

import base64
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlencode

from core.demo import listing
from core.demo.calls import Call, Reply, error_reply, json_reply
from core.demo.repos import Commit, Repo
from core.demo.shelf import Shelf

VERBS = ("revision", "tree", "refs", "paths-info", "xet-read-token")
EXPANDED_PAGE = 50  # the hub's own limit when each entry carries its commit
SEARCH_PAGE = 500
SORT_KEYS = ("downloads", "likes", "trendingScore", "lastModified", "createdAt")


async def answer(shelf: Shelf, call: Call) -> Reply:
    """Answer a call below /api."""
    parts = call.parts[1:]
    if parts == ("whoami-v2",):
        return _whoami(shelf, call)
    if parts == ("models",):
        return _search(shelf, call)
    if parts[0] != "models" or len(parts) < 2:
        return error_reply(404, "Not found")
    repo_id, rest = split_id(parts[1:], VERBS)
    repo = shelf.open(call, repo_id)
    if isinstance(repo, Reply):
        return repo
    verb = rest[0] if rest else ""
    if (call.method == "POST") != (verb == "paths-info"):
        return error_reply(405, "Method not allowed")
    if verb == "refs":
        return json_reply(listing.refs(repo, pull_requests=call.flag("include_prs")))
    if verb not in ("", "revision", "tree", "paths-info"):
        return error_reply(404, "Not found")
    revision = rest[1] if len(rest) > 1 else "main"
    commit = repo.commit_at(revision)
    if commit is None:
        return no_revision(revision)
    if verb == "tree":
        return await _tree(shelf, call, repo, commit, folder="/".join(rest[2:]).strip("/"))
    if verb == "paths-info":
        return await _paths_info(shelf, call, repo, commit)
    return await _info(shelf, call, repo, commit)


def split_id(parts: Sequence[str], verbs: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Split segments into a repo id, of one segment or two, and the rest, which begins with a verb."""
    if len(parts) > 1 and parts[1] in verbs and not (len(parts) > 2 and parts[2] in verbs):
        return parts[0], parts[1:]
    return "/".join(parts[:2]), parts[2:]


def no_revision(revision: str) -> Reply:
    """Say that there is no such branch, tag or commit."""
    return error_reply(404, f"Invalid rev id: {revision}", code="RevisionNotFound")


def no_entry(path: str, commit: Commit) -> Reply:
    """Say that the commit has no such file or folder."""
    headers = {"X-Repo-Commit": commit.sha}
    return error_reply(404, f"Entry not found: {quote(path)}", code="EntryNotFound", headers=headers)


def _whoami(shelf: Shelf, call: Call) -> Reply:
    if call.token is None or call.token in shelf.refused_tokens:
        return error_reply(401, "Invalid credentials in Authorization header")
    token = {"displayName": "demo", "role": "read", "createdAt": "2024-01-01T00:00:00.000Z"}
    person = {"type": "user", "id": "0" * 24, "name": "demo", "fullname": "Demo Person", "orgs": []}
    return json_reply({**person, "auth": {"type": "access_token", "accessToken": token}})


def _search(shelf: Shelf, call: Call) -> Reply:
    sort = call.one("sort", "trendingScore")
    if sort not in SORT_KEYS:
        return error_reply(400, f"Invalid sort: {sort}")
    found = [
        listing.info(repo, repo.heads["refs/heads/main"])
        for repo in shelf.repos.values()
        if _matches(call, repo) and (not repo.private or call.token in shelf.member_tokens)
    ]
    found.sort(key=lambda item: (item[sort], item["id"]), reverse=True)
    start, size = _cursor(call), min(_limit(call, SEARCH_PAGE), SEARCH_PAGE)
    keys = list(listing.SEARCH_KEYS) + (["cardData"] if call.flag("cardData") else [])
    if call.flag("full"):
        keys += ["author", "sha", "lastModified", "gated", "disabled", "siblings"]
    keys = call.query.get("expand", keys)
    page = [listing.only(item, keys) for item in found[start : start + size]]
    return json_reply(page, headers=_next_link(shelf, call, start + size, len(found)))


def _matches(call: Call, repo: Repo) -> bool:
    author = call.one("author")
    words = call.one("search").lower().split()
    gated = call.one("gated").lower()
    return (
        (not author or repo.id.lower().startswith(f"{author.lower()}/"))
        and all(word in repo.id.lower() for word in words)
        and all(tag in repo.tags for name in call.query.get("filter", []) for tag in name.split(","))
        and call.one("pipeline_tag", repo.pipeline_tag or "") == (repo.pipeline_tag or "")
        and (not gated or (gated in ("true", "1")) == bool(repo.gated))
        and _fits(call.one("num_parameters"), repo)
    )


def _fits(limits: str, repo: Repo) -> bool:
    """Tell whether a repo has as many parameters as `min:6B,max:128B` asks for; one that tells none has not."""
    if not limits:
        return True
    total = listing.parameters(repo)
    wanted = dict(part.partition(":")[::2] for part in limits.split(","))
    return total is not None and all(
        total >= bound if name == "min" else total <= bound
        for name, text in wanted.items()
        if (bound := listing.number(text)) is not None
    )


async def _info(shelf: Shelf, call: Call, repo: Repo, commit: Commit) -> Reply:
    blobs = call.flag("blobs")
    if blobs:
        await shelf.hash(commit.files)
    data = listing.info(repo, commit, blobs=blobs, scan=call.flag("securityStatus"))
    if "expand" in call.query:
        data = listing.only(data, call.query["expand"])
    return json_reply(data)


async def _tree(shelf: Shelf, call: Call, repo: Repo, commit: Commit, *, folder: str) -> Reply:
    found = listing.entries(commit, folder, recursive=call.flag("recursive"))
    if folder and not found:
        return no_entry(folder, commit)
    expand = call.flag("expand")
    most = min(shelf.knobs.page_size, EXPANDED_PAGE) if expand else shelf.knobs.page_size
    start, size = _cursor(call), min(_limit(call, most), most)
    page = found[start : start + size]
    await shelf.hash(item for item in page if not isinstance(item, str))
    data = [listing.entry(item, repo, commit, expand=expand) for item in page]
    headers = {"X-Repo-Commit": commit.sha, **_next_link(shelf, call, start + size, len(found))}
    return json_reply(data, headers=headers)


async def _paths_info(shelf: Shelf, call: Call, repo: Repo, commit: Commit) -> Reply:
    form = parse_qsl(call.form, keep_blank_values=True)
    expand = any(name == "expand" and value.lower() in ("true", "1") for name, value in form)
    known = {
        item if isinstance(item, str) else item.path: item for item in listing.entries(commit, "", recursive=True)
    }
    found = [known[path] for name, path in form if name == "paths" and path in known]
    await shelf.hash(item for item in found if not isinstance(item, str))
    return json_reply([listing.entry(item, repo, commit, expand=expand) for item in found])


def _limit(call: Call, most: int) -> int:
    text = call.one("limit")
    return max(1, int(text)) if text.isdecimal() else most


def _cursor(call: Call) -> int:
    try:
        return max(0, int(base64.urlsafe_b64decode(call.one("cursor") or "MA==")))
    except ValueError:
        return 0


def _next_link(shelf: Shelf, call: Call, start: int, total: int) -> dict[str, str]:
    if start >= total:
        return {}
    query = [pair for pair in parse_qsl(call.raw_query, keep_blank_values=True) if pair[0] != "cursor"]
    cursor = base64.urlsafe_b64encode(str(start).encode()).decode()
    url = f"{shelf.endpoint}{call.raw_path}?{urlencode([*query, ('cursor', cursor)])}"
    return {"Link": f'<{url}>; rel="next"'}
