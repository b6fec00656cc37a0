#include "benchmarks/mailboxes.hpp"

#include "benchmarks/pump.hpp"

#include <unordered_map>

namespace restante::bench {

namespace {

constexpr size_t registrations_open = 256;

/// Different ones for different numbers below mailboxes_max.
ask::register_device device(size_t number) {
  ask::register_device out;
  out.imei = std::to_string(10'000'000'000'000 + number); // the node adds the check digit
  out.number = number_of(number);
  return out;
}

} // namespace

std::string number_of(size_t mailbox) { return "+1" + std::to_string(5'050'000'000 + mailbox); }

void add_tenant(const std::string& admin, const std::string& key) {
  client asks{identity{"operator", admin, {}, {}, {}}};
  tenant_record tenant;
  tenant.name = tenant_name;
  tenant.public_key = key;
  tenant.region = "US";
  if (auto done = asks.ask(ask::tenant_add{tenant}, {}, patience); !done)
    throw std::runtime_error(done.error().text);
}

std::vector<std::string> make_mailboxes(client& to, size_t count) {
  std::vector<std::string> profiles(count);
  std::unordered_map<uint64_t, size_t> asked;
  pump(
      to, count, registrations_open, "mailboxes",
      [&](size_t number) { asked[to.post(device(number))] = number; },
      [&](const reply& got) {
        auto* done = std::get_if<answer::registered>(&got.what);
        if (done == nullptr)
          throw std::runtime_error("a mailbox can't be made: " + std::get<failure>(got.what).text);
        if (done->already_had_access)
          throw std::runtime_error("two devices got one mailbox: their numbers must differ");
        profiles[asked.extract(got.correlation).mapped()] = to_string(done->profile);
      });
  return profiles;
}

} // namespace restante::bench
