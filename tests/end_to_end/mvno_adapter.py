#!/usr/bin/python3
"""An MVNO's adapter for Restante: all of it, in plain Python, without any code of Restante.

It needs Debian's python3-zmq for the socket and the `capnp` tool (package capnproto) for the
envelopes; schemas/request.capnp says what may stand in them. Other languages have Cap'n Proto
libraries and need no tool. One request is one ZeroMQ message on a DEALER socket:

    frame 0      the envelope: a `Request`, standard stream framing, unpacked
    frame 1...   the media the envelope describes under `parts`, the files' bytes as they are

and is answered once, by a `Reply` and its media in the same form. Replies come in any order and
are told apart by the `correlation` the client chose; events of a subscription come between them.

    mvno_adapter.py IDENTITY.toml NUMBER RECORDING    deposits a recording, for a try
"""
import collections
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import zmq

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PASSING = "busy", "outcomeUnknown", "shuttingDown"  # codes after which one asks again
MEDIA_TYPES = {".amr": "amr", ".awb": "amrWb", ".wav": "wav", ".mp3": "mp3", ".ogg": "ogg"}


def convert(data, forms, schema, struct):
    """Lets the capnp tool read or write an envelope. In JSON, `Data` is a list of byte values,
    64-bit numbers are texts, and a union is the one member that is set."""
    return subprocess.run(["capnp", "convert", forms, "-I/usr/include", SCHEMAS / schema, struct],
                          input=data, capture_output=True, check=True).stdout


def encode(envelope, schema="request.capnp", struct="Request"):
    return convert(json.dumps(envelope).encode(), "json:binary", schema, struct)


def decode(frame, schema="request.capnp", struct="Reply"):
    return json.loads(convert(frame, "binary:json", schema, struct))


def connect(kind, endpoint, server_key="", public_key="", secret_key=""):
    """A connected ZeroMQ socket. With CURVE (all three keys, in Z85) everything is encrypted, the
    node proves who it is by `server_key`, and the key pair says which tenant this is."""
    socket = zmq.Context.instance().socket(kind)
    socket.linger = 500  # ms that close() may go on sending
    # Notices dead connections; ZeroMQ's heartbeats can abort the process in libzmq 4.3.4.
    socket.tcp_keepalive, socket.tcp_keepalive_cnt = 1, 2
    socket.tcp_keepalive_idle = socket.tcp_keepalive_intvl = 5  # seconds
    if server_key:
        socket.curve_serverkey = server_key.encode()
        socket.curve_publickey, socket.curve_secretkey = public_key.encode(), secret_key.encode()
    socket.connect(endpoint)
    return socket


class Refused(Exception):
    """The node's `Failure`: `code` says what to do (bridges/README.md), `reason` why, for logs."""

    def __init__(self, failure):
        super().__init__(f"{failure['code']} {failure['reason']}: {failure['text']}")
        self.code, self.reason = failure["code"], failure["reason"]
        self.pause = failure["retryAfterMs"] / 1000


class NoAnswer(Exception):
    """Silence: the request may have been done or not. Repeat it with the same request id."""


class Adapter:
    """One connection to a node. Subscribers are named as {"number": "+15055551212"}, {"imei": ...}
    or {"profileId": ...}; messages as {"uid": 1} or {"id": [16 byte values]}. The arguments are
    what an identity file holds; the tenant's name is for people, the key is what counts."""

    def __init__(self, endpoint, server_key="", public_key="", secret_key="", tenant="",
                 timeout=10.0):
        self.socket = connect(zmq.DEALER, endpoint, server_key, public_key, secret_key)
        self.socket.sndtimeo = int(timeout * 1000)  # without it, a refused client waits for ever
        self.timeout, self.correlation, self.events = timeout, 0, collections.deque()

    def close(self):
        self.socket.close()

    def post(self, operation, body=None, media=(), request_id=None):
        """Sends a request: envelope and media frames. `request_id` is what makes repeating safe."""
        self.correlation += 1
        envelope = encode({"correlation": self.correlation,
                           "deadlineMs": int(self.timeout * 900),  # before we stop waiting
                           "requestId": list(request_id or os.urandom(16)), operation: body})
        try:
            self.socket.send_multipart([envelope, *media])
        except zmq.Again:
            raise NoAnswer("the node cannot be reached, or does not accept these keys") from None
        return self.correlation

    def receive(self, timeout):
        """The next reply or event, envelope and media frames; (None, []) when none comes."""
        if not self.socket.poll(max(0, int(timeout * 1000))):
            return None, []
        envelope, *media = self.socket.recv_multipart()
        return decode(envelope), media

    def ask(self, operation, body=None, media=(), request_id=None):
        """One request and the reply that belongs to it; events that come before it are kept."""
        correlation = self.post(operation, body, media, request_id)
        end = time.monotonic() + self.timeout
        while True:
            reply, frames = self.receive(end - time.monotonic())
            if reply is None:
                raise NoAnswer(operation)
            if "event" in reply:
                self.events.append(reply["event"])
            elif int(reply["correlation"]) in (correlation, 0):  # 0: it could not read ours
                if "failed" in reply:
                    raise Refused(reply["failed"])
                return reply, frames

    def insist(self, operation, body, media=(), request_id=None, attempts=5):
        """Asks until the outcome is known. The id stays the same, so nothing happens twice."""
        request_id = request_id or os.urandom(16)
        for attempt in range(attempts):
            try:
                return self.ask(operation, body, media, request_id)
            except (NoAnswer, Refused) as problem:
                final = getattr(problem, "code", "") not in ("", *PASSING)
                if final or attempt + 1 == attempts:
                    raise
                time.sleep(max(0.05 * 2 ** attempt, getattr(problem, "pause", 0)))

    def register(self, number, imei="", pin="", language="", request_id=None):
        """Gives a device access. Answers {"profileId": ..., "alreadyHadAccess": ...}."""
        body = {"number": number, "imei": imei, "pin": pin, "language": language}
        return self.insist("register", body, request_id=request_id)[0]["registered"]

    def deposit(self, subscriber, recording, caller="", called_at_ms=None, kind="amr",
                request_id=None):
        """Leaves a voicemail: its bytes are the second frame. When this returns, it is on disk.
        Who may call again with the same `request_id` passes the same `called_at_ms`, too: it is
        part of what the id stands for."""
        body = {"subscriber": subscriber, "format": "voicemail", "caller": caller,
                "calledAtMs": called_at_ms or int(time.time() * 1000),
                "parts": [{"type": kind, "size": len(recording)}]}
        return self.insist("deposit", body, [recording], request_id)[0]["deposited"]

    def messages(self, subscriber):
        return self.ask("list", {"subscriber": subscriber})[0]["listing"]["headers"]

    def for_device(self, operation, body, pin, request_id=None):
        """On behalf of the subscriber's device: the node answers with a challenge, and the same
        request (same id, same message) comes again with the challenge and the PIN."""
        body, request_id = {**body, "channel": "device"}, request_id or os.urandom(16)
        challenge = self.ask(operation, body, request_id=request_id)[0]["challenge"]["challenge"]
        body["answer"] = {"challenge": challenge, "pin": pin}
        return self.ask(operation, body, request_id=request_id)

    def retrieve(self, subscriber, message, pin=None, place="web page"):
        """The header and the recordings: for the device with a PIN, without one for a user that
        the MVNO itself has authenticated."""
        body = {"subscriber": subscriber, "message": message}
        if pin is not None:
            reply, media = self.for_device("retrieve", body, pin)
        else:
            reply, media = self.insist("retrieve", {**body, "deliveredTo": place})
        return reply["message"]["header"], media

    def delete(self, subscriber, message):
        body = {"subscriber": subscriber, "message": message}
        return self.insist("delete", body)[0]["done"]["changed"]

    def get_greeting(self, subscriber, kind="normal"):
        """What callers hear: the media type and the bytes."""
        reply, media = self.ask("getGreeting", {"subscriber": subscriber, "kind": kind})
        return reply["greeting"]["media"]["type"], media[0]

    def set_greeting(self, subscriber, recording, media_type="amr", kind="normal"):
        body = {"subscriber": subscriber, "kind": kind,
                "media": {"type": media_type, "size": len(recording)}}
        return self.insist("setGreeting", body, [recording])[0]["done"]["changed"]

    def subscribe(self, name, credit=100, start=0):
        """Begins to receive events under a name whose position the node keeps; `start` 1 means
        everything kept. The first sequence number that can follow."""
        body = {"name": name, "credit": credit, "from": start}
        return int(self.ask("subscribe", body)[0]["subscribed"]["from"])

    def next_event(self, timeout):
        """The next event, or None. Events come again until acknowledged: drop what you have had."""
        end = time.monotonic() + timeout
        while not self.events:
            reply, _ = self.receive(end - time.monotonic())
            if reply is None:
                return None
            if "event" in reply:
                self.events.append(reply["event"])
        return self.events.popleft()

    def acknowledge(self, name, sequence):
        """This event and all before it are done. Nothing is answered."""
        self.post("acknowledge", {"name": name, "sequence": sequence})


def main(identity_file, number, recording):
    import tomllib  # Python 3.11
    adapter = Adapter(**tomllib.loads(Path(identity_file).read_text()))
    print(adapter.register(number))
    kind = MEDIA_TYPES[Path(recording).suffix]
    print(adapter.deposit({"number": number}, Path(recording).read_bytes(), kind=kind))


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 4 else sys.exit(__doc__)
