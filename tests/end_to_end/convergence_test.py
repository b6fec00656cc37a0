"""After a cut, how long until mailboxes that changed on both sides are equal on both: 10,000 of them,
or RESTANTE_MAILBOXES. `python3 convergence_test.py -v` tells the seconds."""
import os
import time
import unittest

from cluster import ClusterCase
from node import amr, decode_all, encode_all, eventually

MAILBOXES = int(os.environ.get("RESTANTE_MAILBOXES", "10000"))
OPEN = 512  # requests at a time
SECONDS_MAX = 30
RECORDING = amr(1)


class ConvergenceTest(ClusterCase):
    def test_mailboxes_that_changed_on_both_sides_of_a_cut_are_soon_equal(self):
        nodes = self.cluster({"paris": "eu1", "boston": "us1"}, replicas=1)
        self.at = self.tenant_everywhere(nodes)
        made = self.bulk("paris", [{"register": {"number": f"+1505{5000000 + i}"}}
                                   for i in range(MAILBOXES)])
        self.who = [{"profileId": each["registered"]["profileId"]} for each in made]
        self.bulk("paris", [{"locate": {"subscriber": who, "region": "us1"}} for who in self.who])
        self.assertTrue(eventually(lambda: self.shipped(nodes), 60, 0.1))
        nodes.cut("boston")
        self.assertTrue(eventually(lambda: not self.connected_to(nodes, "paris", "boston"), 20))
        for at in ("paris", "boston"):
            self.bulk(at, [{"deposit": {"subscriber": who, "calledAtMs": 1_700_000_000_000,
                                        "parts": [{"type": "amr", "size": len(RECORDING)}]}}
                           for who in self.who], [RECORDING])
        began = time.monotonic()
        nodes.heal()
        self.assertTrue(eventually(lambda: self.shipped(nodes), 2 * SECONDS_MAX, 0.05))
        seconds = time.monotonic() - began
        mail = [[sorted(bytes(each["messageId"]).hex() for each in reply["listing"]["headers"])
                 for reply in self.bulk(at, [{"list": {"subscriber": who}} for who in self.who])]
                for at in ("paris", "boston")]
        self.assertEqual(mail[0], mail[1])
        self.assertTrue(all(len(box) == 2 for box in mail[0]))
        print(f"\n{MAILBOXES} mailboxes, changed on both sides: equal {seconds:.1f} s after the heal")
        self.assertLess(seconds, SECONDS_MAX)

    def bulk(self, at, operations, media=()):
        """Many requests at a node, some hundred open; their answers, in order."""
        socket = self.at[at].socket
        frames = encode_all([{"correlation": i + 1, "deadlineMs": 60_000,
                              "requestId": list(os.urandom(16)), **each}
                             for i, each in enumerate(operations)])
        sent, replies = 0, []
        while len(replies) < len(frames):
            while sent < len(frames) and sent - len(replies) < OPEN:
                socket.send_multipart([frames[sent], *media])
                sent += 1
            self.assertTrue(socket.poll(60_000), "an answer")
            replies.append(socket.recv_multipart()[0])
        by_number = {int(each["correlation"]): each for each in decode_all(replies)}
        refused = [each["failed"] for each in by_number.values() if "failed" in each]
        self.assertEqual(refused[:3], [])
        return [by_number[i + 1] for i in range(len(frames))]

    @staticmethod
    def figures(nodes, at):
        with nodes[at].operator() as asking:
            return {each["name"]: each["value"]
                    for each in asking.ask("status")[0]["status"]}

    def connected_to(self, nodes, at, peer):
        return self.figures(nodes, at)[f"peer.{peer}.connected"] == "yes"

    def shipped(self, nodes):
        """Neither has anything that the other lacks."""
        for at, peer in (("paris", "boston"), ("boston", "paris")):
            figures = self.figures(nodes, at)
            if (figures[f"peer.{peer}.behind"], figures[f"peer.{peer}.connected"]) != ("0", "yes"):
                return False
        return True


if __name__ == "__main__":
    unittest.main()
