# The executable reference for BSD sockets.  `make help` lists what can be made.

PYTHON ?= python3
PORT ?= 8000
VENV = .venv/bin
SPHINX = $(VENV)/sphinx-build -W --keep-going -n -q -c conf docs
READY = .venv/ready

.DEFAULT_GOAL = serve
.PHONY: serve site test record lint bench pdf epub zip kernels lock clean help

serve: site  ## build the site and serve it on loopback (PORT=8000)
	@$(VENV)/python conf/serve.py build/html --port $(PORT)

# A build that fails is forgotten: its pages would count as up to date, their warnings unseen.
site: $(READY)  ## build the site into build/html
	@$(VENV)/python conf/run/fetch.py
	@$(SPHINX) -b html -d build/doctrees build/html || { rm -rf build/doctrees; exit 1; }
	@echo "site: build/html/index.html"

test: site  ## run every example and program, the checks of the site, and the tests
	@$(VENV)/pytest -n 3 --dist loadfile --no-loadscope-reorder

kernels: $(READY)  ## boot two older kernels (Debian packages) and compare what they answer
	@KERNELS=1 $(VENV)/pytest -q -s tests/on_old_kernels

record: test  ## keep what each page was last run on, for a site built before its tests have run
	@cp build/last-run.json docs/last-run.json

lint: $(READY)  ## check style and types
	@$(VENV)/ruff check .
	@$(VENV)/mypy

bench: $(READY)  ## compare the implementation's speed with the kernel's, side by side
	@PYTHONPATH=src $(VENV)/python -m tests.bench

epub: $(READY)  ## build build/epub/BSDsockets.epub
	@$(SPHINX) -b epub -d build/doctrees-epub build/epub

pdf: $(READY)  ## build build/pdf/bsd-sockets.pdf (needs latexmk and xelatex)
	@$(SPHINX) -b latex -d build/doctrees-latex build/latex
	@command -v latexmk >/dev/null || { echo "pdf: latexmk is missing; on Debian: \
	apt-get install latexmk texlive-xetex texlive-latex-extra texlive-fonts-recommended fonts-freefont-otf tex-gyre" >&2; exit 1; }
	@$(MAKE) -s -C build/latex LATEXMKOPTS="-silent" all-pdf
	@mkdir -p build/pdf && cp build/latex/bsd-sockets.pdf build/pdf/ && echo "pdf: build/pdf/bsd-sockets.pdf"

zip: site  ## pack the site into build/bsd-sockets.zip
	@$(PYTHON) -m zipfile -c build/bsd-sockets.zip build/html && echo "zip: build/bsd-sockets.zip"

# The same versions for every Python: a newer Sphinx on a newer Python would warn of other things.
LOCK = $(VENV)/uv pip compile -q --universal --python-version 3.11 --fork-strategy fewest \
  --generate-hashes --no-emit-index-url --no-header --upgrade
lock: $(READY)  ## lock the newest versions of conf/requirements.in
	@$(VENV)/python -m pip -q install uv
	@$(LOCK) conf/requirements.in -o conf/requirements.txt
	@$(LOCK) conf/run/npm.in -o conf/run/npm.txt

clean:  ## remove what was built, and the virtual environment
	@rm -rf build .venv

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): conf/requirements.txt conf/setup_environment.py
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing; install Python 3.11 or later" >&2; exit 1; }
	@$(PYTHON) conf/setup_environment.py && touch $@
