"""Three real nodes in two regions: subscribers roam, nodes are lost, wires are cut."""
import json
import subprocess
import time
import unittest

from cluster import ClusterCase
from mvno_adapter import NoAnswer, Refused
from node import BIN, amr, eventually

NUMBER = "+15055550183"
REGIONS = {"paris": "eu1", "lyon": "eu1", "boston": "us1"}


def mail(adapter, who):
    """What a mailbox holds, in an order of its own: message ids and whether they were heard."""
    return sorted((bytes(each["messageId"]).hex(), each.get("flags", 0))
                  for each in adapter.messages(who))


def patiently(look, seconds=20):
    """The first answer that is no refusal."""
    def attempt():
        try:
            return look()
        except (NoAnswer, Refused):
            return None
    return eventually(attempt, seconds, 0.1)


def held(node):
    """Mailboxes on a node's own disk."""
    with node.operator() as asking:
        return len(asking.ask("subscriberList", {})[0].get("subscribers", []))


class ClusterTest(ClusterCase):
    def setUp(self):
        self.nodes = self.cluster(REGIONS)
        self.at = self.tenant_everywhere(self.nodes)
        self.who = {"profileId": patiently(
            lambda: self.at["paris"].register(NUMBER, pin="482913"))["profileId"]}

    def locate(self, at, region):
        self.at[at].insist("locate", {"subscriber": self.who, "region": region}, attempts=8)

    def same_everywhere(self, names, count):
        def look():
            try:
                boxes = [mail(self.at[name], self.who) for name in names]
            except (NoAnswer, Refused):
                return None
            return boxes[0] if all(box == boxes[0] and len(box) == count for box in boxes) else None
        self.assertTrue(eventually(look, 20, 0.1),
                        {name: mail(self.at[name], self.who) for name in names})

    def test_a_mailbox_follows_its_subscriber_through_a_cut_and_comes_home(self):
        recordings = [amr(i) for i in range(4)]
        first = self.at["paris"].deposit(self.who, recordings[0])["messageId"]
        second = self.at["boston"].deposit(self.who, recordings[1])["messageId"]
        self.assertEqual(held(self.nodes["boston"]), 0)  # passed on, not kept
        self.locate("boston", "us1")
        self.assertTrue(eventually(lambda: held(self.nodes["boston"]) == 1))
        self.nodes.cut("boston")
        header, media = patiently(
            lambda: self.at["boston"].retrieve(self.who, {"id": first}, pin="482913"))
        self.assertEqual(media, [recordings[0]])
        self.assertTrue(self.at["boston"].delete(self.who, {"id": second}))
        self.at["boston"].deposit(self.who, recordings[2])  # abroad
        self.at["paris"].deposit(self.who, recordings[3])  # and at home
        self.nodes.heal()
        self.same_everywhere(["paris", "lyon", "boston"], 3)
        self.locate("boston", "")
        self.assertTrue(eventually(lambda: held(self.nodes["boston"]) == 0, 20))
        self.same_everywhere(["paris", "lyon", "boston"], 3)
        for name, node in self.nodes.nodes.items():
            self.assertEqual(node.stop(), 0)
            checked = subprocess.run([BIN / "restante", "store", "check", node.directory / "data"],
                                     capture_output=True, text=True, timeout=60)
            self.assertEqual(checked.returncode, 0, f"{name}: {checked.stdout}{checked.stderr}")

    def test_the_standby_takes_over_and_a_repeated_deposit_stays_one_message(self):
        home = next(name for name in ("paris", "lyon") if self.is_home(name))
        other = "lyon" if home == "paris" else "paris"
        request_id, at_ms = b"x" * 16, int(time.time() * 1000)
        again = dict(called_at_ms=at_ms, request_id=request_id)
        before = self.at[other].deposit(self.who, amr(1), **again)
        self.assertTrue(eventually(lambda: held(self.nodes[other]) == 1))
        self.nodes[home].kill()
        after = patiently(lambda: self.at["boston"].deposit(self.who, amr(1), **again))
        self.assertEqual((after["messageId"], after.get("duplicate")),
                         (before["messageId"], True))
        meanwhile = patiently(lambda: self.at["boston"].deposit(self.who, amr(2)))
        self.assertTrue(meanwhile)
        self.nodes[home].start()
        self.same_everywhere(["paris", "lyon", "boston"], 2)

    def is_home(self, name):
        """By the count of requests that it passed on."""
        before = self.passed_on(name)
        self.at[name].messages(self.who)
        return self.passed_on(name) == before

    def passed_on(self, name):
        figures = self.nodes[name].metrics()
        return figures.get('restante_peer_messages_total{direction="out",kind="forward"}', 0)

    def test_the_operator_sees_the_nodes_and_empties_one(self):
        status = json.loads(self.restante("paris", "cluster", "status", "--json"))
        self.assertEqual(status["node"], "paris")
        self.assertEqual({name: each["region"] for name, each in status["nodes"].items()}, REGIONS)
        self.at["paris"].deposit(self.who, amr(1))
        self.locate("paris", "us1")
        profile = self.who["profileId"]

        def all_equal():
            told = json.loads(self.restante("lyon", "mailbox", "verify", profile, "--json"))
            return told["equal"] and len(told["copies"]) == 3 and told
        told = eventually(all_equal, 20, 0.2)
        self.assertEqual(sorted(each["role"] for each in told["copies"]),
                         ["home", "roaming", "standby"])
        self.assertIn("boston  us1     roaming", self.restante("boston", "mailbox", "where",
                                                               profile))
        self.restante("boston", "cluster", "drain", "paris", timeout=60)
        self.assertEqual(self.nodes["paris"].stop(), 0)
        patiently(lambda: self.at["lyon"].deposit(self.who, amr(2)))
        self.assertEqual(len(patiently(lambda: self.at["lyon"].messages(self.who))), 2)

    def restante(self, at, *words, timeout=20):
        done = subprocess.run([BIN / "restante", "--config", self.nodes[at].config, *words],
                              capture_output=True, text=True, timeout=timeout)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout

    def test_who_is_alone_stores_nothing_that_is_to_be_on_two_disks(self):
        self.nodes.cut("boston")
        body = {"subscriber": self.who, "format": "voicemail", "calledAtMs": 1_700_000_000_000,
                "parts": [{"type": "amr", "size": len(amr(1))}], "durability": "replicated"}
        reply, _ = self.at["paris"].insist("deposit", body, [amr(1)])
        self.assertIn("deposited", reply)
        self.nodes.heal()
        self.nodes.cut("paris")  # and lyon is there with boston
        problem = None
        try:
            self.at["paris"].ask("deposit", body, [amr(2)])
        except Refused as refused:
            problem = refused.code
        self.assertIn(problem, ("outcomeUnknown", "busy"))


if __name__ == "__main__":
    unittest.main()
