# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo

.PHONY: demo test check bench soak clean

# torch first: a plain range fetches a CUDA build of several gigabytes
$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt torch==2.13.0
	$(BIN)/pip install -q -c constraints.txt -e '.[test]'
	touch $@

demo: $(VENV)/.ready
	$(BIN)/hydria demo $(DEMO)

# one process per core, each on files of its own, and libraries kept to one thread; what measures time comes after, alone
test: $(VENV)/.ready check
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -m "not soak and not alone" -n auto --dist loadfile --no-loadscope-reorder
	$(BIN)/pytest -q -m alone

check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready
	$(BIN)/pip install -q -c constraints.txt -e '.[test,bench]'
	$(BIN)/python -m benchmarks

soak: $(VENV)/.ready
	$(BIN)/pytest -q -m soak

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
