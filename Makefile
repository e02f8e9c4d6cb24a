# The front door. A bare `make` says what there is.
NODE := node_modules/node/bin/node
INSTALLED := node_modules/.package-lock.json
NAME ?= dev
N ?= 2000
SEED ?= 1
PROCESSES ?= 20
CLUSTER ?= 20

.DEFAULT_GOAL := help
.PHONY: help install check test cluster cluster-down soak demo bench tools

help: ## This list
	@echo "Holdfast: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## Install what npm brings, Node itself included

check: $(INSTALLED) ## The quick part of the tests: format, lint, types, unit tests
	@$(NODE) test/run.ts check

test: $(INSTALLED) ## Everything: installs and builds what is missing, then all checks and tests (as root on Debian)
	@$(NODE) dev/prepare.ts
	@$(NODE) test/run.ts all

soak: $(INSTALLED) ## Kill backups and prunes, thousands of times: N=2000 rounds from SEED=1 on, then PROCESSES=20 rounds with kill -9, then CLUSTER=20 on a cluster
	@$(NODE) test/soak.ts --rounds $(N) --seed $(SEED)
	@HOLDFAST_SOAK_ROUNDS=$(PROCESSES) $(NODE) --test --test-name-pattern=kill test/integration/backup-crash.test.ts test/integration/prune-crash.test.ts
	@HOLDFAST_FAULT_ROUNDS=$(CLUSTER) HOLDFAST_FAULT_SEED=$(SEED) $(NODE) --test test/e2e/killed-anywhere.test.ts

cluster: $(INSTALLED) ## Start a Kubernetes cluster on this machine (NAME=dev)
	@dev/cluster/up --name $(NAME)

cluster-down: $(INSTALLED) ## Remove it with everything in it (NAME=dev)
	@dev/cluster/down --name $(NAME)

demo: $(INSTALLED) ## A shop on a real cluster, backed up, destroyed, brought back and copied (DEMO_KUBECONFIG, DEMO_IMAGE, DEMO_LOCATION: your own)
	@$(NODE) dev/demo/demo.ts

bench: $(INSTALLED) ## Measure the product beside restic, kopia and Velero (BENCH="--help" lists the options)
	@$(NODE) bench/run.ts $(BENCH)

$(INSTALLED): package.json package-lock.json | tools
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

tools:
	@missing=; for tool in git npm go; do command -v $$tool > /dev/null || missing="$$missing $$tool"; done; \
	if [ -n "$$missing" ]; then echo "Cannot go on: these programs are missing:$$missing" >&2; exit 9; fi
