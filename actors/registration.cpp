#include "actors/registration.hpp"

#include "actors/access.hpp"
#include "actors/numbers.hpp"
#include "actors/templates.hpp"
#include "actors/time_zone.hpp"

namespace restante {

namespace {

result<tenant_ptr> owner_of(const mailbox_environment& env, const tenant_record& who,
                            const std::string& named) {
  auto name = named;
  if (name.empty() && who.is == role::mvno)
    name = who.name;
  if (name.empty() && who.serves.size() == 1)
    name = who.serves.front();
  if (name.empty())
    return fail(errc::invalid_request, "owner_missing",
                "say in `owner` whose subscriber this is to be");
  auto owner = env.tenants->find(name);
  if (!owner || owner->revoked || owner->is != role::mvno || !acts_for(who, name))
    return fail(errc::not_found, "owner_not_found", "no such tenant among those you act for");
  return owner;
}

} // namespace

result<alias> alias_of(const subscriber_ref& who, const tenant_record& asking) {
  bool number = who.what == subscriber_ref::by::number;
  auto value = number ? normalise_number(who.text, asking.region) : normalise_imei(who.text);
  if (!value)
    return tl::unexpected<failure>{value.error()};
  return alias{number ? alias_kind::number : alias_kind::imei, std::move(*value)};
}

result<registration_plan> plan_registration(const mailbox_environment& env,
                                            const tenant_record& who,
                                            const ask::register_device& what) {
  auto owner = owner_of(env, who, what.owner);
  if (!owner)
    return tl::unexpected<failure>{owner.error()};
  registration_plan out;
  out.owner = (*owner)->name;
  std::optional<alias> first;
  for (auto [by, text] : {std::pair{subscriber_ref::by::imei, &what.imei},
                          std::pair{subscriber_ref::by::number, &what.number}}) {
    if (text->empty())
      continue;
    auto named = alias_of({by, *text}, **owner);
    if (!named)
      return tl::unexpected<failure>{named.error()};
    if (!first)
      first = *named;
    out.aliases.insert(*named);
  }
  if (!first)
    return fail(errc::invalid_request, "identifier_missing",
                "a registration needs the device's IMEI or its number");
  std::vector<std::string> numbers;
  for (const auto& entry : out.aliases)
    if (entry.kind == alias_kind::number)
      numbers.push_back(entry.value);
  if (!what.pin.empty())
    if (auto ok = check_new_pin(env.pins, what.pin, numbers); !ok)
      return tl::unexpected<failure>{ok.error()};
  if (!what.time_zone.empty() && !known_time_zone(what.time_zone))
    return fail(errc::invalid_request, "time_zone_unknown",
                "name a time zone as IANA does, such as Europe/Paris");
  if (auto ok = check_language(what.language); !ok)
    return tl::unexpected<failure>{ok.error()};
  out.mailbox = id_of_mailbox(env.identity, out.owner, *first);
  return out;
}

} // namespace restante
