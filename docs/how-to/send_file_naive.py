"""Send a file, and hope.    python3 send_file_naive.py 50007 picture.png"""

import socket
import sys

with open(sys.argv[2], "rb") as file, socket.socket() as server:
    server.connect(("127.0.0.1", int(sys.argv[1])))
    data = file.read()
    server.send(data)
    print(f"sent {len(data)} bytes")
