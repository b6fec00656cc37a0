// One request of every kind and one answer of every kind, with fixed values: the golden frames.
#pragma once

#include "schemas/messages.hpp"
#include "tests/support/random_state.hpp"

namespace restante::codec_tests {

inline subscriber_ref alice() {
  return {subscriber_ref::by::profile, to_string(profile_id{"eu1", id_of<mailbox_id>(0x5A)})};
}

inline op::deposit with(op::deposit what, op::durability until) {
  return (what.until = until, what);
}

inline std::vector<std::pair<std::string, request>> golden_requests() {
  op::deposit deposit{message_format::voicemail,
                      "+15055551212",
                      1'760'000'000'000,
                      2'500,
                      true,
                      {{media_type::amr, chunk{"#!AMR\n"}}, {media_type::png, chunk{"png"}}}};
  op::retrieve retrieve{{id_of<message_id>(7), 0}, channel::device, {"challenge", "482913"}, "web"};
  ask::register_device device{"490154203237518",
                              "+15055550183",
                              "482913",
                              "fr",
                              "Europe/Paris",
                              media_part{media_type::wav, chunk{"RIFF"}},
                              "acme"};
  tenant_record tenant{
      "portal", role::application, std::string(32, 'k'), "US", "en", {"acme", "rival"}, "4711"};
  auto of = [](mailbox_op what) { return operation{ask::of_mailbox{alice(), std::move(what)}}; };
  std::vector<std::pair<std::string, operation>> all{
      {"ping", ask::ping{}},
      {"register", device},
      {"profile", of(op::describe{})},
      {"deposit_v1", of(deposit)},
      {"deposit", of(with(deposit, op::durability::replicated))},
      {"locate", of(op::locate{"us1"})},
      {"list", of(op::list{5, 20, true})},
      {"retrieve", of(retrieve)},
      {"delete", of(op::remove{{std::nullopt, 3}, channel::out_of_band, {}, true})},
      {"set_flags", of(op::set_flags{{std::nullopt, 3}, saved, played})},
      {"get_greeting", of(op::get_greeting{greeting_kind::busy})},
      {"set_greeting", of(op::set_greeting{greeting_kind::name, deposit.parts[0]})},
      {"set_pin", of(op::set_pin{"739201"})},
      {"set_preferences", of(op::set_preferences{"de", "UTC", toggle::off})},
      {"subscribe", ask::subscribe{"tail", 10, 1}},
      {"acknowledge", ask::acknowledge{"tail", 99}},
      {"tenant_add", ask::tenant_add{tenant}},
      {"tenant_list", ask::tenant_list{}},
      {"tenant_revoke", ask::tenant_revoke{"portal"}},
      {"subscriber_list", ask::subscriber_list{"acme", id_of<mailbox_id>(9), 50}},
      {"records", ask::records{20'000, 17, 100, true}},
      {"status", ask::status{}},
      {"drain", ask::drain{"eu1-2", true}},
      {"inspect", of(op::inspect{})}};
  std::vector<std::pair<std::string, request>> out;
  for (auto& [name, what] : all)
    out.emplace_back("request." + name,
                     request{0x1122334455667788, milliseconds{2'500}, "request-id", what});
  return out;
}

inline std::vector<std::pair<std::string, reply>> golden_replies() {
  message_record header;
  header.id = id_of<message_id>(0x11);
  header.uid = 7;
  header.format = message_format::fax;
  header.caller = "+15055551212";
  header.called_at = 1'760'000'000'000;
  header.stored_at = 1'760'000'001'000;
  header.duration_ms = 2'500;
  header.deposited_by = "acme";
  header.flags[1].value = true;
  header.parts = {{media_type::amr, 6, {}}};
  media_part media{media_type::amr, chunk{"#!AMR\n"}};
  profile_id id{"eu1", id_of<mailbox_id>(0x5A)};
  answer::profile profile{id,
                          "490154203237518",
                          "+15055550183",
                          "fr",
                          "Europe/Paris",
                          true,
                          true,
                          {greeting_kind::normal, greeting_kind::name},
                          3,
                          2,
                          "acme"};
  answer::event event{99,          cause::deposited,  to_string(id), header.id,
                      7,           1'760'000'001'000, "request-id",  "portal",
                      std::nullopt};
  tenant_record tenant{
      "portal", role::application, std::string(32, 'k'), "US", "en", {"acme", "rival"}, "4711",
      true};
  answer::stored_record record{
      20'000, 17, {1'760'000'000'000, "deposited", "acme", to_string(id), "2500 ms"}};
  std::vector<std::pair<std::string, outcome>> all{
      {"pong", answer::pong{}},
      {"registered", answer::registered{id, true}},
      {"profile", profile},
      {"deposited", answer::deposited{header.id, 7, 2'500, true, 99}},
      {"listing", answer::listing{{header, header}, true}},
      {"message", answer::message{header, {media}}},
      {"challenge", answer::challenge{"a challenge", 1'760'000'120'000}},
      {"done", answer::done{true}},
      {"greeting", answer::greeting{greeting_kind::name, media}},
      {"subscribed", answer::subscribed{100}},
      {"event", event},
      {"tenants", answer::tenants{{tenant}}},
      {"subscribers", answer::subscribers{{profile}}},
      {"records", answer::records{{record}}},
      {"status", answer::status{{{"refused.frames_missing", "1"}}}},
      {"copies",
       answer::copies{{{"eu1-1", "eu1", "home", true, true, id_of<digest>(0x11), 3, "us1", "why"},
                       {"us1-1", "us1", "roaming", false, false, {}, 0, "", ""}}}}};
  std::vector<std::pair<std::string, reply>> out;
  for (auto& [name, what] : all)
    out.emplace_back("reply." + name, reply{0x1122334455667788, what});
  return out;
}

} // namespace restante::codec_tests
