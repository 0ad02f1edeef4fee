"""The commands that are compared: each fetches one thing into a folder, checks its hash, and says what that took.

Knows command lines. Must not know rows, goals or how often.
"""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import RUN_S, Failed, Used, measure, measured_output

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class File:
    """One file to fetch: its address at the CDN, its hash, and the certificate to trust."""

    url: str
    sha256: str
    ca: Path


def programs_missing() -> list[str]:
    """Return the names of the peers that are not installed."""
    return [name for name in ("curl", "openssl", "aria2c") if not shutil.which(name)]


def pulley(
    handles: list[str],
    folder: Path,
    *,
    endpoint: str,
    ca: Path | None = None,
    settings: str = "",
    limit_s: int = RUN_S,
) -> Used:
    """Pull handles with `pulley pull`, as a person would, with nothing from before."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    if settings:
        (folder / "data" / "settings.yml").write_text(settings, encoding="utf-8")
    words = [str(BIN / "pulley"), "pull", "--quiet", "--data-dir", str(folder / "data")]
    words += ["--models-dir", str(folder / "models"), *handles]
    environ = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home")}
    if ca is not None:
        environ["SSL_CERT_FILE"] = str(ca)
    used = measure(words, environ=environ, limit_s=limit_s)
    shutil.rmtree(folder)
    return used


def curl(file: File, folder: Path) -> Used:
    """Fetch with curl, then hash with openssl."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "curl.bin"
    fetched = measure(["curl", "-sS", "--fail", "--cacert", str(file.ca), "-o", str(target), file.url])
    return fetched + _check_and_remove(target, file.sha256)


def aria2c(file: File, folder: Path, *, more: tuple[str, ...] = ()) -> Used:
    """Fetch with aria2c, which checks the hash itself; `more` are further options."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["aria2c", "-x16", *more, f"--checksum=sha-256={file.sha256}", f"--ca-certificate={file.ca}"]
    words += ["--no-conf=true", "--quiet=true", "-d", str(folder), "-o", "aria2.bin", file.url]
    used = measure(words)
    (folder / "aria2.bin").unlink()
    return used


def hf(repo: str, folder: Path, *, endpoint: str, sha256: str = "", name: str = "", ca: Path | None = None) -> Used:
    """Fetch with `hf download` over HTTP; where a hash is given, hash the file `name` with openssl."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environ = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(folder / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    }
    if ca is not None:
        environ["SSL_CERT_FILE"] = str(ca)
    used = measure([str(BIN / "hf"), "download", repo, "--local-dir", str(folder / "model")], environ=environ)
    if sha256:
        used += _check_and_remove(folder / "model" / name, sha256)
    shutil.rmtree(folder)
    return used


def _check_and_remove(target: Path, sha256: str) -> Used:
    used, text = measured_output(["openssl", "dgst", "-sha256", str(target)])
    if text.split()[-1] != sha256:
        raise Failed(f"{target.name} has another hash than it should have")
    target.unlink()
    return used


def versions() -> Mapping[str, str]:
    """Return the versions of the peers, by name; `missing` where one is not installed."""
    from tests.bench.nginx import program

    asked = {
        "curl": (["curl", "--version"], 1),
        "openssl": (["openssl", "version"], 1),
        "aria2": (["aria2c", "--version"], 2),
    }
    found = {}
    for name, (words, place) in asked.items():
        found[name] = measured_output(words)[1].split()[place] if shutil.which(words[0]) else "missing"
    try:
        found["nginx"] = measured_output(["sh", "-c", f"{program()} -v 2>&1"])[1].split("/")[-1].strip()
    except Failed:
        found["nginx"] = "missing"
    return found
