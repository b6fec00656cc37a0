"""A foreign client against a real node: nothing of the engine on this side of the sockets.

Each case has a tenant and a subscriber of its own; they share one node. The SMS gateway is a few
lines of Python too. Cases that wait do so for an answer or an event, never for a time.
"""
import os
import time
import unittest

import zmq

from mvno_adapter import Adapter, Refused, connect, decode, encode
from node import DATA, Node, eventually

VOICEMAIL = (DATA / "voicemail.amr").read_bytes()
GREETING = (DATA / "greeting.amr").read_bytes()
PIN = "482913"
WRONG_PIN = "739154"


class Gateway:
    """An SMS gateway: takes texts over and keeps them, sends what phones write."""

    def __init__(self, identity):
        self.socket, self.texts, self.answers = connect(zmq.DEALER, **identity), [], []
        self.correlation = 0

    def say(self, what, body):
        self.correlation += 1
        self.socket.send(encode({"correlation": self.correlation, what: body}, "sms.capnp",
                                "FromGateway"))
        return self.correlation

    def listen(self, seconds=0.05):
        """Takes in what comes and accepts every text handed over."""
        while self.socket.poll(int(seconds * 1000)):
            said = decode(self.socket.recv(), "sms.capnp", "ToGateway")
            if "submit" in said:
                self.texts.append(said["submit"])
                self.say("submitted", {"notificationId": said["submit"]["notificationId"],
                                       "status": "accepted"})
            else:
                self.answers.append(said)

    def answer_to(self, correlation):
        def look():
            self.listen()
            return next((a for a in self.answers if int(a["correlation"]) == correlation), None)
        return eventually(look)

    def text_for(self, number, beginning):
        """The first text to a number that begins so; None when none comes."""
        def look():
            self.listen()
            return next((t for t in self.texts
                         if t["to"] == number and t["text"].startswith(beginning)), None)
        return eventually(look)


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(cls.node.close)
        cls.node.start()
        cls.tenants = 0

    def setUp(self):
        type(self).tenants += 1
        self.tenant = f"mvno-{self.tenants}"
        self.identity = self.node.add_tenant(self.tenant, shortCode=str(5000 + self.tenants))
        self.number = f"+1505555{1000 + self.tenants}"
        self.who = {"number": self.number}
        self.adapter = self.connected(self.identity)

    def connected(self, identity):
        adapter = Adapter(**identity)
        self.addCleanup(adapter.close)
        return adapter

    def registered(self):
        return self.adapter.register(self.number, pin=PIN)["profileId"]

    def refusal(self, call, *arguments, **more):
        with self.assertRaises(Refused) as caught:
            call(*arguments, **more)
        return caught.exception

    def event(self, request_id, adapter=None, seconds=10):
        """The event a request caused; others before it are passed over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            event = (adapter or self.adapter).next_event(max(0, end - time.monotonic()))
            if event and bytes(event["requestId"]) == request_id:
                return event
        return None

    # --- registering and depositing ---------------------------------------------------------------

    def test_a_device_registers_once_and_is_told_when_it_had_access(self):
        first = self.adapter.register(self.number, pin=PIN)
        self.assertFalse(first["alreadyHadAccess"])
        self.assertTrue(first["profileId"].startswith("local-"), first)
        again = self.adapter.register(self.number, pin=PIN)
        self.assertEqual(again, {"profileId": first["profileId"], "alreadyHadAccess": True})

    def test_a_deposit_is_measured_listed_and_a_repeat_is_the_same_message(self):
        profile = {"profileId": self.registered()}
        called, deposit_id = 1_700_000_000_000, os.urandom(16)
        first = self.adapter.deposit(self.who, VOICEMAIL, "+15055550100", called, "amr", deposit_id)
        self.assertEqual((first["uid"], first["durationMs"]), (1, 26_000))
        self.assertFalse(first["duplicate"])
        again = self.adapter.deposit(self.who, VOICEMAIL, "+15055550100", called, "amr", deposit_id)
        self.assertTrue(again["duplicate"])
        self.assertEqual(again["messageId"], first["messageId"])
        headers = self.adapter.messages(profile)  # by its other name
        self.assertEqual([h["messageId"] for h in headers], [first["messageId"]])
        self.assertEqual((headers[0]["caller"], int(headers[0]["calledAtMs"]), headers[0]["parts"]),
                         ("+15055550100", called, [{"type": "amr", "size": str(len(VOICEMAIL))}]))

    def test_a_deposit_id_cannot_stand_for_two_messages(self):
        self.registered()
        deposit_id = os.urandom(16)
        self.adapter.deposit(self.who, VOICEMAIL, request_id=deposit_id)
        refused = self.refusal(self.adapter.deposit, self.who, GREETING, request_id=deposit_id)
        self.assertEqual((refused.code, refused.reason), ("conflict", "deposit_id_reused"))
        self.assertEqual(len(self.adapter.messages(self.who)), 1)

    # --- events -----------------------------------------------------------------------------------

    def test_events_name_their_request_and_resume_where_a_name_left_off(self):
        born, left, missed = (os.urandom(16) for _ in range(3))
        self.adapter.subscribe("crm")
        profile = self.adapter.register(self.number, request_id=born)["profileId"]
        message = self.adapter.deposit(self.who, VOICEMAIL, request_id=left)["messageId"]
        first, second = self.event(born), self.event(left)
        self.assertEqual((first["cause"], first["profileId"]), ("registered", profile))
        self.assertEqual((second["cause"], second["messageId"], second["uid"], second["tenant"]),
                         ("deposited", message, 1, self.tenant))
        self.adapter.acknowledge("crm", second["sequence"])
        self.adapter.ask("ping")  # answered after the acknowledgement was read
        self.adapter.close()

        other = self.connected(self.identity)
        other.deposit(self.who, GREETING, request_id=missed)
        returned = self.connected(self.identity)
        self.assertGreater(returned.subscribe("crm"), int(second["sequence"]))
        third = returned.next_event(10)
        self.assertEqual((bytes(third["requestId"]), third["cause"]), (missed, "deposited"))

    def test_an_event_that_was_not_acknowledged_comes_again_to_the_next_session(self):
        self.adapter.subscribe("crm")
        self.registered()
        first = self.adapter.next_event(10)
        self.adapter.close()
        returned = self.connected(self.identity)
        returned.subscribe("crm")
        self.assertEqual(returned.next_event(10), first)

    def test_no_more_events_are_open_than_the_credit_allows(self):
        self.adapter.subscribe("crm", credit=1)
        self.registered()
        left = os.urandom(16)
        self.adapter.deposit(self.who, VOICEMAIL, request_id=left)
        first = self.adapter.next_event(10)
        self.assertEqual(first["cause"], "registered")
        self.adapter.ask("ping")
        self.assertIsNone(self.adapter.next_event(0.3))
        self.adapter.acknowledge("crm", first["sequence"])
        self.assertEqual(self.event(left)["cause"], "deposited")

    # --- handing out ------------------------------------------------------------------------------

    def test_the_device_gets_its_bytes_for_the_right_pin_only(self):
        self.registered()
        self.adapter.deposit(self.who, VOICEMAIL)
        refused = self.refusal(self.adapter.retrieve, self.who, {"uid": 1}, pin=WRONG_PIN)
        self.assertEqual((refused.code, refused.reason), ("denied", "pin_denied"))
        header, media = self.adapter.retrieve(self.who, {"uid": 1}, pin=PIN)
        self.assertEqual((header["uid"], media), (1, [VOICEMAIL]))

    def test_a_challenge_is_good_for_one_answer_to_one_request(self):
        self.registered()
        self.adapter.deposit(self.who, VOICEMAIL)
        asked = os.urandom(16)
        body = {"subscriber": self.who, "message": {"uid": 1}, "channel": "device"}
        reply, _ = self.adapter.ask("retrieve", body, request_id=asked)
        body["answer"] = {"challenge": reply["challenge"]["challenge"], "pin": PIN}
        other = self.refusal(self.adapter.ask, "retrieve", body)  # another request id
        self.assertEqual(other.code, "denied")
        self.assertEqual(self.adapter.ask("retrieve", body, request_id=asked)[1], [VOICEMAIL])
        again = self.refusal(self.adapter.ask, "retrieve", body, request_id=asked)
        self.assertEqual(again.code, "denied")

    def test_out_of_band_gives_the_same_bytes_and_a_deleted_message_no_more(self):
        self.registered()
        message = {"id": self.adapter.deposit(self.who, VOICEMAIL)["messageId"]}
        header, media = self.adapter.retrieve(self.who, message)
        self.assertEqual((header["depositedBy"], media), (self.tenant, [VOICEMAIL]))
        self.assertTrue(self.adapter.delete(self.who, message))
        self.assertFalse(self.adapter.delete(self.who, message))  # it already was
        self.assertEqual(self.adapter.messages(self.who), [])
        self.assertEqual(self.refusal(self.adapter.retrieve, self.who, message).code, "notFound")

    def test_a_greeting_is_stored_replaced_and_fetched_as_it_was_sent(self):
        self.registered()
        refused = self.refusal(self.adapter.get_greeting, self.who)
        self.assertEqual(refused.reason, "greeting_not_found")
        self.adapter.set_greeting(self.who, VOICEMAIL)
        self.adapter.set_greeting(self.who, GREETING)
        self.assertEqual(self.adapter.get_greeting(self.who), ("amr", GREETING))
        self.assertEqual(self.refusal(self.adapter.get_greeting, self.who, "busy").code, "notFound")

    def test_an_application_deposits_for_whom_it_serves_and_for_nobody_else(self):
        self.registered()
        portal = self.connected(self.node.add_tenant(self.tenant + "-web", "application",
                                                     serves=[self.tenant]))
        portal.deposit(self.who, VOICEMAIL)
        self.assertEqual([h["depositedBy"] for h in self.adapter.messages(self.who)],
                         [self.tenant + "-web"])
        rival = self.connected(self.node.add_tenant(self.tenant + "-rival"))
        rival.register("+15055558888")
        refused = self.refusal(portal.deposit, {"number": "+15055558888"}, VOICEMAIL)
        self.assertEqual(refused.code, "notFound")

    def test_another_tenant_cannot_tell_a_foreign_subscriber_from_none(self):
        profile = {"profileId": self.registered()}
        self.adapter.deposit(self.who, VOICEMAIL)
        other = self.connected(self.node.add_tenant(self.tenant + "-rival"))
        calls = [(other.messages,), (other.retrieve, {"uid": 1}), (other.delete, {"uid": 1}),
                 (other.deposit, VOICEMAIL), (other.get_greeting,)]
        for call, *arguments in calls:
            foreign = self.refusal(call, self.who, *arguments)
            nobody = self.refusal(call, {"number": "+15055559999"}, *arguments)
            by_profile = self.refusal(call, profile, *arguments)
            self.assertEqual(foreign.code, "notFound", call)
            self.assertEqual(str(foreign), str(nobody))
            self.assertEqual(str(by_profile), str(nobody))
        self.assertEqual(len(self.adapter.messages(self.who)), 1)

    # --- texts ------------------------------------------------------------------------------------

    def gateway(self):
        """A gateway that serves this case's tenant, and the node's answer to its hello."""
        identity = self.node.add_tenant(self.tenant + "-sms", "smsGateway", serves=[self.tenant])
        gateway = Gateway(identity)
        self.addCleanup(gateway.socket.close)
        return gateway, gateway.answer_to(gateway.say("hello", {"credit": 10}))

    def test_a_gateway_is_welcomed_and_gets_the_texts_of_a_voicemails_life(self):
        gateway, answer = self.gateway()
        self.assertIn("welcome", answer)
        self.registered()
        self.assertTrue(gateway.text_for(self.number, "Welcome"))
        self.adapter.deposit(self.who, VOICEMAIL, "+15055550100")
        told = gateway.text_for(self.number, "New voicemail 1 from +15055550100")
        self.assertEqual((told["from"], told["encoding"], told["segments"]),
                         (str(5000 + self.tenants), "gsm7", 1))
        self.adapter.retrieve(self.who, {"uid": 1}, pin=PIN)
        self.assertIn("on this device", gateway.text_for(self.number, "Voicemail 1")["text"])
        self.adapter.retrieve(self.who, {"uid": 1}, place="web page")
        self.assertTrue(eventually(lambda: gateway.listen() or any(
            "(web page)" in text["text"] for text in gateway.texts)))
        self.adapter.delete(self.who, {"uid": 1})
        self.assertTrue(eventually(lambda: gateway.listen() or any(
            "was deleted" in text["text"] for text in gateway.texts)))
        ids = [tuple(text["notificationId"]) for text in gateway.texts]
        self.assertEqual(len(ids), 5)
        self.assertEqual(len(set(ids)), 5, "no text was handed over twice")

    def test_a_status_text_from_the_phone_is_answered_by_text(self):
        gateway, _ = self.gateway()
        self.registered()
        self.adapter.deposit(self.who, VOICEMAIL)
        text = {"id": list(os.urandom(8)), "from": self.number, "to": str(5000 + self.tenants),
                "text": "STATUS"}
        self.assertIn("accepted", gateway.answer_to(gateway.say("mobileOriginated", text)))
        self.assertIn("1 unheard", gateway.text_for(self.number, "You have")["text"])
        receipt = {"notificationId": gateway.texts[-1]["notificationId"], "status": "delivered"}
        self.assertIn("accepted", gateway.answer_to(gateway.say("deliveryReceipt", receipt)))

    def test_a_gateway_says_where_a_subscriber_is(self):
        gateway, _ = self.gateway()
        self.registered()
        update = {"id": list(os.urandom(8)), "number": self.number, "region": ""}
        self.assertIn("accepted", gateway.answer_to(gateway.say("locationUpdate", update)))
        for change, reason in (({"region": "zz9"}, "region_unknown"),
                               ({"number": "+15055559999"}, "subscriber_not_found"),
                               ({"number": "nobody"}, "number_malformed"), ({"id": []}, "id_malformed")):
            refused = gateway.answer_to(gateway.say(
                "locationUpdate", {**update, "id": list(os.urandom(8)), **change}))
            self.assertEqual(refused["failed"]["reason"], reason)

    # --- sockets without replies ------------------------------------------------------------------

    def publication(self, deposit_id, called=1_700_000_000_000, size=len(VOICEMAIL)):
        """A deposit as it goes to a socket without replies: the same frames."""
        return [encode({"correlation": 1, "requestId": list(deposit_id), "deposit": {
            "subscriber": self.who, "calledAtMs": called,
            "parts": [{"type": "amr", "size": size}]}}), VOICEMAIL]

    def publisher(self, kind, pattern):
        socket = connect(kind, **{**self.identity, "endpoint": self.node.address(pattern)})
        self.addCleanup(socket.close)
        return socket

    def test_a_deposit_pushed_to_the_pull_endpoint_shows_in_the_events(self):
        self.adapter.subscribe("crm")
        self.registered()
        deposit_id = os.urandom(16)
        self.publisher(zmq.PUSH, "pull").send_multipart(self.publication(deposit_id))
        self.assertEqual(self.event(deposit_id)["cause"], "deposited")
        self.assertEqual(self.adapter.retrieve(self.who, {"uid": 1})[1], [VOICEMAIL])

    def test_a_deposit_published_to_the_sub_endpoint_is_stored_once_however_often_sent(self):
        self.adapter.subscribe("crm")
        self.registered()
        deposit_id, socket = os.urandom(16), self.publisher(zmq.PUB, "sub")
        frames = self.publication(deposit_id)

        def attempt():  # what is published before the node has subscribed is lost: repeat it
            socket.send_multipart(frames)
            return self.event(deposit_id, seconds=0.2)
        self.assertEqual(eventually(attempt)["cause"], "deposited")
        socket.send_multipart(frames)
        self.assertEqual(len(self.adapter.messages(self.who)), 1)

    def test_a_refused_publication_is_told_by_an_event(self):
        self.adapter.subscribe("crm")
        self.registered()
        deposit_id = os.urandom(16)
        self.publisher(zmq.PUSH, "pull").send_multipart(self.publication(deposit_id, called=1))
        refused = self.event(deposit_id)
        self.assertEqual((refused["cause"], refused["sequence"], refused["tenant"]),
                         ("refused", "0", self.tenant))
        self.assertEqual((refused["failure"]["code"], refused["failure"]["reason"]),
                         ("invalidRequest", "call_time_out_of_range"))
        self.assertEqual(self.adapter.messages(self.who), [])

    def test_a_publication_the_bridge_itself_refuses_is_told_by_an_event_too(self):
        self.registered()
        self.adapter.subscribe("crm")
        deposit_id = os.urandom(16)
        self.publisher(zmq.PUSH, "pull").send_multipart(self.publication(deposit_id, size=1))
        refused = self.event(deposit_id)
        self.assertIsNotNone(refused, "silence for a frame of another size than described")
        self.assertEqual((refused["cause"], refused["failure"]["reason"]),
                         ("refused", "frame_size_mismatch"))


if __name__ == "__main__":
    unittest.main()
