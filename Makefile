# Ravine: what there is to do. `make run` and `make test` install what is missing by themselves.

.DEFAULT_GOAL := help
.PHONY: help setup build run test bench bench-search bench-peers golden gallery arena arena-campaign discoveries fuzz sanitize sanitize-hosts install wheel format lint edges campaign soundness laboratory search-campaign problems test-hosts exports audit clean

SECONDS ?= 60
PAIRS ?= 100000
SEED ?= 1
CERTIFICATES ?= 2000
RULES ?= 1000
PREFIX ?= /usr/local
CALLS ?= 1000000
PYTHON ?= python3

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## install what a build needs: readline, OpenBLAS
	@scripts/setup.sh

build: setup ## the executable, optimised: .build/release/ravine
	swift build -c release --product ravine

run: build ## train a network on handwritten digits
	.build/release/ravine run Examples/digits.opt

test: setup ## layout, optimised build without warnings, all tests
	@scripts/test.sh

bench: setup ## speed against hand-written loops
	swift run -c release ravine-bench

bench-search: setup ## evaluations a second, for searches of rules
	swift run -c release ravine-bench search

bench-peers: build ## against PyTorch, optax and others, in turn: writes docs/benchmarks.md
	@scripts/bench_peers.sh

test-hosts: build ## exports run by PyTorch, JAX, NumPy and cc on recorded runs, readings of optimizers; installs some gigabytes
	@scripts/test_hosts.sh

exports: build ## the same, and writes docs/exports.md
	@scripts/test_hosts.sh --write

audit: setup ## read the optimizers of PyTorch, optax and pytorch_optimizer as rules: writes docs/audit.md
	@scripts/audit.sh --write

golden: build ## every recorded trajectory on both engines, as a table
	@scripts/golden.sh

gallery: setup ## write docs/zoo: every rule with its source, equations, cost, paths and relatives
	swift run -c release ravine-gallery docs/zoo

arena: build ## every rule of the zoo on every problem: writes docs/arena.md and docs/arena.html
	@scripts/arena.sh

arena-campaign: build ## the same at all difficulties, which takes an hour and more: goes on from .build/arena-all.jsonl
	@.build/release/ravine arena --level all --journal .build/arena-all.jsonl --page .build/arena-all.html

discoveries: build ## the searches of Examples/search, what they found and what it is worth: writes docs/discoveries.md
	@scripts/discoveries.sh

fuzz: setup ## look for crashes for SECONDS=60
	@scripts/fuzz.sh $(SECONDS)

sanitize: setup ## the runtime's tests under the address sanitizer, those of threads under the thread one
	@# Without leaks: Swift packs pointers into the spare bits of values, where they are not seen.
	ASAN_OPTIONS=detect_leaks=0 RAVINE_CAMPAIGN=40 swift test --sanitize=address --scratch-path .build/sanitize-address \
	  --filter RuntimeTests --skip rulesDoNotDependOnThreads
	RAVINE_CAMPAIGN=10 swift test --sanitize=thread --scratch-path .build/sanitize-thread \
	  --filter 'ThreadTests|FiniteGuardTests' --skip rulesDoNotDependOnThreads

format: ## rewrite the sources in the one layout
	swift format --in-place --recursive Sources Tests Package.swift

lint: ## complain where the layout differs
	swift format lint --strict --recursive Sources Tests Package.swift

edges: setup ## 1,000,000 shapes, records and arguments at the edges of 32 and 64 bits; twenty minutes
	@RAVINE_CAMPAIGN=6700 scripts/test.sh 'EdgeLengthTests|EdgeStatementTests'

campaign: setup ## the tests with all their cases, then fuzz; takes long
	@RAVINE_CAMPAIGN=20000 scripts/test.sh
	@$(MAKE) fuzz SECONDS=600

soundness: build ## verdicts on PAIRS=100000 generated pairs of rules from SEED=1 on, CERTIFICATES=2000 of the proofs checked twice
	@rm -rf .build/certificates && mkdir -p .build/certificates
	RAVINE_PAIRS=$(PAIRS) RAVINE_SEED=$(SEED) RAVINE_CERTIFICATES=$(CERTIFICATES) \
	  RAVINE_CERTIFICATE_FOLDER=$(CURDIR)/.build/certificates swift test -c release --scratch-path .build/test \
	  --explicit-target-dependency-import-check error -Xswiftc -enable-testing \
	  -Xswiftc -assert-config -Xswiftc Debug --filter SoundnessTests
	@# With more files than a command line has room for.
	@find .build/certificates -name '*.txt' | xargs -n 500 python3 Tests/Certificates/check.py .build/release/ravine

laboratory: setup ## what the laboratory says of the zoo and of RULES=1000 generated rules from SEED=1 on, against simulation
	@RAVINE_RULES=$(RULES) RAVINE_SEED=$(SEED) RAVINE_CAMPAIGN=1 \
	  scripts/test.sh 'LaboratoryCampaign|ContentCampaign'

search-campaign: build ## a search of 200,000 programs, killed 20 times and gone on with, with one thread and with two
	@scripts/search_campaign.sh

problems: build ## problems written once more: least points with SciPy, three rules with PyTorch, by PYTHON=python3
	@$(PYTHON) Tests/Problems/optima.py .build/release/ravine
	@$(PYTHON) Tests/Problems/pytorch.py .build/release/ravine

install: setup ## the executable, libravine and its header below PREFIX=/usr/local
	@scripts/install.sh $(PREFIX)

wheel: setup ## the Python package: .build/wheel/ravine-….whl, which needs no toolchain
	@scripts/wheel.sh

sanitize-hosts: setup ## CALLS=1000000 random calls of the C interface under the address sanitizer
	@scripts/sanitize_hosts.sh $(CALLS)

clean: ## remove what was built
	swift package clean
