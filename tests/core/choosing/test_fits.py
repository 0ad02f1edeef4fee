"""What fits: a rule that can be checked by hand, and figures that are never guessed."""

import subprocess
from pathlib import Path

import pytest

from core.choosing.fits import Fit, Machine, Verdict, fit_of, need_of
from core.choosing.machine import ThisMachine, amd_memory, ask_nvidia, nvidia_memory
from core.choosing.quality import Quality, quality_of

GB = 1_000_000_000


def test_a_model_needs_its_weights_its_context_memory_and_room_to_work() -> None:
    # Llama 3.2 1B: 16 layers, 8 key-value heads of 64: 16384 numbers a token, 134 MB at 4096 tokens.
    need = need_of(808_000_000, 16 * 8 * (64 + 64))
    assert need.cache == 16_384 * 2 * 4096 == 134_217_728
    assert need.total == 808_000_000 + 134_217_728 + 500_000_000


def test_context_memory_that_is_unknown_is_not_counted() -> None:
    assert need_of(GB, None).cache is None and need_of(GB, None).total == GB + 500_000_000


@pytest.mark.parametrize(
    ("weights", "memory", "gpu"),
    [
        (5 * GB, Verdict.FITS, Verdict.FITS),
        (7 * GB, Verdict.FITS, Verdict.FITS),
        (8 * GB, Verdict.FITS, Verdict.TOO_LARGE),
        (13_500_000_000, Verdict.FITS, Verdict.TOO_LARGE),
        (13_500_000_001, Verdict.TOO_LARGE, Verdict.TOO_LARGE),
    ],
)
def test_the_machine_keeps_something_for_itself(weights: int, memory: Verdict, gpu: Verdict) -> None:
    fit = fit_of(need_of(weights, None), Machine(16 * GB, 8 * GB), download=weights, free=weights)
    assert fit == Fit(memory, gpu, Verdict.FITS)


def test_what_is_unknown_gives_no_answer() -> None:
    fit = fit_of(need_of(GB, None), Machine(), download=GB, free=None)
    assert fit == Fit(Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert fit_of(need_of(GB, None), Machine(), download=GB, free=GB - 1).disk is Verdict.TOO_LARGE


def test_what_nvidia_smi_says_is_read_in_mib_and_nonsense_passed_over() -> None:
    assert nvidia_memory("8192\n24564\n") == [8192 * 2**20, 24564 * 2**20]
    assert nvidia_memory("[N/A]\n\n-5\n9.5\n0\n" + "9" * 400 + "\n²\n") == []


def test_what_the_kernel_says_of_cards_is_read(tmp_path: Path) -> None:
    for name, text in (("card0", "17163091968\n"), ("card1", "nothing"), ("card0-HDMI-A-1", "5"), ("card2", "")):
        (tmp_path / name / "device").mkdir(parents=True)
        (tmp_path / name / "device" / "mem_info_vram_total").write_text(text)
    (tmp_path / "card3").mkdir()
    assert amd_memory(tmp_path) == [17_163_091_968]
    assert amd_memory(tmp_path / "nowhere") == []


def test_a_machine_without_a_card_is_one_that_no_graphics_memory_is_known_of(tmp_path: Path) -> None:
    figures = ThisMachine(devices=tmp_path, nvidia=lambda: "")
    machine = figures.machine()
    assert machine.gpu is None and machine.memory is not None and machine.memory > 2**20
    assert figures.machine() is machine, "it is asked once"


def test_the_largest_card_counts(tmp_path: Path) -> None:
    assert ThisMachine(devices=tmp_path, nvidia=lambda: "4096\n8192\n").machine().gpu == 8192 * 2**20


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_above_it(tmp_path: Path) -> None:
    free = ThisMachine(devices=tmp_path, nvidia=lambda: "").free(tmp_path / "a" / "b")
    assert free is not None and free > 0


@pytest.mark.parametrize(("code", "told"), [(0, "8192\n"), (9, "")])
def test_a_driver_that_fails_says_nothing(monkeypatch: pytest.MonkeyPatch, code: int, told: str) -> None:
    def answer(command: list[str], **options: object) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.CompletedProcess(command, code, stdout=b"8192\n")

    monkeypatch.setattr("core.choosing.machine.shutil.which", lambda name: name)
    monkeypatch.setattr("core.choosing.machine.subprocess.run", answer)
    assert ask_nvidia() == told


def test_a_driver_that_is_not_there_or_hangs_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask_nvidia() == ""

    def hang(*args: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("nvidia-smi", 5)

    monkeypatch.setattr("core.choosing.machine.shutil.which", lambda name: name)
    monkeypatch.setattr("core.choosing.machine.subprocess.run", hang)
    assert ask_nvidia() == ""


@pytest.mark.parametrize(
    ("label", "quality"),
    [
        ("F16", Quality.FULL), ("BF16", Quality.FULL), ("Q8_0", Quality.NEARLY_FULL), ("Q6_K_L", Quality.VERY_HIGH),
        ("Q5_K_M", Quality.HIGH), ("Q5_1", Quality.OLD), ("q4_k_m", Quality.RECOMMENDED),
        ("UD-Q4_K_XL", Quality.RECOMMENDED), ("Q4_K_S", Quality.GOOD), ("IQ4_XS", Quality.GOOD),
        ("Q4_0_4_4", Quality.OLD), ("MXFP4_MOE", Quality.NATIVE), ("Q3_K_L", Quality.LOW), ("IQ3_M", Quality.LOW),
        ("IQ3_XXS", Quality.VERY_LOW), ("Q2_K", Quality.VERY_LOW), ("IQ2_M", Quality.EXTREME),
        ("IQ1_S", Quality.EXTREME), ("TQ1_0", Quality.EXTREME), ("model", Quality.UNKNOWN), ("", Quality.UNKNOWN),
    ],
)  # fmt: skip
def test_a_quant_tells_what_is_left_of_the_model(label: str, quality: Quality) -> None:
    assert quality_of(label) is quality
