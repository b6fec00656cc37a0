"""What `./dev run` shows a person: a voicemail's life on one node, and a subscriber's journey
between the regions of three."""
import contextlib
import os
import re
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from node import BIN, ROOT, eventually

SECONDS = 240  # of a walk, on a busy machine
FIGURE = r"[\d.,]+ m?s"


class Walk(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="restante-")))

    def begin(self, *arguments):
        """`./dev run` in a session of its own, with temporary files where they can be counted."""
        process = subprocess.Popen(
            [ROOT / "dev", "run", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env=dict(os.environ, RESTANTE_BIN=str(BIN), TMPDIR=str(self.directory)))
        self.addCleanup(process.stdout.close)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)

    def left(self):
        """Processes that serve from here."""
        found = []
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if str(self.directory).encode() in line.read_bytes():
                    found.append(int(line.parent.name))
        return found

    def walked(self, *arguments):
        process = self.begin(*arguments)
        told, _ = process.communicate(timeout=SECONDS)
        return process.returncode, told

    def expect(self, told, *lines):
        """Each of the patterns in a line of its own, in this order."""
        rest = iter(told.splitlines())
        for pattern in lines:
            self.assertTrue(any(re.search(pattern, line) for line in rest),
                            f"nothing like {pattern!r}, or not in its place, in\n{told}")

    def test_one_voicemail_is_walked_through_one_node_and_nothing_stays(self):
        status, told = self.walked("--once")
        self.assertEqual(status, 0, told)
        self.expect(told, r"^1\. ", r"^2\. A telephone activates its voicemail by SMS",
                    r"the same deposit again: duplicate", "Every step was verified")
        self.assertEqual((list(self.directory.iterdir()), self.left()), ([], []))

    def test_a_subscriber_roams_through_a_cut_and_comes_home_and_nothing_stays(self):
        status, told = self.walked("--nodes", "3", "--once")
        self.assertEqual(status, 0, told)
        self.expect(
            told,
            r"^4\. The subscriber travels to us1",
            rf"the mailbox was on the disk of boston {FIGURE} after",
            r"^ +boston +us1 +2 messages, 2 unheard",
            rf"home knew that it was heard {FIGURE} later",
            r"^6\. The link between the regions is cut",
            r"boston -> device .*the same that were deposited",
            r"mvno -> boston .*save message",
            r"mvno -> boston .*delete message",
            r"mvno -> boston .*deposit",
            r"mvno -> paris .*deposit",
            r"MESSAGE +FROM +IN paris +IN boston",
            r"^ +\d+ +\+12025550141 +new +played, saved$",
            r"^ +\d+ +\+12025550142 +new +-$",
            r"^ +\d+ +\+12025550144 +- +new$",
            r"^ +\d+ +\+12025550145 +new +-$",
            r"^9\. The link heals",
            rf"both sides were equal after {FIGURE}",
            r"^ +\d+ +\+12025550141 +played, saved +played, saved$",
            r"^ +\d+ +\+12025550142 +- +-$",
            r"^ +\d+ +\+12025550144 +new +new$",
            r"^ +\d+ +\+12025550145 +new +new$",
            r"^10\. The subscriber comes home",
            rf"the copy in boston was gone {FIGURE} after",
            r"^ +paris +eu1 +4 messages",
            r"^ +boston +us1 +nothing",
            r"Every step was verified")
        self.assertEqual((list(self.directory.iterdir()), self.left()), ([], []))

    def test_an_interrupt_after_the_walk_stops_all_three_nodes_cleanly(self):
        data = self.directory / "data"
        process = self.begin("--nodes", "3", "--data", str(data))
        told = []
        for line in process.stdout:
            told.append(line)
            if "Ctrl-C ends" in line:
                break
        self.assertIn("Ctrl-C ends", told[-1], "".join(told))
        self.assertEqual(len(self.left()), 5, "three nodes, the walk and ./dev")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        self.assertEqual(process.wait(60), 0, "".join(told) + process.stdout.read())
        self.assertTrue(eventually(lambda: not self.left()), self.left())
        for name in ("paris", "lyon", "boston"):
            self.assertIn('"what":"stopped","all_answered":"yes"',
                          (data / name / "restanted.log").read_text())

    def test_other_numbers_of_nodes_are_refused_with_what_is_possible(self):
        status, told = self.walked("--nodes", "2")
        self.assertEqual(status, 1)
        self.assertIn("--nodes is 1 (the default), or 3", told)
        self.assertEqual(list(self.directory.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
