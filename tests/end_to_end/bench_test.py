"""The benchmark programs, with small figures: that what they tell is there, hangs together and is
measured of what it says, and that they leave nothing behind. How fast is not asked here."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
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

    def test_cluster_measures_two_disks_against_one_and_a_mailbox_that_travels(self):
        got = self.run_bench("cluster", "--count", 400, "--mailboxes", 100, "--rounds", 1)
        self.assertEqual([each["size"] for each in got["sizes"]], [1024, 40000])
        for each in got["sizes"]:
            for load in (each["alone"], each["replicated"]):
                self.assert_load(load, "acked_per_second")
            self.assertAlmostEqual(each["ratio"], each["replicated"]["acked_per_second"]
                                   / each["alone"]["acked_per_second"])
            self.assertLessEqual(each["lag_ms"]["p50"], each["lag_ms"]["max"])
        self.assertEqual(sorted(got["roaming_ms_each"])[len(got["roaming_ms_each"]) // 2],
                         got["roaming_ms"])
        self.assertGreater(got["roaming_ms"], 0)
        self.assertGreater(got["local_mailbox_bytes"], 256)
        self.assertTrue(256 < got["roaming_mailbox_bytes"] < 65_536, got["roaming_mailbox_bytes"])

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

    def test_a_directory_may_be_named_from_where_one_is(self):
        for benchmark in (["deposit", "--count", "100", "--mailboxes", "10", "--by", "number"],
                          ["retrieve", "--count", "100"]):
            done = subprocess.run([BIN / "restante-bench", *benchmark, "--directory", "."],
                                  cwd=self.directory.name, capture_output=True, text=True,
                                  timeout=SECONDS)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_nothing_is_left()

    def test_why_a_directory_does_not_do_is_told(self):
        long = Path(self.directory.name, "x" * 100)
        long.mkdir()
        for directory, words in ((long, "too long for the sockets in it"),
                                 ("/proc", "No such file or directory")):
            for transport in ("ipc", "tcp"):
                done = subprocess.run(
                    [BIN / "restante-bench", "deposit", "--count", "10", "--mailboxes", "1",
                     "--transport", transport, "--directory", directory],
                    capture_output=True, text=True, timeout=SECONDS)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(words, done.stderr)

    def test_at_a_rate_deposits_go_out_at_that_rate(self):
        got = self.run_bench("deposit", "--rate", 500, "--count", 1000, "--mailboxes", 100)
        self.assert_load(got, "acked_per_second")
        self.assertTrue(250 < got["acked_per_second"] <= 510, got["acked_per_second"])

    def test_why_deposits_were_refused_is_told_and_most_of_them_is_a_failure(self):
        for mailboxes, failed in ((1, 1), (2, 0)):
            command = self.command("deposit", "--count", 2500, "--mailboxes", mailboxes,
                                   "--window", 1 + mailboxes)
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
            self.assertEqual(done.returncode, failed, done.stderr)
            got = json.loads(done.stdout)
            self.assertEqual(got["refusals"], {"mailbox_full": 2500 - 1000 * mailboxes})
            self.assertEqual(got["refused"], 2500 - 1000 * mailboxes)
            self.assertEqual("1500 of 2500 were refused" in done.stderr, bool(failed))

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
CRASH = {"kills": 25, "acknowledged": 900, "lost": 0, "changed": 0, "duplicated": 0, "undeleted": 0,
         "refused": 0, "unacknowledged": 0}


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
        self.assertEqual([card.verdict(True, 0.1), card.verdict(False, 0.1), card.verdict(None, 0)],
                         ["ok", "ALARM", ""])
        self.assertEqual([card.verdict(holds, 0.2) for holds in (True, False, None)], [" ?"] * 3)
        self.assertEqual([card.verdict(True, 0, sound=False), card.verdict(True, 0.2, sound=False)],
                         ["ALARM", "ALARM ?"])

    def test_equal_ratios_on_the_page_have_equal_verdicts(self):
        def row(ratio, **more):
            got = {"size": 1024, "refused": 0, "ratio": ratio, "floor_acked_per_second": 1.0,
                   "acked_per_second": ratio, "latency_ms": {"p99": 1.0}, "others_share": 0.0,
                   "bytes_written_per_byte": 2.5, "cpu_us_per_deposit": 30.0,
                   "floor": {"others_share": 0.0}, **more}
            return card.deposit_rows([("1 KiB", "ipc", got)])[0]

        self.assertEqual([(row(ratio)[3], row(ratio)[-1]) for ratio in (0.7949, 0.7951, 0.8)],
                         [("0.79", "ALARM"), ("0.80", "ok"), ("0.80", "ok")])
        self.assertEqual(row(0.9, floor={"others_share": 0.6})[-1], " ?")
        self.assertEqual(row(0.9, refused=1)[-1], "ALARM")
        self.assertEqual(row(0.9, size=40_000, bytes_written_per_byte=3.1)[-1], "ALARM")
        in_memory = row(0.9, size=40_000, bytes_written_per_byte=None)
        self.assertEqual((in_memory[5], in_memory[-1]), ("not told", "ok"))

    def rows(self, **changed):
        """Verdicts of the page's other rows by their first words, with sound figures but these."""
        def load(**more):
            return {"latency_ms": {"p50": 0.5, "p99": 2.0, "p99_9": 3.0}, "refused": 0,
                    "others_share": 0.0, "acked_per_second": 1000.0, "cpu_us_per_deposit": 30.0,
                    "retrieved_per_second": 1000.0, "rate": 500, **more}

        scale = {"mailboxes": 2000, "slower": 0, "slower_again": 0, "log_bytes_read_back": 2**20,
                 "sizes": [load(mailboxes=size, again=load()) for size in (1000, 2000)],
                 "start_after_kill_seconds": 1, "start_seconds": 1, "resident_bytes_few": 2**24,
                 "resident_bytes": 2**24, "idle_mailbox_bytes": 10, "active_mailbox_bytes": 7000,
                 "passivated_mailbox_bytes": 10, "next_deposit": load(),
                 "first_deposit": load(**changed.get("first_deposit", {}))}
        got = {"half_load": load(**changed.get("half_load", {})), "scale": scale,
               "retrieve": [("1 KiB", {"from_disk": load(),
                                       "again": load(**changed.get("again", {}))})],
               "crash": {**CRASH, **changed.get("crash", {})}}
        return {what: (figure, mark) for what, figure, _, _, mark in card.other_rows(got)}

    def test_every_row_that_the_manual_calls_alarming_is_judged(self):
        half, again, first, crash = ("latency at 500/s (half load)", "retrieval, 1 KiB, again",
                                     "first deposit into a mailbox", "crash: 25 kills under load")
        sound = {what: mark for what, (_, mark) in self.rows().items()}
        self.assertEqual({sound[what] for what in (half, again, first, crash)}, {"ok"})
        self.assertNotIn("ALARM", sound.values())
        for what, changed in (
                (half, {"half_load": {"latency_ms": {"p50": 0.5, "p99": 5.01, "p99_9": 6.0}}}),
                (half, {"half_load": {"refused": 1, "others_share": 0.0}}),
                (again, {"again": {"retrieved_per_second": 890.0}}),
                (first, {"first_deposit": {"latency_ms": {"p50": 1.51, "p99": 2.0, "p99_9": 3.0}}}),
                *((crash, {"crash": {kind: 1}}) for kind in card.CRASH_DIFFERENCES),
                (crash, {"crash": {"failure": "restanted ended"}})):
            marks = {what: mark for what, (_, mark) in self.rows(**changed).items()}
            self.assertEqual([name for name, mark in marks.items() if mark == "ALARM"], [what],
                             changed)

    def test_a_crash_test_that_finds_a_loss_gives_its_figures_to_the_page(self):
        """The real one, with a checker that misses two messages."""
        with tempfile.TemporaryDirectory(prefix="restante-") as directory:
            programs, disk = Path(directory, "bin"), Path(directory, "disk")
            programs.mkdir()
            disk.mkdir()
            for program in BIN.iterdir():
                (programs / program.name).symlink_to(program)
            wrong = programs / "crash_checker"
            wrong.unlink()
            wrong.write_text(f"""#!/bin/sh
'{BIN}/crash_checker' "$@" | sed -u 's/"lost":0/"lost":2/'
""")
            wrong.chmod(0o700)
            with unittest.mock.patch.object(card, "BIN", programs):
                runs = card.Runs(str(disk))
                what, figure, _, _, mark = card.crash_row(runs.crash(1))
            self.assertEqual(mark, "ALARM")
            self.assertIn(" 2 lost, 0 changed", figure)
            self.assertRegex(what, "crash: [1-9][0-9]* kills")
            self.assertIn(f"--directory {disk}", runs.all[0]["command"])
            self.assertIn("cycle 1", runs.all[0]["figures"]["failure"])
            self.assertEqual(os.listdir(disk), [])

    def test_a_crash_test_without_any_figures_is_an_alarm_too(self):
        with unittest.mock.patch.object(card, "BIN", Path("/nowhere")):
            self.assertEqual(card.crash_row(card.Runs(None).crash(1))[-1], "ALARM")


if __name__ == "__main__":
    unittest.main()
