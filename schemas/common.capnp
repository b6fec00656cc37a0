@0xc1d5c3f2a0b94e01;
# Words shared by every schema of Restante.
#
# Evolution: new fields and union members are only ever added at the end; numbers are never reused
# and types never change. A reader ignores fields it does not know; a node that is asked for a
# union member it does not know answers `unsupported`.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("restante::wire");

enum ErrorCode {
  # What the caller should do differently. `none` is never sent.
  none @0;
  invalidRequest @1;   # correct the request; unchanged it fails again
  unsupported @2;      # this node does not know the operation
  notFound @3;         # no such subscriber or message, or not yours: the two look the same
  denied @4;           # number, message, challenge or PIN did not match; ask for a new challenge
  conflict @5;         # the id or alias already stands for something else
  mailboxFull @6;      # the subscriber must delete something first
  storageFull @7;      # nothing was stored; retry when the operator has made room
  busy @8;             # nothing was stored; retry after `retryAfterMs`
  outcomeUnknown @9;   # may have been stored: retry with the same request id
  shuttingDown @10;    # nothing was stored; reconnect and retry
  storageFailure @11;  # an operator must look
}

struct Failure {
  code @0 :ErrorCode;
  reason @1 :Text;         # which check refused, a constant such as "media_magic_mismatch"
  text @2 :Text;           # what was expected and what to do, for a person
  retryAfterMs @3 :UInt32; # for `busy`: the shortest sensible pause
}

enum MediaType {
  unknown @0;
  amr @1;
  amrWb @2;
  wav @3;
  mp3 @4;
  ogg @5;
  tiff @6;
  jpeg @7;
  png @8;
  mp4 @9;
}

enum MessageFormat {
  voicemail @0;
  email @1;
  fax @2;
  sms @3;
  video @4;
  image @5;
}

enum GreetingKind {
  normal @0;
  busy @1;
  name @2;
}

struct Subscriber {
  # Names a subscriber. The profile id is what the node gave out when the subscriber was registered.
  union {
    none @0 :Void;       # refused: the zero value names nobody
    profileId @1 :Text;  # "eu1-0000000000000000000000000"
    imei @2 :Text;       # device identifier, 14 to 16 digits
    number @3 :Text;     # E.164, or national in the tenant's region
  }
}

struct Part {
  # Describes one media frame. The frames follow the envelope in the same order.
  type @0 :MediaType;
  size @1 :UInt64;       # bytes of that frame, exactly
}

enum Role {
  mvno @0;         # owns subscribers
  application @1;  # acts for the subscribers of the tenants it serves
  smsGateway @2;   # carries texts for the tenants it serves
  operator @3;     # administers the node
}
