# Everything a contributor types. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The targets share Cargo's build folder, and a cheap failure comes before a dear one.
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

CARGO ?= cargo
PYTHON ?= python3
VENV := .venv
PYTEST := $(VENV)/bin/python -m pytest
VENV_READY := $(VENV)/requirements.installed

DEBUG := $(abspath $(or $(CARGO_TARGET_DIR),target))/debug

# More than two cores can do at once run the end-to-end tests: they mostly wait for processes.
E2E_WORKERS ?= 3

.PHONY: help
help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## the release binaries in target/release
	$(CARGO) build --locked --release --workspace --bins

.PHONY: debug
debug: ## the quick binaries in target/debug
	$(CARGO) build --locked --workspace --bins

.PHONY: test
test: check rust report-tests proof e2e ## every check and test, the cheap ones first

.PHONY: check
check: ## rustfmt and clippy
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

.PHONY: rust
rust: $(VENV_READY) debug ## cargo test; its values go through pyvider-cty in the virtual environment
	PROPTEST_RNG_SEED=$${PROPTEST_RNG_SEED:-1} MIRROR_TEST_PYTHON="$(abspath $(VENV))/bin/python" $(CARGO) test --locked --workspace

.PHONY: report-tests
report-tests: $(VENV_READY) ## the reports, read by parsers that are not ours and by Chromium
	$(CARGO) build --locked --example render_report
	$(PYTEST) tests/report -n 2

.PHONY: proof
proof: $(VENV_READY) debug ## boto3, the AWS CLI and moto against the sandbox
	EC2_SANDBOX="$${EC2_SANDBOX:-$(DEBUG)/ec2-sandbox}" $(PYTEST) tests/sandbox/proof

.PHONY: e2e
e2e: $(VENV_READY) debug ## real cores against the sandbox and moto; E2E="-k drift" chooses
	$(CARGO) build --locked --example aws_schemas
	$(PYTEST) tests/e2e -n $(E2E_WORKERS) $(E2E)

.PHONY: soak
soak: $(VENV_READY) debug ## 2,000 cases of each property, every end-to-end test on every core at hand, 1,000 random kills over all of them, more than 200 of each operation, and 200 random histories on each; MIRROR_SEED=7 repeats them
	PROPTEST_CASES=$${PROPTEST_CASES:-2000} PROPTEST_MAX_GLOBAL_REJECTS=100000 MIRROR_TEST_PYTHON="$(abspath $(VENV))/bin/python" $(CARGO) test --locked --workspace
	$(CARGO) build --locked --example aws_schemas
	MIRROR_EVERY_CORE=1 MIRROR_KILLS=$${MIRROR_KILLS:-1000} MIRROR_HISTORIES=$${MIRROR_HISTORIES:-200} $(PYTEST) tests/e2e -n $(E2E_WORKERS) $(E2E)

.PHONY: cores
cores: ## the newest OpenTofu and Terraform, built with Go, as more cores for the end-to-end tests
	@$(PYTHON) scripts/cores.py

.PHONY: docs
docs: $(VENV_READY) debug ## the registry's pages in docs/, by tfplugindocs (needs Go)
	@$(VENV)/bin/python scripts/registry_docs.py

.PHONY: demo
demo: $(VENV_READY) debug ## plan, apply, audit, churn and destroy before your eyes, without an AWS account
	@$(VENV)/bin/python scripts/demo.py

.PHONY: report
report: $(VENV_READY) debug ## audits the sandbox's sample fleet, and prints where the page is
	@$(VENV)/bin/python scripts/report.py

.PHONY: bench
bench: $(VENV_READY) build ## times, memory and pacing, beside the bare SDK; target/bench.json
	$(CARGO) build --locked --release --example bare_sdk
	@$(VENV)/bin/python scripts/bench.py

.PHONY: licences
licences: ## lists the licences of all dependencies; fails on one that is not allowed
	@$(PYTHON) scripts/licences.py

.PHONY: dist
dist: ## release archives, sums, manifest and bill of materials in dist/
	@$(PYTHON) scripts/dist.py

.PHONY: venv
venv: $(VENV_READY) ## the Python packages that tests need, in .venv

# The stamp is newer than the requirements when everything is installed, so
# nothing is installed twice.
$(VENV_READY): tests/requirements.txt scripts/terraform_command.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	$(VENV)/bin/python scripts/terraform_command.py
	@touch $@
