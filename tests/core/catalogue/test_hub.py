"""The catalogue against the demo hub: real sockets, paging, filters, troubles, and how much is asked."""

from collections.abc import AsyncIterator

import pytest

from core.catalogue.hub import Catalogue
from core.catalogue.records import Found, Page, Query, Sort
from core.demo.repos import GeneratedFile, Repo, TextFile
from core.demo.server import DemoHub
from core.errors import DownloadError, GotWebPage, NotFound, ResolveError, ServerBusy
from core.net.client import Net
from core.net.credentials import Credentials
from core.scans import Verdict

LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
GEMMA = "google/gemma-3-27b-it"


@pytest.fixture
async def catalogue(hub: DemoHub) -> AsyncIterator[Catalogue]:
    net = Net(Credentials())
    yield Catalogue(net, endpoint=hub.endpoint)
    await net.aclose()


def repos(page: Page) -> list[str]:
    return [found.repo for found in page.found]


async def test_words_and_filters_narrow_the_results(catalogue: Catalogue) -> None:
    assert repos(await catalogue.search(Query("llama", formats=("gguf",)))) == [
        LLAMA, "unsloth/Llama-3.3-70B-Vision-GGUF",
    ]  # fmt: skip
    assert repos(await catalogue.search(Query(author="google"))) == [GEMMA]
    assert GEMMA not in repos(await catalogue.search(Query(hide_gated=True)))
    assert repos(await catalogue.search(Query(task="sentence-similarity"))) == [MINILM]
    big = await catalogue.search(Query(parameters_min=20 * 10**9, parameters_max=50 * 10**9))
    assert repos(big) == [GEMMA] and big.found[0].parameters == 27_432_406_640
    downloads = await catalogue.search(Query(sort=Sort.DOWNLOADS))
    assert repos(downloads)[0] == MINILM


async def test_a_result_tells_what_the_hub_tells(catalogue: Catalogue) -> None:
    (found,) = (await catalogue.search(Query("Llama-3.2"))).found
    assert found == Found(
        LLAMA, downloads=184_512, likes=132, updated=1732008600.0, parameters=1_235_814_432,
        task="text-generation", formats=("gguf",),
    )  # fmt: skip
    (gemma,) = (await catalogue.search(Query("gemma"))).found
    assert gemma.is_gated


async def test_results_go_on_page_by_page_to_the_last(hub: DemoHub, catalogue: Catalogue) -> None:
    for number in range(95):
        hub.add_repo(Repo(f"many/model-{number:03d}", [TextFile("README.md", "x")], likes=number))
    page = await catalogue.search(Query(author="many", sort=Sort.LIKES))
    seen = repos(page)
    assert len(seen) == 30
    while page.next_url:
        page = await catalogue.more(page.next_url)
        seen += repos(page)
    assert seen == [f"many/model-{number:03d}" for number in reversed(range(95))]


@pytest.mark.parametrize("text", ["%", "\0", "\ud800x", "😀", "a&b=c#d", "../..", "x" * 5000, "'\"<script>", "\\"])
async def test_search_text_of_any_kind_is_answered(catalogue: Catalogue, text: str) -> None:
    assert isinstance(await catalogue.search(Query(text)), Page)


async def test_a_model_page_costs_three_requests(hub: DemoHub, catalogue: Catalogue) -> None:
    hub.requests.clear()
    facts = await catalogue.facts(LLAMA)
    await catalogue.card(LLAMA, facts.commit)
    await catalogue.revisions(LLAMA)
    statuses = [request.status for request in hub.requests if request.server == "hub"]
    assert sorted(statuses) == [200, 200, 200, 307], "the hub answers for a card with a redirect"
    assert facts.licence == "llama3.2" and facts.context_length and facts.architecture == "llama"
    assert [file.path for file in facts.files if file.wanted] == ["Llama-3.2-1B-Instruct-Q4_K_M.gguf"]
    assert facts.card_bytes and facts.page_url == f"{hub.endpoint}/{LLAMA}"


async def test_the_scan_of_the_files_costs_no_request_more(hub: DemoHub, catalogue: Catalogue) -> None:
    hub.requests.clear()
    facts = await catalogue.facts("demo/direct")
    assert len(hub.requests) == 1 and facts.scan is not None
    assert facts.scan.of(["weights.bin"]).verdict is Verdict.UNSAFE
    assert facts.scan.of(["direct-Q8_0.gguf"]).verdict is Verdict.CLEAN
    queued, silent = await catalogue.facts("demo/many-files"), await catalogue.facts("demo/hostile-names")
    assert queued.scan is not None and queued.scan.of(["x"]).verdict is Verdict.UNSCANNED and silent.scan is None
    await catalogue.sizes("demo/direct")
    assert "securityStatus" not in list(hub.requests)[-1].query, "a size needs no scan"


async def test_files_are_those_that_the_tree_lists(hub: DemoHub, catalogue: Catalogue) -> None:
    from core.handles import parse_handle
    from core.records import Selection
    from core.sources.huggingface import HuggingFace

    for repo in (LLAMA, MINILM, "unsloth/Llama-3.3-70B-Vision-GGUF"):
        net = Net(Credentials())
        source = HuggingFace(net, endpoint=hub.endpoint)
        manifest = await source.resolve(parse_handle(repo), Selection())
        await net.aclose()
        facts = await catalogue.facts(repo)
        assert facts.commit == manifest.commit
        assert sorted(map(repr, facts.files)) == sorted(map(repr, manifest.files))


async def test_revisions_are_listed_and_can_be_looked_at(catalogue: Catalogue) -> None:
    revisions = await catalogue.revisions(MINILM)
    assert revisions.branches == ("main", "dev/test") and revisions.tags == ("v1.0",)
    other = await catalogue.facts(MINILM, "dev/test")
    assert other.revision == "dev/test" and other.commit != (await catalogue.facts(MINILM)).commit
    with pytest.raises(NotFound):
        await catalogue.facts(MINILM, "none")


async def test_sizes_are_one_request_and_a_model_that_is_gone_has_none(hub: DemoHub, catalogue: Catalogue) -> None:
    hub.requests.clear()
    sizes = await catalogue.sizes(LLAMA)
    assert sizes is not None and 0 < sizes.least < sizes.most and len(hub.requests) == 1
    assert await catalogue.sizes("no/such") is None


async def test_a_repo_without_files_and_one_with_ten_thousand(hub: DemoHub, catalogue: Catalogue) -> None:
    hub.add_repo(Repo("big/none", []))
    hub.add_repo(Repo("big/many", [GeneratedFile(f"f{n:05d}.txt", 1, n, lfs=False) for n in range(10_000)]))
    assert (await catalogue.facts("big/none")).files == () and await catalogue.sizes("big/none") is None
    assert len((await catalogue.facts("big/many")).files) == 10_000


async def test_a_busy_hub_is_said_to_be_busy_and_asked_once(hub: DemoHub, catalogue: Catalogue) -> None:
    hub.knobs.fail_next["/api/models"] = ["status:429"]
    hub.requests.clear()
    with pytest.raises(ServerBusy) as caught:
        await catalogue.search(Query("llama"))
    assert caught.value.retry_after_s == 1.0
    with pytest.raises(ServerBusy):  # it asked to be left alone, and is
        await catalogue.search(Query("llama"))
    assert len(hub.requests) == 1


async def test_a_page_in_place_of_results_is_said(hub: DemoHub, catalogue: Catalogue) -> None:
    hub.knobs.fail_next["/api/models"] = ["html"]
    with pytest.raises(GotWebPage):
        await catalogue.search(Query("llama"))


async def test_a_connection_that_breaks_once_is_not_noticed(hub: DemoHub, catalogue: Catalogue) -> None:
    hub.knobs.fail_next["/api/models"] = ["reset"]
    assert (await catalogue.search(Query("llama"))).found


async def test_a_card_that_is_too_large_or_gated_is_refused_with_words(hub: DemoHub, catalogue: Catalogue) -> None:
    hub.add_repo(Repo("big/card", [TextFile("README.md", "x" * (6 * 2**20))]))
    facts = await catalogue.facts("big/card")
    assert facts.card_bytes == 6 * 2**20
    with pytest.raises(DownloadError):
        await catalogue.card("big/card", facts.commit)
    gated = await catalogue.facts(GEMMA)
    assert gated.found.is_gated and gated.files
    with pytest.raises(ResolveError):
        await catalogue.card(GEMMA, gated.commit)
