"""A TCP proxy with selectors between a client and an HTTP server."""

import http.client
import http.server
import selectors
import socket
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.upper())

    def log_message(self, *arguments):
        pass


def proxy(listener, target):
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    passed = 0
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                near, _ = listener.accept()
                far = socket.create_connection(target)
                selector.register(near, selectors.EVENT_READ, far)
                selector.register(far, selectors.EVENT_READ, near)
                continue
            data = key.fileobj.recv(4096)
            passed += len(data)
            if data:
                key.data.sendall(data)
                continue
            for sock in (key.fileobj, key.data):
                selector.unregister(sock)
                sock.close()
            selector.close()
            print("passed enough:", passed > 200000)
            return


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
listener = socket.create_server(("127.0.0.1", 0))
threads = [
    threading.Thread(target=server.serve_forever),
    threading.Thread(target=proxy, args=(listener, server.server_address)),
]
for thread in threads:
    thread.start()
connection = http.client.HTTPConnection(*listener.getsockname())
for size in (10, 100000):
    connection.request("POST", "/", body=b"x" * size)
    answer = connection.getresponse()
    print(answer.status, len(answer.read()))
connection.close()
threads[1].join()
server.shutdown()
threads[0].join()
server.server_close()
listener.close()
