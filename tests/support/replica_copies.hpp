// Copies of one mailbox, each with media of its own, that take in each other's changes. Owner: a
// test.
#pragma once

#include "actors/merge.hpp"
#include "actors/replica.hpp"
#include "schemas/checksum.hpp"
#include "tests/support/model_fixture.hpp"
#include "tests/support/random_state.hpp"

namespace restante {

using model_tests::audio;
using model_tests::model_fixture;
using media_place = std::tuple<std::optional<message_id>, greeting_kind, uint8_t>;

struct copy_of {
  environment_ptr env;
  mailbox_model box;
  std::map<media_place, chunk> disk;

  copy_of(const model_fixture& world, uint64_t incarnation, uint32_t lane = 0, uint32_t lanes = 1)
      : env{environment(world, incarnation, lane, lanes)}
      , box{world.empty(), env} {}

  static environment_ptr environment(const model_fixture& world, uint64_t incarnation,
                                     uint32_t lane, uint32_t lanes) {
    auto out = *world.environment(incarnation);
    out.uid_lane = lane;
    out.uid_lanes = lanes;
    out.regions = std::make_shared<region_list>(std::vector<std::string>{"ap1", "eu1", "us1"});
    return std::make_shared<const mailbox_environment>(std::move(out));
  }

  std::optional<chunk> media(const media_place& at) const {
    auto found = disk.find(at);
    return found == disk.end() ? std::nullopt : std::optional{found->second};
  }

  void carry_out(const decision& what) {
    for (const auto& row : what.media)
      if (row.erase)
        disk.erase({row.message, row.greeting, row.part});
      else
        disk[{row.message, row.greeting, row.part}] = row.bytes;
    box.apply(what);
  }

  result<decision> decide(const command& what) const {
    facts known;
    if (auto* from = std::get_if<op::absorb>(&what.op))
      for (const auto* moved : displaced_by(box.state(), *from))
        for (size_t i = 0; i < moved->parts.size(); ++i)
          known.displaced.push_back(
              media({moved->id, greeting_kind::normal, static_cast<uint8_t>(i)}));
    return box.decide(what, known);
  }

  /// Carries out what it comes to; the parcel for the other copies.
  op::absorb change(const command& what) {
    auto decided = decide(what);
    op::absorb out;
    if (!decided || !decided->changes())
      return out;
    out.delta = decided->delta;
    for (const auto& row : decided->media)
      if (!row.erase)
        out.rows.push_back(
            {row.message, row.message ? row.part : static_cast<uint8_t>(row.greeting), row.bytes});
    carry_out(*decided);
    return out;
  }

  std::string take(const op::absorb& from) {
    auto decided = decide({nullptr, {}, box.state().id, from});
    if (!decided)
      return decided.error().reason;
    BOOST_TEST((!decided->changes() || decided->silent()));
    BOOST_TEST(decided->notifications.empty());
    carry_out(*decided);
    return "taken";
  }

  /// Everything of it, a message at a time, the settings last: as a new copy is seeded.
  std::vector<op::absorb> seed() const {
    std::vector<op::absorb> out;
    for (const auto& [id, message] : box.state().messages) {
      op::absorb part;
      part.delta.id = box.state().id;
      part.delta.messages.emplace(id, message);
      for (size_t i = 0; i < message.parts.size(); ++i)
        part.rows.push_back(
            {id, static_cast<uint8_t>(i), media({id, {}, static_cast<uint8_t>(i)}).value()});
      out.push_back(std::move(part));
    }
    op::absorb settings;
    settings.delta.id = box.state().id;
    settings.delta.profile = box.state().profile;
    for (uint8_t kind = 0; kind < greeting_kinds; ++kind)
      if (auto bytes = media({std::nullopt, static_cast<greeting_kind>(kind), 0}))
        settings.rows.push_back({std::nullopt, kind, *bytes});
    out.push_back(std::move(settings));
    return out;
  }

  /// Each message that can be handed out has its media, and nothing else is kept.
  void check_media() const {
    size_t wanted = 0;
    for (const auto& [id, message] : box.state().messages)
      for (size_t i = 0; i < message.parts.size(); ++i, ++wanted) {
        auto bytes = media({id, greeting_kind::normal, static_cast<uint8_t>(i)});
        BOOST_TEST_REQUIRE(bytes.has_value());
        BOOST_TEST((checksum(bytes->view()) == message.parts[i].content));
      }
    for (uint8_t kind = 0; kind < greeting_kinds; ++kind) {
      const auto& greeting = box.state().profile.greetings[kind].value;
      if (greeting.type == media_type::unknown)
        continue;
      ++wanted;
      auto bytes = media({std::nullopt, static_cast<greeting_kind>(kind), 0});
      BOOST_TEST_REQUIRE(bytes.has_value());
      BOOST_TEST((checksum(bytes->view()) == greeting.content));
    }
    BOOST_TEST(disk.size() == wanted);
    BOOST_TEST((box.counts() == count(box.state())));
  }
};

struct copies : model_fixture {
  random_source draw{test_seed()};

  op::create creation() const {
    return {"acme", "eu1", {{alias_kind::number, number}}, "hash", "en", "UTC", std::nullopt};
  }

  static op::deposit voicemail(char fill, size_t parts = 1) {
    op::deposit out{message_format::voicemail, "+15055551212", 1'799'000'000'000, 0, false, {}};
    for (size_t i = 0; i < parts; ++i)
      out.parts.push_back(audio(5 + i, fill));
    return out;
  }

  mailbox_op any_op(const mailbox_state& of) {
    message_ref one;
    if (!of.messages.empty())
      one.id = draw.pick(of.messages).first;
    auto kind = static_cast<greeting_kind>(draw.below(3));
    switch (draw.below(8)) {
    case 0:
    case 1:
    case 2: // one id, two contents: the copies must keep both
      return voicemail(static_cast<char>('a' + draw.below(2)), 1 + draw.below(2));
    case 3:
      return op::set_flags{one, static_cast<uint8_t>(draw.below(16)), 0};
    case 4:
      return op::remove{one, channel::out_of_band, {}, draw.one_in(2)};
    case 5:
      return op::set_greeting{kind, draw.one_in(3) ? std::nullopt
                                                   : std::optional{audio(1 + draw.below(3))}};
    case 6:
      return op::locate{draw.one_in(2) ? "us1" : "eu1"};
    default:
      return op::set_preferences{draw.one_in(2) ? "fr" : "de", "", toggle::unchanged};
    }
  }
};

} // namespace restante
