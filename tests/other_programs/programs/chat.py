"""A chat server with select, and three people who talk."""

import select
import socket
import threading

listener = socket.create_server(("127.0.0.1", 0))
address = listener.getsockname()


def serve():
    people = {}
    while True:
        readable, _, _ = select.select([listener, *people], [], [])
        for sock in readable:
            if sock is listener:
                person, _ = listener.accept()
                people[person] = f"guest {len(people) + 1}"
                person.sendall(b"welcome\n")
                continue
            data = sock.recv(1000)
            if not data:
                name = people.pop(sock)
                sock.close()
                for other in people:
                    other.sendall(f"{name} left\n".encode())
                if not people:
                    return
                continue
            for other in people:
                if other is not sock:
                    other.sendall(f"{people[sock]}: {data.decode()}".encode())


server = threading.Thread(target=serve)
server.start()
people = [socket.create_connection(address) for _ in range(3)]
files = [person.makefile("rw", encoding="utf-8") for person in people]
for file in files:
    print(file.readline().strip())
for number in range(3):  # each speaks when it has heard all before
    for _ in range(number):
        print(number, "hears", files[number].readline().strip())
    files[number].write(f"I am {number}\n")
    files[number].flush()
for number in (0, 1):
    for _ in range(2 - number):
        print(number, "hears", files[number].readline().strip())
for number in (0, 1, 2):
    files[number].close()
    people[number].close()
    for other in range(number + 1, 3):  # who closes with something unread resets
        print(other, "hears", files[other].readline().strip())
server.join()
listener.close()
