"""A node whose files were damaged: what it says and serves, and `restante store check|repair`.

Each test damages the data directory of a stopped node that had taken in voicemails, and holds what
is served afterwards against what had been acknowledged.
"""
import contextlib
import json
import os
import re
import signal
import subprocess
import unittest
import unittest.mock

from mvno_adapter import Adapter, Refused
from node import BIN, START_SECONDS, Node, amr, eventually

OK, DAMAGED, LOST, USAGE, STORAGE = 0, 1, 1, 2, 3  # exit_code in schemas/error.hpp
CALLED_AT_MS = 1_795_000_000_000
NUMBERS = ["+15055551212", "+15055551213"]
FRAMES = (20, 400)  # a recording that stays in a table, and one that goes to a blob file


def flip(file, at):
    """Flips one bit of the byte at that place."""
    with file.open("r+b") as bytes_of:
        bytes_of.seek(at)
        old = bytes_of.read(1)[0]
        bytes_of.seek(at)
        bytes_of.write(bytes([old ^ 16]))


class StoreCheck(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.close)
        self.data = self.node.directory / "data"
        self.salvaged = self.node.directory / "salvaged"
        self.node.start()
        self.identity = self.node.add_tenant("acme")
        self.recordings = {}  # by request id: number, recording
        with self.adapter() as adapter:
            self.profiles = {number: adapter.register(number, pin="482913")["profileId"]
                             for number in NUMBERS}
        self.deposit(8)

    def adapter(self):
        return contextlib.closing(Adapter(**self.identity))

    def deposit(self, count):
        with self.adapter() as adapter:
            for index in range(1, 1 + count):
                number = NUMBERS[index % len(NUMBERS)]
                recording = amr(index, FRAMES[index // 2 % 2])
                request_id = index.to_bytes(16, "big")
                self.recordings[request_id] = (number, recording)
                adapter.deposit({"number": number}, recording, called_at_ms=CALLED_AT_MS,
                                request_id=request_id)

    def store(self, *words):
        """`restante store ...`: exit status, what its JSON says, and its complaint."""
        done = subprocess.run([BIN / "restante", "--json", "store", *words], capture_output=True,
                              text=True, timeout=START_SECONDS)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def stop(self):
        self.assertEqual(self.node.stop(), 0, self.node.log.read_text())

    def written_to_tables(self):
        """Stops the node after a restart, which moves what the log had to tables and blobs."""
        self.stop()
        self.node.start()
        self.stop()

    def files(self, kind):
        return sorted(self.data.glob(f"*.{kind}"))

    def table_of(self, family):
        return next(file for file in self.files("sst") if family in file.read_bytes()[-2000:])

    def refused_start(self):
        before = {file.name for kind in ("log", "sst", "blob") for file in self.files(kind)}
        done = subprocess.run([BIN / "restanted", "--config", self.node.config],
                              capture_output=True, text=True, timeout=START_SECONDS)
        self.assertEqual(done.returncode, STORAGE, done.stderr)
        self.assertIn(f"restante store check {self.data}", done.stderr)
        self.assertIn(f"restante store repair {self.data} --into", done.stderr)
        after = {file.name for kind in ("log", "sst", "blob") for file in self.files(kind)}
        self.assertEqual(before - after, set(), "a refused start removes nothing")

    def found_damaged(self):
        """What the check says, in JSON; the same for people names the same places."""
        status, report, complaint = self.store("check", self.data)
        self.assertEqual(status, DAMAGED, complaint)
        self.assertRegex(complaint, r"\d+ findings? .*restante store repair .* --into NEWDIR")
        self.assertFalse(report["sound"])
        shown = subprocess.run([BIN / "restante", "store", "check", self.data],
                               capture_output=True, text=True, timeout=START_SECONDS)
        self.assertEqual(shown.returncode, DAMAGED)
        self.assertRegex(shown.stdout, r"WHERE +WHAT IS WRONG +WHOSE +A REPAIR")
        for finding in report["findings"]:
            self.assertIn(finding["where"], shown.stdout)
        return report

    def repaired(self):
        """Repairs, checks what came of it, and starts a node on it."""
        status, report, complaint = self.store("repair", self.data, "--into", self.salvaged)
        lost = [each["rows"] for each in report["findings"] if each["repair"] == "lost"]
        self.assertEqual(report["lost_rows"], sum(lost))
        self.assertEqual(status, LOST if lost else OK, complaint)
        self.assertEqual("[storage_failure rows_lost]" in complaint, bool(lost))
        status, again, complaint = self.store("check", self.salvaged)
        self.assertEqual((status, again["findings"]), (OK, []), complaint)
        for made in (self.salvaged, *self.salvaged.iterdir()):
            self.assertEqual(made.stat().st_mode & 0o077, 0, f"others may read {made}")
        self.node.set("data", f'"{self.salvaged}"')
        self.node.start()
        return report

    def served(self):
        """The recordings the node gives out, each as it was acknowledged."""
        found = set()
        with self.adapter() as adapter:
            for number in NUMBERS:
                for header in adapter.messages({"number": number}):
                    _, media = adapter.retrieve({"number": number}, {"uid": header["uid"]})
                    known = {recording for whose, recording in self.recordings.values()
                             if whose == number}
                    self.assertIn(media[0], known, "other bytes than were deposited")
                    found.add(media[0])
        return found

    def all_recordings(self):
        return {recording for _, recording in self.recordings.values()}

    def deposited_again(self):
        """Every depositor retries: what was lost comes back, what is there is not doubled."""
        duplicates = 0
        with self.adapter() as adapter:
            for request_id, (number, recording) in self.recordings.items():
                done = adapter.deposit({"number": number}, recording, called_at_ms=CALLED_AT_MS,
                                       request_id=request_id)
                duplicates += done["duplicate"]
        self.assertEqual(self.served(), self.all_recordings())
        return duplicates

    # --- sound ------------------------------------------------------------------------------------

    def test_a_sound_store_is_sound_and_a_repair_loses_nothing(self):
        self.written_to_tables()
        status, report, complaint = self.store("check", self.data)
        self.assertEqual(status, OK, complaint)
        self.assertEqual((report["sound"], report["mailboxes"], report["messages"]), (True, 2, 8))
        self.assertEqual(report["newest_row"], report["acknowledged_row"])
        self.assertEqual(report["remarks"], [])
        rows = report["rows"]
        report = self.repaired()
        self.assertEqual((report["lost_rows"], report["rebuilt"], report["findings"]), (0, 0, []))
        self.assertEqual(report["rows"], rows, "both say what they read")
        self.assertEqual(self.served(), self.all_recordings())

    def test_what_is_no_damage_and_worth_knowing_is_said_and_the_store_is_sound(self):
        self.stop()
        strays = ["99999999999999999999999.log", "9000000000.sst", "copy.blob"]
        for name in strays:
            (self.data / name).write_text("not of this store")
        (self.data / "restante.manifest-mark").unlink()
        status, report, complaint = self.store("check", self.data)
        self.assertEqual((status, report["sound"], report["findings"]), (OK, True, []), complaint)
        self.assertEqual(sorted(each["where"] for each in report["remarks"]),
                         sorted([*strays, "restante.manifest-mark"]))
        shown = subprocess.run([BIN / "restante", "store", "check", self.data],
                               capture_output=True, text=True, timeout=START_SECONDS)
        self.assertEqual(shown.returncode, OK, shown.stderr)
        self.assertRegex(shown.stdout, r"state +sound")
        for remark in report["remarks"]:
            self.assertRegex(shown.stdout, rf"{remark['where']} +{remark['what'][:30]}")
        self.node.start()
        self.assertEqual(self.served(), self.all_recordings())

    def test_a_running_nodes_store_is_left_alone(self):
        for words in (["check", self.data], ["repair", self.data, "--into", self.salvaged]):
            status, _, complaint = self.store(*words)
            self.assertEqual(status, STORAGE, complaint)
            self.assertRegex(complaint, r"Another restanted uses .*data: stop it")
        self.assertFalse(self.salvaged.exists())
        self.assertEqual(self.served(), self.all_recordings())

    def test_a_directory_that_cannot_be_meant_is_a_wrong_command_line(self):
        self.stop()
        nothing = self.node.directory / "nothing"
        link = self.node.directory / "link"
        link.symlink_to(nothing)
        for words, expected in (
                (["check", nothing], "does not exist"),
                (["check", self.node.directory / "keys"], "holds no store"),
                (["check"], "DIR is required"),
                (["repair", self.data], "--into is required"),
                (["repair", self.data, "--into", link], "is a link to nothing"),
                (["repair", self.data, "--into", self.data], "exists and is not empty")):
            status, _, complaint = self.store(*words)
            self.assertEqual(status, USAGE, complaint)
            self.assertIn(expected, complaint)

    # --- damaged ----------------------------------------------------------------------------------

    def test_a_damaged_log_stops_the_start_and_what_was_lost_is_named(self):
        self.stop()
        log = max(self.files("log"), key=lambda file: file.stat().st_size)
        flip(log, log.stat().st_size // 2)
        self.refused_start()
        self.assertIn(log.name, {each["where"] for each in self.found_damaged()["findings"]})
        report = self.repaired()
        gaps = [each["where"] for each in report["findings"] if each["repair"] == "lost"]
        self.assertTrue(any(re.match(r"changes \d+", where) for where in gaps), gaps)
        served = self.served()
        self.assertGreaterEqual(len(served), len(self.recordings) - 1, "one record, one deposit")
        self.assertEqual(self.deposited_again(), len(served))

    def test_a_log_that_lost_its_end_stops_the_start(self):
        self.stop()
        log = max(self.files("log"), key=lambda file: file.stat().st_size)
        with log.open("r+b") as bytes_of:
            bytes_of.truncate(log.stat().st_size - 1)
        self.refused_start()
        report = self.found_damaged()
        self.assertLess(report["newest_row"], report["acknowledged_row"])
        report = self.repaired()
        self.assertGreaterEqual(report["lost_rows"], 1)
        self.assertEqual(self.deposited_again(), len(self.recordings) - 1)

    def test_numbers_in_a_lost_deposit_are_not_given_out_again(self):
        with self.adapter() as adapter:
            adapter.subscribe("crm")
            self.deposit(9)
            heard = int(adapter.next_event(START_SECONDS)["sequence"])
            given = {number: max(header["uid"] for header in adapter.messages({"number": number}))
                     for number in NUMBERS}
        self.stop()
        log = max(self.files("log"), key=lambda file: file.stat().st_size)
        with log.open("r+b") as bytes_of:
            bytes_of.truncate(log.stat().st_size - 1)
        self.repaired()
        self.assertEqual(len(self.served()), 8)
        self.assertEqual(self.deposited_again(), 8)
        number = self.recordings[(9).to_bytes(16, "big")][0]
        with self.adapter() as adapter:
            self.assertEqual(adapter.subscribe("crm"), heard, "where it had been")
            self.assertGreater(int(adapter.next_event(START_SECONDS)["sequence"]), heard)
            uids = [header["uid"] for header in adapter.messages({"number": number})]
            self.assertGreater(max(uids), given[number])

    def test_a_store_of_somebody_else_is_refused_with_what_to_do(self):
        if os.getuid() != 0:
            self.skipTest("needs another user to run as")
        self.stop()
        self.node.directory.chmod(0o755)
        files = list(self.data.iterdir())
        for mode, closed, expected in (
                (0o700, files, "can't be read (Permission denied)"),
                (0o755, self.files("sst") + self.files("log"), "may not be read"),
                (0o755, [], "copy to a writable directory first")):
            self.data.chmod(mode)
            for file in files:
                file.chmod(0o600 if file in closed else 0o644)
            for words in (["check", self.data], ["repair", self.data, "--into", self.salvaged]):
                done = subprocess.run([BIN / "restante", "store", *words], capture_output=True,
                                      text=True, timeout=START_SECONDS, user=65534, group=65534,
                                      extra_groups=[])
                self.assertEqual(done.returncode, STORAGE, done.stderr)
                self.assertIn(expected, done.stderr)
                self.assertIn("run this as the user the node runs as", done.stderr)

    def test_what_is_stopped_leaves_nothing_behind(self):
        self.stop()
        unfinished = self.node.directory / "salvaged.unfinished"
        repair = subprocess.Popen([BIN / "restante", "store", "repair", self.data, "--into",
                                   self.salvaged], stderr=subprocess.PIPE, text=True)
        while repair.poll() is None and not unfinished.exists():
            pass
        repair.send_signal(signal.SIGINT)
        _, told = repair.communicate(timeout=START_SECONDS)
        self.assertEqual(repair.returncode, -signal.SIGINT, told)
        self.assertIn("stopped; what was half made is removed", told)
        self.assertFalse(unfinished.exists() or self.salvaged.exists())
        self.repaired()
        self.assertEqual(self.served(), self.all_recordings())

    def test_a_temporary_directory_that_is_none_is_named(self):
        self.stop()
        log = max(self.files("log"), key=lambda file: file.stat().st_size)
        flip(log, log.stat().st_size // 2)
        with unittest.mock.patch.dict(os.environ, TMPDIR=str(self.node.directory / "none")):
            status, _, complaint = self.store("check", self.data)
        self.assertEqual(status, STORAGE, complaint)
        self.assertIn("TMPDIR", complaint)

    def test_a_store_of_which_nothing_is_left_is_no_success(self):
        self.written_to_tables()
        for file in self.data.iterdir():
            if file.name != "restante.mark":
                file.write_bytes(b"")
        acknowledged = int.from_bytes((self.data / "restante.mark").read_bytes()[:8], "big")
        for mark, rows in ((True, acknowledged), (False, 1)):
            if not mark:
                (self.data / "restante.mark").unlink()
            into = self.salvaged / str(mark)
            status, report, complaint = self.store("repair", self.data, "--into", into)
            self.assertEqual(status, LOST, complaint)
            self.assertEqual((report["lost_rows"], report["newest_row"]), (rows, 0))
            self.assertIn(f"warning: no message was found in {self.data}", complaint)
            self.assertIn(f"at least {rows} row", complaint)

    def test_a_cut_current_or_manifest_stops_the_start_and_a_repair_does_without_it(self):
        self.written_to_tables()
        current = self.data / "CURRENT"
        name = current.read_text()
        current.write_text("")
        self.refused_start()
        self.assertIn("CURRENT", {each["where"] for each in self.found_damaged()["findings"]})
        current.write_text(name)
        manifest = self.data / name.strip()
        with manifest.open("r+b") as bytes_of:
            bytes_of.truncate(manifest.stat().st_size // 2)
        self.refused_start()
        self.assertIn(manifest.name, {each["where"] for each in self.found_damaged()["findings"]})
        report = self.repaired()
        self.assertTrue(report["without_manifest"])
        self.assertEqual(report["lost_rows"], 0, report["findings"])
        self.assertEqual(self.served(), self.all_recordings())

    def test_damaged_media_is_refused_with_a_typed_error_and_the_operator_is_told(self):
        self.written_to_tables()
        blobs = max(self.files("blob"), key=lambda file: file.stat().st_size)
        flip(blobs, blobs.stat().st_size // 3)  # within a recording, not between two
        self.node.start()
        broken = []
        with self.adapter() as adapter:
            for number in NUMBERS:
                for header in adapter.messages({"number": number}):
                    try:
                        _, media = adapter.retrieve({"number": number}, {"uid": header["uid"]})
                        self.assertIn(media[0], self.all_recordings())
                    except Refused as refused:
                        self.assertEqual(refused.code, "storageFailure")
                        self.assertNotIn(str(self.data), str(refused), "not the tenant's business")
                        broken.append((self.profiles[number], header["uid"]))
        self.assertEqual(len(broken), 1)
        told = eventually(lambda: [line for line in self.node.log.read_text().splitlines()
                                   if '"what":"store_damaged"' in line])
        self.assertEqual(len(told), 1, "each place once")
        self.assertIn(f"restante store check {self.data}", told[0])
        self.stop()

        named = [(each["profile_id"], each["number"]) for each in self.found_damaged()["findings"]
                 if each["repair"] == "lost"]
        self.assertEqual(named, broken)
        report = self.repaired()
        self.assertEqual(report["lost_rows"], 1)
        self.assertEqual(len(self.served()), len(self.recordings) - 1)
        self.assertEqual(self.deposited_again(), len(self.recordings) - 1)

    def test_damaged_settings_are_made_anew_from_the_change_log(self):
        with self.adapter() as adapter:
            adapter.ask("setPreferences", {"subscriber": {"number": NUMBERS[0]},
                                           "language": "fr", "timeZone": "Europe/Paris"})
            adapter.set_greeting({"number": NUMBERS[0]}, amr(99))
        self.written_to_tables()
        flip(self.table_of(b"profiles"), 40)
        self.node.start()
        with self.adapter() as adapter:
            for number in NUMBERS:
                with self.assertRaises(Refused) as refused:
                    adapter.messages({"number": number})
                self.assertEqual(refused.exception.code, "storageFailure")
        self.stop()
        report = self.found_damaged()
        self.assertEqual({each["profile_id"] for each in report["findings"] if
                          each["repair"] == "rebuilt" and "profile_id" in each},
                         set(self.profiles.values()))
        self.assertEqual(self.repaired()["lost_rows"], 0)
        with self.adapter() as adapter:
            profile = adapter.ask("profile", {"number": NUMBERS[0]})[0]["profile"]
            self.assertEqual((profile["language"], profile["timeZone"], profile["hasPin"]),
                             ("fr", "Europe/Paris", True))
            self.assertEqual(adapter.get_greeting({"number": NUMBERS[0]})[1], amr(99))
            uid = adapter.messages({"number": NUMBERS[0]})[0]["uid"]
            self.assertIn(adapter.retrieve({"number": NUMBERS[0]}, {"uid": uid}, pin="482913")[1][0],
                          self.all_recordings())
        self.assertEqual(self.served(), self.all_recordings())


if __name__ == "__main__":
    unittest.main()
