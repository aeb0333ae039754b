"""Real kernels that have the families most have lost, booted as ordinary processes.

::

    packages   two Debian packages, fetched by apt and unpacked below build/kernels
        │
    guests     user-mode-linux, a process of this machine     qemu, a machine without acceleration
        │               │  the host's files, read-only                   │  the same, over 9p
        │               └───────────────┬────────────────────────────────┘
    inside     the first process of the guest, on this machine's Python: loads the modules,
               asks the kernel for every family and type as root and as an ordinary user, and
               runs the programs that the families' pages show
        │
    test_*     compares with src/bsdsockets/matrix.json, docs/reference/data/flows.json and the
               outputs beside it

``make kernels`` runs all of it; ``python -m tests.on_old_kernels`` prints what the guests said, and
``--record`` writes it down.  No root, no module of this machine, nothing outside its build folder:
a guest that hangs is ended by the number of its process.

Two guests are needed because Debian's kernel has AX.25 and no X.25, and user-mode-linux the
reverse.  No kernel of today has IPX, and since 6.1.153 an ATM circuit can be sent into but not
received from without hardware; these two rest on recordings alone (flows.json).
"""
