"""Tests of retry.py that take a day, unless they run on the model."""

import contextlib
import io
import sys
import threading
import time
import unittest

from retry import connect_patiently, free_address, serve_later


class ConnectPatiently(unittest.TestCase):
    """What connect_patiently promises."""

    def connect_to_a_server_that_comes_after(self, seconds: float) -> float:
        address = free_address()
        server = threading.Thread(target=serve_later, args=(address, seconds))
        begun = time.monotonic()
        server.start()
        with contextlib.redirect_stdout(io.StringIO()):
            connect_patiently(address, first_wait=10.0).close()
        server.join()
        return time.monotonic() - begun

    def test_it_waits_for_a_server_that_comes_after_hours(self) -> None:
        waited = self.connect_to_a_server_that_comes_after(hours := 12 * 3600)
        self.assertGreaterEqual(waited, hours)

    def test_it_waits_at_most_twice_as_long_as_it_must(self) -> None:
        waited = self.connect_to_a_server_that_comes_after(hours := 6 * 3600)
        self.assertLess(waited, 2 * hours + 10)


if __name__ == "__main__":
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout))
