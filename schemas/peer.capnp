@0xc1d5c3f2a0b94e05;
# What the nodes of one cluster say to each other. One envelope and the frames behind it are one
# ZeroMQ message. Of two nodes each connects to the other: on its own connection a node says hello,
# ships what happened on it and passes requests on; the other one answers there. CURVE keys say who
# it is, in both directions.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("restante::wire::peer");
using Common = import "common.capnp";

struct PeerMessage {
  union {
    unset @0 :Void;

    # By the side that connected:
    hello @1 :Hello;           # first; and again after a refusal that says why
    alive @2 :Alive;           # in pauses
    piece @3 :Piece;           # one frame: a part of media too large for a batch
    batch @4 :Batch;           # frames: its media that are not in pieces, end to end
    forward @5 :Forward;       # frames: the request's media
    compare @6 :Compare;

    # By the side that was connected to:
    welcome @7 :Welcome;       # answers hello
    applied @8 :Applied;       # answers batch: all of it is on disk
    stopped @9 :Stopped;       # answers batch: this one and all behind it were not taken
    answer @10 :Answer;        # answers forward; frames: the reply's media
    differ @11 :Differ;        # answers compare
    refused @12 :Common.Failure; # nothing more is taken until the next hello
  }
}

struct Hello {
  cluster @0 :Data;            # 16 bytes: a fingerprint of the cluster's identity key
  versionMin @1 :UInt16;       # of this protocol, the oldest spoken
  versionMax @2 :UInt16;
  capabilities @3 :UInt64;     # bits; both sides use those that both have
  node @4 :Text;
  region @5 :Text;
  lane @6 :UInt32;
  incarnation @7 :UInt64;      # of its store
  newest @8 :UInt64;           # its last change
  nowMs @9 :Int64;             # its clock
}

struct Welcome {
  version @0 :UInt16;
  capabilities @1 :UInt64;
  node @2 :Text;
  incarnation @3 :UInt64;
  seenIncarnation @4 :UInt64;  # what this node had seen of the other's log before: a store that was
  seenNewest @5 :UInt64;       # restored from a backup finds itself behind it
}

struct Alive {
  draining @0 :Bool;           # gives its mailboxes away
  newest @1 :UInt64;
  acknowledged @2 :UInt64;     # of its log: all up to here is on the receiver's disk
  complete @3 :Bool;           # and everything else that the receiver is to hold of it
}

struct MediaRow {
  message @0 :Data;            # 16 bytes; empty: a greeting
  part @1 :UInt8;              # of the message; or the kind of greeting
  size @2 :UInt64;
  inPieces @3 :Bool;           # came before, as pieces; not in the frame
}

struct Piece {
  # Pieces of one media follow each other without anything between them.
  mailbox @0 :Data;
  row @1 :MediaRow;
  offset @2 :UInt64;
}

struct Entry {
  change @0 :Data;             # stored.capnp, Change
  media @1 :List(MediaRow);
}

struct Batch {
  # Changes of the sender's own log in their order, or (cause `seeded`) parts of mailboxes that the
  # receiver is to hold. Applying one twice does nothing.
  number @0 :UInt64;           # one more than the batch before; after a hello any
  behind @1 :UInt64;           # changes of the log that still follow; 0: that was all there is
  entries @2 :List(Entry);
}

struct Applied {
  number @0 :UInt64;           # this batch and all before it
}

struct Stopped {
  number @0 :UInt64;
  why @1 :Common.Failure;
}

struct Forward {
  correlation @0 :UInt64;
  tenant @1 :Text;             # who asked, as the sender has authenticated them
  deadlineMs @2 :UInt32;       # what is left of it
  envelope @3 :Data;           # request.capnp, Request
}

struct Answer {
  correlation @0 :UInt64;
  envelope @1 :Data;           # request.capnp, Reply
}

struct MailboxDigest {
  mailbox @0 :Data;
  digest @1 :Data;             # of its state, media apart
}

struct Compare {
  number @0 :UInt64;
  mailboxes @1 :List(MailboxDigest);
}

struct Differ {
  number @0 :UInt64;
  mailboxes @1 :List(Data);
  leaving @2 :List(Data);      # equal or not, what is here is to go: it is no copy to rely on
}
