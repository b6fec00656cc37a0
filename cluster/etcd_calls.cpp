#include "cluster/etcd_calls.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>

namespace restante {

namespace {

using json = nlohmann::json;

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view raw) {
  std::string out;
  for (size_t i = 0; i < raw.size(); i += 3) {
    const auto group = raw.substr(i, 3);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < group.size() ? static_cast<uint8_t>(group[k]) : 0U);
    for (size_t k = 0; k < 4; ++k)
      out += k <= group.size() ? digits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('='))
    text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == digits.npos)
      return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    held += 6;
    if (held >= 8)
      out += static_cast<char>(bits >> (held -= 8) & 0xFF);
  }
  return out;
}

/// The key behind all that begin with `prefix`, which ends with no 0xFF.
std::string end_of(std::string_view prefix) {
  std::string end{prefix};
  ++end.back();
  return end;
}

/// What is zero or empty, the gateway leaves out.
const json& part(const json& of, const char* name) {
  static const json nothing;
  return of.is_object() && of.contains(name) ? of[name] : nothing;
}

uint64_t number(const json& of, const char* name) {
  const auto& found = part(of, name);
  uint64_t value = 0;
  if (const auto* text = found.get_ptr<const std::string*>())
    std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

std::optional<std::string> bytes(const json& of, const char* name) {
  const auto& found = part(of, name);
  if (found.is_null())
    return std::string{};
  const auto* text = found.get_ptr<const std::string*>();
  return text ? from_base64(*text) : std::nullopt;
}

tl::unexpected<failure> senseless() {
  return fail(errc::busy, "etcd_unreachable", "an answer of another shape than etcd's");
}

bool take_entries(const json& range, std::vector<etcd_entry>& to) {
  const auto& all = part(range, "kvs");
  if (!range.is_object() || (!all.is_null() && !all.is_array()))
    return false;
  for (const auto& each : all) {
    auto key = bytes(each, "key");
    auto value = bytes(each, "value");
    if (!key || !value)
      return false;
    to.push_back({std::move(*key), std::move(*value), number(each, "lease"),
                  number(each, "create_revision"), number(each, "mod_revision")});
  }
  return true;
}

} // namespace

result<etcd_sight> etcd_read(etcd_gateway& at, std::string_view prefix, std::string_view key) {
  const json all{{"key", to_base64(prefix)},
                 {"range_end", to_base64(end_of(prefix))},
                 {"limit", std::to_string(etcd_entries_max)}};
  const json one{{"key", to_base64(key)}};
  const auto answer =
      at.call("/v3/kv/txn",
              {{"success", json::array({{{"request_range", all}}, {{"request_range", one}}})}});
  if (!answer)
    return tl::unexpected{answer.error()};
  const auto& parts = part(*answer, "responses");
  etcd_sight seen;
  std::vector<etcd_entry> alone;
  if (!parts.is_array() || parts.size() != 2 ||
      !take_entries(part(parts[0], "response_range"), seen.entries) ||
      !take_entries(part(parts[1], "response_range"), alone))
    return senseless();
  seen.more = part(part(parts[0], "response_range"), "more") == true;
  seen.revision = number(part(*answer, "header"), "revision");
  if (!alone.empty())
    seen.entry = std::move(alone.front());
  return seen;
}

result<etcd_lease> etcd_grant(etcd_gateway& at, std::chrono::seconds least) {
  const auto answer = at.call("/v3/lease/grant", {{"TTL", std::to_string(least.count())}});
  if (!answer)
    return tl::unexpected{answer.error()};
  const etcd_lease got{number(*answer, "ID"),
                       std::chrono::seconds{static_cast<int64_t>(number(*answer, "TTL"))}};
  if (got.id == 0 || got.time < std::chrono::seconds{1})
    return senseless();
  return got;
}

result<bool> etcd_keep_alive(etcd_gateway& at, uint64_t lease) {
  const auto answer = at.call("/v3/lease/keepalive", {{"ID", std::to_string(lease)}});
  if (!answer)
    return tl::unexpected{answer.error()};
  if (!part(*answer, "result").is_object())
    return senseless();
  return number(part(*answer, "result"), "TTL") > 0;
}

result<bool> etcd_put(etcd_gateway& at, std::span<const etcd_entry> all, uint64_t lease) {
  auto compare = json::array();
  auto success = json::array();
  for (const auto& each : all) {
    const auto key = to_base64(each.key);
    compare.push_back({{"key", key},
                       {"target", "MOD"},
                       {"result", "EQUAL"},
                       {"mod_revision", std::to_string(each.modified)}});
    success.push_back(
        {{"request_put",
          {{"key", key}, {"value", to_base64(each.value)}, {"lease", std::to_string(lease)}}}});
  }
  const auto answer = at.call("/v3/kv/txn", {{"compare", compare}, {"success", success}});
  if (!answer)
    return tl::unexpected{answer.error()};
  return part(*answer, "succeeded") == true;
}

void etcd_watch(etcd_gateway& at, std::string_view prefix, uint64_t revision) {
  at.watch({{"key", to_base64(prefix)},
            {"range_end", to_base64(end_of(prefix))},
            {"start_revision", std::to_string(revision + 1)}});
}

} // namespace restante
