# Every target sets up .venv by itself: on a fresh clone `make run` is enough.
# Versions are fixed in .ci/constraints.txt; pyproject.toml gives the ranges that users get.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
PEERS := .venv/.peers
# Files that the target writes on purpose (reports, pages) go to out/, which git ignores.
OUT := out

.PHONY: run test lint types imports check docs bench bench-proofs clean

run: $(READY)          ## train two small networks on digits, audit both, print the path of the report
	$(BIN)/attrtheory demo

test: $(READY)         ## everything that is tested, the examples in README, docs and docstrings included
	$(BIN)/python -m pytest $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/pyright

imports: $(READY)      ## who may import whom
	$(BIN)/lint-imports

check: $(READY)        ## re-check every certificate, without searching
	$(BIN)/attrtheory check proofs/
	$(BIN)/attrtheory check proofs/functionals/

# --quiet would drop warnings before --strict counts them.
docs: $(READY)         ## the pages, in out/docs; a broken link, or a page that is not in the navigation, is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file .ci/mkdocs.yml

bench: $(PEERS)        ## timings beside captum, shapiq and shap; ARGS=--quick takes two minutes, ARGS=--help tells more
	PYTHONPATH=tests $(BIN)/python -m benchmarks --out $(OUT)/bench $(ARGS)

bench-proofs: $(READY) ## how long the first proofs take
	$(BIN)/python -m pytest tests/benchmarks --numprocesses=0 --benchmark-enable $(ARGS)

clean:
	rm -rf .venv $(OUT) dist .pytest_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
	find attrtheory tests proofs -name __pycache__ -prune -exec rm -rf {} +

# torch comes first and alone: where a CPU build of this version is at hand pip takes it, and no later step replaces
# it by the newest build with several gigabytes of GPU libraries. --quiet twice hides pip's notes on local indexes.
$(READY): pyproject.toml .ci/constraints.txt
	@echo "setting up .venv with $(PYTHON) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --no-input "$$(grep '^torch==' .ci/constraints.txt)"
	@$(BIN)/python -m pip install --quiet --quiet --no-input -c .ci/constraints.txt -e ".[onnx,trees,dev,docs]"
	@touch $@

$(PEERS): $(READY)
	@$(BIN)/python -m pip install --quiet --quiet --no-input -c .ci/constraints.txt -e ".[bench]"
	@touch $@
