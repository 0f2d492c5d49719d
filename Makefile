# make demo   set up and run the main job on generated data
# make test   set up and run the tests
PYTHON ?= python3
VENV   := .venv
BASE   := .venv-base
PIP    := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help setup demo test test-slow test-processors check format locale bench web web-tools clean

help:
	@echo "make demo       set up, then run the main job on generated data (a few minutes)"
	@echo "make test       set up, then run the tests"
	@echo "make test-slow  the tests that take minutes each"
	@echo "make test-processors  the same answers on older x86 processors and on ARM, emulated"
	@echo "make check      lint, types, import layers"
	@echo "make locale     collect the messages to translate, and compile them"
	@echo "make web        build the phone app anew (needs Node), after a change in runtime/web"
	@echo "make web-tools  what that and the phone app's tests need from npm"
	@echo "make bench      the field's figures, side by side in one run"

setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP) --editable '.[dev]'
	@touch $@

# The field installation: no toolchain. Installed as a user would, from a built wheel.
$(BASE)/ready: pyproject.toml constraints.txt runtime/web/built.tar.xz $(shell find edgetlc export runtime calibration devices -name '*.py' -o -name '*.toml' 2>/dev/null)
	rm -rf $(BASE) build  # a wheel would take stale modules from build
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python $(PIP) .
	@touch $@

demo: setup
	$(VENV)/bin/edgetlc demo -o demo-out --overwrite

test: setup $(BASE)/ready
	EDGETLC_BASE_PYTHON=$(abspath $(BASE)/bin/python) $(VENV)/bin/python -m pytest -n auto --dist worksteal -m "not slow"

test-slow: setup $(BASE)/ready
	EDGETLC_BASE_PYTHON=$(abspath $(BASE)/bin/python) $(VENV)/bin/python -m pytest -n auto --dist worksteal -m slow

# Older x86 processors for OpenVINO, and ARM under emulation for ONNX Runtime (downloads 70 MB once).
test-processors: setup
	PATH="$(abspath $(VENV)/bin):$$PATH" EDGETLC_AARCH64_ROOT=$(abspath .aarch64-root) \
		$(VENV)/bin/python -m pytest -m slow -rP tests/processors

check: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy --platform win32 --cache-dir .mypy_cache/win32
	$(VENV)/bin/lint-imports

format: setup
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# Collect the messages of code and pages into the catalogue and compile it.
locale: setup
	$(VENV)/bin/python tools/locale.py

# What the field figures are compared with; the bench says so where it cannot be installed. It sits
# on the toolchain's packages, so that both sides run the same engines.
.venv-bench/ready: $(VENV)/ready tests/bench/requirements.txt
	rm -rf .venv-bench
	$(PYTHON) -m venv .venv-bench
	$(VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> $$(.venv-bench/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/toolchain.pth
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--requirement tests/bench/requirements.txt
	@touch $@

bench: setup $(BASE)/ready
	$(MAKE) .venv-bench/ready || rm -rf .venv-bench
	$(VENV)/bin/python tests/bench --output bench-out
	$(VENV)/bin/edgetlc benchmark bench-out/bundle --threads 2

web-tools: runtime/web/node_modules/.package-lock.json

runtime/web/node_modules/.package-lock.json: runtime/web/package-lock.json
	cd runtime/web && npm ci --ignore-scripts --no-audit --no-fund

# The result, built.tar.xz, is committed: whoever installs edgetlc needs no Node.
web: setup web-tools
	cd runtime/web && npm run build
	$(VENV)/bin/python tools/pack_web_app.py

clean:
	rm -rf runtime/web/node_modules runtime/web/dist
	rm -rf $(VENV) $(BASE) .venv-bench build dist *.egg-info demo-out bench-out
