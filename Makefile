# The commands of the portal. `make help` lists them. Needs Python 3.11 or newer and make, nothing else.

SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.base.stamp
DEV := $(VENV)/.dev.stamp
PEERS := $(VENV)/.peers.stamp
DBT := .venv-dbt
GX := .venv-gx
TOOLS := .venv-tools
# Beside a throw-away embedded PostgreSQL, unless DATABASE_URL names another one.
WITH_DATABASE := $(BIN)/python -m portal.embedded.database
PYTEST := $(WITH_DATABASE) $(BIN)/python -m pytest
FAST := not browser and not broker and not faults and not chaos and not peers and not dbt and not gx
# Those that share nothing but the machine run side by side, each worker on a database of its own; some of them wait, so
# there is one worker more than the machine has cores.
BESIDE := -n $$(($$(nproc 2>/dev/null || echo 2) + 1)) --dist loadfile
# Choosing tests by ARGS may leave one part without any (pytest's 5).
PART = { $(1) $(ARGS) || { code=$$?; [ $$code -eq 5 ] && [ -n "$(strip $(ARGS))" ]; }; }

# Settings of a real production, to prove that they pass every check.
PRODUCTION_ENV := PORTAL_MODE=production ALLOWED_HOSTS=portal.example.com PUBLIC_URL=https://portal.example.com \
	DATABASE_URL=postgresql://portal:not-a-real-word@db.example.com:5432/portal \
	BROKER_URL=amqp://portal:not-a-real-word@mq.example.com:5672/portal \
	SECRET_KEY=3f9c1e7ab24d58f06c97d1e2840b6a5f7d3c9e8b1a0f4d6275c8e9b3a1f0d4c6 \
	SECRET_DIR=/run/secrets TRUSTED_PROXIES=1 EMAIL_HOST=mail.example.com \
	ALLOWLIST_SIGNING_KEY=env:ALLOWLIST_KEY ALLOWLIST_KEY=not-a-real-key-0000000000000000000000000000 \
	DEFAULT_FROM_EMAIL=portal@example.com DATA_DIR=$(CURDIR)/data/check

.PHONY: help demo run test check faults chaos peers dbt gx bench guide messages requirements clean

help: ## List the commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

demo: $(BASE) ## Start the portal with demo data; PORT and DATA_DIR are honoured
	@exec $(BIN)/python -m portal.embedded --demo

run: $(BASE) ## Start an empty portal; asks for the first administrator
	@exec $(BIN)/python -m portal.embedded

test: $(DEV) ## Run the tests, browser tests included; ARGS chooses among them
	@chromium=$$(deploy/chromium $(BIN)/python) || exit 1; \
	export CHROMIUM="$$chromium" PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test; \
	$(call PART,$(PYTEST) $(BESIDE) -m "$(FAST)") && \
	$(call PART,$(PYTEST) -n auto --dist load -m "browser and not broker and not faults and not chaos")

faults: $(DEV) ## Kill, cut off and restart things one by one, with each broker
	@chromium=$$(deploy/chromium $(BIN)/python) || exit 1; \
	CHROMIUM="$$chromium" PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test $(PYTEST) -m "(broker or faults) and not chaos" $(ARGS)

check: $(DEV) ## Linters, types, layers, production settings and migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PORTAL_MODE=test $(BIN)/mypy .
	$(BIN)/lint-imports
	env -u DEBUG $(PRODUCTION_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING
	PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test $(WITH_DATABASE) \
		$(BIN)/python manage.py makemigrations --check --dry-run

chaos: $(DEV) ## Kill and restart things at random for CHAOS_SECONDS (120); nothing begins after CHAOS_UNTIL
	@chromium=$$(deploy/chromium $(BIN)/python) || exit 1; \
	export CHROMIUM="$$chromium" CHAOS_SECONDS=$${CHAOS_SECONDS:-120} PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test; \
	$(call PART,$(PYTEST) -m "chaos and (broker or faults)") && \
	$(call PART,$(PYTEST) -n auto --dist load -m "chaos and not (broker or faults)")

peers: $(PEERS) ## Try the portal with real clients of others; needs Node.js 20 and npm for some of them
	@PEERS=1 PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test $(PYTEST) -m peers $(ARGS)

dbt: $(DEV) $(DBT)/.stamp ## Try the interchange with real dbt, in an environment of its own
	@DBT_BIN=$(DBT)/bin PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test $(PYTEST) -m dbt $(ARGS)

gx: $(DEV) $(GX)/.stamp ## Try quality checkpoints with real Great Expectations, in an environment of its own
	@GX_BIN=$(GX)/bin PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test $(PYTEST) -m gx $(ARGS)

bench: $(DEV) ## Measure against the raw limits, side by side
	@PYTHONPATH=integrations/portal_client PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test \
		$(WITH_DATABASE) $(BIN)/python -m bench $(ARGS)

guide: $(DEV) ## Make the pictures of docs/guide/ anew
	@chromium=$$(deploy/chromium $(BIN)/python) || exit 1; \
	GUIDE=1 CHROMIUM="$$chromium" PORTAL_MODE=test DATA_DIR=$(CURDIR)/data/test $(PYTEST) tests/browser/test_guide.py

messages: $(DEV) ## Bring the catalogues of texts up to date with the code, and compile them
	@PORTAL_MODE=test $(BIN)/python -m portal.language

requirements: $(TOOLS)/.stamp ## Pin the requirements again, with hashes
	cd requirements && for part in base dev peers dbt gx; do \
		extras=--strip-extras; case $$part in dbt|peers) extras=--no-strip-extras;; esac; \
		../$(TOOLS)/bin/pip-compile -q --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links \
			--no-emit-trusted-host $$extras -o $$part.txt $$part.in || exit 1; done

clean: ## Remove what was built; data/ stays
	rm -rf $(VENV) $(TOOLS) $(DBT) $(GX) tests/peers/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the virtual environment -------------------------------------------------------------------------------------------

$(VENV)/bin/python:
	@deploy/venv $(VENV)

$(BASE): requirements/base.txt | $(VENV)/bin/python
	@echo "Installing the pinned requirements (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	@touch $@

$(DEV): $(BASE) requirements/dev.txt
	@echo "Installing the test tools (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt -r requirements/dev.txt
	@touch $@

$(PEERS): $(DEV) requirements/peers.txt requirements/suite.txt tests/peers/package-lock.json
	@echo "Installing the clients of others (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/base.txt -r requirements/dev.txt -r requirements/peers.txt
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --require-hashes \
		-r requirements/suite.txt -d $(VENV)/suite
	@cd tests/peers && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(DBT)/.stamp: requirements/dbt.txt
	@echo "Installing dbt (once)"
	@deploy/venv $(DBT)
	@$(DBT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dbt.txt
	@touch $@

$(GX)/.stamp: requirements/gx.txt
	@echo "Installing Great Expectations (once)"
	@deploy/venv $(GX)
	@$(GX)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/gx.txt
	@touch $@

$(TOOLS)/.stamp:
	@deploy/venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	@touch $@
