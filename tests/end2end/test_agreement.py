"""The real huggingface_hub client and Pulley fetch every demo repo whole: the same files, byte for byte."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from core.demo.catalogue import catalogue
from core.demo.server import DemoHub
from core.errors import NameRefused
from core.paths import check_name

TOKEN = "hf_agreement"
REPOS = [repo.id for repo in catalogue("small")]
SNAPSHOT = """
import sys
from huggingface_hub import hf_hub_download, list_repo_files
repo, folder, *skipped = sys.argv[1:]
for name in list_repo_files(repo):
    if name not in skipped:
        hf_hub_download(repo, name, local_dir=folder)
"""


def is_safe(name: str) -> bool:
    try:
        check_name(name)
    except NameRefused:
        return False
    return True


async def run(*words: str, environ: dict[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *words, env=environ, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    return process.returncode, err.decode()


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".cache" not in path.parts
    }


@pytest.mark.parametrize("repo", REPOS)
async def test_pulley_and_the_real_client_agree_on_every_file(repo: str, hub: DemoHub, tmp_path: Path) -> None:
    hub.granted_tokens.add(TOKEN)
    hub.member_tokens.add(TOKEN)
    names = [file.path for file in hub.repos[repo].files]
    unsafe = [name for name in names if not is_safe(name)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("COV_")} | {
        "HF_ENDPOINT": hub.endpoint,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    theirs = tmp_path / "theirs"
    code, err = await run(sys.executable, "-c", SNAPSHOT, repo, str(theirs), *unsafe, environ=environ)
    assert code == 0, err
    handle = f"{hub.endpoint}/{repo}"
    words = ["pull", "--data-dir", str(tmp_path / "data"), "--files", "*", handle]
    code, err = await run(sys.executable, "-m", "gui", *words, environ=environ)
    assert code == (1 if unsafe else 0), err
    assert not unsafe or any(ascii(name) in err for name in unsafe), "a refused name is said"
    ours = content(tmp_path / "data" / "models" / "huggingface.co" / repo)
    expected = content(theirs)
    assert expected.keys() == {name for name in names if is_safe(name)}
    descriptions = ours.keys() - expected.keys()
    assert len(descriptions) <= 1 and all(name.endswith(".yml") for name in descriptions)
    assert {name: ours[name] for name in expected} == expected
