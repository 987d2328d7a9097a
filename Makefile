# Every task is a line or two; what is longer is the program devstack or a script in .ci.
# Cargo is always asked about the whole workspace: asked about one crate it chooses other features
# of what is used, and builds all of that a second time.
.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-browser test-examples test-api watch check fmt fmt-check lint doc build reset chaos failover healing overload rolling bench bench-large bench-core neighbours images check-deploy audit fuzz sbom upgrade-check drill rotate openapi
export PATH := $(PATH):$(HOME)/.cargo/bin
TARGET := $(or $(CARGO_TARGET_DIR),target)

# What is built to run says in its metrics which commit it is; tests do not, and are not built anew
# with each commit.
run demo chaos failover healing overload rolling bench bench-large neighbours build images check-deploy: \
	export BUILD_REVISION := $(shell git describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null)

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Find or install what building and running need
	@.ci/install

run: setup ## Start the whole gateway with a sandbox; prints READY, Ctrl-C stops it
	@echo "Building devstack, which brings everything up (a minute or two the first time) ..."
	@exec cargo run --release --locked --bin devstack -- run

demo: setup ## Prove every payment method on a throwaway stack
	@exec cargo run --release --locked --bin devstack -- demo

test: setup ## Run every test with a Postgres and Redis of their own, or those that ARGS names
	@.ci/install curl jq # the documents' commands are run
	@cargo test --locked --workspace --no-run
	@exec $(TARGET)/debug/devstack with-services -- cargo test --locked --workspace $(ARGS)

test-browser: setup ## Drive the pages with a real browser (ARGS names spec files, KEEP_PICTURES=FOLDER)
	@.ci/install-browser
	@cargo build --locked --workspace
	@exec crates/e2e/browser/run $(ARGS)

test-examples: setup ## Run the examples for shops (docs/examples) against a throwaway stack
	@.ci/install-examples $(TARGET)/examples
	@cargo test --locked --workspace --no-run
	@EXAMPLES=$(abspath $(TARGET))/examples exec $(TARGET)/debug/devstack with-services -- cargo test --locked --workspace --test it -- examples_work

test-api: setup ## Try the API with requests made from its own description (LONG=1: 20,000 cases; SEED)
	@cargo build --locked --workspace
	@exec crates/e2e/schemathesis/run $(ARGS)

watch: setup ## Test alerts, and try them and every dashboard with a real Prometheus
	@.ci/install-prometheus
	@deploy/prometheus/check
	@cargo test --locked --workspace --no-run
	@PROMETHEUS=yes exec $(TARGET)/debug/devstack with-services -- cargo test --locked --workspace --test it -- prometheus_watches alerts_fire

check: fmt-check lint doc test ## Everything that must hold before a change lands

fmt: ## Format the code
	@cargo fmt --all

fmt-check: ## Fail when the code is not formatted
	@cargo fmt --all --check

lint: ## Fail on any warning
	@cargo clippy --locked --workspace --all-targets -- -D warnings

openapi: ## Write docs/openapi.json anew from the types
	@RENEW=yes cargo test --locked --workspace --lib -- the_checked_in_document_is_this_one

doc: ## Build the documentation of the crates
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

audit: setup ## Judge every package we build from: known flaws, licences, bans, sources
	@.ci/audit

fuzz: setup ## Fuzz what reads what strangers send (FUZZ_SECONDS each, 300; ARGS names targets)
	@.ci/fuzz $(ARGS)

chaos: setup ## Kill, freeze, cut and fill everything under load, then prove that nothing is lost (CHAOS_SEED, CHAOS_MINUTES)
	@cargo build --release --locked --workspace
	@exec cargo run --release --locked --bin chaos -- run

failover: setup ## Promote a synchronous standby under load and look for what is missing (FAILOVERS, CHAOS_SEED)
	@cargo build --release --locked --workspace
	@exec cargo run --release --locked --bin chaos -- failover

healing: setup ## Lose every callback and see how soon the money is found (twelve minutes; HEALING_ORDERS)
	@cargo build --release --locked --workspace
	@exec cargo run --release --locked --bin chaos -- healing

overload: setup ## Offer five times what can be done and see how much of it still is
	@cargo build --release --locked --workspace
	@exec cargo run --release --locked --bin chaos -- overload

rolling: setup ## Restart every replica under load and count what fails (ROUNDS, REQUESTS_A_SECOND)
	@cargo build --release --locked --workspace
	@exec cargo run --release --locked --bin chaos -- rolling

bench: setup ## Measure the gateway beside its bare database (ten minutes; BENCH_SECONDS, BENCH_CALLBACKS, BENCH_ROUNDS)
	@cargo build --release --locked --workspace
	@exec cargo run --release --locked --bin bench -- table

bench-large: setup ## Measure what may not depend on how much there is (an hour; BENCH_ORDERS, ten million)
	@cargo build --release --locked --workspace
	@exec cargo run --release --locked --bin bench -- large

neighbours: setup ## Measure what one's trouble costs the others (half an hour; NEIGHBOURS_SECONDS, NEIGHBOURS_ONLY, NEIGHBOURS_SHORT)
	@cargo build --release --locked --workspace
	@exec cargo run --release --locked --bin bench -- neighbours

bench-core: setup ## Measure signing, verifying, minifying, parsing, deciding
	@exec cargo bench --locked --workspace --bench protocol

build: setup ## Build the programs as they are shipped
	@cargo build --release --locked --workspace

images: build ## Lay out a container image for each program, without an engine (TAG)
	@deploy/image/build --programs $(TARGET)/release --out $(TARGET)/images --tag $(or $(TAG),dev) --revision "$$BUILD_REVISION"
	@deploy/image/sbom --out $(TARGET)/images

sbom: ## Write the bill of materials of each program beside its image
	@deploy/image/sbom --check --out $(TARGET)/images

check-deploy: build ## Check the manifests, build the images and run them; needs to be root
	@deploy/check

upgrade-check: setup ## Prove that the version before works on today's schema (PREVIOUS, LONG=1)
	@cargo build --locked --workspace
	@deploy/upgrade-check

drill: setup ## Lose the database under load and restore it, then prove the books (DRILL_PROGRAMS)
	@cargo build --locked --workspace
	@deploy/drill --programs $(or $(DRILL_PROGRAMS),$(TARGET)/debug)

rotate: setup ## Change every key and secret under load, again and again for five minutes
	@cargo test --locked --workspace --no-run
	@LONG=1 exec $(TARGET)/debug/devstack with-services -- cargo test --locked --workspace --test it -- keys_rotate_under_load --nocapture

reset: ## Forget the keys and data of make run
	@rm -rf .run
