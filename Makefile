# Evenkeel. `make` alone lists the targets.
#
# A fresh machine needs Git, Go (see go.mod), Node 20.19 or newer and Debian; the rest is fetched here: npm packages, Go
# modules and tools, and, as root, the Debian packages that the tests use.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

export GOTOOLCHAIN := local

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOL := go tool -modfile=go.tools.mod
CHROMIUM ?= /usr/bin/chromium

# The playground is all of Kubernetes: build.sh keeps to one set of flags, and so do its tests here, as others would
# compile it all again.
PLAYGROUND_GO := CGO_ENABLED=0 nice go

go_sources := $(shell find api cmd internal manifests ui -path ui/node_modules -prune -o \( -name '*.go' -o -name '*.yaml' \) -print 2>/dev/null)
ui_sources := $(shell find ui/src ui/public ui/build -type f 2>/dev/null) $(wildcard ui/index.html ui/*.ts ui/*.json)
playground_sources := $(shell find playground -name '*.go' -not -name '*_test.go' 2>/dev/null) $(wildcard playground/go.* playground/build.sh)

demo_sources := $(shell find demo test/gitserver -type f -not -name '*_test.go' 2>/dev/null)

say = @printf '\n==> %s\n' '$(1)'

# Installs Debian packages if a program is missing: $(call debian,PROGRAM,PACKAGES).
define debian
	@if ! command -v "$(1)" >/dev/null; then \
	  if [ "$$(id -u)" != 0 ]; then echo "$(1) is missing: apt-get install $(2), as root" >&2; exit 1; fi; \
	  echo "installing $(2)"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(2) >/dev/null; \
	fi
endef

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##
## Building
##

.PHONY: build
build: bin/evenkeel bin/evenkeel-playground ## Build the program, with its web app, and the playground

bin/evenkeel: go.mod go.sum $(go_sources) ui/dist/index.html
	$(call say,building bin/evenkeel $(VERSION))
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./cmd/evenkeel
	@touch $@

bin/evenkeel-playground: $(playground_sources)
	$(call say,building bin/evenkeel-playground (minutes the first time: it holds all of Kubernetes))
	playground/build.sh
	@touch $@

bin/evenkeel-registry: $(wildcard test/registry/*)
	$(call say,building bin/evenkeel-registry (it is a registry for tests))
	cd test/registry && CGO_ENABLED=0 nice go build -p 2 -trimpath -ldflags "-s -w" -o ../../$@ .
	@touch $@

# Cheap after bin/evenkeel, with which they share most of what is to be compiled.
bin/oracle/.built: $(wildcard test/oracle/programs/*)
	$(call say,building helm, kustomize and jsonnet into bin/oracle (tests compare with them))
	mkdir -p $(@D)
	cd test/oracle/programs && CGO_ENABLED=0 nice go build -p 2 -trimpath -ldflags "-s -w" -o ../../../$(@D)/ tool
	@touch $@

.PHONY: ui
ui: ui/dist/index.html ## Build the web app into ui/dist

ui/dist/index.html: ui/node_modules/.installed $(ui_sources)
	$(call say,building the web app)
	cd ui && npm run --silent build
	@touch $@

ui/node_modules/.installed: ui/package.json ui/package-lock.json
	$(call say,installing npm packages)
	cd ui && npm install --no-audit --no-fund --no-save
	@touch $@

.PHONY: demo
demo: build bin/evenkeel-demo ## Run Evenkeel on a playground cluster with four applications
	@bin/evenkeel-demo up

bin/evenkeel-demo: go.mod go.sum $(demo_sources) $(wildcard api/v1alpha1/*.go)
	$(call say,building bin/evenkeel-demo)
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $@ ./demo
	@touch $@

##
## Testing
##

.PHONY: test
test: test-go test-playground test-ui test-browser ## Run every test
	$(call say,all tests have passed)

.PHONY: test-go
test-go: build bin/evenkeel-registry bin/oracle/.built ## Vet and test the Go code, with the race detector
	$(call debian,gcc,gcc libc6-dev)
	$(call debian,ssh,openssh-client)
	$(call debian,$(CHROMIUM),chromium)
	$(call say,go vet)
	go vet ./...
	$(call say,go test -race)
	go test -race -timeout 20m ./...

.PHONY: test-playground
test-playground: ## Test the playground, without starting it
	$(call say,testing the playground)
	cd playground && $(PLAYGROUND_GO) test -p 2 -trimpath -short -timeout 20m ./...

.PHONY: test-ui
test-ui: ui/node_modules/.installed ## Check the types and run the unit tests of the web app
	$(call say,testing the web app)
	cd ui && npx tsc --noEmit && npm run --silent test

.PHONY: test-browser
test-browser: ui/dist/index.html ## Run the web app's tests in Chromium
	$(call debian,$(CHROMIUM),chromium)
	$(call say,testing the web app in Chromium)
	cd ui && CHROMIUM=$(CHROMIUM) npm run --silent e2e

APPS ?= 100

.PHONY: bench
bench: bench-micro bin/evenkeel-playground ## Measure: parts, and the whole with APPS=100 Applications
	$(call say,the program with $(APPS) Applications (what is measured: test/bench/doc.go))
	go test -run '^$$' -bench . -benchtime 1x -timeout 1h ./test/bench -apps $(APPS)

.PHONY: bench-micro
bench-micro: ## Measure parts only
	$(call say,parts of the program)
	go test -run '^$$' -bench . -benchmem ./internal/...

##
## Checking
##

.PHONY: generate
generate: ## Write what is made from the API types: deep copies and CRDs
	$(TOOL) controller-gen object crd:maxDescLen=0 paths=./api/... output:crd:artifacts:config=manifests/crds

.PHONY: lint
lint: ui/node_modules/.installed ## Check style and common mistakes
	$(call say,gofumpt)
	@unformatted=$$(git ls-files '*.go' ':!:playground' | xargs $(TOOL) gofumpt -l); \
	  if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	$(call say,golangci-lint)
	$(TOOL) golangci-lint run
	$(call say,biome)
	cd ui && npm run --silent lint

.PHONY: verify
verify: generate lint ## Check that all that is generated is committed, the style, and known vulnerabilities
	$(call say,go mod tidy)
	go mod tidy -diff
	$(call say,govulncheck)
	$(TOOL) govulncheck ./...
	$(call say,clean tree)
	@git diff --exit-code || { echo "generated files differ from what is committed: commit them" >&2; exit 1; }
