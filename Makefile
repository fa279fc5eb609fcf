# The front door: `make run` sets everything up and runs the platform, `make test` sets everything up and tests it.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOMS := . gateway-config load-tests model-files
PACKAGES := chromium openjdk-17-jre-headless prometheus prometheus-alertmanager wrk
CONTRACT := gateway-config/generated/service-openapi.json
SECONDS ?= 10

# One line a target: `name: ## group: what it does`.
.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{split($$2, t, ": "); if (t[1] != g) {g = t[1]; printf "\n%s\n", g} printf "  make %-12s %s\n", $$1, substr($$2, length(t[1]) + 3)}' $(MAKEFILE_LIST)

run: setup ## Platform: set up, run it all, print the curl line; DEMO=1 replays a year of real flights; Ctrl-C stops it
	@exec $(if $(DEMO),env PUERTA_DEMO=$(DEMO)) $(BIN)/python -m puerta

drift: setup ## Platform: drift and quality reports of now, beside the scheduled ones
	$(BIN)/python -m monitoring drift run

check: setup ## Platform: say in plain words what is wrong with this set-up
	@$(BIN)/python -m service check

train: develop ## Models: train and package both models again, with their cards
	$(BIN)/python -m model_files train flight-delay --replace
	$(BIN)/python -m model_files train flight-delay-onehot --replace

verify: develop ## Models: digests, schema, ONNX against scikit-learn, for every package
	$(BIN)/python -m model_files verify

test: develop packages lint types ## Tests: set up, check style and types, run every test with coverage
	@# two workers have all cores already: one thread each for scikit-learn, and Go's programs collect garbage less often
	OMP_NUM_THREADS=1 GOGC=400 $(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered

unit: develop ## Tests: only the fast ones, which start nothing
	$(BIN)/python -m pytest -m "not platform and not slow"

terraform: develop ## Tests: the deployment on GCP, checked without a cloud
	$(BIN)/python -m terraform check

lint: develop ## Tests: ruff, rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: develop ## Tests: mypy, strict
	$(BIN)/mypy

benchmark: develop packages ## Measure: speed beside the bare-ASGI ceiling, in one run (about five minutes)
	$(BIN)/python -m load_tests benchmark --seconds $(SECONDS)

challenge: develop packages ## Measure: 45 seconds of all that the platform can answer, with a verdict (other scenarios: load-tests/README.md)
	$(BIN)/python -m load_tests run challenge

peers: develop packages ## Measure: the same model in BentoML, MLServer, LitServe, Ray Serve, MLflow, Flask and FastAPI (25 minutes, 4 GB)
	$(BIN)/python -m load_tests peers

compare: develop packages ## Measure: what each layer of the gateway adds to a request, beside HAProxy and nginx where they are installed
	$(BIN)/python -m load_tests compare

soak: develop packages ## Measure: memory over a million requests, start-up time
	$(BIN)/python -m load_tests memory

chaos: develop ## Measure: kill and stop the service under load; is every answered prediction in the log?
	$(BIN)/python -m load_tests kill

fuzz: develop ## Measure: a million random bodies; no 5xx, no growth
	$(BIN)/python -m load_tests fuzz --bodies 1000000

scenarios: develop ## Measure: our drift rule beside Evidently's, NannyML's and Vertex AI's, where the truth is known
	$(BIN)/python -m monitoring.scenarios

volumes: develop ## Measure: what counting costs, from ten thousand to a hundred million predictions (about 12 minutes, 3 GB)
	$(BIN)/python -m monitoring.volumes

storm: develop ## Measure: 200,000 requests that try to get past the gateway; who reaches the backend?
	$(BIN)/python -m gateway_config storm --requests 200000 --write gateway-config/results/storm.md

format: develop ## Develop: format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

render: develop ## Develop: render what is committed anew, from the policy, the objectives and the service's own document
	@$(BIN)/python -OO -m service openapi > $(CONTRACT).new && mv $(CONTRACT).new $(CONTRACT) || { rm -f $(CONTRACT).new; exit 1; }
	$(BIN)/python -m gateway_config render generated
	$(BIN)/python -m slo generate
	$(BIN)/python -m dashboards build
	$(BIN)/python -m terraform docs

pictures: develop packages ## Develop: the dashboards' pictures anew, from a platform with ten minutes of traffic
	$(BIN)/python -m dashboards pictures

lock: $(VENV)/bin/python ## Develop: resolve the pinned requirements again, with hashes
	@command -v $(BIN)/uv >/dev/null || $(BIN)/pip install --quiet uv
	$(call lock,development,--all-extras)
	$(call lock,service,--extra service --constraint requirements/development.txt)
	$(call lock,gateway,--extra gateway --constraint requirements/development.txt)
	$(call lock,monitoring,--extra monitoring --extra bigquery --extra evidently --constraint requirements/development.txt)
	$(call lock,monitoring-small,--extra monitoring --extra bigquery --constraint requirements/development.txt)
	$(call lock,run,--extra service --extra gateway --extra client --extra monitoring --extra slo --constraint requirements/development.txt)
	$(call lock_file,terraform/provider/tools)
	$(call lock_file,terraform/provider/schema,--no-deps)
	$(call lock_file,terraform/checkov/requirements)

setup: $(VENV)/run.stamp ## Develop: the virtual environment with what `make run` needs
develop: $(VENV)/development.stamp ## Develop: the virtual environment with everything

packages: ## Develop: the Debian packages that tests and benchmarks start
	@missing=$$(dpkg-query -W -f='$${db:Status-Status} $${Package}\n' $(PACKAGES) 2>/dev/null | awk '$$1 == "installed" {print $$2}' | sort | comm -13 - <(printf '%s\n' $(PACKAGES) | sort) | tr '\n' ' '); \
	if [ -z "$${missing// /}" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "make: please install: $$missing"; \
	elif [ "$$(id -u)" = 0 ]; then apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else echo "make: not root; tests that start $$missing will be skipped until you run: sudo apt-get install $$missing"; fi

clean: ## Develop: remove the environment, caches and local state
	rm -rf $(VENV) .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov

.PHONY: run drift check train verify test unit terraform lint types format render pictures benchmark challenge compare peers soak chaos fuzz scenarios volumes storm lock setup develop packages clean

# Of a tool that has an environment of its own: FILE.in to FILE.txt.
define lock_file
	$(BIN)/uv pip compile --quiet $(1).in $(2) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --output-file $(1).txt
endef

define lock
	$(BIN)/uv pip compile --quiet pyproject.toml $(2) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --output-file requirements/$(1).txt
endef

# A set of pinned requirements, installed, and nothing else: pip's own resolver would want a second pin for `pandas[parquet]`.
# The rooms are put on the path by a .pth file, so nothing has to be built. The bytecode that the service starts from is made
# here, whatever the environment says of writing it.
$(VENV)/%.stamp: requirements/%.txt | $(VENV)/bin/python
	@echo "make: installing requirements/$*.txt into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@printf '%s\n' $(foreach room,$(ROOMS),$(abspath $(room))) > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/puerta.pth"
	@env -i $(BIN)/python -OO -m service openapi >/dev/null && env -i $(BIN)/python -OO -c 'import service.server'
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "make: Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	@$(PYTHON) -m venv $(VENV) || { echo "make: the venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
