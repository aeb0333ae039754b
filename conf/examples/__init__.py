"""The example runner: every example on every page is a test.

::

    page.md ──> page.py ──> blocks ──> session.py     pycon: one namespace a page, one engine
                  │                └─> programs.py    console: whole programs as processes
                  │
              tags.py   the closed list of words a fence may carry

    plugin.py     hands the blocks to pytest        (pytest docs/tutorials/first-socket.md)
    __main__.py   the same with a bare Python       (python3 conf/examples docs/tutorials/…)
    record.py     what ran where, for the foot of each page

Everything but ``plugin.py`` needs the standard library alone, so that a reader can run a page with
nothing installed.
"""
