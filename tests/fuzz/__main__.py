"""`make fuzz`: atheris on every target, each in a process of its own, with bounds on time and memory.

`python -m tests.fuzz [SECONDS]` runs all; `python -m tests.fuzz NAME SECONDS` one of them.
"""

import os
import subprocess
import sys
import tempfile
import time

SECONDS = 120
SLOW_S = 0.05  # no text of this size may take longer; a first slow call is tried again, as the machine may be busy
MEMORY_MB = 2048  # libFuzzer counts the interpreter, its instrumentation and the corpus too
TEXT_BYTES_MAX = 4096


def one(name: str, seconds: int) -> None:
    """Fuzz one target; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["core"]):
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]

    def call(data: bytes) -> None:
        for last in (False, False, True):
            began = time.perf_counter()
            target(data)
            took = time.perf_counter() - began
            if took < SLOW_S:
                return
            assert not last, f"{name} took {took:.3f} s for {len(data)} bytes"

    with tempfile.TemporaryDirectory() as folder:
        words = [f"-max_total_time={seconds}", f"-max_len={TEXT_BYTES_MAX}", f"-rss_limit_mb={MEMORY_MB}"]
        atheris.Setup([sys.argv[0], *words, "-timeout=10", f"-artifact_prefix={folder}/", folder], call)
        atheris.Fuzz()


def main() -> int:
    """Run all targets; return 1 where one failed."""
    if len(sys.argv) == 3:
        one(sys.argv[1], int(sys.argv[2]))
        return 0
    seconds = sys.argv[1] if len(sys.argv) == 2 else str(SECONDS)
    from tests.fuzz.targets import TARGETS

    failed = []
    for name in TARGETS:
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz", name, seconds],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": "0"},
        )
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        runs = next((line for line in reversed(said) if line.startswith("Done ")), "")
        print(f"{name}: {runs or 'FAILED'}", flush=True)
        if done.returncode:
            failed.append(name)
            print("\n".join(said[-40:]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
