"""Questions to the hub and answers of it: null-safe, bounded, nothing trusted."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue import wire
from core.catalogue.records import Found, Query, SizeRange, Sort
from core.records import RemoteFile

HUB = "https://hub.test"


def asked(query: Query) -> dict[str, list[str]]:
    return parse_qs(urlsplit(wire.search_url(HUB, query)).query, keep_blank_values=True)


def test_a_search_asks_for_what_is_set_and_nothing_else() -> None:
    query = Query(
        "llama 3", Sort.DOWNLOADS, ("gguf",), "text-generation", "bartowski", 4 * 10**9, 10 * 10**9, hide_gated=True
    )
    sent = asked(query)
    assert sent["search"] == ["llama 3"] and sent["author"] == ["bartowski"] and sent["filter"] == ["gguf"]
    assert sent["pipeline_tag"] == ["text-generation"] and sent["gated"] == ["false"]
    assert sent["num_parameters"] == ["min:4B,max:10B"] and sent["sort"] == ["downloads"]
    plain = asked(Query("x"))
    assert not {"author", "filter", "pipeline_tag", "gated", "num_parameters"} & set(plain)
    assert {"gguf", "safetensors", "gated", "downloads"} <= set(plain["expand"])


@given(st.text(st.characters(), max_size=400))
def test_search_text_of_any_kind_makes_an_address_of_plain_letters(text: str) -> None:
    url = wire.search_url(HUB, Query(text, author=text))
    assert url.isascii() and url.isprintable() and " " not in url
    assert len(asked(Query(text)).get("search", [""])[0]) <= wire.TEXT_CHARS_MAX
    assert urlsplit(url).netloc == "hub.test" and urlsplit(url).path == "/api/models"


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "😀" * 500, "&author=x&limit=1", "#?/..", "' OR 1 --", "\n\t "])
def test_odd_search_texts_stay_one_word_of_the_query(text: str) -> None:
    sent = asked(Query(text))
    assert sent["limit"] == [str(wire.RESULTS_A_PAGE)] and "author" not in sent


def test_a_result_with_only_an_id_is_a_result() -> None:
    assert wire.found_of({"id": "org/name"}) == Found("org/name")
    nulls = dict.fromkeys(
        ("author", "downloads", "gated", "gguf", "lastModified", "likes", "safetensors", "tags", "pipeline_tag")
    )
    assert wire.found_of({"id": "org/name", **nulls}) == Found("org/name")


@pytest.mark.parametrize(
    "value", [None, 1, [], {}, {"id": None}, {"id": "../x"}, {"id": "a/b/c"}, {"id": "a b"}, {"id": "a/\u202eb"}]
)
def test_what_names_no_model_is_left_out(value: Any) -> None:
    assert wire.found_of(value) is None
    assert wire.results_of([value, {"id": "org/name"}]) == (Found("org/name"),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(
    ["downloads", "likes", "gated", "private", "tags", "lastModified", "createdAt", "gguf", "safetensors",
     "pipeline_tag", "cardData", "config", "siblings", "securityRepoStatus"]
)  # fmt: skip


@given(st.dictionaries(KEYS, JSON))
def test_facts_of_any_shape_are_read_without_a_failure(value: dict[str, Any]) -> None:
    found = wire.found_of({**value, "id": "org/name"})
    assert found is not None
    facts = wire.facts_of(value, found, endpoint=HUB, revision="", commit="a" * 40)
    assert all(isinstance(tag, str) for tag in facts.tags)


def test_parameters_come_from_the_files_and_else_from_the_name() -> None:
    def parameters(repo: str, **more: Any) -> int | None:
        found = wire.found_of({"id": repo, **more})
        assert found is not None
        return found.parameters

    assert parameters("o/x-7B", gguf={"total": 5}) == 5
    assert parameters("o/x-7B", safetensors={"total": 6, "parameters": {"F16": 6}}) == 6
    assert parameters("o/Llama-3.2-1B-Instruct-GGUF") == 1_000_000_000
    assert parameters("o/Mixtral-8x7B-v0.1") == 56_000_000_000
    assert parameters("o/all-82M") == 82_000_000
    assert parameters("o/bert-base") is None


def sibling(path: str, size: Any, **more: Any) -> dict[str, Any]:
    return {"rfilename": path, "size": size, "blobId": "b" * 40, **more}


def test_files_have_the_size_and_hash_of_the_content_and_the_usual_choice_is_marked() -> None:
    lfs = {"sha256": "c" * 64, "size": 900, "pointerSize": 130}
    files = wire.files_of(
        [sibling("README.md", 7), sibling("m-Q4_K_M.gguf", 900, lfs=lfs), sibling("m-Q8_0.gguf", 1700, lfs=lfs),
         {"rfilename": 3}, None],
        endpoint=HUB, repo="o/m", commit="a" * 40,
    )  # fmt: skip
    by_path = {file.path: file for file in files}
    assert list(by_path) == ["README.md", "m-Q4_K_M.gguf", "m-Q8_0.gguf"]
    model = by_path["m-Q4_K_M.gguf"]
    assert (model.size, model.hash, model.wanted) == (900, f"sha256:{'c' * 64}", True)
    assert model.url == f"{HUB}/o/m/resolve/{'a' * 40}/m-Q4_K_M.gguf"
    assert by_path["README.md"].hash == f"git-sha1:{'b' * 40}" and not by_path["m-Q8_0.gguf"].wanted


def remote(path: str, size: int | None, *, wanted: bool = False) -> RemoteFile:
    return RemoteFile(path, size, "", "", wanted=wanted)


def test_sizes_go_from_the_smallest_to_the_largest_whole_choice() -> None:
    shards = [remote(f"m-Q8_0-0000{n}-of-00002.gguf", 50) for n in (1, 2)]
    half = [remote("m-F16-00001-of-00002.gguf", 1000)]
    assert wire.sizes_of([remote("m-Q4_0.gguf", 30), *shards, *half]) == SizeRange(30, 100)
    plain = [remote("a.safetensors", 80, wanted=True), remote("a.bin", 80), remote("c.json", 1, wanted=True)]
    assert wire.sizes_of(plain) == SizeRange(81, 81)
    assert wire.sizes_of([]) is None
    assert wire.sizes_of([remote("m-Q4_0.gguf", None)]) is None


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ("", ""),
        (f'<{HUB}/api/models?cursor=x&limit=3>; rel="next"', f"{HUB}/api/models?cursor=x&limit=3"),
        ('</api/models?cursor=x>; rel="next"', f"{HUB}/api/models?cursor=x"),
        ('<https://huggingface.co/api/models?cursor=x>; rel="next"', f"{HUB}/api/models?cursor=x"),
        ('<https://evil.test/api/models?cursor=x>; rel="next"', ""),
        (f'<{HUB}/evil?cursor=x>; rel="next"', ""),
        (f'<{HUB}/api/models>; rel="next"', ""),
        ('<https://user@hub.test/api/models?c=x>; rel="next"', ""),
        ('<http://[>; rel="next"', ""),
        ("<" + "x" * 10_000, ""),
    ],
)
def test_the_next_page_is_asked_from_the_same_hub_or_not_at_all(link: str, wanted: str) -> None:
    assert wire.next_url(link, endpoint=HUB) == wanted


def test_a_moment_is_read_or_missing() -> None:
    assert wire.moment("2024-11-19T09:30:00.000Z") == 1732008600.0
    for odd in (None, 5, "", "yesterday", "9" * 50, "0001-01-01T00:00:00+23:59"):
        assert wire.moment(odd) is None or isinstance(wire.moment(odd), float)


def test_licence_and_tags_are_told_once() -> None:
    value = json.loads(
        '{"tags": ["gguf", "license:mit", "region:us", "base_model:o/b", "en"],'
        ' "cardData": {"base_model": ["o/b"]}, "gguf": {"architecture": "llama", "context_length": 8192}}'
    )
    facts = wire.facts_of(value, Found("o/m"), endpoint=HUB, revision="", commit="a" * 40)
    assert (facts.licence, facts.tags, facts.base_models) == ("mit", ("gguf", "en"), ("o/b",))
    assert (facts.architecture, facts.context_length) == ("llama", 8192)
