"""Other processes: with pipes, and by multiprocessing, as long as they share no socket."""

import concurrent.futures
import gc
import multiprocessing
import os
import subprocess
import sys
import threading


def double(number):
    return 2 * number


def outside_of_environ():
    """What C's functions make of the environment reaches a shell, `os.system` and `os.exec`."""
    os.putenv("GIVEN", "to C alone")
    os.environ["TAKEN"] = "away"
    os.unsetenv("TAKEN")
    shown = "echo $GIVEN, $TAKEN"
    print(subprocess.run(["sh", "-c", shown], stdout=-1).stdout, flush=True)

    def prepare():
        os.putenv("GIVEN", "before it starts")

    in_python = "import os, socket; print(os.environ['GIVEN'], socket.gethostbyname('localhost'))"
    for command in ["sh", "-c", shown], [sys.executable, "-c", in_python]:
        for environ in None, dict(os.environ, GIVEN="by itself"):
            done = subprocess.run(command, stdout=-1, preexec_fn=prepare, env=environ)
            print(done.stdout, flush=True)
    os.system(shown)
    if os.fork() == 0:
        os.execv("/bin/sh", ["sh", "-c", shown])
    os.wait()


def main():
    gc.disable()  # multiprocessing warns where a semaphore is collected while it counts another
    outside_of_environ()  # first: Python warns of a fork beside a thread that has hardly ended
    print(subprocess.run([sys.executable, "-c", "print('hello')"], stdout=-1).stdout)
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(.2); print(input().upper())"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    print(child.communicate("words\n", timeout=20), child.wait(timeout=5))
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        child.wait(timeout=0.3)
    except subprocess.TimeoutExpired:
        child.kill()
        print(child.wait())
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(double, [1, 2, 3]))
    thread = threading.Thread(target=print, args=("meanwhile",))
    thread.start()
    thread.join()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    with concurrent.futures.ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        print(pool.submit(double, 4).result())


if __name__ == "__main__":
    main()
