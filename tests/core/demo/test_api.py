"""The JSON routes answer as the hub does."""

import hashlib
from typing import Any

import httpx
import pytest

from core.demo.catalogue import GEMMA, LLAMA, MINILM, TINYLLAMA, VISION
from core.demo.repos import Repo, TextFile
from core.demo.server import DemoHub


async def pages(client: httpx.AsyncClient, url: str) -> list[list[dict[str, Any]]]:
    found = []
    while url:
        reply = await client.get(url)
        assert reply.status_code == 200
        found.append(reply.json())
        url = reply.links.get("next", {}).get("url", "")
    return found


async def test_the_tree_tells_sizes_and_hashes(hub: DemoHub, client: httpx.AsyncClient) -> None:
    (tree,) = await pages(client, f"/api/models/{MINILM}/tree/main?recursive=True")
    by_path = {item["path"]: item for item in tree}
    assert by_path["1_Pooling"]["type"] == "directory"
    weights = hub.content(MINILM, "onnx/model.onnx")
    assert by_path["onnx/model.onnx"]["lfs"]["oid"] == hashlib.sha256(weights).hexdigest()
    assert by_path["onnx/model.onnx"]["size"] == len(weights)
    config = hub.content(MINILM, "config.json")
    assert by_path["config.json"]["oid"] == hashlib.sha1(b"blob %d\0" % len(config) + config).hexdigest()
    assert "lfs" not in by_path["config.json"]


async def test_the_tree_of_one_level_shows_folders_and_not_what_is_in_them(client: httpx.AsyncClient) -> None:
    (top,) = await pages(client, f"/api/models/{VISION}/tree/main")
    assert {item["path"] for item in top if item["type"] == "directory"} == {"Q4_K_M", "Q8_0"}
    assert not [item for item in top if "/" in item["path"]]
    (inner,) = await pages(client, f"/api/models/{VISION}/tree/main/Q4_K_M")
    assert [item["path"][-21:] for item in inner] == [f"M-0000{n}-of-00003.gguf"[-21:] for n in (1, 2, 3)]


async def test_the_tree_comes_in_pages_linked_by_absolute_addresses(
    hub: DemoHub, client: httpx.AsyncClient
) -> None:
    hub.knobs.page_size = 50
    found = await pages(client, f"{hub.endpoint}/api/models/demo/many-files/tree/main?recursive=true")
    assert [len(page) for page in found] == [50, 50, 32]
    paths = [item["path"] for page in found for item in page]
    assert len(set(paths)) == 132  # 120 files in 12 folders
    assert all(request.path.endswith("/tree/main") for request in hub.requests)


async def test_the_scan_is_told_where_it_is_asked_for(hub: DemoHub, client: httpx.AsyncClient) -> None:
    url = "/api/models/demo/direct"
    assert "securityRepoStatus" not in (await client.get(url)).json()
    info = (await client.get(f"{url}/revision/main?blobs=true&securityStatus=True")).json()
    found = [{"path": "weights.bin", "level": "unsafe"}]
    assert info["securityRepoStatus"] == {"scansDone": True, "filesWithIssues": found}
    (tree,) = await pages(client, f"{url}/tree/main?recursive=true&expand=true")
    status = {item["path"]: item["securityFileStatus"] for item in tree}
    assert status["weights.bin"]["status"] == status["weights.bin"]["pickleImportScan"]["status"] == "unsafe"
    assert status["direct-Q8_0.gguf"]["status"] == "safe"
    queued = (await client.get("/api/models/demo/many-files?securityStatus=true")).json()
    assert queued["securityRepoStatus"] == {"scansDone": False, "filesWithIssues": []}
    silent = (await client.get("/api/models/demo/hostile-names?securityStatus=true")).json()
    assert "securityRepoStatus" not in silent


async def test_an_expanded_tree_has_commits_and_pages_of_fifty(client: httpx.AsyncClient) -> None:
    found = await pages(client, "/api/models/demo/many-files/tree/main?recursive=true&expand=true")
    assert [len(page) for page in found] == [50, 50, 32]
    assert "lastCommit" in found[0][0]


@pytest.mark.parametrize("revision", ["dev%2Ftest", "refs%2Fpr%2F1", "v1.0", "refs%2Fheads%2Fdev%2Ftest"])
async def test_revisions_are_found_under_their_encoded_names(
    hub: DemoHub, client: httpx.AsyncClient, revision: str
) -> None:
    info = (await client.get(f"/api/models/{MINILM}/revision/{revision}")).json()
    assert info["sha"] in hub.repos[MINILM].commits
    again = (await client.get(f"/api/models/{MINILM}/revision/{info['sha']}")).json()
    assert again == info
    assert (await client.get(f"/api/models/{MINILM}/tree/{revision}")).headers["X-Repo-Commit"] == info["sha"]


async def test_info_with_blobs_has_the_hash_under_its_other_name(client: httpx.AsyncClient) -> None:
    info = (await client.get(f"/api/models/{LLAMA}?blobs=true")).json()
    (model,) = (s for s in info["siblings"] if s["rfilename"].endswith("Q8_0.gguf"))
    assert set(model["lfs"]) == {"sha256", "size", "pointerSize"}
    assert info["gguf"]["architecture"] == "llama"
    plain = (await client.get(f"/api/models/{LLAMA}")).json()
    assert all(set(s) == {"rfilename"} for s in plain["siblings"])


async def test_expand_keeps_only_what_is_asked_for(client: httpx.AsyncClient) -> None:
    info = (await client.get(f"/api/models/{LLAMA}?expand=gguf&expand=downloads")).json()
    assert set(info) == {"_id", "id", "gguf", "downloads"}


async def test_paths_info_takes_a_form_and_leaves_out_what_is_missing(client: httpx.AsyncClient) -> None:
    form = {"paths": ["config.json", "nothing", "1_Pooling"], "expand": "false"}
    reply = await client.post(f"/api/models/{MINILM}/paths-info/dev%2Ftest", data=form)
    assert [(item["path"], item["type"]) for item in reply.json()] == [
        ("config.json", "file"),
        ("1_Pooling", "directory"),
    ]


async def test_refs_list_branches_tags_and_on_request_pull_requests(client: httpx.AsyncClient) -> None:
    refs = (await client.get(f"/api/models/{MINILM}/refs?include_prs=1")).json()
    assert [branch["name"] for branch in refs["branches"]] == ["main", "dev/test"]
    assert refs["tags"][0]["ref"] == "refs/tags/v1.0"
    assert refs["pullRequests"][0]["ref"] == "refs/pr/1"
    cortex = (await client.get(f"/api/models/{TINYLLAMA}/refs")).json()
    assert {branch["name"] for branch in cortex["branches"]} == {"main", "gguf", "1b", "1b-gguf-q3-km"}
    assert "pullRequests" not in cortex


async def test_search_filters_sorts_and_pages(client: httpx.AsyncClient) -> None:
    ids = [[item["id"] for item in page] for page in await pages(client, "/api/models?sort=downloads&limit=3")]
    assert ids[0] == [MINILM, GEMMA, LLAMA]
    assert len(ids) > 1 and not any("demo/private-model" in page for page in ids)
    (found,) = await pages(client, "/api/models?search=llama&filter=gguf&full=true")
    assert {item["id"] for item in found} == {LLAMA, VISION}
    assert found[0]["siblings"]
    (found,) = await pages(client, "/api/models?author=cortexso")
    assert [item["id"] for item in found] == [TINYLLAMA]
    (found,) = await pages(client, "/api/models?gated=true")
    assert [item["id"] for item in found] == [GEMMA]


async def test_whoami_knows_every_token_but_the_refused_ones(client: httpx.AsyncClient) -> None:
    good = await client.get("/api/whoami-v2", headers={"Authorization": "Bearer hf_any"})
    assert good.json()["name"] == "demo"
    for headers in ({}, {"Authorization": "Bearer hf_invalid"}):
        bad = await client.get("/api/whoami-v2", headers=headers)
        assert bad.status_code == 401 and bad.headers["X-Error-Message"].startswith("Invalid credentials")


@pytest.mark.parametrize(
    ("path", "token", "status", "code"),
    [
        ("/api/models/no/such", "", 401, "RepoNotFound"),
        ("/api/models/no/such", "hf_x", 404, "RepoNotFound"),
        ("/api/models/demo/private-model", "", 401, "RepoNotFound"),
        ("/api/models/demo/private-model/tree/main", "hf_x", 404, "RepoNotFound"),
        (f"/api/models/{LLAMA}/tree/none", "", 404, "RevisionNotFound"),
        (f"/api/models/{LLAMA}/tree/main/none", "", 404, "EntryNotFound"),
        (f"/{LLAMA}/resolve/none/README.md", "", 404, "RevisionNotFound"),
        (f"/{LLAMA}/resolve/main/none.gguf", "", 404, "EntryNotFound"),
        (f"/{GEMMA}/resolve/main/config.json", "", 401, "GatedRepo"),
        (f"/{GEMMA}/resolve/main/config.json", "hf_x", 403, "GatedRepo"),
        (f"/{GEMMA}/raw/main/README.md", "hf_x", 403, "GatedRepo"),
    ],
)
async def test_refusals_carry_their_code_on_get_and_head(
    client: httpx.AsyncClient, path: str, token: str, status: int, code: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for method in ("GET", "HEAD"):
        reply = await client.request(method, path, headers=headers)
        assert (reply.status_code, reply.headers["X-Error-Code"]) == (status, code)
        assert reply.headers["X-Error-Message"] and "RateLimit" in reply.headers


async def test_a_gated_repo_shows_its_list_to_everyone(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/models/{GEMMA}")).json()["gated"] == "manual"
    assert len((await client.get(f"/api/models/{GEMMA}/tree/main")).json()) == 7


async def test_a_member_sees_a_private_repo(hub: DemoHub, client: httpx.AsyncClient) -> None:
    hub.member_tokens.add("hf_member")
    reply = await client.get("/api/models/demo/private-model", headers={"Authorization": "Bearer hf_member"})
    assert reply.json()["private"] is True


async def test_a_renamed_repo_leads_to_its_new_name(hub: DemoHub, client: httpx.AsyncClient) -> None:
    hub.renamed["old/name"] = LLAMA
    for path in ("/api/models/old/name/tree/main?recursive=true", "/old/name/resolve/main/README.md"):
        reply = await client.get(path)
        assert reply.status_code == 307
        assert reply.headers["Location"] == path.replace("old/name", LLAMA)


async def test_an_id_may_have_one_segment(hub: DemoHub, client: httpx.AsyncClient) -> None:
    hub.add_repo(Repo("gpt2", [TextFile("config.json", "{}")]))
    assert (await client.get("/api/models/gpt2")).json()["id"] == "gpt2"
    assert len((await client.get("/api/models/gpt2/tree/main")).json()) == 1
    reply = await client.get("/gpt2/resolve/main/config.json", follow_redirects=True)
    assert reply.content == b"{}"


async def test_a_disabled_repo_says_so(hub: DemoHub, client: httpx.AsyncClient) -> None:
    hub.add_repo(Repo("demo/off", disabled=True))
    reply = await client.get("/api/models/demo/off")
    assert (reply.status_code, reply.headers["X-Error-Message"]) == (403, "Access to this resource is disabled.")


@pytest.mark.parametrize(
    "path", ["/api", "/api/x", "/api/models/", f"/api/models/{LLAMA}/nothing", "/api/datasets/a/b"]
)
async def test_unknown_routes_are_an_error_with_a_message(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path)
    assert reply.status_code in (401, 404) and reply.headers["X-Error-Message"]


async def test_a_method_that_a_route_lacks_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"/api/models/{LLAMA}/tree/main")).status_code == 405
    assert (await client.get(f"/api/models/{LLAMA}/paths-info/main")).status_code == 405
    assert (await client.delete(f"/{LLAMA}/resolve/main/README.md")).status_code == 405


@pytest.mark.parametrize("path", ["/", f"/{LLAMA}", f"/{LLAMA}/blob/main/README.md"])
async def test_pages_are_html(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path)
    assert reply.headers["Content-Type"].startswith("text/html") and LLAMA in reply.text


async def test_names_that_would_leave_the_folder_are_listed_as_they_are(client: httpx.AsyncClient) -> None:
    (tree,) = await pages(client, "/api/models/demo/hostile-names/tree/main?recursive=true")
    names = {item["path"] for item in tree}
    assert {"../evil.bin", "a/../../b.bin", "C:\\x.bin", "CON.gguf", "good-Q4_K_M.gguf"} <= names
