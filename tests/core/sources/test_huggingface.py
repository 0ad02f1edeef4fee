"""From a Hugging Face handle to a manifest, and every way in which a hub can refuse or lie."""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import (
    AccessDenied,
    AccessPending,
    AccessRefused,
    DownloadError,
    GatedModel,
    GotWebPage,
    NotFound,
    ResolveError,
    ServerBusy,
    TimedOut,
    TokenMissing,
    TokenRefused,
)
from core.handles import parse_handle
from core.records import Manifest, Selection
from core.sources.huggingface import HuggingFace

ENDPOINT = "http://hub.test:8080"
SHA = "a1" * 20
OID = "0123456789abcdef" * 4
GIT = "b2" * 20
INFO = "GET /api/models/org/repo/revision/main"
TREE = f"GET /api/models/org/repo/tree/{SHA}?recursive=true&expand=false"

Entry = dict[str, Any]


def entry(path: str, size: Any = 10, **more: Any) -> Entry:
    return {"type": "file", "path": path, "size": size, "oid": GIT, **more}


def lfs(path: str, size: int = 1000) -> Entry:
    return entry(path, size, lfs={"oid": OID, "size": size, "pointerSize": 134}, xetHash="c" * 64)


LISTING = [
    {"type": "directory", "path": "Q8_0", "oid": GIT, "size": 0},
    entry(".gitattributes"),
    entry("README.md"),
    lfs("m-Q4_K_M.gguf", 1000),
    lfs("Q8_0/m-Q8_0-00001-of-00002.gguf"),
    lfs("Q8_0/m-Q8_0-00002-of-00002.gguf"),
]


@pytest.fixture
def hub(fetcher: Any) -> Any:
    fetcher.put(INFO, {"id": "org/repo", "sha": SHA, "gated": False})
    fetcher.put(TREE, LISTING)
    return fetcher


async def resolve(fetcher: Any, text: str = "org/repo", selection: Selection | None = None) -> Manifest:
    source = HuggingFace(fetcher, endpoint=ENDPOINT + "/")
    handle = parse_handle(text)
    assert source.matches(handle)
    return await source.resolve(handle, selection or Selection())


def wanted(manifest: Manifest) -> set[str]:
    return {file.path for file in manifest.files if file.wanted}


async def test_a_repo_becomes_a_manifest_pinned_to_its_commit(hub: Any) -> None:
    manifest = await resolve(hub)
    assert (manifest.hub, manifest.repo, manifest.revision, manifest.commit) == ("huggingface", "org/repo", "", SHA)
    assert manifest.folder == "huggingface.co/org/repo"
    assert (manifest.page_url, manifest.hub_label) == (f"{ENDPOINT}/org/repo", "hub.test:8080")
    assert [file.path for file in manifest.files] == [e["path"] for e in LISTING if e["type"] == "file"]
    assert wanted(manifest) == {"m-Q4_K_M.gguf"}
    model = manifest.files[2]
    assert (model.size, model.hash) == (1000, f"sha256:{OID}")
    assert model.url == f"{ENDPOINT}/org/repo/resolve/{SHA}/m-Q4_K_M.gguf"
    assert manifest.files[1].hash == f"git-sha1:{GIT}"


async def test_a_quant_brings_all_its_shards(hub: Any) -> None:
    assert len(wanted(await resolve(hub, "org/repo:q8_0"))) == 2


async def test_one_file_is_a_manifest_of_its_own(hub: Any) -> None:
    manifest = await resolve(hub, "org:repo:README.md")
    assert [file.path for file in manifest.files] == ["README.md"] and wanted(manifest) == {"README.md"}


async def test_a_revision_is_quoted_and_names_the_folder(fetcher: Any) -> None:
    fetcher.put("GET /api/models/org/repo/revision/refs%2Fpr%2F1", {"sha": SHA})
    fetcher.put(TREE, LISTING)
    manifest = await resolve(fetcher, "org/repo@refs/pr/1")
    assert manifest.folder == "huggingface.co/org/repo@refs%2Fpr%2F1" and manifest.revision == "refs/pr/1"


async def test_globs_and_chosen_paths_replace_the_default(hub: Any) -> None:
    assert wanted(await resolve(hub, selection=Selection(globs=("*.md",)))) == {"README.md"}
    chosen = Selection(paths=frozenset({"README.md", "m-Q4_K_M.gguf"}))
    assert wanted(await resolve(hub, selection=chosen)) == chosen.paths


@pytest.mark.parametrize(
    ("text", "selection", "words"),
    [
        ("org/repo:Q2_K", Selection(), "org/repo has no quantisation Q2_K; it has Q4_K_M, Q8_0"),
        ("org/repo", Selection(globs=("*.bin",)), "org/repo has no file that matches"),
        ("org/repo", Selection(paths=frozenset({"gone.bin", "also.bin"})), "has no file also.bin, nor 1 more"),
        ("org:repo:m-q4_k_m.gguf", Selection(), "has no file m-q4_k_m.gguf; it has m-Q4_K_M.gguf"),
        ("org:repo:x.onnx", Selection(), "org/repo has no file x.onnx"),
    ],
)
async def test_what_is_not_there_is_named_with_what_is(
    hub: Any, text: str, selection: Selection, words: str
) -> None:
    with pytest.raises(NotFound) as caught:
        await resolve(hub, text, selection)
    assert words in caught.value.message
    assert f"{ENDPOINT}/org/repo" in caught.value.action


async def test_an_empty_repo_says_so(hub: Any) -> None:
    hub.put(TREE, [])
    with pytest.raises(NotFound, match="org/repo holds no files"):
        await resolve(hub)


# -- pages -----------------------------------------------------------------------------------------------


async def test_pages_are_followed_to_the_end_and_doubles_left_out(hub: Any) -> None:
    hub.put(TREE, LISTING[:4], Link=f'<{ENDPOINT}/api/models/org/repo/tree/{SHA}?cursor=x%3D>; rel="next"')
    hub.put(f"GET /api/models/org/repo/tree/{SHA}?cursor=x%3D", LISTING[2:])
    assert len((await resolve(hub)).files) == 5


async def test_a_mirror_that_names_the_hub_itself_is_asked_in_its_place(hub: Any) -> None:
    hub.put(TREE, LISTING[:4], Link=f'<https://huggingface.co/api/models/org/repo/tree/{SHA}?cursor=2>; rel="next"')
    hub.put(f"GET /api/models/org/repo/tree/{SHA}?cursor=2", LISTING[4:])
    assert len((await resolve(hub)).files) == 5
    assert all(ENDPOINT in asked for asked in hub.asked)


@pytest.mark.parametrize(
    "link",
    [
        "<http://127.0.0.2/api/models/org/repo/tree/x>",
        "<https://evil.test/api/models/org/repo/tree/x>",
        f"<{ENDPOINT}/org/repo/resolve/main/x>",
        f"<{ENDPOINT}/api/models/../../x>",
        "<http://user@hub.test:8080/api/models/x>",
        "<http://[/api/models/x>",
        "<file:///api/models/x>",
        f"<{ENDPOINT}/api/models/org/repo/tree/{SHA}?recursive=true&expand=false>",
    ],
)
async def test_a_next_page_anywhere_else_is_refused(hub: Any, link: str) -> None:
    hub.put(TREE, LISTING, Link=f'{link}; rel="next"')
    asked = len(hub.asked) + 2
    with pytest.raises(ResolveError):
        await resolve(hub)
    assert len(hub.asked) == asked


async def test_a_list_without_end_is_given_up(hub: Any) -> None:
    for number in range(300):
        page = TREE if not number else f"GET /api/models/org/repo/tree/{SHA}?cursor={number}"
        link = f'<{ENDPOINT}/api/models/org/repo/tree/{SHA}?cursor={number + 1}>; rel="next"'
        hub.put(page, [entry(f"f{number}")], Link=link)
    with pytest.raises(ResolveError, match="does not end"):
        await resolve(hub)


async def test_a_hundred_thousand_files_are_listed(hub: Any) -> None:
    for number in range(100):
        page = TREE if not number else f"GET /api/models/org/repo/tree/{SHA}?cursor={number}"
        link = f'<{ENDPOINT}/api/models/org/repo/tree/{SHA}?cursor={number + 1}>; rel="next"'
        hub.put(page, [entry(f"d{number}/f{n}") for n in range(1000)], **({"Link": link} if number < 99 else {}))
    assert len((await resolve(hub)).files) == 100_000


# -- values that lie ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [-1, 1.5, "10", None, True, 2**63, [], {}])
async def test_a_size_that_is_none_is_unknown(hub: Any, size: Any) -> None:
    hub.put(TREE, [entry("x.bin", size)])
    assert (await resolve(hub)).files[0].size is None


@pytest.mark.parametrize("oid", [OID.upper(), OID[:-1], "../" + OID[3:], 5, None, GIT, OID + "\n"])
async def test_a_hash_that_is_none_is_left_out_and_that_of_the_pointer_not_taken(hub: Any, oid: Any) -> None:
    hub.put(TREE, [entry("x.bin", lfs={"oid": oid, "size": 10})])
    assert (await resolve(hub)).files[0].hash == ""


@pytest.mark.parametrize("oid", [GIT.upper(), "x", None, OID])
async def test_a_malformed_git_hash_is_left_out(hub: Any, oid: Any) -> None:
    hub.put(TREE, [entry("x.bin") | {"oid": oid}])
    assert (await resolve(hub)).files[0].hash == ""


async def test_names_are_passed_on_as_they_are_and_quoted_in_links(hub: Any) -> None:
    names = ["../x", "a b#?.bin", "\ud800", "con", "ü"]
    hub.put(TREE, [entry(name) for name in names] + [{"type": "symlink", "path": "link"}])
    manifest = await resolve(hub)
    names[2] = "\\ud800"  # half a character can neither be kept nor shown; as it stands here it is refused later
    assert [file.path for file in manifest.files] == names
    assert manifest.files[1].url.endswith("/a%20b%23%3F.bin")


@pytest.mark.parametrize(
    "body",
    [
        {"error": "x"},
        [5],
        [[]],
        [{"type": "file"}],
        [{"type": "file", "path": ""}],
        [{"type": "file", "path": 5}],
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" * 200 + b"]" * 200,
        b"[" + b"1" * 10_000 + b"]",
        None,
    ],
)
async def test_a_list_of_another_shape_is_a_resolve_error(hub: Any, body: Any) -> None:
    hub.put(TREE, body)
    with pytest.raises(ResolveError, match=r"The answer of hub\.test:8080"):
        await resolve(hub)


@pytest.mark.parametrize("sha", [None, 5, "main", "../../etc", SHA.upper(), SHA + "/..", SHA[:7], []])
async def test_a_commit_that_is_none_is_refused(hub: Any, sha: Any) -> None:
    hub.put(INFO, {"sha": sha})
    with pytest.raises(ResolveError, match="commit"):
        await resolve(hub)


async def test_a_list_of_another_commit_is_refused(hub: Any) -> None:
    hub.put(TREE, LISTING, X_Repo_Commit="d4" * 20)
    with pytest.raises(ResolveError, match="another version"):
        await resolve(hub)


@pytest.mark.parametrize("what", [INFO, TREE])
async def test_a_web_page_in_place_of_an_answer_is_named(hub: Any, what: str) -> None:
    hub.put(what, b"  <!doctype html><p>Sign in", Content_Type="text/html; charset=utf-8")
    with pytest.raises(GotWebPage):
        await resolve(hub)


# -- refusals ----------------------------------------------------------------------------------------------

REFUSALS: list[tuple[int, dict[str, str], type[DownloadError], str]] = [
    (401, {"X_Error_Code": "RepoNotFound"}, NotFound, "or is private: without a token the two look the same"),
    (404, {"X_Error_Code": "RepoNotFound"}, NotFound, "org/repo does not exist on hub.test:8080, or is private"),
    (404, {}, NotFound, "org/repo does not exist"),
    (404, {"X_Error_Code": "RevisionNotFound"}, NotFound, "org/repo has no revision main"),
    (401, {"X_Error_Code": "GatedRepo"}, TokenMissing, "gated"),
    (403, {"X_Error_Code": "GatedRepo"}, GatedModel, "gated"),
    (403, {"X_Error_Code": "GatedRepo", "X_Error_Message": "is awaiting a review"}, AccessPending, "not answered"),
    (403, {"X_Error_Code": "GatedRepo", "X_Error_Message": "has been rejected by"}, AccessRefused, "did not grant"),
    (401, {"X_Error_Message": "Invalid credentials in Authorization header"}, TokenRefused, "does not accept"),
    (401, {}, AccessDenied, "wants a valid access token"),
    (403, {"X_Error_Message": "Access to this resource is disabled."}, AccessDenied, "is disabled"),
    (403, {}, AccessDenied, "refuses access"),
    (429, {}, ServerBusy, "too many requests"),
    (503, {}, ServerBusy, "right now"),
    (418, {}, ResolveError, "status 418"),
    (302, {}, ResolveError, "status 302"),
]  # fmt: skip


@pytest.mark.parametrize("what", [INFO, TREE])
@pytest.mark.parametrize(("status", "headers", "kind", "words"), REFUSALS)
async def test_a_refusal_becomes_its_own_error_with_a_next_step(
    hub: Any, what: str, status: int, headers: dict[str, str], kind: type[DownloadError], words: str
) -> None:
    hub.put(what, b"<html>secret</html>", status=status, **headers)
    with pytest.raises(kind) as caught:
        await resolve(hub)
    error = caught.value
    assert words.replace("main", "") in error.message.replace(SHA, "")
    assert type(error) is kind and error.action and not error.message.endswith(".")


async def test_a_gate_names_the_page_where_the_terms_are(hub: Any) -> None:
    hub.put(INFO, status=403, X_Error_Code="GatedRepo")
    with pytest.raises(GatedModel) as caught:
        await resolve(hub)
    assert f"{ENDPOINT}/org/repo" in caught.value.action


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"RateLimit": '"api";r=0;t=55'}, 55.0),
        ({"RateLimit": '"api";r=12;t=55'}, None),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
    ],
)
async def test_a_busy_hub_says_how_long_to_wait(hub: Any, headers: dict[str, str], seconds: float | None) -> None:
    hub.put(INFO, status=429, **headers)
    with pytest.raises(ServerBusy) as caught:
        await resolve(hub)
    assert caught.value.retry_after_s == seconds


async def test_no_connection_stays_a_transfer_error(hub: Any) -> None:
    hub.replies[INFO.replace(" ", f" {ENDPOINT}", 1)] = TimedOut("hub.test did not answer in time")
    with pytest.raises(TimedOut):
        await resolve(hub)


# -- gates -------------------------------------------------------------------------------------------------

HEAD = f"HEAD /org/repo/resolve/{SHA}/m-Q4_K_M.gguf"


async def test_a_closed_gate_is_known_before_anything_is_queued(hub: Any) -> None:
    hub.put(INFO, {"sha": SHA, "gated": "manual"})
    hub.put(HEAD, status=401, X_Error_Code="GatedRepo")
    with pytest.raises(GatedModel):
        await resolve(hub)


@pytest.mark.parametrize("status", [302, 200, 404, 429, 503])
async def test_an_open_gate_and_other_trouble_are_left_to_the_download(hub: Any, status: int) -> None:
    hub.put(INFO, {"sha": SHA, "gated": "auto"})
    hub.put(HEAD, status=status, X_Repo_Commit=SHA)
    assert wanted(await resolve(hub)) == {"m-Q4_K_M.gguf"}
    assert hub.asked[-1].startswith("HEAD ")


async def test_without_a_gate_no_file_is_asked_for(hub: Any) -> None:
    await resolve(hub)
    assert [asked.split()[0] for asked in hub.asked] == ["GET", "GET"]


def test_other_hubs_handles_are_left_alone(fetcher: Any) -> None:
    matches: Callable[[Any], bool] = HuggingFace(fetcher, endpoint=ENDPOINT).matches
    assert not matches(parse_handle("tinyllama")) and not matches(parse_handle("https://h.org/x"))


@pytest.mark.parametrize("link", ["/api/x?cursor=2; rel=next", '<http://[x>; rel="next"', "x" * 9000])
async def test_half_a_list_is_never_taken_for_the_whole(hub: Any, link: str) -> None:
    hub.put(TREE, [entry("x.bin")], Link=link)
    with pytest.raises(ResolveError, match="next page"):
        await resolve(hub)
