// Every bound and timeout of the engine, each with its reason. What an operator may change is in
// the configuration instead, and names its default from here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace restante::limits {

using namespace std::chrono_literals;

// --- frames -----------------------------------------------------------------------------------
/// Media parts of one message. A fax or e-mail has a few; more is a hostile or broken sender.
inline constexpr size_t parts_max = 8;
/// Frames of one request: an envelope and its parts.
inline constexpr size_t frames_max = 1 + parts_max;
/// An envelope holds names, times and ids; 64 KiB is far above any honest one.
inline constexpr size_t envelope_bytes_max = 64 * 1024;
/// Replies hold pages of headers: larger than requests, still bounded.
inline constexpr size_t reply_envelope_bytes_max = 16 * envelope_bytes_max;
/// One media part. 8 MiB is about 90 minutes of AMR 12.2 or five minutes of 16-bit WAV at 16 kHz.
inline constexpr size_t media_bytes_max = 8 * 1024 * 1024;
/// Cap'n Proto segments: our own encoders make one, other languages' a few.
inline constexpr uint32_t segments_max = 16;
/// Nesting of pointers; the schemas need five.
inline constexpr int nesting_max = 16;
/// Times the envelope's own size that a decoder may traverse, against amplification.
inline constexpr uint64_t traversal_factor = 4;

// --- fields -----------------------------------------------------------------------------------
inline constexpr size_t request_id_bytes_max = 64;
inline constexpr size_t name_bytes_max = 64;       // tenants, regions, languages, keys of clients
inline constexpr size_t caller_bytes_max = 256;    // an address or a name with a number
inline constexpr size_t alias_bytes_max = 254;     // the longest e-mail address
inline constexpr size_t sms_text_bytes_max = 2048; // more than ten concatenated segments
inline constexpr size_t list_page_max = 500;       // headers in one reply: below 256 KiB
/// Calls dated further ahead than this are refused: clocks of adapters drift by minutes.
inline constexpr auto call_time_ahead_max = 15min;
/// The oldest call time believed: before it there was no mobile voicemail.
inline constexpr int64_t call_time_min_ms = 631'152'000'000; // 1990-01-01
/// A claimed duration above this is refused: 24 hours.
inline constexpr auto duration_max = 24h;

// --- time -------------------------------------------------------------------------------------
/// A commit takes milliseconds; after this the disk counts as silent.
inline constexpr auto commit_timeout = 10s;
/// Reading one mailbox or message back.
inline constexpr auto load_timeout = 10s;
/// Threads that read mailboxes and media for a node. Each waits for the disk by itself: with four,
/// recordings of 40,000 bytes came from disk at 10,300 a second, with one at 4,900, with two at
/// 7,900, with eight at 9,900 (two cores, a virtual disk); deposits that each load their mailbox,
/// of a million, at 20,100 and 13,100.
inline constexpr size_t mailbox_readers = 4;
/// What a client that names no deadline gets, and the most one may ask for.
inline constexpr auto deadline_default = 10s;
inline constexpr auto deadline_max = 60s;
/// A PIN challenge: long enough to type ten digits, short enough to be useless when found.
inline constexpr auto challenge_lifetime = 2min;
/// How far ahead another node's clock may be before its times are refused.
inline constexpr auto clock_offset_max = 60s;
/// Time a stopping node gives to answer what it has accepted.
inline constexpr auto drain_timeout = 10s;
/// A stopping node goes on saying `shutting_down` until its sockets were quiet for so long, so that
/// what was under way to it is answered too.
inline constexpr auto drain_quiet = 250ms;

// --- queues -----------------------------------------------------------------------------------
/// Commands waiting in one mailbox behind the commit in flight.
inline constexpr size_t mailbox_waiting_max = 64;
/// Commands waiting for one mailbox to be loaded.
inline constexpr size_t load_waiting_max = 256;
/// Requests accepted and unanswered, over all clients of a bridge and for one tenant. At 10,000
/// commits a second the larger is under two seconds of work.
inline constexpr size_t requests_in_flight_max = 16'384;
inline constexpr size_t tenant_in_flight_max = 8'192;
/// Bytes of accepted requests: memory a flood of deposits can take, over all tenants and of one.
/// Counted until the last of them is let go, also when nobody waits for the answer any more.
inline constexpr size_t bytes_in_flight_max = 256 * 1024 * 1024;
inline constexpr size_t tenant_bytes_in_flight_max = 128 * 1024 * 1024;
/// Reply bytes left unread before `busy` is said: of one client, of a tenant's, of all. Media count
/// from before they are read from disk, so a disk that stalls holds up no more than that and one
/// message; other answers are dropped at twice as much. One client alone never uses up its tenant's
/// share.
inline constexpr size_t client_unread_bytes_max = 32 * 1024 * 1024;
inline constexpr size_t tenant_unread_bytes_max = 256 * 1024 * 1024;
inline constexpr size_t unread_bytes_max = 512 * 1024 * 1024;
/// Media read for nobody's client (a copy makes room for another's message): what a client may
/// have.
inline constexpr size_t own_reading_bytes_max = client_unread_bytes_max;
/// Commits in one write batch, and their bytes: bounds the latency of the first of them.
inline constexpr size_t group_commits_max = 1024;
inline constexpr size_t group_bytes_max = 8 * 1024 * 1024;
/// PIN hashes waiting for a worker; at 17 ms each the last waits about a second.
inline constexpr size_t hash_waiting_max = 64;
/// Challenges that a tenant's devices answered and that have not expired: more than can be hashed
/// in their two minutes.
inline constexpr size_t challenges_remembered_max = 8'192;
inline constexpr size_t hash_waiting_of_tenant_max = hash_waiting_max / 2;
/// Loaded mailboxes, and messages in them all; above either the longest idle are passivated. One
/// takes 4 KiB with one message and half a KiB for each more, so both together end below 2 GiB.
inline constexpr size_t active_mailboxes_max = 100'000;
inline constexpr size_t active_messages_max = 2'000'000;
/// Messages of one mailbox that are not deleted; carriers allow 20 to 100.
inline constexpr size_t messages_max = 1'000;
/// How long a deleted message can be brought back, how many of a mailbox, and how many of those
/// whose window ended a command ends for good: bounds the work and the batch of one command.
inline constexpr auto undelete_window = 30 * 24h;
inline constexpr size_t trashed_max = 1'000;
inline constexpr size_t buried_at_once = 8;
/// Event subscriptions served at a time, over all tenants and of one; the names whose positions are
/// kept for a tenant, above which the one furthest behind is forgotten; and unacknowledged events.
inline constexpr size_t subscriptions_max = 1'024;
inline constexpr size_t tenant_subscriptions_max = 64;
inline constexpr size_t tenant_positions_max = 256;
inline constexpr uint32_t event_credit_max = 1'000;
/// Notifications handed to SMS gateways and not yet answered by them.
inline constexpr size_t notifications_in_flight_max = 256;
/// Numbers remembered for "help once a day" and message ids for dropping repeats of a gateway.
inline constexpr size_t sms_remembered_max = 65'536;

// --- cluster ----------------------------------------------------------------------------------
/// Nodes of a cluster that hold mailboxes at a time. Each number of a message names the lane, one
/// of so many, of the node that gave it out, so that two nodes cut off from each other never give
/// out one number twice; more lanes would make the numbers that people type longer.
inline constexpr uint32_t uid_lanes_max = 16;
/// Stores whose counts of wrong PINs a mailbox keeps apart: a node's each time it was made anew.
inline constexpr size_t pin_shares_max = 1024;
/// An envelope between nodes: a batch of changes, or of digests.
inline constexpr size_t peer_envelope_bytes_max = 4 * 1024 * 1024;
/// What a batch is filled to, and the largest media that goes with one; beyond that it goes ahead
/// in pieces, so that nothing on a connection waits for more than this.
inline constexpr size_t batch_entries_max = 512;
/// Media rows of one batch, over all its entries.
inline constexpr size_t batch_media_max = batch_entries_max * parts_max;
inline constexpr size_t batch_bytes_max = 1024 * 1024;
inline constexpr size_t piece_bytes_max = 256 * 1024;
/// Batches shipped to a peer and not yet applied by it, and their bytes: a slow peer holds back
/// what is shipped to it and nothing else.
inline constexpr size_t batches_in_flight_max = 16;
/// How often a mailbox is read again for a peer when its media are not those it describes: it may
/// have changed meanwhile, a few times a second at the most. Then they are damaged.
inline constexpr size_t seed_attempts = 8;
inline constexpr size_t shipped_bytes_in_flight_max = 8 * 1024 * 1024;
/// What was just written, on its way to be shipped without being read back; beyond that it is read
/// from the log.
inline constexpr size_t told_bytes_max = 32 * 1024 * 1024;
/// Changes kept packed for peers that are a little behind.
inline constexpr size_t recent_parcels_bytes_max = 32 * 1024 * 1024;
/// Changes read from the log at a time for shipping, and the bytes of media read with them.
inline constexpr size_t shipped_page_max = 256;
inline constexpr size_t shipped_media_bytes_max = 4 * 1024 * 1024;
/// How long a peer that could not take a batch is left alone, and how often peers hear of this
/// node.
inline constexpr auto peer_pause = 500ms;
inline constexpr auto peer_tick = 250ms;
/// After a hello that is refused, or not answered, until the next.
inline constexpr auto hello_patience = 3s;
/// A comparison or batch that nobody answered for so long, and for as long as what is under way
/// takes on a connection of 1 Mbit/s, was lost: the conversation begins anew.
inline constexpr auto peer_answer_patience = 2min;
inline constexpr std::chrono::seconds peer_slowest(size_t bytes) {
  return std::chrono::seconds{bytes / 125'000};
}
/// Requests passed on to one peer and not answered yet: as many as a tenant may have under way, and
/// their bytes. The media of answers on their way to one peer have as many bytes.
inline constexpr size_t passed_on_max = 8'192;
inline constexpr size_t passed_on_bytes_max = 32 * 1024 * 1024;
/// Bytes waiting to be sent on one connection to a peer, beyond which it is taken down: what is in
/// flight, and at most one message with its mailbox's greetings in pieces and one passed on.
inline constexpr size_t peer_unsent_bytes_max =
    shipped_bytes_in_flight_max + (parts_max + 3 + parts_max + 1) * media_bytes_max;
/// Mailboxes compared with a peer in one go.
inline constexpr size_t compared_at_once = 512;
/// Of them read at a time: the reader serves others, too.
inline constexpr size_t compared_loads_at_once = 16;

// --- access -----------------------------------------------------------------------------------
inline constexpr int pin_digits_max = 10;
/// Five failures in a row close a mailbox for fifteen minutes, ten until a reset.
inline constexpr uint32_t pin_failures_pause = 5;
inline constexpr uint32_t pin_failures_lock = 10;
inline constexpr auto pin_pause = 15min;

} // namespace restante::limits
