"""From any web address to a manifest of one file."""

from typing import Any

import httpx
import pytest

from core.errors import (
    AccessDenied,
    ConnectFailed,
    DownloadError,
    GotWebPage,
    NotFound,
    ServerBusy,
    ServerRefused,
    TransferError,
)
from core.handles import parse_handle
from core.net.reply import Reply
from core.records import Manifest, Selection
from core.sources.direct import Direct

URL = "https://h.test/d/x%20y.gguf?key=1"
SHA = "0a" * 32


async def resolve(fetcher: Any, text: str = URL) -> Manifest:
    source = Direct(fetcher)
    handle = parse_handle(text)
    assert source.matches(handle)
    return await source.resolve(handle, Selection())


async def test_size_and_version_come_from_head(fetcher: Any) -> None:
    fetcher.put(f"HEAD {URL}", Content_Length="1000", ETag='"v1"', Content_Disposition='filename="../evil"')
    manifest = await resolve(fetcher)
    (file,) = manifest.files
    assert (file.path, file.size, file.hash, file.url) == ("x y.gguf", 1000, "", URL)
    assert (manifest.commit, manifest.folder, manifest.hub_label) == ('"v1"', "direct/h.test", "h.test")
    assert len(fetcher.asked) == 1


async def test_a_hash_in_the_link_is_the_hash_of_the_file(fetcher: Any) -> None:
    fetcher.put(f"HEAD {URL}", Content_Length="1000")
    assert (await resolve(fetcher, f"{URL}#sha256={SHA}")).files[0].hash == f"sha256:{SHA}"


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({"ETag": 'W/"weak"', "Last_Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, "Wed, 21 Oct 2015 07:28:00 GMT"),
        ({"ETag": 'W/"weak"'}, ""),
        ({"ETag": "unquoted"}, ""),
        ({"ETag": '"a"b"'}, ""),
        ({"Last_Modified": "yesterday"}, ""),
        ({}, ""),
    ],
)
async def test_only_what_pins_a_version_is_one(fetcher: Any, headers: dict[str, str], version: str) -> None:
    fetcher.put(f"HEAD {URL}", Content_Length="1000", **headers)
    assert (await resolve(fetcher)).commit == version


@pytest.mark.parametrize("head", [{"status": 405}, {"status": 403}, {"status": 404}, {}, {"Content_Length": "0"}])
async def test_where_head_tells_nothing_the_first_byte_is_asked_for(fetcher: Any, head: dict[str, Any]) -> None:
    fetcher.put(f"HEAD {URL}", **head)
    fetcher.put(f"GET {URL}", b"G", status=206, Content_Range="bytes 0-0/5000000000", ETag='"v2"')
    manifest = await resolve(fetcher)
    assert (manifest.files[0].size, manifest.commit) == (5_000_000_000, '"v2"')
    assert fetcher.headers[-1] == {"Range": "bytes=0-0"}


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        ({"status": 206, "Content_Range": "bytes 0-0/*"}, None),
        ({"status": 206, "Content_Range": "bytes 5-5/10"}, None),
        ({"status": 206, "Content_Range": "bytes 0-0/9999999999999999999"}, None),
        ({"status": 200, "Content_Length": "77"}, 77),
        ({"status": 200, "Content_Length": "-1"}, None),
        ({"status": 200, "Content_Length": "77", "Content_Encoding": "gzip"}, None),
        ({"status": 416, "Content_Range": "bytes */0"}, 0),
    ],
)
async def test_a_size_is_taken_only_where_it_is_certain(
    fetcher: Any, reply: dict[str, Any], size: int | None
) -> None:
    fetcher.put(f"HEAD {URL}", status=405)
    fetcher.put(f"GET {URL}", **reply)
    assert (await resolve(fetcher)).files[0].size == size


async def test_a_server_that_sends_everything_in_place_of_one_byte_has_a_file_of_unknown_size(fetcher: Any) -> None:
    fetcher.put(f"HEAD {URL}", ETag='"v"')
    fetcher.replies[f"GET {URL}"] = TransferError("The reply is larger than it should ever be")
    manifest = await resolve(fetcher)
    assert (manifest.files[0].size, manifest.commit) == (None, '"v"')


async def test_no_connection_stays_what_it_is(fetcher: Any) -> None:
    fetcher.replies[f"HEAD {URL}"] = Reply(200, httpx.Headers(), b"", URL)
    fetcher.replies[f"GET {URL}"] = ConnectFailed("No connection to h.test")
    with pytest.raises(ConnectFailed):
        await resolve(fetcher)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFound), (410, NotFound), (401, AccessDenied), (403, AccessDenied), (429, ServerBusy),
     (500, ServerBusy), (418, ServerRefused), (304, ServerRefused)],
)  # fmt: skip
async def test_a_refusal_becomes_its_own_error(fetcher: Any, status: int, kind: type[DownloadError]) -> None:
    fetcher.put(f"HEAD {URL}", status=status)
    fetcher.put(f"GET {URL}", status=status)
    with pytest.raises(kind) as caught:
        await resolve(fetcher)
    assert "h.test" in caught.value.message and "key=1" not in caught.value.message


async def test_a_web_page_in_place_of_a_file_is_refused_and_one_that_was_asked_for_is_not(fetcher: Any) -> None:
    fetcher.put(f"HEAD {URL}", Content_Length="10", Content_Type="text/html; charset=utf-8")
    with pytest.raises(GotWebPage):
        await resolve(fetcher)
    fetcher.put("HEAD https://h.test/x.html", Content_Length="10", Content_Type="text/html")
    assert (await resolve(fetcher, "https://h.test/x.html")).files[0].path == "x.html"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("https://h.test:8443/x", "direct/h.test_8443"),
        ("http://127.0.0.1:80/x", "direct/127.0.0.1"),
        ("http://[::1]:8000/x", "direct/__1_8000"),
        ("http://[::1]/x", "direct/__1"),
    ],
)
async def test_the_folder_names_the_host_in_a_way_that_every_system_allows(
    fetcher: Any, url: str, folder: str
) -> None:
    fetcher.put(f"HEAD {url.replace(':80/', '/')}", Content_Length="10")
    assert (await resolve(fetcher, url)).folder == folder
