"""Run one of CPython's test modules and print one line of JSON for the begin and end of each test.

    python runner.py test.test_socket                                  on the kernel
    python -m bsdsockets run runner.py test.test_socket                on the model

Ids read from standard input are left out.  A test that takes longer than LIMIT seconds ends the
process with a traceback of every thread; the parent then starts the rest anew.
"""

import faulthandler
import importlib
import json
import sys
import unittest
import warnings

LIMIT = 60


class Lines(unittest.TestResult):
    """A result that prints what happens as it happens."""

    def __init__(self, to):
        super().__init__()
        self._to = to

    def _say(self, test, outcome, detail=""):
        print(json.dumps([test.id(), outcome, detail]), file=self._to, flush=True)

    def startTest(self, test):
        super().startTest(test)
        faulthandler.dump_traceback_later(LIMIT, exit=True)
        self._say(test, "begins")

    def stopTest(self, test):
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)

    def addSuccess(self, test):
        self._say(test, "passes")

    def addFailure(self, test, err):
        self._say(test, "fails", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        self._say(test, "fails", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self._say(test, "skips", reason)

    def addExpectedFailure(self, test, err):
        self._say(test, "passes")

    def addUnexpectedSuccess(self, test):
        self._say(test, "fails", "unexpected success")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._say(test, "fails", self._exc_info_to_string(err, test))


def each(suite):
    """Yield the single tests of a suite, class by class as unittest would run them."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from each(item)
        else:
            yield item


def main():
    """Run the module's tests that standard input does not name."""
    from test import support

    left_out = set(sys.stdin.read().split())
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    out = sys.stdout
    sys.stdout = sys.stderr
    support.use_resources = None  # every resource: nothing here leaves the machine
    warnings.simplefilter("default")
    tests = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(sys.argv[1]))
    wanted = [t for t in each(tests) if t.id() not in left_out and only in t.id()]
    wanted = [t for t in wanted if "VSOCK" not in t.id()]  # hangs where a virtual machine has one
    unittest.TestSuite(wanted).run(Lines(out))
    print(json.dumps(["", "ends", ""]), file=out, flush=True)


if __name__ == "__main__":
    main()
