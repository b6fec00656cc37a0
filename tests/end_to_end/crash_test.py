"""A node that is killed with `kill -9` again and again under full load keeps what it acknowledged.

One cycle: load for a random time, kill, sometimes a start that is killed before it has served,
start, check. The programs that load and check are in tests/crash. By hand, with any number of
cycles, a new node after every hundred so that the disk stays bounded:

    crash_test.py [--cycles N] [--seed SEED] [--keep] [--directory DIRECTORY]

The last line is one JSON object of figures. After a failure they are those until then, with what
went wrong in `failure`, and the status is 1. The seed (RESTANTE_SEED, or a new one) gives the
contents and the times; it is in every failure.
"""
import argparse
import collections
import contextlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
import unittest

from mvno_adapter import Adapter
from node import BIN, START_SECONDS, Node, amr, at_least_one, eventually

CYCLES = 100
CYCLES_OF_A_NODE = 100
LOAD_SECONDS = 0.02, 0.2  # between the first acknowledgement and the kill
START_KILLED_SECONDS = 0.0, 0.15  # a start takes about as long
CHECK_SECONDS = 120
DIFFERENCES = "lost", "changed", "duplicated", "undeleted", "refused"
CALL_TIMES_BEGIN_MS = 1_600_000_000_000  # deposit N was called N ms later


def new_seed():
    return int(os.environ.get("RESTANTE_SEED") or random.SystemRandom().randrange(1 << 32))


class Crashing:
    """A node, its depositor and its checker; `close` ends all three."""

    def __init__(self, seed, keep=False, under=None):
        self.random, self.seed, self.keep = random.Random(seed), seed, keep
        self.node = Node(under)
        self.journal = self.node.directory / "journal"
        self.identity = self.node.directory / "identity.toml"
        self.depositor = self.checker = None
        self.kills = 0

    def begin(self):
        """The first start, which makes the store, is killed like any other."""
        self.kill_starts(share=1)
        self.node.start()
        lines = [f'{key} = "{text}"\n' for key, text in self.node.add_tenant("acme").items()]
        self.identity.touch(mode=0o600)
        self.identity.write_text('tenant = "acme"\n' + "".join(lines))
        files = ["--as", self.identity, "--journal", self.journal, "--seed", str(self.seed)]
        self.journal.touch()
        self.depositor = subprocess.Popen([BIN / "crash_depositor", *files],
                                          stdout=subprocess.PIPE, text=True)
        self.checker = subprocess.Popen([BIN / "crash_checker", *files, "--follow"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def close(self):
        for process in (self.depositor, self.checker):
            if process is not None:
                process.kill()
                process.communicate()
        if self.keep:
            if self.node.process is not None:
                self.node.kill()
            print(f"store, journal and log are kept in {self.node.directory}", file=sys.stderr)
        else:
            self.node.close()

    # --- the node's lives -------------------------------------------------------------------------

    def spawn(self):
        """Starts the node without waiting for it; those who ask wait."""
        with self.node.log.open("wb") as log:
            self.node.process = subprocess.Popen(
                [BIN / "restanted", "--config", self.node.config], stdout=log, stderr=log)

    def must_run(self):
        status = self.node.process.poll()
        if status is not None:
            raise AssertionError(f"seed {self.seed}: restanted ended with status {status}:\n"
                                 + self.node.log.read_text())
        return True

    def kill(self):
        self.must_run()
        self.node.kill()
        self.kills += 1

    def kill_starts(self, share=0.3):
        """Now and then: one to three starts that are killed while they recover."""
        if self.random.random() < share:
            for _ in range(self.random.randint(1, 3)):
                self.spawn()
                time.sleep(self.random.uniform(*START_KILLED_SECONDS))
                self.kill()

    def load(self):
        """Load for a random time, which begins when acknowledgements come."""
        before = self.journal.stat().st_size
        grown = eventually(lambda: self.must_run() and self.journal.stat().st_size > before,
                           START_SECONDS, 0.005)
        if not grown or self.depositor.poll() is not None:
            raise AssertionError(f"seed {self.seed}: nothing is deposited")
        time.sleep(self.random.uniform(*LOAD_SECONDS))

    def cycle(self):
        """One kill under load and what the checker then says."""
        self.load()
        self.kill()
        self.kill_starts()
        # Mostly what was recovered is looked at as it is, sometimes while it is loaded again.
        # The load stops during the rest of the check, or the next one would have more to do.
        loaded = self.random.random() < 0.2
        if not loaded:
            self.depositor.send_signal(signal.SIGSTOP)
        self.spawn()
        self.begin_check()
        if loaded:
            self.load()
            self.depositor.send_signal(signal.SIGSTOP)
        got = self.checked()
        self.depositor.send_signal(signal.SIGCONT)
        return got

    # --- checking ---------------------------------------------------------------------------------

    def begin_check(self):
        """Lets the running checker look at what is new to it, and a sample of the rest."""
        self.checker.stdin.write("new\n")
        self.checker.stdin.flush()

    def checked(self):
        """The running checker's figures; they grow from check to check."""
        end = time.monotonic() + CHECK_SECONDS
        while not select.select([self.checker.stdout], [], [], 0.1)[0]:
            self.must_run()
            if time.monotonic() > end:
                raise AssertionError(f"seed {self.seed}: no check within {CHECK_SECONDS} s")
        line = self.checker.stdout.readline()
        if not line:
            raise AssertionError(f"seed {self.seed}: the checker ended with status "
                                 f"{self.checker.wait()}; its last words are above")
        return json.loads(line)

    def end_load(self):
        """Lets the depositor end, for which everything open must be answered; its figures."""
        self.depositor.send_signal(signal.SIGTERM)
        told, _ = self.depositor.communicate(timeout=CHECK_SECONDS)
        return json.loads(told)

    def check_all(self, journal=None):
        """Exit status and figures of a checker that knows nothing but the journal."""
        done = subprocess.run([BIN / "crash_checker", "--as", self.identity, "--journal",
                               journal or self.journal], capture_output=True, text=True,
                              timeout=CHECK_SECONDS)
        if not done.stdout:
            raise AssertionError(f"seed {self.seed}: {done.stderr}")
        return done.returncode, json.loads(done.stdout), done.stderr


def run_cycles(cycles, seed, progress=lambda *_: None, keep=False, under=None):
    """Figures of so many cycles with one node; AssertionError at the first difference, with the
    figures until then in its `figures`. `keep`: what a failure leaves is not removed."""
    figures = {}
    with contextlib.closing(Crashing(seed, keep, under)) as crashing:
        try:
            go_through(crashing, cycles, figures, progress)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise Failure(str(error), {**figures, "kills": crashing.kills}) from error
        crashing.keep = False
        return collections.Counter(figures)


class Failure(AssertionError):
    """What went wrong, and the figures until then."""

    def __init__(self, what, figures):
        super().__init__(what)
        self.figures = collections.Counter(figures)


def go_through(crashing, cycles, figures, progress):
    """Keeps `figures` up to date; AssertionError at the first difference."""
    seed = crashing.seed
    crashing.begin()
    for number in range(1, cycles + 1):
        got = crashing.cycle()
        figures.update(got, cycles=number)
        progress(number, got)
        if any(got[kind] for kind in DIFFERENCES):
            raise AssertionError(f"seed {seed}, cycle {number}: {got}; the checker's words "
                                 "are above")
    sent = crashing.end_load()
    crashing.kill()
    crashing.node.start()
    status, got, words = crashing.check_all()
    data = crashing.node.directory / "data"
    figures.update(got, kills=crashing.kills, sent_again=sent["sent_again"],
                   store_bytes=sum(file.stat().st_size for file in data.rglob("*")))
    if status != 0 or got["unacknowledged"] != 0 or got["acknowledged"] != sent["sent"]:
        raise AssertionError(f"seed {seed}, at the end: {got}, sent {sent}\n{words}")


class Crashes(unittest.TestCase):
    def test_kill_9_under_load_loses_changes_and_duplicates_nothing_acknowledged(self):
        seed = new_seed()
        got = run_cycles(CYCLES, seed)
        print(f"seed {seed}: {json.dumps(got)}")
        self.assertGreater(got["acknowledged"], 20 * CYCLES, "the load was no load")
        self.assertGreater(got["sent_again"], 20 * CYCLES, "nothing was open at the kills")


class Checking(unittest.TestCase):
    """That the checker sees what it is there for: stores and journals that do not agree."""

    @classmethod
    def setUpClass(cls):
        cls.crashing = Crashing(new_seed())
        cls.addClassCleanup(cls.crashing.close)
        cls.crashing.begin()
        cls.data = cls.crashing.node.directory / "data"
        cls.older, cls.whole = cls.data.with_name("older"), cls.data.with_name("whole")
        cls.keep(cls.older)
        cls.crashing.spawn()
        cls.keep(cls.whole)
        cls.crashing.node.start()
        status, got, words = cls.crashing.check_all()
        assert status == 0, f"not sound before anything is done to it: {got}\n{words}"
        cls.lines = cls.crashing.journal.read_text().splitlines()

    @classmethod
    def keep(cls, copy):
        """Load, a kill, and a copy of what is then on disk; nothing is open in the last one."""
        deletions = 20 if copy is cls.whole else 10
        if not eventually(lambda: cls.crashing.must_run() and cls.crashing.journal.read_text()
                          .count("\ndeleted ") > deletions, START_SECONDS):
            raise AssertionError("nothing is deposited")
        if copy is cls.whole:
            cls.crashing.end_load()
        cls.crashing.kill()
        shutil.copytree(cls.data, copy)

    def serve(self, copy):
        self.crashing.kill()
        shutil.rmtree(self.data)
        shutil.copytree(copy, self.data)
        self.crashing.node.start()

    @contextlib.contextmanager
    def tenant(self):
        """What is done by this connection, the journal does not know; it is undone afterwards."""
        self.addCleanup(self.serve, self.whole)
        lines = self.crashing.identity.read_text().splitlines()
        keys = dict(line.split(" = ") for line in lines)
        adapter = Adapter(**{key: text.strip('"') for key, text in keys.items()})
        yield adapter
        adapter.close()

    def differences(self, lines=None):
        """What is told, with the journal or with these lines in its place."""
        journal = self.crashing.node.directory / "other-journal"
        journal.write_text("\n".join(lines or self.lines) + "\n")
        status, got, self.words = self.crashing.check_all(journal)
        self.assertEqual(status, 1, got)
        return {kind: got[kind] for kind in (*DIFFERENCES, "unacknowledged") if got[kind]}

    def with_line(self, verb, number, change):
        """The journal with one line changed, or without it when that makes it empty."""
        line = self.line(verb, number)
        return [text for each in self.lines
                if (text := change(line) if each == line else each)]

    def line(self, verb, number):
        return next(line for line in self.lines if line.split()[:2] == [verb, number])

    def numbers(self, verb, last=""):
        return [line.split()[1] for line in self.lines
                if line.startswith(verb + " ") and line.endswith(last)]

    def owed(self):
        """The number of a deposit that was acknowledged and that nobody asked to delete."""
        asked = set(self.numbers("delete"))
        return next(number for number in self.numbers("ack") if number not in asked)

    def where(self, number):
        """Subscriber and message of a deposit, as requests name them."""
        return {"subscriber": {"profileId": self.line("send", number).split()[2]},
                "message": {"id": list(bytes.fromhex(self.line("ack", number).split()[2]))}}

    def test_a_store_that_went_back_in_time_has_lost_messages(self):
        self.addCleanup(self.serve, self.whole)
        self.serve(self.older)
        lost = self.differences()["lost"]
        self.assertGreater(lost, 10)
        self.assertLess(lost, len(self.numbers("send")), "the older store had some of them")

    def test_a_message_put_into_the_bin_or_purged_behind_the_journal_is_lost(self):
        for purge in (False, True):
            with self.tenant() as tenant:
                tenant.insist("delete", {**self.where(self.owed()), "purge": purge})
            self.assertEqual(self.differences(), {"lost": 1})

    def test_other_bytes_of_the_same_size_are_a_change(self):
        def other_digest(line):
            return line[:-1] + ("1" if line[-1] == "0" else "0")

        lines = self.with_line("send", self.owed(), other_digest)
        self.assertEqual(self.differences(lines), {"changed": 1})

    def test_a_deposit_that_became_two_messages_is_a_duplicate(self):
        number = self.owed()
        with self.tenant() as tenant:
            tenant.deposit(self.where(number)["subscriber"], amr(1),
                           called_at_ms=CALL_TIMES_BEGIN_MS + int(number))
        self.assertEqual(self.differences()["duplicated"], 1)

    def test_a_message_that_nobody_sent_is_a_duplicate(self):
        with self.tenant() as tenant:
            tenant.deposit(self.where(self.owed())["subscriber"], amr(1))
        self.assertEqual(self.differences(), {"duplicated": 1})

    def test_a_number_that_was_a_purged_messages_is_not_given_again(self):
        number = next(n for n in self.numbers("delete", " purge") if n in self.numbers("deleted"))
        mailbox, uid = self.line("send", number).split()[2], self.line("ack", number).split()[3]
        other = next(line.split()[1] for line in self.lines if line.startswith("send ")
                     and line.split()[2] == mailbox and line.split()[1] != number)
        lines = self.with_line("ack", other, lambda line: " ".join([*line.split()[:3], uid]))
        self.assertIn("duplicated", self.differences(lines))
        self.assertIn(f"number {uid} has stood for another message", self.words)

    def test_a_deletion_that_comes_undone_is_told(self):
        number = next(n for n in self.numbers("delete", " trash") if n in self.numbers("deleted"))
        with self.tenant() as tenant:
            tenant.insist("setFlags", {**self.where(number), "clear": 8})
        self.assertEqual(self.differences(), {"undeleted": 1})

    def test_a_deposit_that_never_got_an_answer_is_told_when_the_load_has_ended(self):
        lines = self.with_line("ack", self.owed(), lambda line: "")
        self.assertEqual(self.differences(lines), {"unacknowledged": 1})


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--cycles", type=at_least_one, default=CYCLES)
    options.add_argument("--seed", type=int, help="of the first node; then counted up")
    options.add_argument("--keep", action="store_true", help="keep what a failure leaves")
    options.add_argument("--directory", help="where the nodes' data go, on the disk in question")
    given = options.parse_args()
    seed = new_seed() if given.seed is None else given.seed
    total, began, failure = collections.Counter(), time.monotonic(), {}

    def progress(number, got):
        print(f"\rcycle {total['cycles'] + number}, {total['acknowledged'] + got['acknowledged']} "
              "acknowledged ", end="", file=sys.stderr, flush=True)

    while total["cycles"] < given.cycles and not failure:
        cycles = min(CYCLES_OF_A_NODE, given.cycles - total["cycles"])
        try:
            total += run_cycles(cycles, seed, progress, given.keep, given.directory)
        except Failure as error:
            print(f"\n{error}", file=sys.stderr)
            total += error.figures
            failure = {"failure": str(error).splitlines()[0]}
        seed += 1
    figures = {key: total[key] for key in (
        "cycles", "kills", "acknowledged", "sent_again", "deletions", "messages_retrieved",
        *DIFFERENCES, "unacknowledged", "store_bytes")}
    seconds = round(time.monotonic() - began, 1)
    print("\n" + json.dumps({**figures, "seconds": seconds, **failure}))
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
