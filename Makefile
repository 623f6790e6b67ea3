# Two commands matter: `make run` and `make test`. Both install what they need, and are quick the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := uv==0.13.9
LOCK := uv pip compile --generate-hashes --no-emit-index-url --universal --python-version 3.11 --quiet --no-header
export UV_SYSTEM_CERTS := true
export UV_NATIVE_TLS := true
# As the service reads it: from the environment, else from .env, else data. Tests read data whatever it says.
DATA_DIR ?= $(or $(shell sed -n 's/^DATA_DIR=//p' .env 2>/dev/null),data)
MODELS := $(DATA_DIR)/models/.fetched
TEST_MODELS := data/models/.fetched
PAGES := service/web/static/vendor/.built

.PHONY: run test check lock pages models bench soak chaos fuzz screenshots clean

run: $(VENV)/.run $(MODELS) $(PAGES)
	@$(BIN)/answerloop serve --welcome

test: $(VENV)/.dev $(TEST_MODELS) $(PAGES) .chromium
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder --reruns 1 $(PYTEST_ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/answerloop prompts check

models: $(MODELS)
pages: $(PAGES)

bench: $(VENV)/.dev $(MODELS)
	$(BIN)/python -m eval bench

fuzz: $(VENV)/.dev $(TEST_MODELS)
	$(BIN)/python -m tests.endurance.fuzz $(FUZZ_ARGS)

chaos: $(VENV)/.dev $(TEST_MODELS)
	$(BIN)/python -m tests.endurance.chaos $(CHAOS_ARGS)

soak: $(VENV)/.dev $(TEST_MODELS)
	$(BIN)/python -m tests.endurance.steady $(STEADY_ARGS)
	$(BIN)/python -m tests.endurance.soak $(SOAK_ARGS)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	@[ -f $(VENV)/.dev ] || VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

%/models/.fetched: service/models/manifest.toml | $(VENV)/bin/python
	@[ -f $(VENV)/.dev ] || [ -f $(VENV)/.run ] || $(MAKE) --no-print-directory $(VENV)/.run
	DATA_DIR=$* $(BIN)/answerloop models fetch
	@touch $@

$(PAGES): package.json package-lock.json service/web/build_assets.py
	@if command -v npm >/dev/null 2>&1; then \
	  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && $(PYTHON) service/web/build_assets.py; \
	else \
	  echo "npm is missing: the pages work without their script and base style, less comfortably"; mkdir -p $(dir $@); \
	fi
	@mkdir -p $(dir $@) && touch $@

.chromium:
	@command -v chromium >/dev/null 2>&1 || { \
	  echo "installing Chromium for the browser tests"; \
	  (apt-get update -qq && apt-get install -y -qq chromium) >/dev/null 2>&1 \
	  || echo "CHROMIUM COULD NOT BE INSTALLED: the browser tests will be skipped"; }
.PHONY: .chromium

screenshots: $(VENV)/.dev $(TEST_MODELS) $(PAGES) .chromium
	PYTHONPATH=. $(BIN)/python -m tests.browser.screenshots

lock: | $(VENV)/bin/python
	echo $(UV) | $(BIN)/$(LOCK) - --output-file requirements-uv.lock
	$(BIN)/$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(BIN)/$(LOCK) pyproject.toml --group build --group dev --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) node_modules service/web/static/vendor reports
