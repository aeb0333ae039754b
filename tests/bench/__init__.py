"""Benchmarks of the model beside the kernel, in one run: `python -m tests.bench`."""
