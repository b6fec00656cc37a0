// What the tests of the pure mailbox share: tenants, a clock that tests set, audio made by hand,
// and one mailbox whose decisions are carried out as the mailbox actor does - but without a disk.
#pragma once

#include "actors/mailbox_model.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <tuple>

namespace restante::model_tests {

/// AMR of `frames` times 20 ms; `fill` makes recordings of one length differ.
inline chunk amr(size_t frames, char fill = 'a') {
  std::string out = "#!AMR\n";
  for (size_t i = 0; i < frames; ++i)
    out += '\x3C' + std::string(31, fill); // mode 7, 12.2 kbit/s: 31 bytes
  return chunk{std::move(out)};
}

inline media_part audio(size_t frames, char fill = 'a') {
  return {media_type::amr, amr(frames, fill)};
}

/// "accepted", or the reason of the refusal.
template <class T>
std::string reason(const result<T>& what) {
  return what ? "accepted" : what.error().reason;
}

inline tenant_ptr tenant(std::string name, role is, std::vector<std::string> serves = {},
                         std::string language = {}) {
  tenant_record out;
  out.name = std::move(name);
  out.is = is;
  out.serves = std::move(serves);
  out.language = std::move(language);
  out.short_code = "4711";
  return std::make_shared<const tenant_record>(std::move(out));
}

struct model_fixture {
  static constexpr const char* number = "+15055550183";

  std::shared_ptr<wall_ms> time = std::make_shared<wall_ms>(1'800'000'000'000);
  tenant_ptr acme = tenant("acme", role::mvno);
  tenant_ptr rival = tenant("rival", role::mvno);
  tenant_ptr portal = tenant("portal", role::application, {"acme"});
  mailbox_id id = (init_crypto(), id_of_mailbox(key(), "acme", {alias_kind::number, number}));
  environment_ptr env = environment(1);
  mailbox_model box{empty(), env};
  std::map<std::tuple<std::optional<message_id>, greeting_kind, uint8_t>, chunk> disk;

  static secret_key key() {
    std::array<uint8_t, 32> raw;
    raw.fill(7);
    return secret_key{raw};
  }

  /// The environment of another node, or of this one after a restart.
  [[nodiscard]] environment_ptr environment(uint64_t incarnation) const {
    auto tenants = std::make_shared<tenant_registry>();
    for (const auto& entry : {acme, rival, portal})
      tenants->put(*entry);
    auto clock = std::make_shared<hybrid_clock>(incarnation, 0, [at = time] { return *at; });
    return std::make_shared<const mailbox_environment>(
        mailbox_environment{key(), "eu1", {}, "en", std::move(clock), std::move(tenants)});
  }

  [[nodiscard]] mailbox_state empty() const {
    mailbox_state out;
    out.id = id;
    return out;
  }

  [[nodiscard]] command ask(mailbox_op op, std::string request_id, tenant_ptr who = nullptr) const {
    return {who ? std::move(who) : acme, std::move(request_id), id, std::move(op)};
  }

  /// What the store has of the media that a command hands out.
  [[nodiscard]] std::vector<chunk> stored_media(const mailbox_op& op) const {
    std::vector<chunk> out;
    auto add = [&](const auto&... key) {
      if (auto at = disk.find({key...}); at != disk.end())
        out.push_back(at->second);
    };
    if (auto* from = std::get_if<op::retrieve>(&op)) {
      if (auto found = box.find(from->message, false))
        for (size_t i = 0; i < (*found)->parts.size(); ++i)
          add((*found)->id, greeting_kind::normal, static_cast<uint8_t>(i));
    } else if (auto* from = std::get_if<op::get_greeting>(&op)) {
      add(std::nullopt, from->kind, uint8_t{0});
    }
    return out;
  }

  [[nodiscard]] result<decision> decide(const command& what, bool pin_verified = false) const {
    facts known;
    known.media = stored_media(what.op);
    known.pin_verified = pin_verified;
    if (auto* from = std::get_if<op::set_pin>(&what.op))
      known.pin_hash = "hash of " + from->pin;
    return box.decide(what, known);
  }

  [[nodiscard]] result<decision> decide(mailbox_op op, std::string request_id,
                                        tenant_ptr who = nullptr) const {
    return decide(ask(std::move(op), std::move(request_id), std::move(who)));
  }

  /// Memory follows the disk.
  void carry_out(const decision& what) {
    for (const auto& media : what.media) {
      if (media.erase)
        disk.erase({media.message, media.greeting, media.part});
      else
        disk[{media.message, media.greeting, media.part}] = media.bytes;
    }
    box.apply(what.delta);
  }

  /// Decides and carries out; the test ends when the command is refused.
  decision run(const command& what, bool pin_verified = false) {
    auto out = decide(what, pin_verified);
    BOOST_REQUIRE_MESSAGE(out.has_value(), "refused: " + reason(out));
    carry_out(*out);
    return *std::move(out);
  }

  decision run(mailbox_op op, std::string request_id, tenant_ptr who = nullptr) {
    return run(ask(std::move(op), std::move(request_id), std::move(who)));
  }

  /// Loads the mailbox anew, as after passivation or a restart.
  void reload() { box = mailbox_model{box.state(), env}; }

  void register_subscriber(std::string language = {}, bool with_number = true) {
    op::create from{"acme",
                    "eu1",
                    {{alias_kind::imei, "490154203237518"}},
                    "hash of 482913",
                    std::move(language),
                    {},
                    {}};
    if (with_number)
      from.aliases.insert({alias_kind::number, number});
    run(from, "register");
  }

  [[nodiscard]] op::deposit voicemail(char fill = 'a', size_t frames = 100) const {
    return {message_format::voicemail, "+15055551212", *time - 60'000, 0, false,
            {audio(frames, fill)}};
  }

  answer::deposited deposit(std::string deposit_id, char fill = 'a') {
    return std::get<answer::deposited>(run(voicemail(fill), std::move(deposit_id)).reply);
  }

  [[nodiscard]] const message_record& message(const message_id& which) const {
    return box.state().messages.at(which);
  }

  [[nodiscard]] answer::listing list(op::list what = {}) const {
    return std::get<answer::listing>(decide(what, "list")->reply);
  }
};

/// One whose subscriber is registered, with a number.
struct registered : model_fixture {
  registered() { register_subscriber(); }
};

/// `state` with `count` more messages, numbered from 1: quicker than as many decisions.
inline mailbox_state filled(mailbox_state state, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    message_record out;
    out.id.bytes[0] = static_cast<uint8_t>(i >> 8);
    out.id.bytes[1] = static_cast<uint8_t>(i);
    out.uid = static_cast<uint32_t>(i + 1);
    state.messages.emplace(out.id, std::move(out));
  }
  return state;
}

/// Whether a command with answer::done did something.
inline bool changed(const decision& what) { return std::get<answer::done>(what.reply).changed; }

inline message_ref by(const message_id& id) { return {id, 0}; }
inline message_ref by_uid(uint32_t uid) { return {std::nullopt, uid}; }

} // namespace restante::model_tests
