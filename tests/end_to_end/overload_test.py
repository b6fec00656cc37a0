"""More than a node can do: requests, unread answers, connections, descriptors. It says so by a code,
its memory is bounded, everybody else is served, and soon after it is as before.

The flood by hand, for minutes, with figures for every second:

    overload_test.py --seconds N [--strict]

It measures what a client with 256 deposits open gets stored in a second, offers three times that
whatever the answers, then half of it. Client and node share the machine, so the goodput of the
overload pays for making it, too; `--strict` fails below 0.7 of what was measured before.
"""
import argparse
import collections
import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import threading
import unittest

import zmq

from mvno_adapter import Adapter, encode
from node import BIN, START_SECONDS, Node, at_least_one, decode_all, encode_all, eventually

MIB = 1 << 20
WINDOW = 256
FLOOD_SECONDS = 6
CALM_SECONDS = 4
RECOVERY_SECONDS = 30  # the most; it takes one or two
ANSWER_SECONDS = 15  # for the last answers
GOODPUT_MIN, GOODPUT_STRICT = 0.3, 0.7
# Requests and answers that may be under way, RocksDB's rows in memory, and room for allocators.
MEMORY_MAX = 768 * MIB
DESCRIPTORS_MIN = 1024  # that a node begins with
MESSAGE_BYTES = 1024  # that a stored message may take while its mailbox is in use


def resident(node):
    with open(f"/proc/{node.process.pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def refusals(node, reason):
    return node.metrics().get(f'restante_refused_total{{reason="{reason}"}}', 0)


class Flooder:
    """The program that makes the load; a row of figures comes every second."""

    def __init__(self, node, mailboxes):
        identity = node.directory / "identity.toml"
        keys = {"tenant": "acme", **node.add_tenant("acme")}
        identity.touch(mode=0o600)
        identity.write_text("".join(f'{key} = "{text}"\n' for key, text in keys.items()))
        self.node, self.rows, self.resident = node, [], 0
        self.process = subprocess.Popen(
            [BIN / "overload_flooder", "--as", identity, "--mailboxes", str(mailboxes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.row()

    def row(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the flooder ended with status {self.process.wait()}\n"
                                 + self.node.log.read_text())
        self.resident = max(self.resident, resident(self.node))
        return json.loads(line)

    def load(self, how, number, tell=lambda row: None):
        """Rows without end under another load; the first tells of the old one, too."""
        self.process.stdin.write(f"{how} {int(number)}\n")
        self.process.stdin.flush()
        self.row()
        while True:
            row = self.row()
            tell({"load": f"{how} {int(number)}", **row, "mib": resident(self.node) // MIB})
            yield row

    def close(self):
        self.process.kill()
        self.process.communicate()


def take(rows, count):
    return [next(rows) for _ in range(count)]


def stored(rows):
    return [row["answers"].get("deposited", 0) for row in rows]


def flood(seconds, calm_seconds, tell=lambda row: None):
    """Figures of a calm, an overload and what follows; AssertionError when an answer is missing or
    is neither the good one nor `busy`, when memory grows, or when it does not end."""
    node = Node()
    with contextlib.ExitStack() as undo:
        undo.callback(node.close)
        node.start()
        # A mailbox takes 1,000 messages; 50,000 a second would be a fast machine.
        flooder = Flooder(node, mailboxes=50 * (seconds + RECOVERY_SECONDS + 10))
        undo.callback(flooder.close)

        calm = take(flooder.load("closed", WINDOW, tell), calm_seconds)
        sustainable = statistics.median(stored(calm))
        calm_p99 = statistics.median(row["p99_ms"] for row in calm)
        before, flooder.resident = resident(node), 0

        over = take(flooder.load("open", 3 * sustainable, tell), seconds)
        grown = flooder.resident - before

        clean, after = 0, []
        slow = max(5 * calm_p99, 500)
        for row in flooder.load("open", sustainable / 2, tell):
            after.append(row)
            normal = set(row["answers"]) == {"deposited"} and row["p99_ms"] < slow
            clean = clean + 1 if normal else 0
            if clean == 3 or len(after) == RECOVERY_SECONDS:
                break
        ending = flooder.load("closed", 0, tell)
        rest = take(ending, 1)
        while rest[-1]["open"] and len(rest) < ANSWER_SECONDS:
            rest += take(ending, 1)

    answers = collections.Counter()
    for row in over + after + rest:
        answers.update(row["answers"])
    figures = {
        "sustainable": sustainable, "calm_p99_ms": round(calm_p99, 1),
        "offered": round(statistics.mean(row["sent"] + row["held_back"] for row in over)),
        "sent": round(statistics.mean(row["sent"] for row in over)),
        "goodput": round(statistics.mean(stored(over))),
        "goodput_ratio": round(statistics.mean(stored(over)) / sustainable, 2),
        "answers": answers, "grown_mib": grown // MIB, "seconds_to_normal": len(after) - clean,
        "p99_ms_after": after[-1]["p99_ms"]}
    others = {name for name in answers if name != "deposited" and not name.startswith("busy ")}
    assert not others, f"an overloaded node says more than busy: {figures}"
    assert any(name.startswith("busy ") for name in answers), f"it was no overload: {figures}"
    assert grown < MEMORY_MAX + MESSAGE_BYTES * sum(stored(over)), f"memory: {figures}"
    assert clean == 3, f"not normal again after {RECOVERY_SECONDS} s: {figures}"
    assert rest[-1]["open"] == 0, f"{rest[-1]['open']} requests are without an answer: {figures}"
    return figures


class Overload(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.close)

    def client(self, tenant):
        adapter = Adapter(**self.node.add_tenant(tenant))
        self.addCleanup(adapter.close)
        return adapter

    def served(self, tenant, number):
        """A new client that is served, and a function: it deposits so many recordings."""
        adapter = self.client(tenant)
        adapter.register(number)

        def deposits(count, frames=32):
            for _ in range(count):
                noise = b"\x3c" + os.urandom(31)
                adapter.deposit({"number": number}, b"#!AMR\n" + noise * frames)
        deposits(1)
        return deposits

    def take_descriptors(self, count):
        """This process may have as many as it can; the test is skipped when that is not enough."""
        files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (files, most))
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if most < count:
            self.skipTest(f"{count} descriptors are needed, {most} can be had")

    def crowd(self, identity, count):
        """So many connections, each of which has asked once."""
        self.take_descriptors(3 * count + 200)
        context = zmq.Context()
        self.addCleanup(context.term)
        context.max_sockets = 2 * count
        ping, sockets = encode({"correlation": 1, "ping": None}), []
        for _ in range(count):
            socket = context.socket(zmq.DEALER)
            self.addCleanup(socket.close, 0)
            socket.curve_serverkey = identity["server_key"].encode()
            socket.curve_publickey = identity["public_key"].encode()
            socket.curve_secretkey = identity["secret_key"].encode()
            socket.connect(identity["endpoint"])
            socket.send(ping)
            sockets.append(socket)
        return sockets

    # --- requests ---------------------------------------------------------------------------------

    def test_three_times_what_is_sustainable_is_answered_busy_and_soon_forgotten(self):
        got = flood(FLOOD_SECONDS, CALM_SECONDS)
        print(json.dumps(got))
        self.assertGreater(got["goodput_ratio"], GOODPUT_MIN)

    # --- unread answers ---------------------------------------------------------------------------

    def test_a_client_that_never_reads_hinders_nobody_and_has_its_answers_when_it_does(self):
        node, count = self.node.start(), 300
        deposits = self.served("bona", "+15055551212")
        deaf = self.client("acme")
        endpoint = deaf.socket.last_endpoint
        deaf.socket.disconnect(endpoint)
        deaf.socket.rcvhwm = 1  # libzmq reads no more than that for a client that does not
        deaf.socket.connect(endpoint)
        mine = {"number": "+15055551313"}
        deaf.register(mine["number"])
        deaf.deposit(mine, b"#!AMR\n" + (b"\x3c" + os.urandom(31)) * (MIB // 32))
        before, most = resident(node), 0
        for envelope in encode_all([{"correlation": 1000 + i, "requestId": list(os.urandom(16)),
                                     "retrieve": {"subscriber": mine, "message": {"uid": 1}}}
                                    for i in range(count)]):
            deaf.socket.send(envelope)

        def full():
            nonlocal most
            deposits(5)
            most = max(most, resident(node) - before)
            return refusals(node, "media_waiting") > 0
        self.assertTrue(eventually(full), "nothing is said about unread answers")
        deposits(100)
        self.assertLess(most, 384 * MIB)
        frames = []
        while len(frames) < count and deaf.socket.poll(ANSWER_SECONDS * 1000):
            frames.append(deaf.socket.recv_multipart()[0])
        self.assertEqual(len({reply["correlation"] for reply in decode_all(frames)}), count)
        self.assertEqual(len(deaf.messages(mine)), 1, "served as before")

    # --- connections ------------------------------------------------------------------------------

    def test_a_thousand_idle_connections_hinder_nobody(self):
        node = self.node.start()
        deposits = self.served("bona", "+15055551212")
        sockets = self.crowd(node.add_tenant("acme"), 1000)
        for socket in sockets:
            self.assertTrue(socket.poll(START_SECONDS * 1000), "a connection is not served")
            socket.recv()
        deposits(100)
        self.served("coda", "+15055551313")

    # --- descriptors ------------------------------------------------------------------------------

    def spawn(self, descriptors):
        with self.node.log.open("wb") as log:
            self.node.process = subprocess.Popen(
                [BIN / "restanted", "--config", self.node.config], stdout=log, stderr=log,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors,) * 2))

    def test_more_connections_than_descriptors_stop_neither_the_store_nor_those_connected(self):
        node, descriptors = self.node, DESCRIPTORS_MIN
        self.spawn(descriptors)
        self.assertTrue(eventually(node.answers, START_SECONDS), node.log.read_text())
        deposits = self.served("bona", "+15055551212")
        sockets = self.crowd(node.add_tenant("acme"), descriptors + descriptors // 2)
        # More than RocksDB keeps of media in memory: it opens new files for them.
        deposits(24, frames=200_000)
        self.assertIsNone(node.process.poll(), node.log.read_text())
        self.assertGreater(refusals(node, "connections_too_many"), 0)
        served = sum(bool(socket.poll(0)) for socket in sockets)
        self.assertGreater(served, descriptors // 8)
        self.assertLess(served, descriptors // 2)
        for socket in sockets:
            socket.close(0)
        self.served("coda", "+15055551313")
        deposits(10)
        self.assertEqual(node.stop(), 0, node.log.read_text())

    def knock(self, count, family, *addresses):
        """So many connections to each address in a burst, without a word; closed at the end."""
        for _ in range(count):
            for address in addresses:
                knocking = socket.socket(family)
                self.addCleanup(knocking.close)
                knocking.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    knocking.connect(address)

    def test_bursts_of_connections_without_a_handshake_never_take_the_last_descriptors(self):
        node = self.node
        self.take_descriptors(7000)
        self.spawn(DESCRIPTORS_MIN)
        self.assertTrue(eventually(node.answers, START_SECONDS), node.log.read_text())
        admin = str(node.directory / "admin.sock")
        done, most, operators = threading.Event(), [], []

        def beside(what):
            def repeat():
                with contextlib.suppress(FileNotFoundError):  # the process is gone
                    while not done.is_set():
                        what()
            thread = threading.Thread(target=repeat)
            self.addCleanup(thread.join)
            self.addCleanup(done.set)
            thread.start()

        def open_admin():  # an accept by ipc without a descriptor would end the process
            with socket.socket(socket.AF_UNIX) as opened:
                opened.settimeout(1)
                with contextlib.suppress(OSError):
                    opened.connect(admin)
                    operators.append(opened)
                    done.wait(0.02)

        beside(lambda: most.append(len(os.listdir(f"/proc/{node.process.pid}/fd"))))
        beside(open_admin)
        ports = [("127.0.0.1", node.port + i) for i in range(4)]
        self.knock(1500, socket.AF_INET, ports[0])
        self.assertTrue(eventually(node.answers), node.log.read_text())
        self.knock(750, socket.AF_INET, *ports)
        self.knock(1500, socket.AF_UNIX, admin)
        self.assertTrue(eventually(node.answers), node.log.read_text())
        done.set()
        self.assertIsNone(node.process.poll(), node.log.read_text())
        self.assertGreater(len(operators), 10)
        self.assertGreater(refusals(node, "connections_too_many"), 0)
        # A quarter is for the store's files.
        self.assertLess(max(most), DESCRIPTORS_MIN - 64)
        self.assertGreater(max(most), DESCRIPTORS_MIN // 2, "it was no flood")
        self.assertEqual(node.stop(), 0, node.log.read_text())

    def test_a_node_that_may_open_too_few_files_says_so_and_does_not_begin(self):
        self.spawn(DESCRIPTORS_MIN - 1)
        self.assertEqual(self.node.process.wait(START_SECONDS), 1)
        self.assertRegex(self.node.log.read_text(), r"may open 1023 files: expected 1024 .*LimitNOFILE.*too_few")
        self.assertFalse((self.node.directory / "data").exists(), "a refused start leaves nothing")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seconds", type=at_least_one, default=120, help="of overload")
    options.add_argument("--strict", action="store_true",
                         help=f"fail when the goodput falls below {GOODPUT_STRICT}")
    given = options.parse_args()
    got = flood(given.seconds, 10, lambda row: print(json.dumps(row), flush=True))
    print(json.dumps(got))
    if given.strict and got["goodput_ratio"] < GOODPUT_STRICT:
        sys.exit(f"goodput {got['goodput_ratio']}, expected {GOODPUT_STRICT} at least")


if __name__ == "__main__":
    main()
