// Who may say what to whom: every public handle of the engine. Read this file first; the cast list
// with owners and failures is in actors/README.md. A message asks and gets exactly one answer
// (`replies_to`), or tells and gets none (`reacts_to`). Refusals are values in the answer; a
// caf::error means that the other side is gone or silent, and so that the outcome is unknown.
#pragma once

#include "actors/budget.hpp"
#include "actors/mailbox_model.hpp"
#include "schemas/sms_messages.hpp"
#include "storage/kv_store.hpp"

#include <caf/all.hpp>

#include <memory>
#include <string>
#include <vector>

namespace restante {

// --- store -----------------------------------------------------------------------------------

/// One command's rows. The writer gives the change the next sequence number and writes everything
/// or nothing, in one batch with whatever else is waiting.
struct commit_request {
  std::vector<row> rows;
  std::string change; // encoded; empty: none
  std::string record; // encoded; empty: none
  wall_ms at = 0;     // of the record
  uint64_t hlc = 0;   // the largest stamp in it
  commit_class urgency = commit_class::normal;
};
struct commit_reply {
  result<uint64_t> sequence; // of the change; 0 without one
};

struct load_reply {
  result<mailbox_state> state;
};
struct row_name {
  family in;
  std::string key;
};
struct get_request {
  std::vector<row_name> rows;
};
struct get_reply {
  result<std::vector<std::optional<chunk>>> values; // in the order asked
};
struct page_request {
  family in;
  std::string prefix;
  std::string from;
  size_t limit = 0; // 0: only the family's last row
};
struct page_reply {
  result<std::vector<key_value>> page;
};
struct load_request {
  mailbox_id id;
};

/// Reads for those who must not block; detached, blocks.
using store_reader_actor = caf::typed_actor<caf::replies_to<load_request>::with<load_reply>,
                                            caf::replies_to<get_request>::with<get_reply>,
                                            caf::replies_to<page_request>::with<page_reply>>;

/// What was written together, numbered: a change is one of its commit's rows by now.
struct commit_group {
  std::vector<std::shared_ptr<const commit_request>> commits;
  lease held; // of what the writer may have told and is still alive
};

/// Told after a commit what grew. Nothing it does can fail back at the writer.
struct log_grew {
  uint64_t sequence = 0;                       // the newest change on disk
  bool outbox = false;                         // notifications were added
  std::shared_ptr<const commit_group> written; // none: it is in the log (limits::told_bytes_max)
};
using log_listener_actor = caf::typed_actor<caf::reacts_to<log_grew>>;

/// The single writer of the disk; detached, blocks. Answers when the rows are durable, and then
/// tells the listeners that were added.
using store_writer_actor =
    caf::typed_actor<caf::replies_to<std::shared_ptr<commit_request>>::with<commit_reply>,
                     caf::reacts_to<log_listener_actor>>;

// --- PINs ------------------------------------------------------------------------------------

/// A place among those that wait, taken before an attempt is counted, so that `busy` is never a
/// counted one. It is given back when nobody has it any more.
struct hash_place_request {
  std::string tenant;
};
struct hash_place {
  result<std::shared_ptr<const lease>> held;
};
struct hash_request {
  std::string pin;
  std::string tenant; // who asks
};
struct hash_reply {
  result<std::string> hash;
};
struct verify_request {
  std::string stored; // empty: no such PIN; takes as long and is false
  std::string pin;
  std::shared_ptr<const lease> place;
};
struct verify_reply {
  result<bool> right;
};

/// Hashes PINs off the scheduler's threads, a bounded number at a time, at most half of them of one
/// tenant; `busy` beyond.
using pin_hasher_actor = caf::typed_actor<caf::replies_to<hash_place_request>::with<hash_place>,
                                          caf::replies_to<hash_request>::with<hash_reply>,
                                          caf::replies_to<verify_request>::with<verify_reply>>;

// --- mailboxes -------------------------------------------------------------------------------

/// An answer on its way. (A struct: CAF would take a variant apart.)
struct answered {
  outcome what;
  answered() = default;
  explicit answered(outcome o) : what{std::move(o)} {}
};

/// Answers an open request.
inline void answer_with(caf::typed_response_promise<answered> to, outcome what) {
  to.deliver(answered{std::move(what)});
}

/// The node's word to an idle mailbox: finish and quit.
struct retire {};

/// The single writer of one subscriber's mailbox.
using mailbox_actor =
    caf::typed_actor<caf::replies_to<command_ptr>::with<answered>, caf::reacts_to<retire>>;

struct node_status_request {};

/// Routes by mailbox id, loads and passivates mailboxes, supervises them.
using node_actor = caf::typed_actor<caf::replies_to<command_ptr>::with<answered>,
                                    caf::replies_to<node_status_request>::with<answered>>;

// --- around the mailboxes --------------------------------------------------------------------

/// A request of a tenant, decoded and on its way to whoever carries it out.
struct tenant_request {
  tenant_ptr who;
  request what;
  request_share_ptr held = {}; // what it holds of a bridge's budgets
};
using tenant_request_ptr = std::shared_ptr<const tenant_request>;

/// Names of a subscriber whom another node has registered. One that names somebody else here is a
/// conflict for the operator: it stays as it is.
struct learn_names {
  mailbox_id mailbox;
  std::string owner;
  std::string region;
  std::set<alias> names;
};

/// Aliases, registration, tenants, listings: what concerns more than one mailbox.
using directory_actor = caf::typed_actor<caf::replies_to<tenant_request_ptr>::with<answered>,
                                         caf::replies_to<learn_names>::with<answered>>;

/// Challenges for the device side; passes on what was answered rightly.
using gatekeeper_actor = caf::typed_actor<caf::replies_to<tenant_request_ptr>::with<answered>>;

/// A subscription's address: a bridge's client, as the bridge knows it.
struct subscriber_address {
  uint64_t session = 0;
  uint64_t correlation = 0;
  friend auto operator<=>(const subscriber_address&, const subscriber_address&) = default;
};
struct feed_subscribe {
  tenant_ptr who;
  ask::subscribe what;
  subscriber_address address;
};
struct feed_acknowledge {
  tenant_ptr who;
  ask::acknowledge what;
};
struct feed_leave {
  uint64_t session = 0; // the client is gone
};
/// An event that is not kept, for whoever of the tenant is subscribed now: a request that came by a
/// socket without replies was refused.
struct feed_notice {
  tenant_ptr who;
  answer::event what;
};
/// Events for one subscriber; the receiver sends them on as pushed replies.
struct feed_events {
  subscriber_address address;
  tenant_ptr who;
  std::vector<answer::event> events;
};
using event_sink_actor = caf::typed_actor<caf::reacts_to<feed_events>>;

/// Pushes the change log to those who subscribed, within their credit, from where they left off.
using feed_actor = caf::typed_actor<
    caf::reacts_to<log_grew>, caf::replies_to<feed_subscribe, event_sink_actor>::with<answered>,
    caf::reacts_to<feed_acknowledge>, caf::reacts_to<feed_leave>, caf::reacts_to<feed_notice>>;

// --- SMS -------------------------------------------------------------------------------------

/// A gateway's session with credit for texts; zero credit: it left.
struct gateway_credit {
  uint64_t session = 0;
  tenant_ptr gateway;
  uint32_t credit = 0;
};
struct gateway_submit {
  uint64_t session = 0;
  sms::submit what;
};
using gateway_sink_actor = caf::typed_actor<caf::reacts_to<gateway_submit>>;

struct submit_result {
  uint64_t session = 0;
  tenant_ptr gateway;
  sms::submitted what;
};
struct receipt_result {
  tenant_ptr gateway;
  sms::delivery_receipt what;
};

/// Hands the outbox to gateways, with retries, until each text is taken over or too old.
using notifier_actor =
    caf::typed_actor<caf::reacts_to<log_grew>, caf::reacts_to<gateway_credit, gateway_sink_actor>,
                     caf::replies_to<submit_result>::with<answered>,
                     caf::replies_to<receipt_result>::with<answered>>;

struct texted {
  tenant_ptr gateway;
  sms::mobile_originated what;
};
struct located {
  tenant_ptr gateway;
  sms::location_update what;
};
/// Carries out what subscribers text to a short code, and where their network says they are; the
/// answer says it was taken over.
using sms_desk_actor = caf::typed_actor<caf::replies_to<texted>::with<answered>,
                                        caf::replies_to<located>::with<answered>>;

} // namespace restante

// The engine's messages stay inside one process (CAF's network port is never opened), so they
// need no serialisation.
#define RESTANTE_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)
RESTANTE_LOCAL_MESSAGE(std::shared_ptr<restante::commit_request>)
RESTANTE_LOCAL_MESSAGE(restante::commit_reply)
RESTANTE_LOCAL_MESSAGE(restante::load_request)
RESTANTE_LOCAL_MESSAGE(restante::load_reply)
RESTANTE_LOCAL_MESSAGE(restante::get_request)
RESTANTE_LOCAL_MESSAGE(restante::get_reply)
RESTANTE_LOCAL_MESSAGE(restante::page_request)
RESTANTE_LOCAL_MESSAGE(restante::page_reply)
RESTANTE_LOCAL_MESSAGE(restante::log_grew)
RESTANTE_LOCAL_MESSAGE(restante::hash_place_request)
RESTANTE_LOCAL_MESSAGE(restante::hash_place)
RESTANTE_LOCAL_MESSAGE(restante::hash_request)
RESTANTE_LOCAL_MESSAGE(restante::hash_reply)
RESTANTE_LOCAL_MESSAGE(restante::verify_request)
RESTANTE_LOCAL_MESSAGE(restante::verify_reply)
RESTANTE_LOCAL_MESSAGE(restante::command_ptr)
RESTANTE_LOCAL_MESSAGE(restante::answered)
RESTANTE_LOCAL_MESSAGE(restante::retire)
RESTANTE_LOCAL_MESSAGE(restante::node_status_request)
RESTANTE_LOCAL_MESSAGE(restante::tenant_request_ptr)
RESTANTE_LOCAL_MESSAGE(restante::learn_names)
RESTANTE_LOCAL_MESSAGE(restante::feed_subscribe)
RESTANTE_LOCAL_MESSAGE(restante::feed_acknowledge)
RESTANTE_LOCAL_MESSAGE(restante::feed_leave)
RESTANTE_LOCAL_MESSAGE(restante::feed_notice)
RESTANTE_LOCAL_MESSAGE(restante::feed_events)
RESTANTE_LOCAL_MESSAGE(restante::gateway_credit)
RESTANTE_LOCAL_MESSAGE(restante::gateway_submit)
RESTANTE_LOCAL_MESSAGE(restante::submit_result)
RESTANTE_LOCAL_MESSAGE(restante::receipt_result)
RESTANTE_LOCAL_MESSAGE(restante::texted)
RESTANTE_LOCAL_MESSAGE(restante::located)
