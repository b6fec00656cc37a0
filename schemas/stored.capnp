@0xc1d5c3f2a0b94e04;
# Values on disk. storage/README.md names the family and key each belongs to. The same structs
# carry the state that replicas exchange: a change holds the part of a mailbox that it changed,
# and applying a change is merging that part.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("restante::stored");
using Common = import "common.capnp";

struct Stamp {
  # When and by whom a register was written: the larger wins.
  hlc @0 :UInt64;              # 48 bits of milliseconds, 16 bits of counter
  incarnation @1 :UInt64;      # of the node that wrote
}

struct TextRegister {
  stamp @0 :Stamp;
  value @1 :Text;
}

struct GreetingRegister {
  kind @0 :Common.GreetingKind;
  stamp @1 :Stamp;
  type @2 :Common.MediaType;   # unknown: removed
  size @3 :UInt64;
  digest @4 :Data;
}

struct PinShare {
  # One replica's count of failed attempts since the PIN of `generation` was set.
  incarnation @0 :UInt64;
  version @1 :UInt64;          # counts the writes of this share: the larger is newer
  pinStamp @2 :Stamp;          # of the PIN it counts for
  failures @3 :UInt32;
  closedUntilMs @4 :Int64;
}

struct Alias {
  kind @0 :UInt8;
  value @1 :Text;
}

struct Profile {
  # The settings part of a mailbox: the value of the `profiles` family.
  tenant @0 :Text;
  region @1 :Text;             # of birth: the text form of the profile id begins with it
  bornAtMs @2 :Int64;
  aliases @3 :List(Alias);
  pin @4 :TextRegister;        # Argon2id string, empty: none
  language @5 :TextRegister;
  timeZone @6 :TextRegister;
  notifications @7 :TextRegister; # "on" or "off"
  greetings @8 :List(GreetingRegister);
  pinShares @9 :List(PinShare);
  uidFloor @10 :UInt32;        # no number up to this is given out again
  location @11 :TextRegister;  # the region the subscriber roams in; empty: at home
  sealed @12 :Bool;            # of this copy alone: it takes no more requests and is about to go
}

struct Part {
  type @0 :Common.MediaType;
  size @1 :UInt64;
  digest @2 :Data;
}

struct Flag {
  stamp @0 :Stamp;
  set @1 :Bool;
}

struct Delivery {
  # The latest hand-over on one channel and the request that asked for it.
  stamp @0 :Stamp;
  request @1 :Data;
}

struct Message {
  # The value of the `messages` family.
  id @0 :Data;
  uid @1 :UInt32;
  purged @2 :Bool;             # a tombstone: only id, uid and content digest remain
  contentDigest @3 :Data;      # of the deposit's decoded fields and media
  format @4 :Common.MessageFormat;
  caller @5 :Text;
  calledAtMs @6 :Int64;
  storedAtMs @7 :Int64;
  durationMs @8 :UInt32;
  depositedBy @9 :Text;
  parts @10 :List(Part);
  flags @11 :List(Flag);       # in the order of the bits: played, saved, urgent, deleted
  toDevice @12 :Delivery;
  elsewhere @13 :Delivery;
  awaited @14 :UInt8;          # a bit for each part whose media have not come to this copy yet
}

struct Change {
  # The value of the `changes` family: one durable step of one mailbox.
  mailbox @0 :Data;
  stamp @1 :Stamp;
  cause @2 :UInt16;            # request.capnp, Cause
  tenant @3 :Text;             # who asked
  owner @4 :Text;              # whose subscriber
  region @5 :Text;
  requestId @6 :Data;
  message @7 :Data;            # the message concerned, may be empty
  uid @8 :UInt32;
  profile @9 :Profile;         # what changed of the settings, absent when nothing did
  messages @10 :List(Message); # what changed of the messages
  location @11 :Text;          # where the subscriber roams after this change; empty: at home
  left @12 :Text;              # where they roamed before, when this change moved them
}

struct AliasTarget {
  # The value of the `aliases` family.
  mailbox @0 :Data;
  tenant @1 :Text;
  region @2 :Text;             # of birth; empty in rows of earlier versions: this node's
}

struct Notification {
  # The value of the `outbox` family. The key holds when it is due and its id.
  mailbox @0 :Data;
  region @1 :Text;
  tenant @2 :Text;             # whose subscriber: chooses the gateway and the short code
  to @3 :Text;
  text @4 :Text;
  kind @5 :UInt8;
  createdAtMs @6 :Int64;
  attempts @7 :UInt32;
}

struct Record {
  # The value of the `records` family.
  atMs @0 :Int64;
  kind @1 :Text;
  tenant @2 :Text;
  profileId @3 :Text;
  detail @4 :Text;
}

struct Tenant {
  # The value of the `meta` row "tenant/<name>".
  name @0 :Text;
  role @1 :Common.Role;
  publicKey @2 :Data;
  region @3 :Text;
  language @4 :Text;
  serves @5 :List(Text);
  shortCode @6 :Text;
  revoked @7 :Bool;
  version @8 :UInt32;          # one more with every change
}
