"""What time it is, asked in every way; and the functions that are asked, copied and pickled."""

import copy
import datetime
import pickle
import socket
import threading
import time


def daytime(server):
    """RFC 867's service: say what time it is, and close."""
    for _ in range(2):
        connection, _ = server.accept()
        with connection:
            now = datetime.datetime.now(datetime.UTC)
            connection.sendall(now.isoformat(timespec="seconds").encode())


def main():
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=daytime, args=(server,))
        thread.start()
        answers = []
        for _ in range(2):
            with socket.create_connection(server.getsockname()) as client:
                answers.append(datetime.datetime.fromisoformat(client.recv(100).decode()))
            time.sleep(1.0)
        thread.join()
    print(0.5 < (answers[1] - answers[0]).total_seconds() < 2.5)
    print(abs(datetime.datetime.now().timestamp() - time.time()) < 0.5)
    print(datetime.date.today() == datetime.date.fromtimestamp(time.time()))

    never = 0  # as many programs begin what they do once a minute
    print(time.monotonic() - never > 60, time.perf_counter() - never > 60)

    class Moment(datetime.datetime):
        pass

    print(type(Moment.now()).__name__, type(datetime.datetime.now()) is datetime.datetime)
    for function in (time.sleep, time.time, socket.gethostname, threading.get_ident, open):
        print(pickle.loads(pickle.dumps(function)) == function == copy.deepcopy(function))


if __name__ == "__main__":
    main()
