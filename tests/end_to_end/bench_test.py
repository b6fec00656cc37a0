"""The benchmark programs, with small figures: that what they tell is there, hangs together and is
measured of what it says, and that they leave nothing behind. How fast is not asked here."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

from node import BIN, ROOT, eventually

sys.path.insert(0, str(ROOT / "benchmarks"))
import card  # noqa: E402
from plot import nice_step, throughput_svg  # noqa: E402

SECONDS = 240
SANITIZED = BIN.parent.name in ("asan", "tsan")  # such a program's memory is mostly the sanitizer's


class Bench(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="restante-")
        self.addCleanup(self.directory.cleanup)

    def command(self, *arguments):
        return [BIN / "restante-bench", *map(str, arguments), "--json",
                "--directory", self.directory.name]

    def run_bench(self, *arguments):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True,
                              timeout=SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_nothing_is_left()
        return json.loads(done.stdout)

    def assert_nothing_is_left(self):
        self.assertEqual(os.listdir(self.directory.name), [])
        self.assertEqual(self.nodes(), [])

    def nodes(self):
        """Processes that serve in the directory."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self.directory.name.encode() in (process / "cmdline").read_bytes():
                    found.append(process.name)
            except OSError:
                continue  # it has ended
        return found

    def assert_load(self, got, per_second):
        latency = got["latency_ms"]
        self.assertGreater(latency["p50"], 0)
        self.assertLessEqual(latency["p50"], latency["p99"])
        self.assertLessEqual(latency["p99"], latency["p99_9"])
        self.assertLessEqual(latency["p99_9"], latency["max"])
        self.assertLessEqual(latency["max"], 1000 * got["seconds"])
        self.assertGreater(got[per_second], 0)
        self.assertEqual(got["refused"], 0)

    def test_scale_measures_start_memory_and_deposits_at_both_sizes(self):
        got = self.run_bench("scale", "--mailboxes", 3000, "--count", 2000, "--rounds", 1)
        self.assertEqual([size["mailboxes"] for size in got["sizes"]], [1000, 3000])
        again = [size["again"] for size in got["sizes"]]
        for load in (*got["sizes"], *again, got["first_deposit"], got["next_deposit"]):
            self.assert_load(load, "acked_per_second")
            self.assertGreater(load["cpu_us_per_deposit"], 10, "the node's CPU is not counted")
            self.assertGreater(load["bytes_written_per_byte"], 1, "nothing reached the disk")
        for part, slower in ((got["sizes"], "slower"), (again, "slower_again")):
            few, most = (size["acked_per_second"] for size in part)
            self.assertAlmostEqual(got[slower], 1 - most / few)
        self.assertGreater(got["log_bytes_read_back"], 3000 * 1024, "the kill left nothing to read")
        for start in ("start_seconds", "start_after_kill_seconds"):
            self.assertTrue(0.01 < got[start] < 60, got[start])
        self.assertEqual(got["active_mailboxes"], 1500)
        if SANITIZED:
            return
        self.assertTrue(256 < got["active_mailbox_bytes"] < 65_536, got["active_mailbox_bytes"])
        self.assertLess(got["passivated_mailbox_bytes"], got["active_mailbox_bytes"] / 2)
        # A node's own memory, not that of three of them or of the client.
        self.assertTrue(2**23 < got["resident_bytes"] < 2**28, got["resident_bytes"])

    def test_retrievals_are_measured_from_disk_and_again(self):
        got = self.run_bench("retrieve", "--count", 500, "--size", 40_000)
        for load in (got["from_disk"], got["again"]):
            self.assert_load(load, "retrieved_per_second")

    def test_at_a_rate_deposits_go_out_at_that_rate(self):
        got = self.run_bench("deposit", "--rate", 500, "--count", 1000, "--mailboxes", 100)
        self.assert_load(got, "acked_per_second")
        self.assertTrue(250 < got["acked_per_second"] <= 510, got["acked_per_second"])

    def test_the_ratio_is_that_of_engine_and_floor(self):
        got = self.run_bench("deposit", "--against-floor", "--rounds", 1, "--count", 1000,
                             "--mailboxes", 100, "--transport", "tcp", "--security", "curve")
        self.assert_load(got, "acked_per_second")
        self.assertAlmostEqual(got["ratio"],
                               got["acked_per_second"] / got["floor_acked_per_second"])

    def test_an_interrupt_ends_it_and_leaves_nothing(self):
        with subprocess.Popen(self.command("scale"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as running:
            self.assertTrue(eventually(lambda: len(self.nodes()) > 1, 60), "no node was started")
            running.send_signal(signal.SIGINT)
            _, words = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 1)
        self.assertIn("interrupted", words)
        self.assert_nothing_is_left()


SIZES = [{"mailboxes": 1000, "acked_per_second": 40_000.0, "rounds": [39_000.0, 41_000.0],
          "again": {"acked_per_second": 42_000.0, "rounds": [42_000.0]}},
         {"mailboxes": 100_000, "acked_per_second": 20_000.0, "rounds": [20_000.0],
          "again": {"acked_per_second": 38_000.0, "rounds": [38_000.0]}}]


class Page(unittest.TestCase):
    def test_a_step_divides_the_axis_into_round_numbers(self):
        self.assertEqual([nice_step(top) for top in (5, 41_000, 50_001, 980)],
                         [1, 10_000, 20_000, 200])

    def test_the_picture_is_svg_with_a_point_for_every_round_in_its_place(self):
        svg = xml.etree.ElementTree.fromstring(throughput_svg(SIZES, "a < b & c"))
        named = "{http://www.w3.org/2000/svg}"
        again, points = ([tuple(map(float, point.split(","))) for point in way.get("points").split()]
                         for way in svg.findall(named + "polyline"))
        self.assertEqual(len(svg.findall(named + "circle")), 9)
        self.assertTrue(all(above[1] < below[1] for above, below in zip(again, points)))
        self.assertLess(points[0][0], points[1][0])
        # The axis begins at 0: half as many are half as high.
        bottom = max(float(line.get("y1")) for line in svg.findall(named + "line")
                     if line.get("x1") != line.get("x2"))
        self.assertAlmostEqual(bottom - points[1][1], (bottom - points[0][1]) / 2, delta=0.2)
        words = " ".join(text.text for text in svg.findall(named + "text"))
        for expected in ("a < b & c", "100,000", "20,000"):
            self.assertIn(expected, words)

    def test_a_missed_target_is_an_alarm_and_a_busy_machine_a_question(self):
        self.assertEqual([card.verdict(True, 0), card.verdict(False, 0), card.verdict(True, 0.2),
                          card.verdict(False, 0.2), card.verdict(None, 0.2)],
                         ["ok", "ALARM", "ok ?", "ALARM ?", " ?"])


if __name__ == "__main__":
    unittest.main()
