"""A node that is started and stopped again and again under load ends every time, and in time.

One cycle: a start, deposits at full speed, SIGTERM or SIGINT at a random moment, sometimes while
the node is still starting, sometimes a second one while it stops; then the process must end, and
its client must have heard what it should. By hand, with any number of cycles:

    start_stop_test.py [--cycles N] [--seed SEED]

The seed (RESTANTE_SEED, or a new one) gives the moments; it is in every failure. A process that
does not end is shown with the stacks of all its threads: the kernel's and, with gdb, its own.
"""
import argparse
import collections
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import zmq

from mvno_adapter import connect
from node import BIN, START_SECONDS, Node, amr, at_least_one, decode_all, encode_all, eventually

CYCLES = 20
CYCLES_OF_A_NODE = 25  # then a new one, so that no mailbox is ever full
MAILBOXES = 256
WINDOW = 256  # deposits open at a time
LOAD_SECONDS = 0.0, 0.3  # between the first answer and the signal
YOUNG_SECONDS = 0.0, 0.3  # between a start and a signal that may come before it serves
TWICE_SECONDS = 0.0, 0.3  # between two signals
DRAIN_SECONDS = 10  # a stopping node gives so long to what it has accepted
END_SECONDS = DRAIN_SECONDS + 5  # then it hangs; it would give itself up after 20
KINDS = {"loaded": 6, "young": 2, "twice": 2}  # how often which


def stacks(process):
    """What all threads of a process wait for, for a failure's message."""
    told = []
    for task in sorted(Path(f"/proc/{process.pid}/task").iterdir()):
        for name in ("comm", "wchan", "stack"):
            with contextlib.suppress(OSError):  # `stack` is root's
                told.append(f"{task.name} {name}: {(task / name).read_text().strip()}")
    with contextlib.suppress(FileNotFoundError, subprocess.TimeoutExpired):
        told.append(subprocess.run(
            ["gdb", "-p", str(process.pid), "-batch", "-ex", "thread apply all backtrace 30"],
            capture_output=True, text=True, timeout=120).stdout)
    return "\n".join(told)


class Envelopes:
    """Deposits whose envelopes are encoded once; what differs is written over."""
    CORRELATION, ID, NUMBER = 0x1122334455667788, bytes(range(100, 116)), "+15055560000"

    def __init__(self):
        self.recording = bytearray(amr(1))
        self.envelope = bytearray(encode_all([{
            "correlation": str(self.CORRELATION), "deadlineMs": 30_000, "requestId": list(self.ID),
            "deposit": {"subscriber": {"number": self.NUMBER}, "calledAtMs": 1_700_000_000_000,
                        "parts": [{"type": "amr", "size": len(self.recording)}]}}])[0])
        marks = (self.CORRELATION.to_bytes(8, "little"), self.ID, self.NUMBER.encode())
        self.at = [self.envelope.index(mark) for mark in marks]

    def make(self, correlation, number, mailbox):
        """Both frames of deposit `number`, which differs from all others in id and recording."""
        name = number.to_bytes(8, "little")
        for at, text in zip(self.at, (correlation.to_bytes(8, "little"), b"deposit-" + name,
                                      mailbox.encode())):
            self.envelope[at:at + len(text)] = text
        self.recording[7:15] = name
        return [bytes(self.envelope), bytes(self.recording)]


class Load:
    """Deposits with a window of them open, from one connection through all lives of a node. What
    was refused or not answered is deposited again, under the same id."""

    def __init__(self, identity):
        self.socket = connect(zmq.DEALER, **identity)
        self.socket.linger = 0
        self.envelopes = Envelopes()
        self.deposits = 0  # made up to now
        self.again = collections.deque()
        self.asked = {}  # correlation: number of the deposit; of those not answered
        self.given_up = {}  # the same of those that are asked again
        self.correlation = 0
        self.frames = []  # answers of this life, as they came
        self.stopping = False  # the node has said so
        self.acknowledged = {}  # number of the deposit: message id
        self.codes = collections.Counter()

    @staticmethod
    def mailbox(number):
        return f"+1505556{number % MAILBOXES:04}"

    def register(self):
        self.ask_all([{"register": {"number": self.mailbox(i)}} for i in range(MAILBOXES)])

    def ask_all(self, operations):
        """The replies to other requests, in their order; nothing else may be open."""
        first = self.correlation + 1
        self.correlation += len(operations)
        for envelope in encode_all([{"correlation": first + i, "requestId": list(os.urandom(16)),
                                     **operation} for i, operation in enumerate(operations)]):
            self.socket.send(envelope)
        frames = []
        while len(frames) < len(operations) and self.socket.poll(START_SECONDS * 1000):
            frames.append(self.socket.recv())
        replies = {int(reply["correlation"]): reply for reply in decode_all(frames)}
        assert len(replies) == len(operations), "not all is answered"
        assert not any("failed" in reply for reply in replies.values()), replies
        return [replies[first + i] for i in range(len(operations))]

    def listed(self):
        """How often every message is listed, by id."""
        found, after = collections.Counter(), {self.mailbox(i): 0 for i in range(MAILBOXES)}
        while after:
            replies = self.ask_all([{"list": {"subscriber": {"number": number}, "afterUid": uid,
                                              "limit": 500}} for number, uid in after.items()])
            pages = dict(zip(after, (reply["listing"] for reply in replies)))
            found.update(tuple(header["messageId"])
                         for page in pages.values() for header in page["headers"])
            after = {number: page["headers"][-1]["uid"]
                     for number, page in pages.items() if page["more"]}
        return found

    def post(self):
        """Sends one more deposit; false when the socket takes no more, as without a node."""
        number = self.again[0] if self.again else self.deposits
        frames = self.envelopes.make(self.correlation + 1, number, self.mailbox(number))
        try:
            self.socket.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:
            return False
        self.correlation += 1
        self.asked[self.correlation] = number
        if self.again:
            self.again.popleft()
        else:
            self.deposits += 1
        return True

    def turn(self, pause=0.005, filling=True):
        """Fills the window, unless the node is stopping, and takes the answers that are there."""
        while (filling and not self.stopping and len(self.asked) - len(self.frames) < WINDOW
               and self.post()):
            pass
        if self.socket.poll(int(pause * 1000)):
            try:
                while True:
                    self.frames.append(self.socket.recv_multipart(zmq.DONTWAIT)[0])
                    self.stopping = self.stopping or b"node_stopping" in self.frames[-1]
            except zmq.Again:
                pass

    def settle(self):
        """Ends a life: reads its answers. The correlations that have had none."""
        while self.socket.poll(20):
            self.turn(filling=False)
        for reply in decode_all(self.frames):
            correlation = int(reply["correlation"])
            number = self.asked.pop(correlation, self.given_up.pop(correlation, None))
            assert number is not None, f"answered twice, or never asked: {reply}"
            self.codes[reply["failed"]["code"] if "failed" in reply else "deposited"] += 1
            if "failed" in reply:
                assert reply["failed"]["code"] in ("shuttingDown", "busy"), reply
                self.again.append(number)
            else:
                message = tuple(reply["deposited"]["messageId"])
                assert self.acknowledged.setdefault(number, message) == message, reply
        self.frames, self.stopping = [], False
        return set(self.asked)

    def give_up(self, silent):
        """Deposits again what got no answer. One may still come: what was asked before the node
        was there waited in the socket."""
        for correlation in silent:
            self.given_up[correlation] = self.asked.pop(correlation)
            self.again.append(self.given_up[correlation])


class Cycles:
    """A node, its load, and one cycle after the other."""

    def __init__(self, seed):
        self.seed, self.random = seed, random.Random(seed)
        # Programs that a shell starts in the background inherit that SIGINT is ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.node = Node()
        self.bare = self.node.directory / "bare.toml"
        self.bare.write_text(self.node.config.read_text().replace(
            f'"127.0.0.1:{self.node.port + 4}"', '""'))
        self.kind, self.statuses, self.slowest = "", collections.Counter(), 0.0
        self.load = None

    def begin(self):
        self.node.start()
        self.load = Load(self.node.add_tenant("acme"))
        self.load.register()
        return self

    def close(self):
        if self.load is not None:
            self.load.socket.close(0)
        self.node.close()

    def fail(self, why):
        raise AssertionError(f"seed {self.seed}, a {self.kind} cycle: {why}\n"
                             f"{self.node.log.read_text()}")

    def spawn(self):
        # The server of the metrics takes two seconds to end: most cycles go without.
        config = self.node.config if self.random.random() < 0.1 else self.bare
        with self.node.log.open("wb") as log:
            self.node.process = subprocess.Popen([BIN / "restanted", "--config", config],
                                                 stdout=log, stderr=log)

    def turns(self, seconds, until=None):
        """Load for so long, or until something holds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (until and until()):
            self.load.turn()

    def signal(self):
        self.node.process.send_signal(self.random.choice([signal.SIGTERM, signal.SIGINT]))

    def ended(self):
        """The exit status; what does not end, fails with its stacks."""
        process, began = self.node.process, time.monotonic()
        self.turns(END_SECONDS, until=lambda: process.poll() is not None)
        if process.poll() is None:
            self.fail(f"still there {END_SECONDS} s after the signal:\n{stacks(process)}")
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[process.returncode] += 1
        return process.returncode

    def cycle(self):
        self.kind = self.random.choices(list(KINDS), list(KINDS.values()))[0]
        if self.node.process.poll() is not None:
            self.spawn()
        expected = {0}
        if self.kind == "young":
            self.turns(self.random.uniform(*YOUNG_SECONDS))
        else:
            self.turns(2 * START_SECONDS, until=lambda: self.load.frames)
            if not self.load.frames:
                self.fail(f"no deposit is answered, the operator's ping: {self.node.answers()}\n"
                          + stacks(self.node.process))
            self.turns(self.random.uniform(*LOAD_SECONDS))
        before = set(self.load.asked)
        self.signal()
        if self.kind == "twice":
            self.turns(self.random.uniform(*TWICE_SECONDS))
            if self.node.process.poll() is None:
                self.signal()
                expected = {0, 1}
        status = self.ended()
        # What ends before it knows of signals, is ended by them.
        if self.kind == "young" and not self.node.log.read_bytes():
            expected = {0, -signal.SIGTERM, -signal.SIGINT}
        if self.kind == "young" and b'"start_ended"' in self.node.log.read_bytes():
            expected = {1}  # it was still starting, and left at once
        if status not in expected:
            self.fail(f"ended with status {status}")
        silent = self.load.settle()
        if self.kind == "loaded" and silent & before:
            self.fail(f"{len(silent & before)} requests were met with silence")
        self.load.give_up(silent)

    def check(self):
        """Everything deposited is there once, and as it was acknowledged; figures."""
        self.kind = "final"
        self.node.start()
        load = self.load
        while load.again:
            end = time.monotonic() + START_SECONDS
            while (load.again or len(load.frames) < len(load.asked)) and time.monotonic() < end:
                load.turn(filling=bool(load.again))
            load.give_up(load.settle())
        if len(load.acknowledged) != load.deposits:
            self.fail(f"{load.deposits - len(load.acknowledged)} deposits stay without an answer")
        listed = load.listed()
        lost = set(load.acknowledged.values()) - set(listed)
        if lost:
            self.fail(f"{len(lost)} acknowledged messages are lost")
        if max(listed.values()) > 1 or len(listed) != load.deposits:
            self.fail(f"{load.deposits} deposits became {sum(listed.values())} messages")
        return {"deposits": load.deposits, "answers": load.codes, "statuses": self.statuses,
                "slowest_end": self.slowest}


def new_seed():
    return int(os.environ.get("RESTANTE_SEED") or random.SystemRandom().randrange(1 << 32))


def run_cycles(cycles, seed, progress=lambda *_: None):
    """Figures of so many cycles with one node; AssertionError at the first that fails."""
    running = Cycles(seed)
    try:
        running.begin()
        for number in range(cycles):
            running.cycle()
            progress(number + 1)
        return running.check()
    finally:
        running.close()


class StartStop(unittest.TestCase):
    def test_a_node_under_load_ends_every_time_and_answers_what_it_accepted(self):
        seed = new_seed()
        got = run_cycles(CYCLES, seed)
        print(f"seed {seed}: {got}")
        self.assertGreater(got["answers"]["deposited"], 20 * CYCLES, "the load was no load")
        self.assertGreater(got["answers"]["shuttingDown"], 0, "nothing was open at the signals")

    def test_a_stopping_node_that_is_suspended_for_a_moment_goes_on_stopping(self):
        node = Node()
        self.addCleanup(node.close)
        process = node.start().process
        stat = Path(f"/proc/{process.pid}/stat")

        def state():  # T: suspended; Z: ended
            return stat.read_text().rsplit(") ", 1)[1][0]

        process.terminate()
        self.assertTrue(eventually(lambda: b'"what":"draining"' in node.log.read_bytes()))
        for _ in range(10):
            os.kill(process.pid, signal.SIGSTOP)
            self.assertTrue(eventually(lambda: state() in "TZ", pause=0.005))
            os.kill(process.pid, signal.SIGCONT)
            self.assertTrue(eventually(lambda: state() != "T", pause=0.005))
            if state() == "Z":
                break
        self.assertEqual(process.wait(END_SECONDS), 0, node.log.read_text())

    def test_a_client_that_never_stops_asking_does_not_keep_a_node_alive(self):
        running = Cycles(new_seed())
        self.addCleanup(running.close)
        running.begin()
        running.turns(START_SECONDS, until=lambda: running.load.frames)
        running.signal()

        def restless():
            running.load.stopping = False
            return running.node.process.poll() is not None

        began = time.monotonic()
        running.turns(END_SECONDS, until=restless)
        self.assertEqual(running.ended(), 0, running.node.log.read_text())
        self.assertGreater(time.monotonic() - began, DRAIN_SECONDS / 2, "it was not restless")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--cycles", type=at_least_one, default=CYCLES)
    options.add_argument("--seed", type=int, help="of the first node; then counted up")
    given = options.parse_args()
    seed = new_seed() if given.seed is None else given.seed
    done, began, slowest = 0, time.monotonic(), 0.0
    answers, statuses = collections.Counter(), collections.Counter()

    def progress(number):
        print(f"\rcycle {done + number} ", end="", file=sys.stderr, flush=True)

    while done < given.cycles:
        cycles = min(CYCLES_OF_A_NODE, given.cycles - done)
        got = run_cycles(cycles, seed, progress)
        done, seed, slowest = done + cycles, seed + 1, max(slowest, got["slowest_end"])
        answers += got["answers"]
        statuses += got["statuses"]
    print("\n" + json.dumps({"cycles": done, "answers": answers, "statuses": statuses,
                             "slowest_end": round(slowest, 2),
                             "seconds": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main()
