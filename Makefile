# `make help` lists what there is. VERB IMG=name works on one image; without IMG, on all of them.
SHELL         := /bin/bash
.SHELLFLAGS   := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS     += --no-builtin-rules --no-print-directory

# The folders are the only list of images.
IMAGES := $(patsubst images/%/image.toml,%,$(sort $(wildcard images/*/image.toml)))
IMG    ?=
WANTED := $(or $(IMG),$(IMAGES))
ifeq ($(filter new,$(MAKECMDGOALS)),)
ifneq ($(filter-out $(IMAGES),$(IMG)),)
$(error there is no image '$(IMG)'; IMG is one of: $(IMAGES))
endif
endif

PYTHON ?= python3
DOCKER ?= docker
# The Debian suite of the images that name no other `base` in image.toml.
SUITE  ?= trixie
# CA=file: certificates to trust while building, if a proxy opens TLS (else $SSL_CERT_FILE); never stored in an image.
CA     ?= $(wildcard $(SSL_CERT_FILE))
# BASE_IMAGE=name: another base than debian:<suite>-slim by digest, say from a private registry.
BASE_IMAGE ?=
# SNAPSHOT=day: Debian's packages as they were then (20261101T000000Z), the base image's own day unless given; SNAPSHOT= for the newest.
SNAPSHOT ?= base

# ---- the environments: all under .slipway/, each made again when its lock file changes ----
LOCAL := .slipway
ENVS  := $(LOCAL)/envs
TOOLS := $(ENVS)/tools/.stamp
SDK3  := $(ENVS)/sdk3/.stamp
UV    := $(or $(shell command -v uv 2>/dev/null),$(LOCAL)/uv/bin/uv)
export UV
export UV_PYTHON_DOWNLOADS := never
export PYTHONPATH := $(CURDIR)/shared
# Compiled once, when an environment is made: else every process that a test starts compiles scikit-learn anew.
export UV_COMPILE_BYTECODE := 1
export PYTHONDONTWRITEBYTECODE := 1
in     = $(ENVS)/$(1)/bin/python
# The same, which also finds what only tests use.
with_tests = PYTHONPATH=$(PYTHONPATH):tests $(call in,$(1))
need   = $(if $($(1)),,$(error $(1)=… is missing: $(2)))
option = $(if $($(2)),--$(1) "$($(2))")

.PHONY: help
help: ## List the targets and options
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  IMG=name       one image instead of all: $(IMAGES)"
	@awk '/^# [A-Z_]+=/ {sub(/^# /, ""); sub(/: /, "\t"); printf "  %-14s %s\n", substr($$0, 1, index($$0, "\t") - 1), substr($$0, index($$0, "\t") + 1)}' Makefile

# ---- use ----
.PHONY: demo train serve predict play
demo: IMG := $(or $(IMG),kmeans)
demo: $(ENVS)/$(or $(IMG),kmeans)/.stamp ## Train on the sample, serve, send a request (no Docker; IMG=kmeans unless given)
	@$(call in,$(IMG)) -m tools.local demo --image $(IMG)

RUN_ENV := $(if $(IMG),$(ENVS)/$(IMG)/.stamp)
train: $(RUN_ENV) ## Train without Docker: IMG=name [DATA=folder] [HP=file] [TYPE=text/csv]
	$(call need,IMG,which image to train)
	@$(call in,$(IMG)) -m tools.local train --image $(IMG) $(call option,data,DATA) $(call option,hyperparameters,HP) $(call option,type,TYPE)

serve: $(RUN_ENV) ## Serve what was trained: IMG=name [PORT=8080]
	$(call need,IMG,which image to serve)
	@$(call in,$(IMG)) -m tools.local serve --image $(IMG) $(call option,port,PORT)

predict: $(RUN_ENV) ## Send a file to what is served: IMG=name FILE=rows.csv [TYPE=text/csv] [PORT=8080]
	$(call need,IMG,which image to ask)
	@$(call in,$(IMG)) -m tools.local predict --image $(IMG) $(call option,file,FILE) $(call option,type,TYPE) $(call option,port,PORT)

play: $(RUN_ENV) ## Open a page to play with a model, trained on the sample if there is none: IMG=name [PORT=8080]
	$(call need,IMG,which image to play with)
	@$(call in,$(IMG)) -m tools.play --image $(IMG) $(call option,port,PORT)

# ---- test ----
.PHONY: test compile test-house test-shared test-docs test-fuzz test-faults test-web test-containers test-push test-conformance test-sdk3
# The long ones first, lest one CPU wait for the last of them.
test: $(if $(IMG),,test-shared test-web) $(WANTED:%=test-%) $(if $(IMG),,test-house test-faults test-fuzz test-docs) ## Run every test that this machine can, and say at the end which it cannot
	@if $(DOCKER) info >/dev/null 2>&1; then $(MAKE) test-containers; fi
	@DOCKER="$(DOCKER)" $(PYTHON) -m tools.lacking

# Our own code, for the Python of all environments, as tests start hundreds of processes: a third of a CPU second each. Hashes of
# the sources are checked, so that what is edited is compiled anew, also in a copy of the same second and size.
compile: ## Compile our own code, once for all processes that tests start
	@$(PYTHON) -m compileall -q --invalidation-mode checked-hash shared images tools tests benchmarks

# Its tests ask every image to describe itself, each in its own environment.
test-house: compile $(TOOLS) $(ENVS)/shared/.stamp $(IMAGES:%=$(ENVS)/%/.stamp) ## Test the rules of the repository itself
	$(call in,tools) -m pytest tests/house tests/tools

test-web: compile $(TOOLS) $(SDK3) $(IMAGES:%=$(ENVS)/%/.stamp) ## Test the catalogue and the playground in a browser (needs Chromium)
	$(call in,tools) -m pytest tests/web

# Version 3 of the SDK; version 2 is in the tools' environment, and tested there. One image stands for all in both.
ONE := $(lastword $(IMAGES))
test-docs: compile $(SDK3) $(ENVS)/$(ONE)/.stamp ## Run the code of docs/aws.md as it is printed
	$(call in,sdk3) -m pytest tests/sdk3/test_docs.py

test-shared: compile $(ENVS)/shared/.stamp ## Test the shared package
	$(call in,shared) -m pytest tests/unit

# FUZZ_SECONDS=n: how long the fuzzer looks in `make test`.
FUZZ_SECONDS ?= 60
.PHONY: fuzz law
fuzz: $(ENVS)/fuzz/.stamp ## Look for requests that break a reader, guided by coverage: SECONDS=n
	$(call need,SECONDS,how long to look)
	$(call with_tests,fuzz) -m harness.fuzz $(SECONDS)
# With a seed: what a test finds it finds again. `make fuzz` looks elsewhere each time.
test-fuzz: compile $(ENVS)/fuzz/.stamp ## Fuzz for a minute (FUZZ_SECONDS)
	@$(call with_tests,fuzz) -m harness.fuzz $(FUZZ_SECONDS) 1

# KILLS=n, STOPS=n: how many processes are killed, and jobs of each image stopped, in `make chaos`.
KILLS ?= 200
STOPS ?= 5
# MINUTES=n: how long `make soak` watches the memory of a server.
MINUTES ?= 60
.PHONY: chaos soak
chaos: $(WANTED:%=$(ENVS)/%/.stamp) ## Kill, stop and starve what serves and trains: [IMG=] [KILLS=200] [STOPS=5]; long, not in `make test`
	@$(call with_tests,$(firstword $(WANTED))) -m harness.chaos $(WANTED) --kills $(KILLS) --stops $(STOPS)
soak: $(RUN_ENV) ## Watch the memory of servers under load, after `make demo`: IMG=name [MINUTES=60]; not in `make test`
	$(call need,IMG,which image to watch)
	@$(call with_tests,$(IMG)) -m benchmarks.soak $(IMG) --minutes $(MINUTES)

law: $(ENVS)/shared/.stamp ## Try the law of formats with tables at random: TABLES=100000
	$(call need,TABLES,how many tables to try)
	@$(call with_tests,shared) -m harness.law $(TABLES) 2>/dev/null

test-faults: compile $(TOOLS) $(ENVS)/shared/.stamp ## Test the tests: each planted fault must be caught
	$(call in,tools) -m pytest tests/faults

# `make test` tests an image as processes of this machine only where no container of it is tested after that.
ELSEWHERE = $(if $(filter test,$(MAKECMDGOALS)),$(shell $(DOCKER) info >/dev/null 2>&1 && echo --elsewhere=container))
# In a run over all images what the shared layer alone decides is tested with one of them.
SHARED_WITH = $(if $(filter test test-containers,$(MAKECMDGOALS)),$(if $(IMG),,--shared-with=$(ONE)))
.PHONY: $(IMAGES:%=test-%) $(IMAGES:%=test-container-%)
$(IMAGES:%=test-%): test-%: compile $(ENVS)/%/.stamp
	$(call in,$*) -m pytest tests/contract images/$* --image=$* $(ELSEWHERE) $(SHARED_WITH)

# DATA=folder: the data sets that benchmarks/README.md describes; what needs them is left out without it.
.PHONY: bench bench-serving
bench: $(TOOLS) $(WANTED:%=$(ENVS)/%/.stamp) $(ENVS)/shared/.stamp ## Run the benchmarks again and write their tables: [IMG=name] [DATA=folder]; hours, not in `make test`
	$(call in,tools) -m benchmarks $(call option,image,IMG) $(call option,data,DATA)

bench-serving: $(filter $(LOCAL)/%,$(UV)) ## Measure serving against the classic stack: CPU per request, as ratios
	@$(PYTHON) -m benchmarks.serving

test-containers: $(if $(IMG),,test-push test-conformance test-sdk3) $(WANTED:%=test-container-%) ## Build the images and test them as containers, also with AWS's own clients
# The id of what passed is kept: `make push` takes nothing else.
$(IMAGES:%=test-container-%): test-container-%: build-% $(ENVS)/%/.stamp $(ENVS)/kserve/.stamp $(TOOLS) $(SDK3)
	@rm -f $(LOCAL)/tested/$*
	$(call in,$*) -m pytest tests/contract tests/container images/$* --image=$* --place=container -k container $(SHARED_WITH)
	$(call in,tools) -m pytest tests/clients --ignore=tests/clients/test_push.py --image=$* $(SHARED_WITH)
	$(call in,sdk3) -m pytest tests/sdk3/test_notebook.py --image=$*
	@mkdir -p $(LOCAL)/tested
	@$(DOCKER) image inspect --format '{{.Id}}' slipway/$*:latest >$(LOCAL)/tested/$*

test-push: $(TOOLS) ## Test `make push` against a registry on this machine (needs a Docker engine)
	$(call in,tools) -m pytest tests/clients/test_push.py

# SECONDS=n: how long `make scrape` sends requests to each image.
.PHONY: scrape $(IMAGES:%=scrape-%)
scrape: $(WANTED:%=scrape-%) ## Scrape the containers under load while workers are killed: [IMG=] [SECONDS=60]; `make test` does it for seconds
$(IMAGES:%=scrape-%): scrape-%: build-% $(ENVS)/%/.stamp
	@SCRAPE_SECONDS=$(or $(SECONDS),60) $(call in,$*) -m pytest tests/container/test_container_metrics.py --image=$*

test-sdk3: build-$(ONE) $(SDK3) ## Test version 3 of the SageMaker SDK in local mode, with one image (needs a Docker engine)
	$(call in,sdk3) -m pytest tests/sdk3/test_local.py

test-conformance: $(TOOLS) ## Test the conformance tool on an image of ours, on one with faults and on MLServer (needs a Docker engine)
	$(call in,tools) -m pytest benchmarks/classic benchmarks/mlserver

# ---- check ----
.PHONY: check check-style check-workflows check-types check-locks check-generated
check: check-style check-workflows check-types check-locks check-generated ## Lint, format, types, locks, generated files

check-style: $(TOOLS)
	$(call in,tools) -m ruff check .
	$(call in,tools) -m ruff format --check .
	MYPYPATH=shared $(call in,tools) -m mypy --follow-imports silent --exclude tools/template --cache-dir $(LOCAL)/mypy/tools tools

check-workflows: $(TOOLS)
	$(call in,tools) -m tools.lint_workflows

# The shared layer and all images at once, with the libraries of them all.
check-types: $(TOOLS) $(ENVS)/all/.stamp
	MYPYPATH=shared:images $(call in,tools) -m mypy --cache-dir $(LOCAL)/mypy/all --python-executable $(call in,all) \
	  --exclude '/tests/' shared/slipway shared/pruning $(IMAGES:%=images/%)

check-locks: $(filter $(LOCAL)/%,$(UV))
	$(PYTHON) -m tools.lock --check

# Every image can be described by the shared layer alone.
check-generated: $(TOOLS) $(ENVS)/shared/.stamp
	$(call in,tools) -m tools.generate --check

# ---- build and push ----
.PHONY: build push shell base-rootfs $(IMAGES:%=build-%) $(IMAGES:%=push-%)
comma := ,
fact  = $(shell awk -F'"' '/^$(2) *= *"/ {print $$2; exit}' images/$(1)/image.toml)
facts = $(shell awk -F'[][]' '/^$(2) *= *\[/ {gsub(/[",]/, " ", $$2); print $$2; exit}' images/$(1)/image.toml)
suite = $(or $(call fact,$(1),base),$(SUITE))
SUITES := $(sort $(foreach image,$(IMAGES),$(call suite,$(image))))
# The tag of a shared layer: slipway/base:runtime, and with the suite at its end where that is not the usual one.
layer = slipway/base:$(1)$(filter-out -$(SUITE),-$(2))

# The date of what the heavy layers are made of; the date of HEAD would make them anew at every commit.
LAYERS            := shared/Dockerfile shared/apt-of-day shared/install-deps shared/pruning shared/installer.lock shared/requirements.lock
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct -- $(LAYERS) 2>/dev/null),0)
REVISION          ?= $(shell git describe --always --abbrev=40 --dirty --exclude='*' 2>/dev/null)
CREATED           ?= $(shell git log -1 --format=%cI 2>/dev/null)
SOURCE            ?= $(shell git remote get-url origin 2>/dev/null | sed -E 's|//[^/@]*@|//|')
# VERSION=x: another version than the one in image.toml.
version = $(or $(VERSION),$(call fact,$(1),version))

# Without attestations, which make a manifest list, and SageMaker takes single manifests only.
DOCKER_BUILD = DOCKER_BUILDKIT=1 BUILDX_NO_DEFAULT_ATTESTATIONS=1 $(DOCKER) build \
  $(if $(CA),--secret id=ca$(comma)src=$(CA)) --build-arg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) --build-arg SNAPSHOT=$(SNAPSHOT)

# CACHE=registry/repository: take the shared layers from there where they have not changed; `make push-layers` puts them there.
CACHE ?=
cached = $(CACHE):$(1)-$(2)-$(shell uname -m)
BUILD_LAYER = $(DOCKER_BUILD) --file shared/Dockerfile --build-arg BASE_IMAGE=$$base \
  $(if $(CACHE),--build-arg BUILDKIT_INLINE_CACHE=1 --cache-from $(call cached,build,$(1)) --cache-from $(call cached,runtime,$(1)))
.PHONY: $(SUITES:%=layers-%)
$(SUITES:%=layers-%): layers-%:
	@base=$(or $(BASE_IMAGE),$$(DOCKER="$(DOCKER)" tools/base-image $*)); \
	$(call BUILD_LAYER,$*) --target build --tag $(call layer,build,$*) .; \
	$(call BUILD_LAYER,$*) --target runtime --tag $(call layer,runtime,$*) .

build: $(WANTED:%=build-%) ## Build the images
$(foreach image,$(IMAGES),$(eval build-$(image): layers-$(call suite,$(image))))
$(IMAGES:%=build-%): build-%:
	@$(DOCKER_BUILD) $(BUILD_FLAGS) --file images/Dockerfile $(or $(TAGS),--tag slipway/$*:$(call version,$*) --tag slipway/$*:latest) \
	  --build-arg BUILD_IMAGE=$(call layer,build,$(call suite,$*)) --build-arg RUNTIME_IMAGE=$(call layer,runtime,$(call suite,$*)) \
	  --build-arg IMAGE=$* --build-arg DEBIAN_PACKAGES="$(call facts,$*,debian_packages)" --build-arg TITLE="$(call fact,$*,title)" --build-arg VERSION=$(call version,$*) \
	  --build-arg REVISION=$(REVISION) --build-arg CREATED=$(CREATED) --build-arg SOURCE=$(SOURCE) \
	  --build-arg LICENSES="$(call fact,$*,license)" .

.PHONY: reproducible
reproducible: $(if $(IMG),layers-$(call suite,$(IMG))) ## Build an image twice without the cache, and compare its files: IMG=name
	$(call need,IMG,which image to build twice)
	@for time in first second; do $(MAKE) build-$(IMG) BUILD_FLAGS=--no-cache TAGS="--tag slipway/$(IMG):$$time"; done
	@files() { DOCKER="$(DOCKER)" tools/image-files slipway/$(IMG):$$1; }; \
	  diff <(files first) <(files second) && echo "$(IMG): both builds have the same $$(files first | wc -l) lines of files, times and checksums"

.PHONY: push-layers
push-layers: ## Push the shared layers for later builds to start from: CACHE=registry/repository
	$(call need,CACHE,where to keep them)
	@$(foreach suite,$(SUITES),$(foreach part,build runtime,$(DOCKER) tag $(call layer,$(part),$(suite)) $(call cached,$(part),$(suite)) && \
	  $(DOCKER) push --quiet $(call cached,$(part),$(suite)) && )) true

.PHONY: vex $(IMAGES:%=vex-%)
vex: $(WANTED:%=vex-%) ## Write what was accepted of known vulnerabilities as OpenVEX, in .slipway/sbom
$(IMAGES:%=vex-%): vex-%: $(TOOLS)
	@$(call in,tools) -m tools.vex $* --version $(call version,$*)

.PHONY: sbom audit $(IMAGES:%=sbom-%) $(IMAGES:%=audit-%)
sbom: $(WANTED:%=sbom-%) ## List what is inside the images as CycloneDX, in .slipway/sbom
$(IMAGES:%=sbom-%): sbom-%: $(TOOLS)
	@mkdir -p $(LOCAL)/sbom
	@SYFT_CHECK_FOR_APP_UPDATE=false $(ENVS)/tools/bin/syft scan --quiet docker:slipway/$*:latest \
	  --source-name slipway/$* --source-version $(call version,$*) --output cyclonedx-json=$(LOCAL)/sbom/$*.cdx.json
	@echo "wrote $(LOCAL)/sbom/$*.cdx.json"

audit: $(WANTED:%=audit-%) ## Look for known vulnerabilities in the images, of Python packages and of Debian's
$(IMAGES:%=audit-%): audit-%: $(TOOLS)
	@DOCKER=$(DOCKER) $(call in,tools) -m tools.audit $*

# REGISTRY=host: push to this registry instead of Amazon ECR.
REGISTRY ?=
# COMMIT_ONLY=1: push under the commit alone, and leave the version for a release.
COMMIT_ONLY ?=
# SIGN_KEY=key: sign with it, by cosign, and attest SBOM, VEX and provenance: a file, awskms:///alias/name.
SIGN_KEY ?=
push: $(WANTED:%=push-%) ## Push the images, once tested, to Amazon ECR with the AWS credentials of the environment
$(IMAGES:%=push-%): push-%: $(TOOLS) $(if $(filter test-containers,$(MAKECMDGOALS)),test-container-%) $(if $(SIGN_KEY),sbom-% vex-%)
	@DOCKER=$(DOCKER) $(call in,tools) -m tools.push $* --version $(call version,$*) $(call option,registry,REGISTRY) \
	  $(if $(COMMIT_ONLY),--commit-only) $(call option,key,SIGN_KEY)

# REPOSITORY=url: on GitHub, where a listing's samples and notebooks will be, `origin` unless given.
REPOSITORY ?= $(filter https://github.com/%,$(SOURCE))
.PHONY: listing $(IMAGES:%=listing-%)
listing: $(WANTED:%=listing-%) ## Write and check AWS Marketplace listings: [OUT=folder] [ACCOUNT=] [REGION=] [BUCKET=] [ROLE=] [DIGEST=] [SUBMIT=]
$(IMAGES:%=listing-%): listing-%: $(TOOLS) $(ENVS)/%/.stamp
	@$(call in,tools) -m tools.listing --image $* $(if $(OUT),--out "$(OUT)/$*") \
	  $(call option,account,ACCOUNT) $(call option,region,REGION) $(call option,bucket,BUCKET) $(call option,role,ROLE) \
	  $(call option,repository,REPOSITORY) $(call option,digest,DIGEST) $(call option,submit,SUBMIT)

# MODEL=uri: where KServe finds the model in a manifest, s3://… or pvc://…; an example unless given.
.PHONY: manifests $(IMAGES:%=manifests-%)
manifests: $(WANTED:%=manifests-%) ## Write manifests for Kubernetes and KServe, and a Compose file: [OUT=folder] [REGISTRY=] [MODEL=uri]
$(IMAGES:%=manifests-%): manifests-%: $(TOOLS)
	@$(call in,tools) -m tools.manifests --image $* $(if $(OUT),--out "$(OUT)/$*") \
	  $(call option,registry,REGISTRY) $(call option,model,MODEL)

shell: $(if $(IMG),build-$(IMG)) ## Open a shell in the container of an image: IMG=name
	$(call need,IMG,which image to look into)
	@$(DOCKER) run --rm --interactive --tty --entrypoint bash slipway/$(IMG):latest

base-rootfs: ## Make debian:<SUITE>-slim from Debian packages, where no container registry can be reached (as root)
	@DOCKER="$(DOCKER)" tools/base-rootfs $(SUITE)

# ---- keep house ----
.PHONY: matrix new lock generate clean
matrix: $(TOOLS) ## Print the images as JSON, for CI [SINCE=commit: those touched since] [RELEASE=NAME-v1.0.0: that one]
	@$(call in,tools) -m tools.matrix $(call option,since,SINCE) $(call option,release,RELEASE)

new: $(TOOLS) ## Start another image: IMG=name
	$(call need,IMG,the name of the new image)
	@$(call in,tools) -m tools.new $(IMG)

lock: $(filter $(LOCAL)/%,$(UV)) ## Write the lock files; UPGRADE=1 also looks for newer versions
	@$(PYTHON) -m tools.lock $(call option,image,IMG) $(if $(UPGRADE),--upgrade)

generate: $(TOOLS) $(ENVS)/shared/.stamp ## Write the generated files
	@$(call in,tools) -m tools.generate

.PHONY: catalogue
catalogue: $(TOOLS) $(IMAGES:%=$(ENVS)/%/.stamp) ## Write the catalogue of all images, a static site [OUT=folder]
	@$(call in,tools) -m tools.catalogue $(call option,out,OUT)

clean: ## Remove what make made here: environments, runs, caches
	rm -rf $(LOCAL)

# ---- how the environments are made ----
$(LOCAL)/uv/bin/uv: shared/installer.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, '$(PYTHON)' is older; set PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments; apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(LOCAL)/uv
	@$(LOCAL)/uv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r shared/installer.lock
	@touch $@

# A stamp holds a checksum of the lock files: a checkout touches them all, and costs no environment.
checksum = cat $^ | cksum
stamped  = { [ "$$(cat $@ 2>/dev/null)" = "$$($(checksum))" ] && touch $@; } || { $(1) && $(checksum) >$@; }
VENV     = $(UV) venv --quiet --clear --python $(PYTHON) $(ENVS)/$(1)
MAKE_ENV = $(call VENV,$(1)) && \
  $(UV) pip sync --quiet --require-hashes --python $(call in,$(1)) tests/requirements.lock && \
  $(UV) pip install --quiet --require-hashes --no-deps --no-build --build-constraints shared/installer.lock \
    --python $(call in,$(1)) -r $(2)

$(ENVS)/shared/.stamp: shared/requirements.lock tests/requirements.lock | $(filter $(LOCAL)/%,$(UV))
	@$(call stamped,$(call MAKE_ENV,shared,$<))
$(ENVS)/fuzz/.stamp: shared/requirements.lock tests/requirements.lock tests/fuzz.lock | $(filter $(LOCAL)/%,$(UV))
	@$(call stamped,$(call MAKE_ENV,fuzz,$< -r tests/fuzz.lock))
# KServe's client brings gRPC, FastAPI and Kubernetes' client along, which the tools do without.
$(ENVS)/kserve/.stamp: tests/kserve.lock | $(filter $(LOCAL)/%,$(UV))
	@$(call stamped,$(call VENV,kserve) && \
	  $(UV) pip install --quiet --require-hashes --no-deps --no-build --python $(call in,kserve) -r $<)
# The lock is of all that its tests need: version 3's own pins go before the shared ones.
$(SDK3): tests/sdk3.lock | $(filter $(LOCAL)/%,$(UV))
	@$(call stamped,$(call VENV,sdk3) && $(UV) pip sync --quiet --require-hashes --python $(call in,sdk3) $<)
# The libraries of every image in one environment, for what looks at all images at once.
$(ENVS)/all/.stamp: $(IMAGES:%=images/%/requirements.lock) tests/requirements.lock | $(filter $(LOCAL)/%,$(UV))
	@$(call stamped,$(call MAKE_ENV,all,$<) \
	  $(foreach image,$(IMAGES),&& $(UV) pip install --quiet --require-hashes --no-deps --build-constraints shared/installer.lock \
	  --python $(call in,all) -r images/$(image)/requirements.lock))
$(IMAGES:%=$(ENVS)/%/.stamp): $(ENVS)/%/.stamp: images/%/requirements.lock tests/requirements.lock | $(filter $(LOCAL)/%,$(UV))
	@$(call stamped,$(call MAKE_ENV,$*,$<))
$(TOOLS): uv.lock pyproject.toml | $(filter $(LOCAL)/%,$(UV))
	@UV_PROJECT_ENVIRONMENT=$(ENVS)/tools $(UV) sync --quiet --frozen --python $(PYTHON) && touch $@
