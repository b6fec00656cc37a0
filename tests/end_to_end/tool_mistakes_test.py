"""What the tools of ./dev say of a wrong command line: one line that names it, and status 2."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from node import BIN, ROOT

USAGE = 2
SECONDS = 60
SUPPORT = ROOT / "tests" / "support"


class ToolMistakes(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="restante-")
        self.addCleanup(directory.cleanup)
        self.elsewhere = directory.name

    def said(self, *command):
        """Exit status, standard output, and lines of complaint. Nothing that a tool would start is
        there: one that takes a mistake for an order does no work."""
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              timeout=SECONDS, cwd=self.elsewhere,
                              env=dict(os.environ, RESTANTE_BIN="/nowhere"))
        return done.returncode, done.stdout, done.stderr.splitlines()

    def test_a_filter_that_is_no_regular_expression_is_named(self):
        for words in (["run_suites.py", "nowhere", "["], ["seeded_bugs.py", "nowhere", "["],
                      ["run_fuzz.py", "--matching", "["]):
            status, out, complaint = self.said(sys.executable, SUPPORT / words[0], *words[1:])
            self.assertEqual((status, out), (USAGE, ""), words)
            self.assertEqual(len(complaint), 1, complaint)
            self.assertIn("the filter '[' is no regular expression: unterminated", complaint[0])

    def test_fuzzing_tells_how_it_is_used(self):
        for words in (["--help"], ["build/fuzz", "--help"], ["-h"]):
            status, out, complaint = self.said(sys.executable, SUPPORT / "run_fuzz.py", *words)
            self.assertEqual((status, complaint), (0, []))
            self.assertIn("usage: run_fuzz.py BUILD_DIRECTORY [--seconds N] [TARGET...]", out)
            self.assertIn("frames, media", out)
        for words in ([], ["nowhere", "--seconds", "0"], ["nowhere", "farmes"]):
            self.assertEqual(self.said(sys.executable, SUPPORT / "run_fuzz.py", *words)[0], USAGE)

    def test_the_page_of_benchmarks_refuses_what_it_cannot_measure(self):
        for words, expected in (
                (["--mailboxes", "1000"], "--mailboxes: 1001 to 10000000, not 1000"),
                (["--mailboxes", "10000001"], "--mailboxes: 1001 to 10000000, not 10000001"),
                (["--mailboxes", "many"], "--mailboxes: invalid int value: 'many'"),
                (["--crash-cycles", "0"], "--crash-cycles: at least 1, not 0"),
                (["--crash-cycles", "-3"], "--crash-cycles: at least 1, not -3"),
                (["--directory", "/nowhere"], "--directory: /nowhere is no directory"),
                (["--directory", __file__], f"--directory: {__file__} is no directory"),
                (["--mailbxes", "2000"], "unrecognized arguments: --mailbxes 2000")):
            status, out, complaint = self.said(sys.executable, "-B",
                                               ROOT / "benchmarks" / "card.py", *words)
            self.assertEqual((status, out), (USAGE, ""), words)
            self.assertRegex(complaint[-1], r"^\./dev bench card: error: ")
            self.assertIn(expected, complaint[-1])

    def test_runs_of_no_cycles_or_seconds_are_refused(self):
        for name, option in (("crash_test", "--cycles"), ("start_stop_test", "--cycles"),
                             ("overload_test", "--seconds")):
            for number in ("0", "-3", "many"):
                status, out, complaint = self.said(
                    sys.executable, Path(__file__).with_name(f"{name}.py"), f"{option}={number}")
                self.assertEqual((status, out), (USAGE, ""), (name, number))
                self.assertIn(f"{option}: ", complaint[-1])

    def test_a_benchmark_that_is_unknown_is_named(self):
        for words, strange in ((["foo"], "foo"), (["depositt", "--count", "5"], "depositt"),
                               (["--sise", "5"], "--sise")):
            status, out, complaint = self.said(BIN / "restante-bench", *words)
            self.assertEqual((status, out, len(complaint)), (USAGE, "", 1), complaint)
            self.assertIn(f"there is no benchmark '{strange}'; they are deposit, retrieve, scale "
                          "and cluster", complaint[0])

    def test_a_benchmark_refuses_numbers_out_of_its_range(self):
        wrong = ["nan", "inf", "-1", "0", "many", "99999999999999999999"]
        for benchmark, options in (
                ("deposit", ["--rate", "--size", "--window", "--count", "--mailboxes"]),
                ("deposit --against-floor", ["--rounds"]),
                ("retrieve", ["--size", "--window", "--count"]),
                ("scale", ["--size", "--window", "--count", "--mailboxes", "--rounds"])):
            for option in options:
                for number in wrong:
                    status, out, complaint = self.said(BIN / "restante-bench", *benchmark.split(),
                                                       option, number)
                    self.assertEqual((status, out), (USAGE, ""), (benchmark, option, number))
                    self.assertRegex(complaint[0], rf"{option}: .*{number}")
        status, _, complaint = self.said(BIN / "restante-bench", "scale", "--mailboxes", "1000")
        self.assertEqual(status, USAGE)
        self.assertIn("1001", complaint[0])


if __name__ == "__main__":
    unittest.main()
