"""Make ``.venv`` with the locked packages: ``python3 conf/setup_environment.py``.

Only syntax that old Pythons understand stands here, so that they can say what is wrong.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
VENV = os.path.join(ROOT, ".venv")
LOCK = os.path.join(HERE, "requirements.txt")


def stop(message):
    """End with one line that says what to do."""
    sys.stderr.write("setup: " + message + "\n")
    sys.exit(1)


def main():
    if sys.version_info < (3, 11):
        stop(
            "this is Python %d.%d, and 3.11 or later is needed; name one: make PYTHON=python3.13"
            % sys.version_info[:2]
        )
    try:
        import ensurepip
        import venv
    except ImportError as error:
        stop(
            "this Python has no module %s; on Debian and Ubuntu: apt-get install python3-venv"
            % error.name
        )
    assert ensurepip and venv
    python = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin", "python")
    if not os.path.exists(python) or _version(python) != "%d.%d" % sys.version_info[:2]:
        print("setup: making .venv with Python %d.%d" % sys.version_info[:2])
        if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
            stop("the virtual environment .venv could not be made; its message stands above")
    print("setup: installing the locked packages")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if subprocess.call(pip + ["--require-hashes", "-r", LOCK]):
        stop("the packages of conf/requirements.txt could not be installed; is the network there?")


def _version(python):
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.check_output([python, "-c", code]).decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


if __name__ == "__main__":
    main()
