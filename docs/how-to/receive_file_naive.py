"""Receive a file, and hope.    python3 receive_file_naive.py 50007 copy.png"""

import socket
import sys

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    print("waiting for a file", flush=True)
    connection, _ = listener.accept()
    with connection, open(sys.argv[2], "wb") as file:
        data = connection.recv(1_000_000)
        file.write(data)
        print(f"received {len(data)} bytes", flush=True)
