"""A node for the end-to-end tests: the real `restanted` in a fresh directory on free ports.

What is done to it goes over its sockets, with the Python adapter of this folder; nothing of the
engine's own client code is used. RESTANTE_BIN names the directory of the programs (default:
build/release/bin). Waiting is polling with a deadline.
"""
import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import zmq
from zmq.utils import z85

from mvno_adapter import Adapter, NoAnswer, convert

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("RESTANTE_BIN", ROOT / "build" / "release" / "bin"))
DATA = ROOT / "tests" / "data"
START_SECONDS = 30  # a sanitizer's build on a busy machine is slow
STOP_SECONDS = 30

# Whoever runs the tests in the background, or under nohup, hands on that these are ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


def eventually(look, seconds=10.0, pause=0.02):
    """The first true value of look(), or its last one when the time is over."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found or time.monotonic() > end:
            return found
        time.sleep(pause)


def at_least_one(text):
    """For argparse: a number of cycles or seconds; with none nothing would be tested."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {text}")
    return number


def free_ports():
    """The first of five free ports in a row: four endpoints and the metrics."""
    while True:
        base = random.randrange(20000, 32000)  # below the ports that outgoing connections take
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(base, base + 5):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return base


def encode_all(envelopes, schema="request.capnp", root="Request"):
    """Many envelopes with one run of the capnp tool; a frame of each."""
    text = "\n".join(map(json.dumps, envelopes)).encode()
    stream, frames = convert(text, "json:binary", schema, root), []
    while stream:
        # A table of segment sizes in words, filled up to a whole word, then the segments.
        segments = struct.unpack_from("<I", stream)[0] + 1
        size = (4 + 4 * segments + 7) // 8 * 8
        size += 8 * sum(struct.unpack_from(f"<{segments}I", stream, 4))
        frames.append(stream[:size])
        stream = stream[size:]
    return frames


def decode_all(frames, schema="request.capnp", root="Reply"):
    """The envelopes of many frames with one run of the capnp tool."""
    text = convert(b"".join(frames), "binary:json", schema, root).decode().strip() if frames else ""
    envelopes, decoder = [], json.JSONDecoder()
    while text:
        envelope, end = decoder.raw_decode(text)
        envelopes.append(envelope)
        text = text[end:].lstrip()
    return envelopes


def amr(seed, frames=40):
    """A recording nobody else has: AMR frames of 12.2 kbit/s, 20 ms each, with random contents."""
    noise = random.Random(seed)
    return b"#!AMR\n" + b"".join(b"\x3c" + noise.randbytes(31) for _ in range(frames))


class Node:
    """One `restanted`: its directory, its process, its operator."""

    def __init__(self, under=None):
        """`under`: where its directory goes; by default where temporary files do."""
        self.directory = Path(tempfile.mkdtemp(prefix="restante-", dir=under)).resolve()
        self.port = free_ports()
        self.config = self.directory / "restante.toml"
        self.log = self.directory / "restanted.log"
        self.process = None
        self.inside = []  # what its command begins with: "ip netns exec ..."
        subprocess.run([BIN / "restanted", "init", self.directory, "--port-base", str(self.port)],
                       check=True, capture_output=True, timeout=START_SECONDS)

    def address(self, pattern):
        return f"tcp://127.0.0.1:{self.port + ['router', 'pull', 'sub', 'sms'].index(pattern)}"

    @property
    def server_key(self):
        secret = bytes.fromhex((self.directory / "keys" / "curve.key").read_text().strip())
        return zmq.curve_public(z85.encode(secret)).decode()

    def set(self, key, value):
        """Gives a key of the configuration another value."""
        lines = self.config.read_text().splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[at] = f"{key} = {value}"
        self.config.write_text("\n".join(lines) + "\n")

    def start(self, ignored=None):
        """Starts it and waits until it answers its operator. `ignored`: a signal it is to ignore."""
        refusing = [] if ignored is None else ["env", f"--ignore-signal={ignored.name}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*self.inside, *refusing, BIN / "restanted",
                                             "--config", self.config], stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"restanted did not come up:\n{self.log.read_text()}")
        return self

    def answers(self):
        with self.operator(timeout=0.3) as asking, contextlib.suppress(NoAnswer):
            asking.socket.linger = 0  # a ping given up must not be heard, and counted, later
            return asking.ask("ping")
        return None

    @contextlib.contextmanager
    def operator(self, timeout=10.0):
        asking = Adapter(f"ipc://{self.directory}/admin.sock", timeout=timeout)
        try:
            yield asking
        finally:
            asking.close()

    def add_tenant(self, name, role="mvno", pattern="router", **more):
        """Makes a key pair and registers it. The identity: what an adapter connects with."""
        public, secret = zmq.curve_keypair()
        body = {"name": name, "role": role, "publicKey": list(z85.decode(public)),
                "region": "US", **more}
        with self.operator() as asking:
            asking.ask("tenantAdd", body)
        return {"endpoint": self.address("sms" if role == "smsGateway" else pattern),
                "server_key": self.server_key, "public_key": public.decode(),
                "secret_key": secret.decode()}

    def metrics(self):
        """Prometheus' figures by name and labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 4}/metrics", timeout=5) as got:
            lines = got.read().decode().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in lines if line and not line.startswith("#")}

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def kill(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def close(self):
        """Ends the process if it still runs and removes the directory."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class NodeCase(unittest.TestCase):
    """A test with nodes and adapters that are closed at its end."""

    def node(self):
        node = Node()
        self.addCleanup(node.close)
        return node

    def connected(self, identity, timeout=10.0):
        adapter = Adapter(**identity, timeout=timeout)
        self.addCleanup(adapter.close)
        return adapter
