"""What only a real process can show: stopping, being killed, wrong starts, keys on live sockets."""
import collections
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import zmq

from mvno_adapter import Adapter, NoAnswer, Refused, decode, encode
from node import BIN, START_SECONDS, NodeCase, amr, decode_all, encode_all, eventually

PIN = "482913"
CALLED_AT_MS = 1_700_000_000_000
ANSWERS = {"deposited", "shuttingDown", "busy"}  # that a deposit may get from a stopping node


class Depositor:
    """Deposits in bulk: every message another recording, many requests open at a time."""

    def __init__(self, identity, subscribers, count):
        self.adapter = Adapter(**identity)
        self.numbers = [f"+1505556{1000 + i}" for i in range(subscribers)]
        self.recordings = [amr(i) for i in range(count)]
        self.ids = [os.urandom(16) for _ in range(count)]
        self.answers = {}  # correlation, which is the index plus 1: the reply

    def whose(self, index):
        return {"number": self.numbers[index % len(self.numbers)]}

    def register(self):
        for number in self.numbers:
            self.adapter.register(number)

    def envelopes(self):
        return encode_all([{"correlation": i + 1, "deadlineMs": 20_000,
                            "requestId": list(self.ids[i]),
                            "deposit": {"subscriber": self.whose(i), "calledAtMs": CALLED_AT_MS,
                                        "parts": [{"type": "amr", "size": len(recording)}]}}
                           for i, recording in enumerate(self.recordings)])

    def send(self):
        for envelope, recording in zip(self.envelopes(), self.recordings):
            self.adapter.socket.send_multipart([envelope, recording])

    def receive(self, until, seconds):
        """Collects answers until until() holds or nothing came for so long."""
        frames = []
        while not until(len(frames)) and self.adapter.socket.poll(int(seconds * 1000)):
            frames.append(self.adapter.socket.recv_multipart()[0])
        for reply in decode_all(frames):
            correlation = int(reply["correlation"])
            assert correlation not in self.answers, f"answered twice: {reply}"
            self.answers[correlation] = reply

    def acknowledged(self):
        """The answers that promise a message: by index."""
        return {correlation - 1: reply["deposited"]
                for correlation, reply in self.answers.items() if "deposited" in reply}

    def listed(self):
        """Message ids of all subscribers."""
        return {tuple(header["messageId"]) for number in self.numbers
                for header in self.adapter.messages({"number": number})}


def said(answers):
    """How often which answer came, for messages."""
    return collections.Counter(a["failed"]["code"] if "failed" in a else "deposited"
                               for a in answers.values())


class Life(NodeCase):
    # --- ending -----------------------------------------------------------------------------------

    def test_sigterm_answers_every_request_and_loses_nothing_acknowledged(self):
        node, count = self.node().start(), 400
        depositor = Depositor(node.add_tenant("acme"), subscribers=8, count=count)
        self.addCleanup(depositor.adapter.close)
        depositor.register()
        depositor.send()
        depositor.receive(lambda got: got >= 20, 10)
        node.process.terminate()
        depositor.receive(lambda got: len(depositor.answers) + got == count, 5)
        self.assertEqual(node.process.wait(30), 0, node.log.read_text())
        self.assertEqual(set(said(depositor.answers)) - ANSWERS, set())
        acknowledged = {tuple(done["messageId"]) for done in depositor.acknowledged().values()}
        self.assertGreaterEqual(len(acknowledged), 1)
        node.start()
        self.assertEqual(acknowledged - depositor.listed(), set())
        self.assertEqual(len(depositor.answers), count,
                         f"{count - len(depositor.answers)} of {count} requests were met with "
                         f"silence; the others: {said(depositor.answers)}")

    def test_a_stopping_node_takes_nothing_new(self):
        node = self.node().start()
        adapter = self.connected(node.add_tenant("acme"), timeout=1.0)
        adapter.ask("ping")
        node.process.terminate()
        self.assertTrue(eventually(lambda: b'"what":"draining"' in node.log.read_bytes()))
        try:
            reply, _ = adapter.ask("ping")
            self.fail(f"served while stopping: {reply}")
        except Refused as refused:
            self.assertEqual(refused.code, "shuttingDown")
        except NoAnswer:
            pass  # it was gone already
        self.assertEqual(node.process.wait(30), 0)

    def test_what_was_acknowledged_before_kill_9_is_there_byte_for_byte(self):
        node, count = self.node().start(), 200
        depositor = Depositor(node.add_tenant("acme"), subscribers=4, count=count)
        self.addCleanup(depositor.adapter.close)
        depositor.register()
        depositor.send()
        depositor.receive(lambda got: got >= 40, 10)
        node.kill()
        depositor.receive(lambda got: False, 0.2)  # what was on its way
        before = depositor.acknowledged()
        self.assertGreaterEqual(len(before), 20)

        node.start()
        promised = {tuple(done["messageId"]) for done in before.values()}
        self.assertEqual(promised - depositor.listed(), set())
        for index, done in before.items():
            _, media = depositor.adapter.retrieve(depositor.whose(index),
                                                  {"id": done["messageId"]})
            self.assertEqual(media, [depositor.recordings[index]])

        for index in range(count):  # the retries: now for certain, and one message each
            done = depositor.adapter.deposit(
                depositor.whose(index), depositor.recordings[index],
                called_at_ms=CALLED_AT_MS, request_id=depositor.ids[index])
            if index in before:
                self.assertTrue(done["duplicate"])
                self.assertEqual(done["messageId"], before[index]["messageId"])
        self.assertEqual(len(depositor.listed()), count)

    # --- following events over a restart ----------------------------------------------------------

    def follower(self, **identity):
        """`restante events --follow` with this identity, and a function: what it has printed."""
        directory = Path(tempfile.mkdtemp(prefix="restante-"))
        self.addCleanup(shutil.rmtree, directory)
        keys, out = directory / "acme.toml", directory / "events"
        keys.touch(mode=0o600)
        keys.write_text("".join(f'{key} = "{value}"\n'
                                for key, value in {"tenant": "acme", **identity}.items()))
        with out.open("wb") as to:
            process = subprocess.Popen([BIN / "restante", "--json", "--as", keys, "events",
                                        "--from", "1", "--follow"], stdout=to)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, lambda: [json.loads(line) for line in out.read_text().splitlines()]

    def test_a_follower_of_events_hears_within_seconds_what_happens_after_a_restart(self):
        node = self.node().start()
        identity = node.add_tenant("acme")
        adapter = self.connected(identity)
        process, printed = self.follower(**identity)
        adapter.register("+15055551212")
        self.assertTrue(eventually(lambda: len(printed()) == 1))
        self.assertEqual(node.stop(), 0)
        node.start()
        adapter.deposit({"number": "+15055551212"}, amr(1))
        # 3 s of silence before it asks again, and 3 more when it asked the node that stopped.
        self.assertTrue(eventually(lambda: len(printed()) == 2, seconds=8), process.poll())
        self.assertEqual([event["cause"] for event in printed()], ["registered", "deposited"])

    def test_a_follower_of_events_outlives_a_stopping_node_but_not_the_end_of_its_key(self):
        socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.addCleanup(socket.close, 0)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        process, _ = self.follower(endpoint=f"tcp://127.0.0.1:{port}")
        for reply in ({"subscribed": {"from": 1}},
                      {"failed": {"code": "shuttingDown", "reason": "node_stopping"}},
                      {"failed": {"code": "denied", "reason": "tenant_revoked"}}):
            self.assertTrue(socket.poll(10_000), f"ended with {process.poll()} before {reply}")
            peer, frame = socket.recv_multipart()
            asked = decode(frame, "request.capnp", "Request")
            self.assertIn("subscribe", asked)
            socket.send_multipart([peer, encode({"correlation": asked["correlation"], **reply},
                                                "request.capnp", "Reply")])
        self.assertEqual(process.wait(10), 1)

    # --- wrong starts -----------------------------------------------------------------------------

    def start_refused(self, config):
        """Exit status and last words of a restanted that should not come up."""
        done = subprocess.run([BIN / "restanted", "--config", config], capture_output=True,
                              text=True, timeout=START_SECONDS)
        return done.returncode, done.stderr

    def test_a_second_node_on_the_same_directory_is_refused(self):
        node, other = self.node().start(), self.node()
        other.set("data", f'"{node.directory / "data"}"')
        other.set("keys", f'"{node.directory / "keys"}"')
        status, words = self.start_refused(other.config)
        self.assertEqual(status, 3, words)
        self.assertIn(str(node.directory / "data"), words)
        self.assertRegex(words, r"(?i)in use|another restanted|locked")
        self.assertTrue(eventually(node.answers), "the first one goes on")

    def test_a_wrong_configuration_is_refused_with_file_and_line(self):
        node = self.node()
        lines = node.config.read_text().splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("cache_mib"))
        for wrong in ("cache_mib = 0", 'cache_mib = "much"', "cash_mib = 256", "cache_mib = = 1"):
            node.config.write_text("\n".join([*lines[:at], wrong, *lines[at + 1:]]))
            status, words = self.start_refused(node.config)
            self.assertEqual(status, 2, words)
            self.assertIn(f"{node.config}:{at + 1}:", words)
        self.assertFalse((node.directory / "data").exists(), "a refused start leaves nothing")

    def test_data_that_cannot_be_read_are_named(self):
        node = self.node()
        loop = node.directory / "loop"
        loop.symlink_to(loop)
        node.set("data", f'"{loop}"')
        status, words = self.start_refused(node.config)
        self.assertEqual(status, 2, words)
        self.assertIn("data_unreadable", words)

    def test_data_without_their_keys_are_not_served_with_new_ones(self):
        node = self.node().start()
        self.assertEqual(node.stop(), 0)
        for name in ("identity", "pepper", "curve"):
            file = node.directory / "keys" / f"{name}.key"
            kept = file.read_bytes()
            file.unlink()
            status, words = self.start_refused(node.config)
            self.assertEqual(status, 2, words)
            self.assertIn(f"{name}.key", words)
            self.assertFalse(file.exists(), "no new key was made for old data")
            file.write_bytes(kept)
            file.chmod(0o600)
        node.start()

    def test_data_with_the_keys_of_another_node_are_not_served(self):
        node, other = self.node().start(), self.node()
        self.assertEqual(node.stop(), 0)
        for name in ("identity", "pepper"):
            file = node.directory / "keys" / f"{name}.key"
            kept = file.read_bytes()
            file.write_bytes((other.directory / "keys" / f"{name}.key").read_bytes())
            status, words = self.start_refused(node.config)
            self.assertEqual(status, 2, words)
            self.assertRegex(words, rf"restanted: {name}.key is not .*\[keys_of_another_node\]")
            file.write_bytes(kept)
        node.start()

    # --- what can be seen from outside ------------------------------------------------------------

    def test_logs_hold_no_pin_no_number_and_no_media(self):
        node = self.node()
        node.set("level", '"trace"')
        node.start()
        adapter = self.connected(node.add_tenant("acme", shortCode="5050"))
        number, caller, recording = "+15055551212", "+15055550142", amr(1)
        imei, national = "490154203237518", "505-555-1212"
        adapter.register(number, imei=imei, pin=PIN)
        adapter.deposit({"number": national}, recording, caller)
        with self.assertRaises(Refused):
            adapter.retrieve({"number": number}, {"uid": 1}, pin="739154")
        adapter.retrieve({"imei": imei}, {"uid": 1}, pin=PIN)
        for pin in ("111111", "12", "no digits"):
            with self.assertRaises(Refused):
                adapter.ask("setPin", {"subscriber": {"number": number}, "pin": pin})
        for wrong in ({"number": number + "123456"}, {"imei": imei[:-1] + "9"}):
            with self.assertRaises(Refused):
                adapter.messages(wrong)
        self.assertEqual(node.stop(), 0)
        log = node.log.read_bytes()
        self.assertIn(b'"what":"serving"', log)
        self.assertIn(b'"what":"stopped"', log)
        for secret in (PIN, "739154", number[1:], national, caller[1:], imei):
            self.assertNotIn(secret.encode(), log)
        self.assertNotIn(recording[6:38], log)

    # --- keys -------------------------------------------------------------------------------------

    def test_a_revoked_tenant_is_stopped_on_its_open_connection(self):
        node = self.node().start()
        adapter = self.connected(node.add_tenant("acme"), timeout=1.0)
        bystander = self.connected(node.add_tenant("bona"))
        adapter.subscribe("crm")
        adapter.register("+15055551212")
        self.assertEqual(adapter.next_event(10)["cause"], "registered")
        with node.operator() as asking:
            asking.ask("tenantRevoke", "acme")
            end = time.monotonic() + 5

            def stopped():
                try:
                    adapter.ask("ping")
                except NoAnswer:
                    return True
                except Refused as refused:
                    return refused.code == "denied"
                return False
            self.assertTrue(eventually(stopped, seconds=5))
            self.assertLess(time.monotonic(), end)
            # Neither does it hear of its subscribers any more: the old subscription is open.
            asking.ask("deposit", {"subscriber": {"number": "+15055551212"},
                                   "calledAtMs": CALLED_AT_MS,
                                   "parts": [{"type": "amr", "size": len(amr(1))}]}, [amr(1)])
        self.assertIsNone(adapter.next_event(0.5))
        bystander.ask("ping")

    def stranger(self, node, **identity):
        """What a client with these keys hears on the MVNO endpoint: nothing, or an answer."""
        adapter = self.connected({"endpoint": node.address("router"), **identity}, timeout=0.5)
        with contextlib.suppress(NoAnswer):
            return adapter.ask("ping")
        return None

    def refusals(self, node, reason=""):
        return sum(value for name, value in node.metrics().items()
                   if name.startswith(f'restante_refused_total{{reason="{reason}'))

    def test_a_key_nobody_registered_opens_nothing_and_is_counted(self):
        node = self.node().start()
        known = node.add_tenant("acme")
        public, secret = (key.decode() for key in zmq.curve_keypair())
        self.assertIsNone(self.stranger(node, server_key=known["server_key"], public_key=public,
                                        secret_key=secret))
        self.assertTrue(eventually(lambda: self.refusals(node, "key_unknown") >= 1))
        self.assertTrue(self.connected(known).ask("ping"))

    def test_a_gateways_key_opens_nothing_on_the_mvno_endpoint(self):
        node = self.node().start()
        node.add_tenant("acme")
        gateway = node.add_tenant("texts", "smsGateway", serves=["acme"])
        del gateway["endpoint"]
        self.assertIsNone(self.stranger(node, **gateway))
        self.assertTrue(eventually(lambda: self.refusals(node, "key_unknown") >= 1))

    def test_a_wrong_server_key_opens_nothing_and_is_counted(self):
        node = self.node().start()
        identity = node.add_tenant("acme")
        before = self.refusals(node)
        wrong = {**identity, "server_key": zmq.curve_keypair()[0].decode()}
        del wrong["endpoint"]
        self.assertIsNone(self.stranger(node, **wrong))
        self.assertTrue(eventually(lambda: self.refusals(node) > before, seconds=3),
                        "the failed handshake shows in no counter")

    def test_a_client_without_curve_opens_nothing_and_is_counted(self):
        node = self.node().start()
        node.add_tenant("acme")
        before = self.refusals(node)
        self.assertIsNone(self.stranger(node))
        self.assertTrue(eventually(lambda: self.refusals(node) > before, seconds=3),
                        "the failed handshake shows in no counter")

    def test_bytes_that_are_not_zeromq_disturb_nobody(self):
        node = self.node().start()
        adapter = self.connected(node.add_tenant("acme"))
        stranger = zmq.Context.instance().socket(zmq.STREAM)
        self.addCleanup(stranger.close, 0)
        stranger.connect(node.address("router"))
        peer = stranger.recv_multipart()[0]
        stranger.send_multipart([peer, b"GET / HTTP/1.1\r\n\r\n" + os.urandom(4096)])
        self.assertTrue(adapter.ask("ping"))


if __name__ == "__main__":
    unittest.main()
