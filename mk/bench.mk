# `make bench` and `make bench-quick`: what tests/bench/rows.py has a row for, into build/bench. ROWS=video.,wire.join
# takes those whose names begin so. Not part of the tests: figures need a quiet machine.
.PHONY: bench bench-quick

bench: deps ## measure everything, some minutes; table, build/bench/results.json and results.svg
	@$(MAKE) --no-print-directory -j$$(nproc) programs
	@tools/install-packages.sh bench || echo "bench: without Janus and ffmpeg, whose rows will say so"
	@$(PYTHON) tests/bench/run.py --bin $(BUILD) $(if $(ROWS),--only $(ROWS))

bench-quick: deps ## the same in under a minute, roughly
	@$(MAKE) --no-print-directory -j$$(nproc) programs
	@$(PYTHON) tests/bench/run.py --bin $(BUILD) --quick $(if $(ROWS),--only $(ROWS))
