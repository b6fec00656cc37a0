#include "cluster/walk_cast.hpp"

#include "cluster/cli_session.hpp"
#include "cluster/cli_words.hpp"
#include "cluster/identity_file.hpp"
#include "cluster/new_tenant.hpp"

#include <array>
#include <thread>

namespace restante {

namespace {

template <class T>
T need(result<T> got) {
  if (!got)
    throw walk_failed{got.error()};
  return std::move(*got);
}

/// Decimal digits nobody can foretell.
std::string random_digits(size_t count) {
  std::string out;
  for (const char byte : random_bytes(count))
    out += static_cast<char>('0' + static_cast<uint8_t>(byte) % 10);
  return out;
}

/// An IMEI with its Luhn digit (3GPP TS 23.003, annex B).
std::string random_imei() {
  auto digits = "35" + random_digits(12);
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const int digit = (digits[i] - '0') * (i % 2 == 1 ? 2 : 1);
    sum += digit / 10 + digit % 10;
  }
  return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

/// A number of an area's exchange 555, where no subscriber of a carrier is.
std::string random_number() {
  static constexpr std::array areas{"201", "303", "404", "505", "606", "707", "808", "907"};
  const auto pick = static_cast<uint8_t>(random_bytes(1)[0]) % areas.size();
  return std::string{"+1"} + areas[pick] + "555" + random_digits(4);
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

/// A challenge is spent when it is answered, whatever comes of it.
bool answers_challenge(const operation& what) {
  const auto* of = std::get_if<ask::of_mailbox>(&what);
  const auto* from = of == nullptr ? nullptr : std::get_if<op::retrieve>(&of->op);
  return from != nullptr && !from->answer.challenge.empty();
}

/// Between two looks at something that nobody announces.
constexpr milliseconds turn{5};

} // namespace

void verify(bool holds, const std::string& expected) {
  if (!holds)
    throw walk_failed{{errc::conflict, "walk_unexpected", "expected " + expected}};
}

media_part read_recording(const std::filesystem::path& file) {
  return need(read_media(file.string(), {}));
}

std::string size_of(const media_part& media) {
  return std::to_string(media.bytes.size()) + " bytes of " + std::string{to_string(media.type)};
}

walk_cast::walk_cast(const walk_options& options, walk_story& story)
    : operator_{need(operator_of(options.config))}
    , options_{options}
    , story_{story}
    , run_{to_hex(random_bytes(3))} {}

walk_cast::party walk_cast::add(const std::string& kind, role what, std::vector<std::string> serves,
                                const std::string& short_code) {
  party out;
  out.name = kind + "-demo-" + run_;
  out.key_file = options_.config.keys / (out.name + ".toml");
  out.who = need(fresh_identity(options_.config, out.name, what));
  if (auto ok = write_identity(out.key_file, out.who); !ok)
    throw walk_failed{ok.error()};
  tenant_record tenant;
  tenant.name = out.name;
  tenant.is = what;
  tenant.public_key = from_z85(out.who.public_key).value_or(std::string{});
  tenant.region = "US";
  tenant.language = "en";
  tenant.serves = std::move(serves);
  tenant.short_code = short_code;
  const auto done = ask<answer::done>(operator_, ask::tenant_add{std::move(tenant)});
  story_.says("operator", "node",
              "tenant add " + out.name + " --role " + std::string{to_string(what)} + "  (" +
                  done.latency + ")");
  return out;
}

void walk_cast::revoke(const party& whom) {
  ask<answer::done>(operator_, ask::tenant_revoke{whom.name});
  std::error_code ignored;
  std::filesystem::remove(whom.key_file, ignored);
}

void walk_cast::attach(const identity& who) {
  auto& fresh = gateways.emplace_back(who);
  fresh.greet();
  const auto hello = fresh.next(options_.patience);
  if (hello && !*hello)
    throw walk_failed{hello->error()};
  verify(hello && std::holds_alternative<pretend_gateway::welcomed>(**hello),
         "the node to welcome the SMS gateway at " + who.endpoint);
  story_.says("gateway", "node", "hello, over CURVE at " + who.endpoint);
}

result<outcome> walk_cast::patiently(client& as, const operation& what,
                                     const std::string& id) const {
  const auto end = std::chrono::steady_clock::now() + options_.patience;
  for (;;) {
    auto got = as.ask(what, id, options_.patience);
    if (got || got.error().code != errc::busy || answers_challenge(what) ||
        std::chrono::steady_clock::now() > end)
      return got;
    std::this_thread::sleep_for(turn);
  }
}

void walk_cast::find_telephone() {
  imei = random_imei();
  for (int tries = 0; tries < 100; ++tries) {
    number = random_number();
    auto got = operator_.ask(ask::of_mailbox{{subscriber_ref::by::number, number}, op::describe{}},
                             fresh_request_id(), options_.patience);
    if (!got && got.error().code == errc::not_found)
      return;
    if (!got)
      throw walk_failed{got.error()};
  }
  verify(false, "a free number among a hundred: use a fresh data directory");
}

result<pretend_gateway::happening> walk_cast::next_happening() {
  const auto end = std::chrono::steady_clock::now() + options_.patience;
  do {
    for (auto& each : gateways)
      if (auto got = each.next(turn))
        return std::move(*got);
  } while (std::chrono::steady_clock::now() < end);
  return tl::unexpected{
      failure{errc::outcome_unknown, "no_answer",
              "the SMS gateway heard nothing for " + seconds_text(options_.patience)}};
}

std::string walk_cast::next_text(std::string_view words) {
  for (;;) {
    while (texts_.empty()) {
      auto what = need(next_happening());
      if (auto* text = std::get_if<sms::submit>(&what))
        texts_.push_back(std::move(*text));
    }
    const auto text = std::move(texts_.front());
    texts_.pop_front();
    verify(text.to == number, "a text for " + number + ", found one for " + text.to);
    if (text.text.find(words) == std::string::npos)
      continue;
    story_.text_message(text.to, text.from, text.text, text.segments);
    return text.text;
  }
}

profile_id walk_cast::activate(const std::string& pin) {
  find_telephone();
  const auto text = "ACTIVATE " + imei + " " + pin;
  story_.says("phone", "gateway", number + " texts 5050: " + in_quotes(text));
  text_node(text);
  const auto welcome = next_text();
  constexpr std::string_view label = "Profile: ";
  const auto at = welcome.find(label);
  verify(at != std::string::npos, "a profile id in the welcome");
  const auto rest = std::string_view{welcome}.substr(at + label.size());
  const auto named = parse_profile_id(rest.substr(0, rest.find('.')));
  verify(named.has_value(), "a profile id in the welcome");
  return *named;
}

void walk_cast::text_node(const std::string& text) {
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + options_.patience;
  auto asked = gateways.front().type(number, "5050", text);
  for (;;) {
    auto what = need(next_happening());
    if (auto* early = std::get_if<sms::submit>(&what))
      texts_.push_back(std::move(*early));
    const auto* verdict = std::get_if<pretend_gateway::verdict>(&what);
    if (verdict == nullptr || verdict->correlation != asked)
      continue;
    if (verdict->refused) {
      if (verdict->refused->code != errc::busy || std::chrono::steady_clock::now() > end)
        throw walk_failed{*verdict->refused};
      std::this_thread::sleep_for(turn);
      asked = gateways.front().type(number, "5050", text);
      continue;
    }
    story_.says("node", "gateway",
                "taken over, and durable  (" +
                    latency_text(std::chrono::steady_clock::now() - begin) + ")");
    return;
  }
}

failure walk_cast::ask_refused(client& as, operation what, errc expected, const std::string& id) {
  auto got = as.ask(std::move(what), id, options_.patience);
  verify(!got, "a refusal, found an answer");
  if (got.error().code != expected)
    throw walk_failed{got.error()};
  return got.error();
}

} // namespace restante
