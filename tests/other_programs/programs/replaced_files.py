"""The file of a UNIX socket is removed while the socket is open, and another takes its name."""

import os
import socket
import tempfile


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        servers, inodes = [], set()
        for _ in range(5):
            if os.path.exists("door"):
                os.unlink("door")
            server = socket.socket(socket.AF_UNIX)
            server.bind("door")
            server.listen()
            servers.append(server)
            inodes.add(os.stat("door").st_ino)
        print(len(inodes), os.listdir())
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("door")
            client.sendall(b"to the last")
            for server in servers[:-1]:
                server.setblocking(False)
                try:
                    server.accept()
                except BlockingIOError as error:
                    print(error)
                server.close()
            with servers[-1], servers[-1].accept()[0] as connection:
                print(connection.recv(20), os.path.exists("door"))
        os.chdir("/")


if __name__ == "__main__":
    main()
