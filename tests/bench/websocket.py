# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client of subprotocol rong.v1 (RFC 6455), as far as measuring needs one."""
import base64
import json
import os
import socket
import struct
import threading

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Refused(Exception):
    def __init__(self, error):
        super().__init__(error.get("code"))
        self.code = error.get("code")


class Client:
    """Replies wake who asked; events are read and dropped, so that the server is never kept waiting."""

    def __init__(self, host, port, context, cookie):
        raw = socket.create_connection((host, port), timeout=20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(raw, server_hostname=host)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: rong.v1\r\n"
            f"Cookie: {cookie}\r\n\r\n".encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            raise ConnectionError(head.splitlines()[0].decode())
        self.socket.settimeout(None)
        self.id = 0
        self.lock = threading.Lock()
        self.replies = {}  # id → [event, message]
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        return data

    def take(self, size):
        while len(self.buffer) < size:
            self.buffer += self.receive()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read(self):
        message = b""
        try:
            while True:
                first, second = self.take(2)
                size = second & 127
                if size == 126:
                    size, = struct.unpack(">H", self.take(2))
                elif size == 127:
                    size, = struct.unpack(">Q", self.take(8))
                data = self.take(size)
                if first & 15 == PING:
                    self.frame(PONG, data)
                elif first & 15 == CLOSE:
                    break
                elif first & 15 < CLOSE:
                    message += data
                    if first & 128:
                        self.got(json.loads(message))
                        message = b""
        except (OSError, ValueError):
            pass
        for event, _ in list(self.replies.values()):
            event.set()

    def got(self, message):
        waiting = self.replies.get(message.get("re"))
        if waiting:
            waiting[1] = message
            waiting[0].set()

    def frame(self, opcode, data):
        mask = os.urandom(4)
        size = len(data)
        head = struct.pack(">BB", 128 | opcode, 128 | size) if size < 126 else \
            struct.pack(">BBH", 128 | opcode, 128 | 126, size)
        masked = bytes(byte ^ mask[i & 3] for i, byte in enumerate(data))
        with self.lock:
            self.socket.sendall(head + mask + masked)

    def send(self, op, d):
        """Asks without waiting; the ticket is for answer()."""
        self.id += 1
        self.replies[self.id] = [threading.Event(), None]
        self.frame(TEXT, json.dumps({"op": op, "id": self.id, "d": d}).encode())
        return self.id

    def answer(self, ticket, timeout=10):
        event = self.replies[ticket][0]
        if not event.wait(timeout):
            raise TimeoutError("no answer")
        message = self.replies.pop(ticket)[1]
        if message is None:
            raise ConnectionError("closed")
        if "err" in message:
            raise Refused(message["err"])
        return message.get("d", {})

    def ask(self, op, d):
        return self.answer(self.send(op, d))

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reader.join(5)
        self.socket.close()
