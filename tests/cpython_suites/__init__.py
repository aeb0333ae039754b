"""CPython's own test suites, unmodified, from the interpreter's Lib/test, on the model.

    runner      the child: runs one module's tests, one line of JSON for each
    suites      the parent: starts the child on the model or on the kernel, past tests that hang
    expected    the tests that cannot pass on the model, and the skips that are in order; reasons

The suites are the floor, not the judge: a sketch of 700 lines passes all of test_socket
and still differs from the kernel in most random programs (tests/against_kernel).
"""
