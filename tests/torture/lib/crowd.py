"""Many connections at once, driven by one thread: what a program with a thousand sockets can do."""

import errno
import json
import selectors
import socket
import time


class Crowd:
    """Sockets by number. connect() begins, poll() moves on; read[n] are the bytes that came, closed the numbers of
    those that the daemon ended."""

    def __init__(self, t, port, host="127.0.0.1"):
        self.address = (host, port)
        self.selector = selectors.DefaultSelector()
        self.sockets = {}
        self.read = {}
        self.closed = {}
        self.connected = {}
        t.on_exit(self.end)

    def connect(self, n, source=None):
        sock = socket.socket()
        sock.setblocking(False)
        if source:
            sock.bind((source, 0))
        code = sock.connect_ex(self.address)
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            raise OSError(code, "connect")
        self.sockets[n] = sock
        self.read[n] = bytearray()
        self.selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, n)

    def poll(self, timeout=0.1):
        for key, events in self.selector.select(timeout):
            n, sock = key.data, key.fileobj
            if events & selectors.EVENT_WRITE and n not in self.connected:
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    self.drop(n, code)
                    continue
                self.connected[n] = time.monotonic()
                self.selector.modify(sock, selectors.EVENT_READ, n)
            if events & selectors.EVENT_READ:
                self._take(n, sock)

    def _take(self, n, sock):
        try:
            chunk = sock.recv(65536)
        except BlockingIOError:
            return
        except OSError as e:
            self.drop(n, e.errno)
            return
        if chunk:
            self.read[n] += chunk
        else:
            self.drop(n, 0)

    def drop(self, n, code=None):
        """Ends one of our side, or notes that the daemon did."""
        sock = self.sockets.pop(n, None)
        if sock:
            self.selector.unregister(sock)
            sock.close()
            self.closed[n] = (time.monotonic(), code)

    def until(self, condition, seconds):
        """Polls until it is true; False when the time was up before."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.poll()
        return True

    def send(self, n, data):
        """Small things: the socket takes them whole, or it is an error."""
        sock = self.sockets[n]
        if sock.send(data) != len(data):
            raise BlockingIOError("the socket is full")

    def call(self, n, method, **params):
        self.send(n, json.dumps({"jsonrpc": "2.0", "id": n, "method": method, "params": params}).encode() + b"\n")

    def answer(self, n):
        """The first whole line, taken off; None if there is none yet."""
        if b"\n" not in self.read[n]:
            return None
        line, _, rest = bytes(self.read[n]).partition(b"\n")
        self.read[n] = bytearray(rest)
        return json.loads(line)

    def end(self):
        for n in list(self.sockets):
            self.drop(n)
