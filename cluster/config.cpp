#include "cluster/config.hpp"

#include "cluster/config_address.hpp"
#include "cluster/config_cluster.hpp"
#include "cluster/config_endpoints.hpp"
#include "cluster/config_reader.hpp"
#include "cluster/config_source.hpp"
#include "schemas/text.hpp"

#include <algorithm>
#include <system_error>

namespace restante {

namespace {

constexpr uint64_t mebibyte = 1024 * 1024;

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

/// The shape of a BCP 47 tag, "fr" or "fr-CA"; whether the engine speaks it is not asked, English
/// stands in.
bool valid_language(std::string_view tag) {
  if (tag.size() > limits::name_bytes_max)
    return false;
  for (bool primary = true;; primary = false) {
    const auto part = tag.substr(0, tag.find('-'));
    if (part.size() < (primary ? 2 : 1) || part.size() > (primary ? 3 : 8) ||
        !std::all_of(part.begin(), part.end(), letter_or_digit))
      return false;
    if (part.size() == tag.size())
      return true;
    tag.remove_prefix(part.size() + 1);
  }
}

/// "keys" in the directory that `data` is in.
std::filesystem::path sibling_keys(const std::filesystem::path& data) {
  const auto name = data.has_filename() ? data : data.parent_path();
  if (name.filename() == "." || name.filename() == "..")
    return name / ".." / "keys";
  return name.parent_path() / "keys";
}

bool same_directory(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code absent;
  return (a / "").lexically_normal() == (b / "").lexically_normal() ||
         std::filesystem::equivalent(a, b, absent);
}

void read_directory(table_reader& in, std::string_view key, const std::filesystem::path& base,
                    std::filesystem::path& out) {
  const auto path = in.text(key);
  if (path && path->empty())
    in.refuse(key, "config_range",
              "expected a directory for " + std::string{key} + ", found empty text");
  else if (path)
    out = base / *path;
}

template <class T>
void set(std::optional<int64_t> value, T& out, uint64_t unit = 1) {
  if (value)
    out = static_cast<T>(static_cast<uint64_t>(*value) * unit);
}

void read_node(table_reader in, const std::filesystem::path& base, node_config& out) {
  in.require("data", "the directory of the store");
  in.require("region", "such as \"eu1\"");
  read_directory(in, "data", base, out.data);
  read_directory(in, "keys", base, out.keys);
  if (!in.has("keys") && !out.data.empty())
    out.keys = sibling_keys(out.data);
  if (!out.data.empty() && same_directory(out.data, out.keys))
    in.refuse(in.has("keys") ? "keys" : "data", "config_conflict",
              "expected different directories for data and keys, found the same");
  out.region = in.region("region").value_or("");
  if (auto language = in.text("language")) {
    if (!valid_language(*language))
      in.refuse("language", "config_range",
                "expected a language such as \"en\" or \"fr-CA\", found '" +
                    clean(*language, limits::name_bytes_max) + "'");
    out.language = std::move(*language);
  }
  set(in.integer("worker_threads", config_ranges::worker_threads), out.worker_threads);
  if (const auto idle = in.integer("mailbox_idle_seconds", config_ranges::idle_seconds))
    out.mailbox_idle = std::chrono::seconds{*idle};
  in.refuse_unknown_keys();
}

void read_log(table_reader in, const std::filesystem::path& base, node_config& out) {
  if (const auto level = in.word("level", config_words::log_levels))
    out.log_level = config_words::log_levels[*level];
  if (const auto file = in.text("file"); file && !file->empty())
    out.log_file = base / *file;
  in.refuse_unknown_keys();
}

/// Counters name tenants and their traffic, and Prometheus asks without a password: loopback only.
void read_metrics(table_reader in, node_config& out) {
  if (auto address = in.text("address")) {
    const auto parsed = parse_bind_address(*address);
    if (!address->empty() && (!parsed || !parsed->loopback))
      in.refuse("address", "config_address",
                "expected a loopback address and port such as \"127.0.0.1:9464\", or \"\" for "
                "none, found '" +
                    clean(*address, limits::name_bytes_max) + "'; let a proxy export it");
    out.metrics_address = std::move(*address);
  }
  in.refuse_unknown_keys();
}

void read_pin(table_reader in, node_config& out) {
  set(in.integer("digits_min", config_ranges::pin_digits), out.pin_digits_min);
  in.refuse_unknown_keys();
}

void read_storage(table_reader in, node_config& out) {
  set(in.integer("reserve_mib", config_ranges::mebibytes), out.disk_reserve_bytes, mebibyte);
  set(in.integer("cache_mib", config_ranges::mebibytes), out.cache_bytes, mebibyte);
  in.refuse_unknown_keys();
}

void read_sms(table_reader in, node_config& out) {
  using std::chrono::milliseconds;
  const auto base = in.integer("retry_base_milliseconds", config_ranges::retry_milliseconds);
  const auto max = in.integer("retry_max_milliseconds", config_ranges::retry_milliseconds);
  const auto give_up = in.integer("give_up_hours", config_ranges::give_up_hours);
  out.sms_retry_base = base ? milliseconds{*base} : out.sms_retry_base;
  out.sms_retry_max = max ? milliseconds{*max} : out.sms_retry_max;
  out.sms_give_up = give_up ? std::chrono::hours{*give_up} : out.sms_give_up;
  if ((base || max) && out.sms_retry_max < out.sms_retry_base)
    in.refuse(max ? "retry_max_milliseconds" : "retry_base_milliseconds", "config_conflict",
              "expected retry_max_milliseconds of at least retry_base_milliseconds, found " +
                  std::to_string(out.sms_retry_max.count()) + " below " +
                  std::to_string(out.sms_retry_base.count()));
  in.refuse_unknown_keys();
}

node_config read_tables(const toml::table& file, const std::filesystem::path& base,
                        problem_log& problems) {
  node_config out;
  table_reader root{"the file", &file, problems};
  const auto in = [&](std::string_view name) {
    return table_reader{"[" + std::string{name} + "]", root.table(name), problems};
  };
  read_node(in("node"), base, out);
  read_log(in("log"), base, out);
  read_metrics(in("metrics"), out);
  read_pin(in("pin"), out);
  read_storage(in("storage"), out);
  read_sms(in("sms"), out);
  out.endpoints = read_endpoints(root, base, out.metrics_address, problems);
  out.cluster = read_cluster(root, out, problems);
  root.refuse_unknown_keys();
  return out;
}

} // namespace

result<node_config> read_config(const std::filesystem::path& file) {
  const auto text = read_config_text(file);
  if (!text)
    return tl::unexpected{text.error()};
  std::error_code no_directory;
  const auto base = std::filesystem::absolute(file, no_directory).parent_path();
  toml::table tables;
  try {
    tables = toml::parse(std::string_view{*text});
  } catch (const toml::parse_error& error) {
    constexpr size_t description_bytes_max = 512;
    return tl::unexpected{config_failure(file, position_of(error.source()), "config_syntax",
                                         "expected TOML, found this: " +
                                             clean(error.description(), description_bytes_max))};
  }
  problem_log problems;
  auto config = read_tables(tables, base, problems);
  if (const auto& problem = problems.first())
    return tl::unexpected{config_failure(file, problem->at, problem->reason, problem->text)};
  return config;
}

} // namespace restante
