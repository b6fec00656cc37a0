"""Mistakes on the command line: which status follows, what is said, and that nothing changed.

A row is a command line, in the shell's words, and what standard error must say (a regular
expression). Every row is tried with and without --json, in a directory of small wrong files.
"""
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
import unittest

import zmq

from node import BIN, DATA, ROOT, START_SECONDS, Node, free_ports

REFUSED, USAGE, UNREACHABLE = 1, 2, 4  # exit_code in schemas/error.hpp
ACME = "+15055551212"  # the tenant's only subscriber, with one message
CRASH = re.compile(r"terminate called|what\(\)|Assertion|Sanitizer|Traceback|\bcore\b|0x[0-9a-f]+")

COMMAND_LINES = [
    ("frob", r"'frob' is no verb.*--help"),
    ("tenant", r"a verb is missing.*--help"),
    ("tenant frob", r"'frob' is no verb.*--help"),
    ("ping --frob", r"--frob.*--help"),
    ("ping extra", r"extra.*--help"),
    ("list", r"SUBSCRIBER is required.*--help"),
    (f"deposit {ACME}", r"FILE is required.*--help"),
    ("tenant add bona", r"--role is required.*--help"),
    ("tenant add bona --role boss", r"boss not in \{mvno,application,sms-gateway\}"),
    ("records --limit many", r"a whole number from 0 to \d+, found 'many'"),
    ("records --limit -1", r"a whole number .* found '-1'"),
    ("events --from -1", r"a whole number .* found '-1'"),
    ("events --count 99999999999999999999", r"a whole number .* found '9{20}'"),
    ("--timeout soon ping", r"a time from 0.001 s to 3600 s, found 'soon'"),
    ("--timeout 0 ping", r"a time from 0.001 s .* found '0'"),
    ("--timeout nan ping", r"a time from 0.001 s .* found 'nan'"),
    ("records --day yesterday", r"'yesterday' is no day: write it as 20"),
    ("records --day 2026-02-30", r"'2026-02-30' is no day"),
    ("list 5055551212", r"names no subscriber: write .*\+15055551212"),
    (f"get {ACME} first", r"'first' names no message: write its number"),
    (f"flag {ACME} 1 --set loud", r"'loud' is no flag: use played"),
    (f"subscriber set {ACME}", r"say what to set: --language"),
    (f"deposit {ACME} sound.amr --called-at noon", r"'noon' is no time: write 20"),
    (f"deposit {ACME} sound.amr --id x", r"--id requires --called-at"),
    (f"deposit {ACME} sound.amr --type tape", r"'tape' is no media type: use amr"),
    (f"deposit {ACME} missing.amr", r"missing.amr can't be read: No such file"),
    (f"deposit {ACME} directory", r"directory can't be read: Is a directory"),
    (f"deposit {ACME} empty", r"empty is empty: name a recording"),
    (f"deposit {ACME} words", r"words begins like no media .* expected amr"),
    (f"greeting set {ACME} words", r"words begins like no media .* expected amr"),
    ("tenant revoke acme", r"nobody is there to confirm it: add --yes"),
    (f"pin reset {ACME} --pin-stdin", r"--pin-stdin wants the PIN as the first line"),
    ("--as missing.toml ping", r"missing.toml:1:1: expected a readable file.*No such file"),
    ("--as directory ping", r"directory:1:1: expected a regular file, found a directory"),
    ("--as empty ping", r"empty:1:1: expected .*, found an empty file"),
    ("--as words ping", r"words:1:\d+: expected TOML such as tenant = "),
    ("--as exposed.toml ping", r"exposed.toml:1:1: expected a file only its owner .* chmod 600"),
    ("--as halved.toml ping", r"halved.toml:\d+:\d+: expected a CURVE key in 40 characters"),
    ("--as mixed.toml ping", r"mixed.toml:\d+:\d+: expected the public key of secret_key"),
    ("--config missing.toml ping", r"missing.toml:1:1: expected a readable file"),
    ("--config words ping", r"words:1:\d+: expected TOML"),
]
AS_TENANT = [
    (f"deposit {ACME} sound.amr --called-at 5", r"calledAtMs must be .* between 1990 and"),
    (f"deposit {ACME} words --type amr", r"do not begin as amr does; send the file"),
    ("deposit +15055559999 sound.amr", r"no such subscriber among yours: .*register"),
    (f"get {ACME} 7", r"no such message: list it"),
    (f"delete {ACME} 7", r"no such message: list it"),
    (f"get {ACME} 1 --out missing/file", r"missing/file can't be written: No such file"),
    ("list number:abc", r"expected a complete telephone number with \+ and country code"),
    ("list imei:12", r"an IMEI has 15 digits"),
    ("subscriber add", r"needs the device's IMEI or its number"),
    (f"subscriber set {ACME} --time-zone Mars/Base", r"name a time zone .* such as Europe/Paris"),
    ("tenant list", r"only the operator may"),
]
AS_OPERATOR = [
    ("tenant add acme --role mvno --region US", r"of that name exists: revoke it first"),
    ("tenant add bona --role mvno --out exposed.toml", r"exposed.toml exists and is not overwr"),
    ("tenant add bona --role mvno --region USA", r"a region is two letters .* such as US"),
    ("tenant add Bona! --role mvno", r"a tenant's name is made of a-z"),
    ("tenant add bona --role application --serves nobody", r"does not exist .* add it first"),
    ("tenant revoke nobody --yes", r"no such tenant: list them"),
    ("list +15055559999", r"no such subscriber"),
]
PINS = [("abcdef", r"digits 0 to 9 only; choose another"), ("12", r"needs at least 6 digits"),
        ("123456", r"choose one without a pattern")]


class CliMistakes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(cls.node.close)
        cls.node.start()
        cls.desk = cls.node.directory / "desk"  # where the commands are run
        (cls.desk / "directory").mkdir(parents=True)
        (cls.desk / "directory").chmod(0o700)
        shutil.copy(DATA / "greeting.amr", cls.desk / "sound.amr")
        cls.write("empty", "")
        cls.write("words", "these are words\n")
        cls.tell("--config ../restante.toml tenant add acme --role mvno --out acme.toml")
        cls.tell(f"--as acme.toml subscriber add --number {ACME}")
        cls.tell(f"--as acme.toml deposit {ACME} sound.amr")
        known = (cls.desk / "acme.toml").read_text()
        cls.write("exposed.toml", known, mode=0o644)
        cls.write("halved.toml", re.sub(r'(server_key = ".{20}).*', r'\1"', known))
        public, secret = (key.decode() for key in zmq.curve_keypair())
        cls.write("mixed.toml", cls.with_value(known, "public_key", public))
        cls.write("strange.toml", cls.with_value(known, "server_key", public))
        cls.write("nobody.toml", cls.with_value(
            cls.with_value(known, "public_key", public), "secret_key", secret))
        cls.write("away.toml", known.replace(str(cls.node.port), str(free_ports())))
        cls.silent = socket.create_server(("127.0.0.1", 0))  # takes connections, says nothing
        cls.addClassCleanup(cls.silent.close)
        cls.write("silent.toml",
                  known.replace(str(cls.node.port), str(cls.silent.getsockname()[1])))

    @staticmethod
    def with_value(toml, key, value):
        return re.sub(f"(?m)^{key} = .*", lambda _: f'{key} = "{value}"', toml)

    @classmethod
    def write(cls, name, text, mode=0o600):
        (cls.desk / name).write_text(text)
        (cls.desk / name).chmod(mode)

    @classmethod
    def begin(cls, words, program="restante", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith("RESTANTE_")}
        return subprocess.Popen([BIN / program, *shlex.split(words)], cwd=cls.desk, env=clean,
                                text=True, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)

    @classmethod
    def tell(cls, words):
        """What is no mistake: the answer, from JSON."""
        process = cls.begin("--json " + words)
        answer, complaint = process.communicate(timeout=START_SECONDS)
        assert process.returncode == 0, f"{words}: {complaint}"
        return json.loads(answer)

    def refused(self, process, status, expected, stdin=None):
        """Waits for the end; standard output must be empty. What standard error says."""
        answer, complaint = process.communicate(stdin, timeout=START_SECONDS)
        said = f"status {process.returncode}: {complaint}"
        self.assertEqual(process.returncode, status, said)
        self.assertRegex(complaint, expected)
        self.assertIsNone(CRASH.search(complaint), said)
        self.assertFalse(answer, said)
        return complaint

    def state(self):
        """All that a mistake could change: what the node holds, and every file but its store."""
        seen = [self.tell("--config ../restante.toml " + words) for words in
                ("tenant list", "subscriber list", f"list {ACME} --all", f"subscriber show {ACME}")]
        places = [self.desk, self.node.directory / "keys"]
        return seen, {file: file.is_file() and file.read_bytes()
                      for place in places for file in place.rglob("*")}

    def mistakes(self, status, rows, identity=""):
        before = self.state()
        for words, expected in rows:
            for style in ("", "--json "):
                with self.subTest(style + words):
                    self.refused(self.begin(f"{style}{identity} {words}"), status, expected)
        self.assertEqual(self.state(), before)

    def test_a_wrong_command_line_is_refused_before_anything_is_asked(self):
        self.mistakes(USAGE, COMMAND_LINES)

    def test_without_words_the_help_comes_and_without_a_node_what_names_one(self):
        self.refused(self.begin(""), USAGE, r"(?s)Usage: restante .*Exit codes: 0 done; 1 refused")
        self.refused(self.begin("ping"), USAGE, r"no node is named: use --config FILE .* --as FILE")

    def test_what_the_node_refuses_is_said_and_changes_nothing(self):
        self.mistakes(REFUSED, AS_TENANT, "--as acme.toml")
        self.mistakes(REFUSED, AS_OPERATOR, "--config ../restante.toml")

    def test_a_pin_that_may_not_be_is_refused_and_not_repeated(self):
        before = self.state()
        for pin, expected in PINS:
            process = self.begin(f"--as acme.toml pin reset {ACME} --pin-stdin",
                                 stdin=subprocess.PIPE)
            self.assertNotIn(pin, self.refused(process, REFUSED, expected, stdin=pin + "\n"))
        self.assertEqual(self.state(), before)

    def test_silence_ends_within_the_timeout_and_says_where_nobody_answered(self):
        self.write("stopped.toml", (self.node.config).read_text().replace("admin.sock", "no.sock"))
        rows = ["--as away.toml ping", "--as silent.toml ping", "--as strange.toml ping",
                "--as nobody.toml ping", "--as away.toml events --follow",
                "--config stopped.toml tenant revoke acme --yes"]
        before, start = self.state(), time.monotonic()
        begun = [self.begin(f"--json --timeout 0.3 {words}") for words in rows]
        for words, process in zip(rows, begun):
            with self.subTest(words):
                self.refused(process, UNREACHABLE, r"no answer from (tcp|ipc)://\S+ within 0.3 s: "
                                                   r"does the node run there, and .* this key\?")
        self.assertLess(time.monotonic() - start, 5, "0.3 s to wait, and 0.5 s to let go")
        self.assertEqual(self.state(), before)

    def test_a_deposit_without_an_answer_says_how_to_repeat_it_without_a_double(self):
        deposit = f"deposit {ACME} sound.amr"
        said = self.refused(self.begin(f"--as away.toml --timeout 0.3 {deposit}"), UNREACHABLE,
                            r"repeat it with --id \w+ --called-at \d+")
        repeat = f"--as acme.toml {deposit} " + re.search(r"--id \w+ --called-at \d+", said)[0]
        first, second = self.tell(repeat), self.tell(repeat)
        self.assertEqual((first["duplicate"], second["duplicate"]), (False, True))
        self.assertEqual(first["message_id"], second["message_id"])

    def test_events_that_do_not_come_leave_whole_lines_of_json(self):
        process = self.begin("--json --as acme.toml --timeout 0.3 events --from 1 --count 900")
        lines, complaint = process.communicate(timeout=START_SECONDS)
        self.assertEqual(process.returncode, UNREACHABLE, complaint)
        causes = [json.loads(line)["cause"] for line in lines.splitlines()]
        self.assertEqual(causes[:2], ["registered", "deposited"])
        self.assertRegex(complaint, rf"only {len(causes)} of 900 events came.*--timeout")

    def test_a_reader_that_has_gone_is_a_failed_write(self):
        for words in ("--config ../restante.toml tenant list", "--json --as acme.toml list " + ACME,
                      "--as acme.toml events --from 1 --follow --name gone", "completion bash",
                      "--help", f"--as acme.toml get {ACME} 1 --out -"):
            with self.subTest(words):
                reader, writer = os.pipe()
                os.close(reader)
                process = self.begin(words, stdout=writer)
                os.close(writer)
                self.refused(process, REFUSED, "standard output can't be written to")

    # --- restanted --------------------------------------------------------------------------------

    def test_restanted_refuses_a_wrong_command_line(self):
        for words, expected in [("--frob", r"--frob\s.*--help"), ("", r"--config FILE is required"),
                                ("serve", r"serve\s.*--help"), ("init", r"DIR is required"),
                                ("init ''", r"expected a directory, found an empty name"),
                                ("--config missing.toml", r"missing.toml:1:1: expected a readable"),
                                ("init ..", r"restante.toml exists: choose another directory")]:
            with self.subTest(words):
                self.refused(self.begin(words, "restanted"), USAGE, expected)

    def test_an_init_that_is_refused_leaves_everything_as_it_was(self):
        (self.desk / "used" / "keys").mkdir(parents=True)
        self.write("used/keys/identity.key", "of another node")
        before = self.state()
        for words, expected in [("new --port-base 70000", r"70000 not in range 1 to 65531"),
                                ("new --port-base x", r"--port-base"),
                                ("new --region EU1", r"1 to 16 characters of a-z and 0-9"),
                                ("new/deeper/ --region EU1", r"1 to 16 characters"),
                                ("used --region EU1", r"1 to 16 characters"),
                                ("words/new", r"words/new/restante.toml can't be written"),
                                ("n" * 120, r"at most 100 bytes.*shorter directory")]:
            with self.subTest(words):
                self.refused(self.begin("init " + words, "restanted"), USAGE, expected)
                self.assertEqual(self.state(), before)

    def test_both_programs_say_their_version(self):
        version = re.search(r"project\(restante VERSION ([\d.]+)",
                            (ROOT / "CMakeLists.txt").read_text())[1]
        for program in ("restante", "restanted"):
            answer, _ = self.begin("--version", program).communicate(timeout=START_SECONDS)
            self.assertEqual(answer, f"{program} {version}\n")


if __name__ == "__main__":
    unittest.main()
