# What a person types. Everything runs in .venv, which `install` makes; no target needs a network but `install`.
PYTHON ?= python3
BIN := .venv/bin
QT_LIBRARIES := libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0 libxcb-cursor0 \
	libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 \
	libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 fonts-dejavu-core

# Real programs that tests run beside ours: proxies, a network of its own, errors of the system at will.
TEST_PROGRAMS := tinyproxy-bin microsocks iproute2 strace openssl

# What the measurements serve with and compare with.
BENCH_PROGRAMS := nginx-light aria2 curl openssl

.PHONY: install system-libraries test-programs run demo check test bench-tools bench bench-quick pictures recording reliability soak fuzz format clean

install: .venv/.ready system-libraries

.venv/.ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=23.2"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

# Qt's wheels leave these to the system. As root they are installed; anybody else is told the one command.
system-libraries:
	@$(call debian,$(QT_LIBRARIES),Qt needs some system libraries.)

test-programs:
	@$(call debian,$(TEST_PROGRAMS),The tests need some programs.)

define debian
if command -v dpkg-query >/dev/null 2>&1; then \
  missing=""; \
  for name in $(1); do \
    dpkg-query -W -f='$${Status}' $$name 2>/dev/null | grep -q "ok installed" || missing="$$missing $$name"; \
  done; \
  if [ -n "$$missing" ]; then \
    if [ "$$(id -u)" = 0 ]; then \
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
    else \
      echo "$(2) Run: sudo apt-get install$$missing"; exit 1; \
    fi; \
  fi; \
fi
endef

run: install
	$(BIN)/pulley

# With a display the window opens; without one it writes build/demo.png when both models are complete.
demo: install
	@mkdir -p build
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
	  $(BIN)/pulley demo; \
	else \
	  $(BIN)/pulley demo --exit --picture build/demo.png && echo "The window at the end: build/demo.png"; \
	fi

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house.py

# Two processes share the tests: most of them wait for a server or a clock of theirs. WORKERS=N for another number.
test: check test-programs
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q -n $(or $(WORKERS),2) --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=85

# Runs the table of faults and writes docs/reliability.md.
reliability: install test-programs
	QT_QPA_PLATFORM=offscreen PULLEY_RACES=20 $(BIN)/python -m tests.core.faults.page

# Twenty minutes of random faults against a real server, then 200 kills; MINUTES=N for another length.
soak: install
	$(BIN)/python -m tests.soak $(or $(MINUTES),20)

# Two minutes of atheris for each reader of strangers' texts; SECONDS=N for another length.
fuzz: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=2.3,<4"
	$(BIN)/python -m tests.fuzz $(or $(SECONDS),120)

bench-tools:
	@$(call debian,$(BENCH_PROGRAMS),The measurements need some programs.)

# Every row, about three quarters of an hour; writes docs/performance.md. `python -m tests.bench P1 P4` runs some rows.
bench: install bench-tools
	@mkdir -p build
	rm -f build/bench.json
	$(BIN)/python -m tests.bench --json build/bench.json --page docs/performance.md

# Two minutes, small sizes, prints only.
bench-quick: install bench-tools
	$(BIN)/python -m tests.bench --quick

pictures: install
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m tests.pictures docs/pictures

recording: install
	$(BIN)/python -m tests.recording docs

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf build .mypy_cache .ruff_cache .hypothesis .coverage
