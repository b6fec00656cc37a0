@0xc1d5c3f2a0b94e03;
# What an SMS gateway and a node say to each other, on the SMS endpoint. One envelope is one ZeroMQ
# message. The gateway speaks first (hello); the node then hands it texts as long as it has credit.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("restante::wire");
using Common = import "common.capnp";

struct FromGateway {
  correlation @0 :UInt64;      # echoed in the answer
  union {
    unset @1 :Void;
    hello @2 :Hello;           # also renews: repeat it after a reconnect
    mobileOriginated @3 :MobileOriginated;
    submitted @4 :Submitted;
    deliveryReceipt @5 :DeliveryReceipt;
    locationUpdate @6 :LocationUpdate;
  }
}

struct Hello {
  credit @0 :UInt32;           # texts that may be unanswered at a time, 1 to 1,000
}

struct MobileOriginated {
  # A subscriber's text. Answered by `accepted` when the node has taken it over.
  id @0 :Data;                 # 1 to 64 bytes, made by the gateway; repeats are dropped
  from @1 :Text;               # E.164, asserted by the network
  to @2 :Text;                 # the short code
  text @3 :Text;
}

enum SubmitStatus {
  accepted @0;                 # the gateway has taken the text over
  temporaryFailure @1;         # try again later
  permanentFailure @2;         # never try again: no such number, blocked, …
}

struct Submitted {
  # The gateway's answer to a `submit`.
  notificationId @0 :Data;
  status @1 :SubmitStatus;
  detail @2 :Text;
}

enum DeliveryStatus {
  delivered @0;
  undeliverable @1;
  expired @2;
  unknown @3;
}

struct DeliveryReceipt {
  # What became of an accepted text. Answered by `accepted`.
  notificationId @0 :Data;
  status @1 :DeliveryStatus;
  detail @2 :Text;
}

struct LocationUpdate {
  # A subscriber is served by the network of another region now, or of their own again. Answered by
  # `accepted` when it is on disk.
  id @0 :Data;                 # 1 to 64 bytes, made by the gateway; repeats are dropped
  number @1 :Text;             # E.164, of a subscriber of a tenant the gateway serves
  region @2 :Text;             # where they are; empty: at home
}

struct ToGateway {
  correlation @0 :UInt64;
  union {
    failed @1 :Common.Failure;
    welcome @2 :Void;          # answers hello
    accepted @3 :Void;         # answers everything else
    submit @4 :Submit;         # pushed, correlation 0
  }
}

enum Encoding {
  gsm7 @0;
  ucs2 @1;
}

struct Submit {
  notificationId @0 :Data;     # 16 bytes; the same when handed over again: drop repeats
  to @1 :Text;                 # E.164
  from @2 :Text;               # the tenant's short code, may be empty
  text @3 :Text;
  encoding @4 :Encoding;       # the smaller that can carry the text
  segments @5 :UInt8;
  expiresAtMs @6 :Int64;       # of no use to the subscriber after this
}
