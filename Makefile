# Ottoscaler. `make` lists the targets; longer steps are in scripts/.
# Needs Go and make; works with GNU make 3.81 and later.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 1m
CHECKS ?= 10000
IMAGE ?= ottoscaler:$(shell sed -n 's/^appVersion: *"\{0,1\}\([^"]*\)"\{0,1\}$$/\1/p' deploy/chart/Chart.yaml)

# One set of flags everywhere: Kubernetes, which devcluster is built from, would be compiled anew for another. The
# version comes from -ldflags, so Go need not ask git for it. Race builds (scripts/unit.sh) stand apart.
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(filter-out -buildvcs=%,$(GOFLAGS)) -buildvcs=false)
export DEVCLUSTER := $(CURDIR)/bin/devcluster
export OTTOSCALER := $(CURDIR)/bin/ottoscaler
export HELM := $(CURDIR)/bin/helm
export FUZZTIME

LINT := go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint

.PHONY: help
help: ## list the targets
	@echo "Ottoscaler: one line in a Redis Stream becomes exactly N worker Pods."
	@echo
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r target text; do printf '  make %-12s %s\n' "$$target" "$$text"; done

.PHONY: demo dev test-event
demo: deps build bin/demo ## show it: three real workers from one XADD, then clean up
	@bin/demo demo

dev: deps build bin/demo ## keep Redis, Kubernetes and ottoscaler up to play with, until Ctrl-C
	@bin/demo dev

test-event: bin/demo ## send one event to what `make dev` runs, else to the Redis of `make redis`
	@bin/demo test-event

.PHONY: build ottoscaler devcluster bin/demo bin/helm bin/oracle
build: ottoscaler devcluster ## compile bin/ottoscaler and bin/devcluster (the first time 10 to 20 minutes)

ottoscaler:
	@scripts/build.sh bin/ottoscaler . ./cmd/app "-X main.version=$(VERSION)"

devcluster:
	@scripts/build.sh bin/devcluster devcluster . "$$(devcluster/ldflags)"

bin/demo:
	@scripts/build.sh bin/demo . ./test/demo ""

bin/helm:
	@scripts/build.sh bin/helm tools/deploy helm.sh/helm/v4/cmd/helm "-s -w"

bin/oracle: # checks a run from its traces; `bin/oracle --help`
	@scripts/build.sh bin/oracle . ./test/oracle ""

.PHONY: redis redis-stop k8s-deploy k8s-logs
redis: ## a Redis to try with: a container where Docker answers, else redis-server; REDIS_PORT (6379)
	@scripts/redis.sh start

redis-stop: ## end it
	@scripts/redis.sh stop

k8s-deploy: ## run it in the current kubectl context, image included; IMAGE=, REDIS_HOST=, REDIS_PORT=
	@IMAGE="$(if $(filter-out undefined file,$(origin IMAGE)),$(IMAGE))" VERSION="$(VERSION)" scripts/k8s.sh deploy

k8s-logs: ## follow its log there; FOLLOW=false prints it and ends
	@scripts/k8s.sh logs

.PHONY: image
image: ## pack bin/image.tar without Docker, reproducibly; IMAGE=name:tag, ARCH=amd64|arm64
	@scripts/image.sh "$(IMAGE)" "$(VERSION)" bin/image.tar

.PHONY: test check integration clients e2e e2e-install faults bench
test: ## everything CI runs, with the time of each phase
	@scripts/test.sh

check: lint unit simulate ## lint (with format), unit tests with the race detector, a simulation

integration: build ## tests against a real redis-server and a real API server
	@scripts/integration.sh

clients: build ## build the clients, and run their tests against the product; needs Node.js
	@scripts/clients.sh

e2e: build bin/demo ## tests of the whole, on a node that really runs containers
	@scripts/e2e.sh

e2e-install: build bin/demo bin/helm image ## install it with the chart and with the targets, on a node that really runs containers
	@scripts/install.sh

faults: build ## inject every fault and check the results; FAULT=14 one of them, SHARE=ci in ten minutes, SEED=, WRITE=1
	@scripts/faults.sh

bench: build ## measure speed and footprint against the floors, into docs/benchmarks.md; ROW=burst one row, SHARE=ci in minutes
	@scripts/bench.sh

.PHONY: lint fmt unit simulate bugs fuzz
lint: ## format and linters, in every module
	@scripts/lint.sh

fmt: ## rewrite the source in its format
	$(LINT) fmt ./...
	cd client && $(LINT) fmt ./...
	cd devcluster && $(LINT) fmt ./...
	cd tools/deploy && $(LINT) fmt ./...

unit: bin/helm ## unit tests of every module, with the race detector
	@scripts/unit.sh

simulate: ## CHECKS (10000) sequences of events, faults and crashes through the core; a failure prints its seed
	@go test ./internal/worker -run '^TestSimulation$$' -count 1 -timeout 0 -rapid.nofailfile -rapid.steps 100 -rapid.checks $(CHECKS) $(if $(SEED),-rapid.seed $(SEED))

bugs: $(if $(ORACLE),devcluster) ## put each bug of test/bugs into a scratch copy, and see the tests catch it; ORACLE=1: the oracle, in real runs
	@scripts/bugs.sh

fuzz: ## every fuzz target for FUZZTIME (1m)
	@scripts/fuzz.sh

.PHONY: generate tidy deps clean
generate: bin/helm ## rewrite what is generated from source: reference pages of docs/, api/, deploy/k8s, the alerts, the chart's README and files
	go generate ./...

tidy: ## go mod tidy in every module
	go mod tidy
	cd client && go mod tidy
	cd devcluster && go mod tidy
	cd tools && go mod tidy
	cd tools/deploy && go mod tidy

deps: ## see to the programs a real node needs; as root on Debian installs them (NO_INSTALL=1 forbids it)
	@scripts/deps.sh run

clean: ## remove what was built here (Go's own cache stays)
	rm -rf bin .cache coverage.out
