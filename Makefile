# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything sets up what it needs by itself: see tests/gates/in-env. ARGS="..." is handed on.

.DEFAULT_GOAL := help
.PHONY: help demo test check bench stress molecule generate lock clean

IN := tests/gates/in-env

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

demo: ## a lab of real hosts: opens the right ports, and proves it with packets
	@exec $(IN) --lab run -- tests/demo/run $(ARGS)

test: ## everything: gates, unit tests, real hosts (as root); fails when anything fails
	@exec $(IN) --lab dev -- python tests/gates/run.py $(ARGS)

check: ## the fast part of it: lint, types, unit tests
	@exec $(IN) dev -- python tests/gates/run.py --fast $(ARGS)

bench: ## how fast it is, as ratios; never a pass or a fail
	@exec $(IN) --lab dev -- tests/bench/run $(ARGS)

stress: ## kills, cut-offs, foreign rules, random wishes: COUNT=100 FIREWALLS=ufw WHAT=kills OUT=file
	@exec $(IN) --lab dev -- tests/stress/run $(if $(COUNT),--count $(COUNT)) $(if $(FIREWALLS),--firewalls $(FIREWALLS)) \
		$(if $(WHAT),--what $(WHAT)) $(if $(OUT),--out $(OUT)) $(if $(SEED),--seed $(SEED)) $(ARGS)

molecule: ## one Molecule scenario alone: SCENARIO=vpsx
	@exec $(IN) --lab dev -- molecule test --scenario-name $(or $(SCENARIO),vpsx) $(ARGS)

generate: ## write what is made from the catalog: its compiled form, roles, their playbooks, pages of the docs
	@exec $(IN) run -- python tests/gates/generate.py

lock: ## pin the newest versions of what requirements/*.in ask for
	@exec $(IN) dev -- tests/gates/lock

clean: ## remove what the gates keep in the cache: environments, build trees, logs
	@exec tests/gates/clean
