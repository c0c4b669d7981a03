# `make serve` and `make test` need nothing but Python 3.11 and a network.
PYTHON ?= $(shell command -v python3.11 || command -v python3)

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check
LOWEST := .venv-lowest
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

# Compiled modules are kept, whatever the surroundings say: tests start a service a thousand times.
export PYTHONDONTWRITEBYTECODE =

# What the image carries beside the bare service.
SERVED := postgresql hospital grpc bulk remote traces

# What `make test` runs: those that are left out have targets of their own.
QUICK := not browser and not faults and not fuzz and not npm and not ray
PROCESSES := tests/bulk tests/cli tests/deploy tests/distribution tests/jobs tests/records tests/serving tests/test_cli.py

.PHONY: audit advisories images blocks serve test test-serving test-processes test-training fuzz browser check faults schema lowest lock openapi hospital ray reference postman docs rpc spectral clients

serve: $(VENV)/serving
	$(BIN)/covidxray serve

test: $(VENV)/testing
	$(BIN)/coverage erase
	$(MAKE) --jobs=3 --output-sync test-serving test-processes test-training
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-serving: $(VENV)/testing
	$(BIN)/coverage run -m pytest -m "$(QUICK)" $(PROCESSES:%=--ignore %) \
		--ignore tests/documentation --ignore tests/hospital --ignore tests/training

# They start services and commands, and wait as much as they compute.
test-processes: $(VENV)/testing
	$(BIN)/coverage run -m pytest -m "$(QUICK)" $(PROCESSES)

test-training: $(VENV)/testing
	$(BIN)/coverage run -m pytest tests/training

fuzz: $(VENV)/testing
	$(BIN)/pytest -m fuzz tests/decoding

# Writes the table in docs/reliability.md.
faults: $(VENV)/testing
	$(BIN)/python -m benchmarks.faults

# Needs Debian's `dcmtk`, `dicom3tools`, `orthanc` and `orthanc-dicomweb`.
hospital: $(VENV)/testing
	$(BIN)/pytest tests/hospital

# Types every block of the documentation.
blocks: $(VENV)/testing
	$(BIN)/pytest tests/documentation

# They share a Ray cluster on this machine.
ray: $(VENV)/testing
	$(BIN)/pytest -m ray tests/bulk

# The whole of it, 10^5 requests: `python -m benchmarks.schema`.
schema: $(VENV)/testing
	$(BIN)/python -m benchmarks.schema --seconds 90

# Needs Debian's `chromium`.
browser: $(VENV)/testing
	$(BIN)/pytest -m browser tests/web

# Needs Debian's `npm` for the last of it.
check: $(VENV)/testing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec \
		docker-compose.yml deploy/compose.postgresql.yml
	$(BIN)/openapi-spec-validator openapi.yaml
	$(BIN)/covidxray openapi --output $(VENV)/openapi.yaml
	diff openapi.yaml $(VENV)/openapi.yaml
	$(BIN)/python -m tools.postman $(VENV)/postman.json
	diff examples/clients/covidxray.postman_collection.json $(VENV)/postman.json

# What is excluded resembles a secret: hashes, names of keys and secrets, a database of a test, the
# examples of a job and of a trace, and what tests sign and refuse.
audit: $(VENV)/testing
	$(BIN)/bandit --quiet --recursive --severity-level medium src
	git ls-files -z -- ':!*.lock' ':!openapi.yaml' ':!model_store' ':!reference' ':!docs/*.json' \
		| xargs -0 $(BIN)/detect-secrets-hook --exclude-lines '(sha256|image)": "|apiKey: |secretName: |postgresql://|0d2f6e3c5f7b4f0e|4bf92f3577b34da6|msg_p5jXN8AQM9LWM0D4|//me:word@'
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-file $(VENV)/bom.json requirements.lock

# Needs a network: whether anything is known against what is installed.
advisories: $(VENV)/testing
	$(BIN)/uv tool run pip-audit --require-hashes --disable-pip --requirement requirements.lock

# Needs Docker and a network: the digest by which each image is named, and what its tag means now.
images:
	@grep -rhoE '[a-z/-]+:[^ @"]+@sha256:[0-9a-f]{64}' Dockerfile docker-compose.yml deploy | sort -u \
		| while IFS=@ read -r tag digest; do \
			echo "$$tag $$digest $$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' $$tag)"; \
		done

# The lowest versions that pyproject.toml allows, without extras but PostgreSQL's. TensorFlow is left
# out: serving does not load it.
lowest: $(VENV)/testing
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip compile --quiet --python-version 3.11 --resolution lowest-direct \
		--no-emit-package tensorflow --extra postgresql \
		--output-file $(LOWEST)/requirements.txt pyproject.toml
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python \
		--requirements $(LOWEST)/requirements.txt \
		hatchling editables hypothesis openapi-spec-validator psutil pydicom-data pypdf pytest pytest-timeout
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --no-deps \
		--no-build-isolation --editable .
	$(LOWEST)/bin/python -m pytest -m "not data and not fuzz" -k "not keras and not tensorflow" \
		--ignore tests/rendering/test_fhir.py --ignore tests/rendering/test_hl7.py \
		tests/api/test_predict.py tests/api/test_form.py tests/api/test_problems.py \
		tests/decoding tests/records tests/rendering

# Needs Debian's `npm`, as do those of `spectral`.
clients: $(VENV)/testing
	$(BIN)/pytest -m npm tests/clients tests/newcomer

spectral:
	npx --yes @stoplight/spectral-cli@6.16.3 lint --fail-severity hint openapi.yaml

openapi: $(VENV)/testing
	$(BIN)/covidxray openapi

# The documentation as a site, in site/; it needs no network. `.venv/bin/mkdocs serve` shows it.
docs: $(VENV)/testing
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# The messages of the Open Inference Protocol over gRPC.
rpc: $(VENV)/testing
	$(BIN)/python -m grpc_tools.protoc --proto_path=src/covidxray_api/api/rpc \
		--descriptor_set_out=src/covidxray_api/api/rpc/open_inference.binpb open_inference.proto

# The pages of docs/ that code writes: settings, codes, formats, metrics, command line, API.
reference: $(VENV)/testing
	$(BIN)/python -m tools.reference

# Needs Debian's `npm`.
postman: $(VENV)/testing
	$(BIN)/python -m tools.postman

lock: $(VENV)/testing
	$(COMPILE) $(SERVED:%=--extra %) --output-file requirements.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock --extra dev \
		--output-file requirements-dev.lock pyproject.toml
	$(COMPILE) --constraint requirements-dev.lock --group build \
		--output-file requirements-build.lock

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Stamps: what is installed is newer than what asks for it. The package itself is built without
# isolation, so that its build tools are held by hashes too.
$(VENV)/serving: requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --require-hashes -r requirements-build.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/testing: requirements-dev.lock $(VENV)/serving
	$(INSTALL) --require-hashes -r requirements-dev.lock
	touch $@
