# On a fresh machine: `make run` trains on embedded data and shows a report, `make test` runs the suite.
PYTHON ?= python3
BACKENDS ?= tensorflow torch jax
RECIPE ?= recipes/s9_ultimus.py --dataset=digits --epochs=20
BIN := .venv/bin
# Two processes share the cores; with threads of their own each waits for the other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
export TF_CPP_MIN_LOG_LEVEL ?= 2
export TF_ENABLE_ONEDNN_OPTS ?= 1

.PHONY: help run test test-all bench lint results clean
help:
	@echo "make run       install what a run needs, train on embedded data, print where the report is"
	@echo "make test      install all three backends, run the tests on each"
	@echo "make test-all  the same with the slow tests"
	@echo "make bench     measure against plain PyTorch; RECORD=--record adds to results/benchmarks.csv"
	@echo "make lint      ruff check and ruff format --check"
	@echo "make results   write the tables of results/*.csv into the README"

run: .venv/run.stamp
	$(BIN)/python $(RECIPE)

test: .venv/dev.stamp lint
	@set -e; for backend in $(BACKENDS); do \
	  echo "== the suite on $$backend"; \
	  if [ $$backend = $(firstword $(BACKENDS)) ]; then mark="not slow"; else mark="not slow and not once"; fi; \
	  KERAS_BACKEND=$$backend $(PYTEST) -q -n 2 --dist=worksteal -m "$$mark"; \
	done

test-all: .venv/dev.stamp lint
	@set -e; for backend in $(BACKENDS); do \
	  echo "== the whole suite on $$backend"; \
	  KERAS_BACKEND=$$backend $(PYTEST) -q -n 2 --dist=worksteal -m ""; \
	done

bench: .venv/dev.stamp
	@set -e; for backend in $(BACKENDS); do \
	  for name in training_steps data_wait grad_cam augmentation; do \
	    KERAS_BACKEND=$$backend $(BIN)/python benchmarks/$$name.py $(RECORD); \
	  done; \
	done

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

results: .venv/run.stamp
	$(BIN)/python results/record.py

clean:
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache

.venv/bin/python:
	@echo "-- creating .venv"
	@$(PYTHON) -m venv .venv

.venv/run.stamp: pyproject.toml | .venv/bin/python
	@echo "-- installing the zoo and tensorflow into .venv (about a minute and 2 GB, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[tensorflow]"
	@touch $@

.venv/dev.stamp: pyproject.toml | .venv/bin/python
	@echo "-- installing the zoo, tensorflow, torch, jax and the test tools into .venv (about two minutes and 4 GB, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[tensorflow,torch,jax,explain,detection,language,dev]"
	@touch $@ .venv/run.stamp
