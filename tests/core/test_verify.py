"""Described models on the disk, right and wrong in every way, and against the hub."""

import os
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import ConnectFailed, DownloadError, ResolveError
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.sources.base import Source
from core.sources.cortexso import CortexSo
from core.sources.direct import Direct
from core.sources.huggingface import HuggingFace
from core.transfer.hashing import READ_BYTES
from core.verify import Finding, Target, Verdict, check, compare, on_hub, targets_at, targets_of
from tests.core.conftest import Rig
from tests.fakes.watch import Watch

LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
TINY = "tinyllama:gguf"


async def pulled(rig: Rig, *texts: str) -> list[Target]:
    """Pull and return what is then described."""
    engine = await rig.engine()
    watch = Watch(engine)
    ids = [rig.add(engine, text) for text in texts]
    await watch.until_ended(*ids)
    return targets_at(rig.root, rig.root)


def verified(target: Target, *, only: list[str] | None = None) -> list[Finding]:
    counts: list[int] = []
    findings = check(target, only=only, checked=counts.append, stop=threading.Event())
    assert counts == sorted(counts)
    assert counts[-1:] in ([target.size(only)], [])
    return findings


def verdicts(target: Target) -> dict[str, Verdict]:
    return {finding.path: finding.verdict for finding in verified(target)}


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


async def test_what_was_pulled_is_found_good_to_the_last_file(rig: Rig) -> None:
    targets = await pulled(rig, LLAMA, f"{LLAMA}:Q8_0", MINILM, TINY)
    assert len(targets) == 4
    for target in targets:
        found = verified(target)
        assert {finding.path for finding in found} == target.description.paths
        assert {finding.verdict for finding in found} == {Verdict.GOOD}
        assert not any(finding.is_bad for finding in found)


async def test_a_flipped_byte_a_cut_and_a_missing_file_are_each_named(rig: Rig) -> None:
    (target,) = await pulled(rig, MINILM)
    paths = sorted(target.description.paths)
    flip(target.folder / paths[0])
    os.truncate(target.folder / paths[1], 10)
    (target.folder / paths[2]).unlink()
    found = {finding.path: finding for finding in verified(target)}
    assert found[paths[0]].verdict is Verdict.WRONG_HASH and "is damaged" in found[paths[0]].message
    assert found[paths[1]].verdict is Verdict.WRONG_SIZE and "has 10 bytes" in found[paths[1]].message
    assert found[paths[2]].verdict is Verdict.MISSING
    assert [p for p in paths if found[p].is_bad] == paths[:3]


async def test_a_rewritten_model_yml_is_right_by_its_body_and_damaged_by_an_edit_of_it(rig: Rig) -> None:
    (target,) = await pulled(rig, TINY)
    model_yml = target.folder / "model.yml"
    assert verdicts(target)["model.yml"] is Verdict.GOOD
    model_yml.write_text(model_yml.read_text().replace("engine:", "engines:", 1))
    (edited,) = targets_at(target.folder, rig.root)
    assert verdicts(edited)["model.yml"] is Verdict.WRONG_HASH
    model_yml.write_bytes(b"\xff\xfe")
    assert verdicts(target)["model.yml"] is Verdict.WRONG_HASH
    model_yml.write_bytes(rig.hub.content("cortexso/tinyllama", "model.yml", revision=target.description.commit))
    assert verdicts(target)["model.yml"] is Verdict.GOOD, "the hub's own is as good"


async def test_a_file_without_any_hash_is_right_by_its_size_and_that_is_said(rig: Rig) -> None:
    (target,) = await pulled(rig, rig.hub.direct_url("weights.bin"))
    (found,) = verified(target)
    assert found.verdict is Verdict.SIZE_ONLY and not found.is_bad and "no hash" in found.message
    flip(target.folder / found.path)
    assert verdicts(target)[found.path] is Verdict.SIZE_ONLY
    os.truncate(target.folder / found.path, 1)
    assert verdicts(target)[found.path] is Verdict.WRONG_SIZE


def test_links_folders_and_pipes_in_place_of_files_have_their_own_words(made: "Made", tmp_path: Path) -> None:
    target = made("link.bin", "folder.bin", "pipe.bin", "closed.bin", "deep/under.bin", "behind/secret.bin")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.bin").write_bytes(made.data)
    (target.folder / "link.bin").unlink()
    (target.folder / "link.bin").symlink_to(outside / "secret.bin")
    (target.folder / "folder.bin").unlink()
    (target.folder / "folder.bin").mkdir()
    (target.folder / "pipe.bin").unlink()
    os.mkfifo(target.folder / "pipe.bin")
    (target.folder / "behind" / "secret.bin").unlink()
    (target.folder / "behind").rmdir()
    (target.folder / "behind").symlink_to(outside)
    (target.folder / "deep" / "under.bin").unlink()
    (target.folder / "deep").rmdir()
    (target.folder / "deep").write_text("a file")
    found = {finding.path: (finding.verdict, finding.message) for finding in verified(target)}
    assert found == {
        "link.bin": (Verdict.UNREADABLE, "is a link in place of a file"),
        "folder.bin": (Verdict.UNREADABLE, "is a folder in place of a file"),
        "pipe.bin": (Verdict.UNREADABLE, "is no plain file"),
        "closed.bin": (Verdict.GOOD, "is right"),
        "deep/under.bin": (Verdict.MISSING, "is not there"),
        "behind/secret.bin": (Verdict.UNREADABLE, "lies behind a link that leads out of the models folder"),
    }


def test_a_file_that_cannot_be_read_says_why(made: "Made", monkeypatch: pytest.MonkeyPatch) -> None:
    target = made("a.bin")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("core.transfer.disk.open_plain", refuse)
    (found,) = verified(target)
    assert (found.verdict, found.message) == (Verdict.UNREADABLE, "cannot be read: Permission denied")


def test_a_models_folder_that_is_itself_a_link_is_followed(made: "Made", tmp_path: Path) -> None:
    target = made("a.bin")
    other = tmp_path / "by-link"
    other.symlink_to(target.root)
    through = replace(target, root=other, folder=other / target.folder.relative_to(target.root))
    assert verdicts(through) == {"a.bin": Verdict.GOOD}


def test_stopping_ends_in_the_middle_of_a_file_without_a_word_about_it(made: "Made") -> None:
    target = made("a.bin", "b.bin", size=4 * 2**20)
    stop = threading.Event()
    counts: list[int] = []

    def checked(count: int) -> None:
        counts.append(count)
        if count > 4 * 2**20:
            stop.set()

    found = check(target, checked=checked, stop=stop)
    assert [finding.path for finding in found] == ["a.bin"]
    assert counts[-1] == 4 * 2**20 + READ_BYTES


def test_only_the_files_that_were_asked_for_are_read(made: "Made") -> None:
    target = made("a.bin", "b.bin")
    assert [finding.path for finding in verified(target, only=["b.bin"])] == ["b.bin"]
    assert [finding.path for finding in verified(replace(target, only=frozenset({"a.bin"})))] == ["a.bin"]
    assert verified(target, only=[]) == []


# -- which models -----------------------------------------------------------------------------------------


async def test_a_path_finds_the_models_at_it_above_it_and_below_it(rig: Rig) -> None:
    await pulled(rig, LLAMA, f"{LLAMA}:Q8_0", MINILM, TINY)
    hub = rig.root / "huggingface.co"
    llama = hub / LLAMA

    def handles(path: Path) -> list[str]:
        return sorted(target.description.handle for target in targets_at(path, rig.root))

    assert handles(rig.root) == sorted([LLAMA, f"{LLAMA}:Q8_0", MINILM, TINY])
    assert handles(hub / "bartowski") == handles(llama) == [LLAMA, f"{LLAMA}:Q8_0"]
    assert handles(llama / "Llama-3.2-1B-Instruct-Q8_0.yml") == [f"{LLAMA}:Q8_0"]
    assert handles(llama / "Llama-3.2-1B-Instruct-Q8_0.gguf") == [f"{LLAMA}:Q8_0"]
    assert handles(rig.root / "cortex.so" / "tinyllama" / "gguf" / "model.yml") == [TINY]
    assert handles(llama / "no-such.gguf") == handles(rig.root.parent / "nowhere") == []


async def test_a_file_or_a_folder_inside_a_model_stands_for_those_files_alone(rig: Rig) -> None:
    (target,) = await pulled(rig, MINILM)
    inner = next(path for path in target.description.paths if "/" in path)
    (one,) = targets_at(target.folder / inner, rig.root)
    assert one.only == {inner}
    (folder,) = targets_at(target.folder / inner.split("/")[0], rig.root)
    assert folder.only == {p for p in target.description.paths if p.startswith(inner.split("/")[0] + "/")}
    (target.folder / inner).unlink()
    (gone,) = targets_at(target.folder / inner, rig.root)
    assert [finding.verdict for finding in verified(gone)] == [Verdict.MISSING]


async def test_a_handle_finds_what_was_pulled_under_it(rig: Rig) -> None:
    await pulled(rig, f"{LLAMA}:Q8_0", f"{LLAMA}:IQ3_M", TINY)

    def handles(text: str) -> list[str]:
        return sorted(target.description.handle for target in targets_of(parse_handle(text), rig.root))

    assert handles(f"{LLAMA}:q8_0") == [f"{LLAMA}:Q8_0"]
    assert handles(LLAMA) == [f"{LLAMA}:IQ3_M", f"{LLAMA}:Q8_0"], "the repo stands for all that came from it"
    assert handles(f"{LLAMA}:Q6_K_L") == []
    assert handles(TINY) == handles("tinyllama") == [TINY]
    assert handles("org/never-pulled") == []
    name = "Llama-3.2-1B-Instruct-Q8_0.gguf"
    (one,) = targets_of(parse_handle(f"{LLAMA.replace('/', ':')}:{name}"), rig.root)
    assert one.only == {name}


async def test_a_model_outside_the_models_folder_is_verified_where_it_lies(rig: Rig, tmp_path: Path) -> None:
    await pulled(rig, TINY)
    moved = tmp_path / "stick" / "models"
    moved.parent.mkdir()
    rig.root.rename(moved)
    (target,) = targets_at(tmp_path / "stick", rig.root)
    assert target.root == moved
    assert set(verdicts(target).values()) == {Verdict.GOOD}


# -- against the hub --------------------------------------------------------------------------------------


@pytest.fixture
async def sources(rig: Rig):  # type: ignore[no-untyped-def]
    net = Net(Credentials())
    yield [HuggingFace(net, endpoint=rig.hub.endpoint), CortexSo(net, endpoint=rig.hub.endpoint), Direct(net)]
    await net.aclose()


async def test_honest_descriptions_agree_with_the_hub(rig: Rig, sources: list[Source]) -> None:
    targets = await pulled(rig, LLAMA, MINILM, TINY, rig.hub.direct_url("weights.bin"))
    assert len(targets) == 4
    for target in targets:
        assert await compare(target, sources) == []
        assert await on_hub(target, sources) == target


async def test_an_edited_description_is_found_out_by_the_hub(rig: Rig, sources: list[Source]) -> None:
    (target,) = await pulled(rig, MINILM)
    files = sorted(target.description.files, key=lambda file: file.path)
    flip(target.folder / files[0].path)
    files[0] = replace(files[0], hash="sha256:" + "0" * 64)
    files[1] = replace(files[1], size=files[1].size + 1)
    files[2] = replace(files[2], hash="")
    files.append(replace(files[3], path="not-there.bin"))
    edited = replace(target, description=replace(target.description, files=tuple(files)))
    found = {finding.path: finding.verdict for finding in await compare(edited, sources)}
    assert found == {
        files[0].path: Verdict.WRONG_HASH,
        files[1].path: Verdict.WRONG_SIZE,
        files[2].path: Verdict.WRONG_HASH,
        "not-there.bin": Verdict.WRONG_HASH,
    }
    mended = await on_hub(edited, sources)
    bad = [finding.path for finding in verified(mended) if finding.is_bad]
    assert bad == [files[0].path], "by the hub's word only one of them is wrong on the disk"


async def test_a_commit_that_the_hub_does_not_know_and_one_that_is_none_are_refused(
    rig: Rig, sources: list[Source]
) -> None:
    (target,) = await pulled(rig, MINILM)
    for commit, error in (("f" * 40, DownloadError), ("main", ResolveError), ("", ResolveError)):
        with pytest.raises(error):
            await compare(replace(target, description=replace(target.description, commit=commit)), sources)


@pytest.mark.parametrize("repo", ["../../evil", "org/other", "org/repo?x=1", ""])
async def test_a_description_whose_repo_is_not_that_of_its_handle_asks_nobody(
    rig: Rig, sources: list[Source], repo: str
) -> None:
    (target,) = await pulled(rig, MINILM)
    before = len(rig.hub.requests)
    with pytest.raises(ResolveError, match="names another repo"):
        await compare(replace(target, description=replace(target.description, repo=repo)), sources)
    assert len(rig.hub.requests) == before


async def test_a_hub_that_does_not_answer_is_said_and_the_disk_is_not_blamed(rig: Rig) -> None:
    (target,) = await pulled(rig, MINILM)
    net = Net(Credentials(), offline=True)
    with pytest.raises(ConnectFailed):
        await compare(target, [HuggingFace(net, endpoint=rig.hub.endpoint)])
    await net.aclose()


# -- made by hand -----------------------------------------------------------------------------------------


class Made:
    """Makes a described model of equal files."""

    data = b""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, *paths: str, size: int = 1000) -> Target:
        from core.description import DescribedFile, Description
        from core.transfer.hashing import PrefixHasher

        self.data = bytes(n % 251 for n in range(size))
        hasher = PrefixHasher("sha256:" + "0" * 64, size)
        hasher.feed([self.data])
        folder = self._root / "huggingface.co" / "t" / "made"
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(self.data)
        files = tuple(DescribedFile(path, size, hasher.digest()) for path in paths)
        described = Description("t/made", "t/made", "huggingface", "t/made", "", "a" * 40, files)
        return Target(self._root, folder, "model.yml", described)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "models")
