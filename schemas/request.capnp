@0xc1d5c3f2a0b94e02;
# What MVNOs, applications and the operator say to a node, and what it answers.
#
# One ZeroMQ message is one Request envelope (standard stream framing, unpacked), followed by the
# media frames it describes. The reply is a Reply envelope, followed by media frames likewise.
# The tenant is whoever holds the CURVE key of the connection; no field names it.
# bridges/README.md shows the frames and a session.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("restante::wire");
using Common = import "common.capnp";

struct Request {
  correlation @0 :UInt64;  # chosen by the client, echoed in the reply; not zero
  deadlineMs @1 :UInt32;   # how long the client waits; 0 means 10,000, the most is 60,000
  requestId @2 :Data;
  # 1 to 64 bytes, not all zero, made by the client; required for everything that changes
  # something. For a deposit it is the deposit id. A deposit or deletion repeated with the same
  # id has no second effect; a setting is set again (same state, perhaps another event), and a
  # repeated `register` answers `alreadyHadAccess` and tells the phone so. Never repeat an old
  # setting after a newer one.

  union {
    unset @3 :Void;        # refused: the zero value asks for nothing
    ping @4 :Void;
    register @5 :Register;
    profile @6 :Common.Subscriber;
    deposit @7 :Deposit;
    list @8 :ListMessages;
    retrieve @9 :Retrieve;
    delete @10 :Delete;
    setFlags @11 :SetFlags;
    getGreeting @12 :GetGreeting;
    setGreeting @13 :SetGreeting;
    setPin @14 :SetPin;
    setPreferences @15 :SetPreferences;
    subscribe @16 :Subscribe;
    acknowledge @17 :Acknowledge;

    # The operator's, refused to everybody else:
    tenantAdd @18 :TenantAdd;
    tenantList @19 :Void;
    tenantRevoke @20 :Text;
    subscriberList @21 :SubscriberList;
    records @22 :Records;
    status @23 :Void;

    locate @24 :Locate;

    # The operator's again:
    drain @25 :Drain;
    inspect @26 :Common.Subscriber; # all copies of a mailbox: answers `copies`
  }
}

struct Drain {
  # A node of the cluster gives its mailboxes to the others, or takes them back. Answers `status`
  # with how far it is: ask again until `drain.safe` is "yes". Until it is started again.
  node @0 :Text;
  on @1 :Bool;
}

struct Register {
  # Gives a device access. A known device changes nothing, answers `alreadyHadAccess` and is told
  # so by text.
  imei @0 :Text;           # device identifier; this or `number` is required
  number @1 :Text;         # where notifications go
  pin @2 :Text;            # optional; without one the device side stays closed until setPin
  language @3 :Text;       # BCP 47, such as "fr" or "fr-CA"; empty means the tenant's. There are texts
                           # in en, fr, de, es, pt and it; any other is refused
  timeZone @4 :Text;       # IANA name, such as "Europe/Paris"; empty means UTC
  greeting @5 :Common.Part; # size 0: none; otherwise one media frame follows
  owner @6 :Text;          # for applications that serve several tenants: whose subscriber
}

struct Deposit {
  subscriber @0 :Common.Subscriber;
  format @1 :Common.MessageFormat;
  caller @2 :Text;         # number or address of who left the message, may be empty
  calledAtMs @3 :Int64;    # when, milliseconds since 1970-01-01 UTC
  durationMs @4 :UInt32;   # as claimed; the measured one is stored
  urgent @5 :Bool;
  parts @6 :List(Common.Part);
  durability @7 :Durability;
}

enum Durability {
  # What a positive answer to a deposit says.
  usual @0;                # what the node's operator has chosen for all
  local @1;                # on the disk of the node that took it
  replicated @2;           # on the disks of two nodes. When the second can't say so in time, the
                           # answer is outcomeUnknown: the message is kept, a retry is no second one
}

enum Channel {
  outOfBand @0;            # a web page or an application: the tenant has authenticated the user
  device @1;               # the subscriber's device: challenged for the PIN
}

struct MessageRef {
  # Names a message within a mailbox.
  union {
    none @0 :Void;
    id @1 :Data;           # 16 bytes, from a deposit's reply, a listing or an event
    uid @2 :UInt32;        # the number telephone clients use
  }
}

struct ChallengeAnswer {
  # Answers a Reply.challenge. Everything else of the request must be as it was when challenged.
  challenge @0 :Data;      # empty: none was asked for yet
  pin @1 :Text;
}

struct ListMessages {
  subscriber @0 :Common.Subscriber;
  afterUid @1 :UInt32;     # 0 for the first page
  limit @2 :UInt16;        # 0 means 100, the most is 500
  includeDeleted @3 :Bool; # also messages in the undelete window
}

struct Retrieve {
  subscriber @0 :Common.Subscriber;
  message @1 :MessageRef;
  channel @2 :Channel;
  answer @3 :ChallengeAnswer;
  deliveredTo @4 :Text;    # for outOfBand: where, as the subscriber knows it ("web page")
}

struct Delete {
  subscriber @0 :Common.Subscriber;
  message @1 :MessageRef;
  channel @2 :Channel;
  answer @3 :ChallengeAnswer;
  purge @4 :Bool;          # final at once, no undelete window
}

struct SetFlags {
  subscriber @0 :Common.Subscriber;
  message @1 :MessageRef;
  set @2 :UInt8;           # bits: 1 played, 2 saved, 4 urgent, 8 deleted (undelete: clear it)
  clear @3 :UInt8;
}

struct GetGreeting {
  subscriber @0 :Common.Subscriber;
  kind @1 :Common.GreetingKind;
}

struct SetGreeting {
  # Replaces a greeting as a whole; size 0 removes it.
  subscriber @0 :Common.Subscriber;
  kind @1 :Common.GreetingKind;
  media @2 :Common.Part;
}

struct SetPin {
  # The tenant vouches for the user. Also ends a lock-out.
  subscriber @0 :Common.Subscriber;
  pin @1 :Text;
}

struct SetPreferences {
  # Empty texts and `unchanged` leave a setting as it is.
  subscriber @0 :Common.Subscriber;
  language @1 :Text;
  timeZone @2 :Text;
  notifications @3 :Switch;
}

enum Switch {
  unchanged @0;
  on @1;
  off @2;
}

struct Locate {
  # The network has seen the subscriber in another region: their mailbox is kept there too, until
  # they are home again.
  subscriber @0 :Common.Subscriber;
  region @1 :Text;         # a region of the cluster; the home region's, or empty: at home
}

struct Subscribe {
  # Events of the tenant's subscribers, in order, from the feed that is on disk. Each is repeated
  # until acknowledged; its sequence number is the same every time.
  name @0 :Text;           # one client, one name: the node keeps the position under it
  credit @1 :UInt32;       # events that may be unacknowledged, 1 to 1,000
  from @2 :UInt64;
  # 0: where this name left off, or only what is new for a new name; otherwise the first
  # sequence number wanted, so that 1 means everything kept.
}

struct Acknowledge {
  # No reply follows. Unknown names are ignored.
  name @0 :Text;
  sequence @1 :UInt64;     # this event and all before it are done
}

struct TenantAdd {
  name @0 :Text;           # a-z, 0-9 and '-', at most 64
  role @1 :Common.Role;
  publicKey @2 :Data;      # 32 bytes: the CURVE key the tenant's client will use
  region @3 :Text;         # ISO 3166, such as "US": reads national numbers
  language @4 :Text;
  serves @5 :List(Text);   # for applications and gateways: the tenants they act for
  shortCode @6 :Text;      # the number subscribers of this tenant text to
  revoked @7 :Bool;        # these two between nodes only: an operator leaves them out
  version @8 :UInt32;
}

struct SubscriberList {
  tenant @0 :Text;         # empty: all
  after @1 :Data;          # 16 bytes, the last mailbox id of the page before; empty for the first
  limit @2 :UInt16;
}

struct Records {
  # Charging and audit records, oldest first.
  afterDay @0 :UInt32;     # days since 1970-01-01
  afterSequence @1 :UInt64;
  limit @2 :UInt16;
  newest @3 :Bool;         # instead: only the newest record
}

# --- answers ------------------------------------------------------------------------------------

struct Reply {
  correlation @0 :UInt64;
  union {
    failed @1 :Common.Failure;
    pong @2 :Void;
    registered @3 :Registered;
    profile @4 :Profile;
    deposited @5 :Deposited;
    listing @6 :Listing;
    message @7 :Message;         # with its media frames
    challenge @8 :Challenge;
    done @9 :Done;
    greeting @10 :Greeting;      # with its media frame
    subscribed @11 :Subscribed;
    event @12 :Event;            # pushed, under the correlation of the subscription
    tenants @13 :List(Tenant);
    subscribers @14 :List(Profile);
    records @15 :List(Record);
    status @16 :List(Figure);
    copies @17 :List(Copy);
  }
}

struct Copy {
  # One node's copy of a mailbox, as that node sees it.
  node @0 :Text;           # empty: a node that is alone
  region @1 :Text;         # of the node
  role @2 :Text;           # "home", "standby", "roaming"; empty: none is to be there
  there @3 :Bool;          # what follows is known only then
  leaving @4 :Bool;        # it takes no more requests: what it has is going home
  digest @5 :Data;         # 16 bytes; copies are equal when these are
  messages @6 :UInt32;
  location @7 :Text;       # where the subscriber roams; empty: at home
  problem @8 :Text;        # why the node could not be asked
}

struct Registered {
  profileId @0 :Text;
  alreadyHadAccess @1 :Bool;
}

struct Profile {
  profileId @0 :Text;
  imei @1 :Text;
  number @2 :Text;
  language @3 :Text;
  timeZone @4 :Text;
  notifications @5 :Bool;
  hasPin @6 :Bool;
  greetings @7 :List(Common.GreetingKind);
  messages @8 :UInt32;
  unheard @9 :UInt32;
  tenant @10 :Text;
  mailbox @11 :Data;
}

struct Deposited {
  messageId @0 :Data;
  uid @1 :UInt32;
  durationMs @2 :UInt32;   # as measured
  duplicate @3 :Bool;      # this deposit id was stored before; nothing new happened
  sequence @4 :UInt64;     # the change's place in the node's log; 0 for a duplicate
}

struct Header {
  messageId @0 :Data;
  uid @1 :UInt32;
  format @2 :Common.MessageFormat;
  caller @3 :Text;
  calledAtMs @4 :Int64;
  storedAtMs @5 :Int64;
  durationMs @6 :UInt32;
  flags @7 :UInt8;         # as in SetFlags
  parts @8 :List(Common.Part);
  depositedBy @9 :Text;    # tenant
}

struct Listing {
  headers @0 :List(Header);
  more @1 :Bool;           # ask again with afterUid of the last header
}

struct Message {
  header @0 :Header;
}

struct Challenge {
  challenge @0 :Data;
  expiresAtMs @1 :Int64;
}

struct Done {
  changed @0 :Bool;        # false: it already was so
}

struct Greeting {
  kind @0 :Common.GreetingKind;
  media @1 :Common.Part;
}

struct Subscribed {
  from @0 :UInt64;         # the first sequence number that can follow
}

enum Cause {
  unknown @0;
  registered @1;
  deposited @2;
  retrievedByDevice @3;
  retrievedElsewhere @4;
  deleted @5;
  undeleted @6;
  purged @7;
  flagged @8;
  greetingSet @9;
  pinSet @10;
  pinTried @11;            # an attempt was counted, before it was checked
  preferencesSet @12;
  refused @13;             # a request that came by a socket without replies was refused
  pinAccepted @14;         # the count of failed attempts was ended
  located @15;             # the subscriber roams elsewhere now, or has come home
  seeded @16;              # between nodes only: a part of a mailbox for a new copy
}

struct Event {
  sequence @0 :UInt64;     # 0: not kept, no acknowledgement wanted
  cause @1 :Cause;
  profileId @2 :Text;
  messageId @3 :Data;      # empty where the change concerns no message
  uid @4 :UInt32;
  atMs @5 :Int64;
  requestId @6 :Data;      # of the request that caused it
  tenant @7 :Text;         # who made that request
  failure @8 :Common.Failure; # for `refused`
}

struct Tenant {
  name @0 :Text;
  role @1 :Common.Role;
  publicKey @2 :Data;
  region @3 :Text;
  language @4 :Text;
  serves @5 :List(Text);
  shortCode @6 :Text;
  revoked @7 :Bool;
}

struct Record {
  day @0 :UInt32;
  sequence @1 :UInt64;
  atMs @2 :Int64;
  kind @3 :Text;           # "deposited", "notification_handed_over", …
  tenant @4 :Text;
  profileId @5 :Text;
  detail @6 :Text;
}

struct Figure {
  name @0 :Text;
  value @1 :Text;
}
