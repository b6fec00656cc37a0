#include "cluster/etcd_gateway.hpp"

#include <curl/curl.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <utility>

namespace restante {

namespace {

using json = nlohmann::json;

constexpr size_t answer_bytes_max = 16 * 1024 * 1024;
constexpr size_t events_bytes_max = 1024 * 1024; // not looked at yet
constexpr std::chrono::milliseconds pause_max{1000};
constexpr int code_not_found = 5; // of gRPC

/// libcurl must be set up once, before the first of its handles.
void begin_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (done != CURLE_OK)
    throw std::runtime_error(std::string{"libcurl: "} + curl_easy_strerror(done));
}

tl::unexpected<failure> unreachable(std::string why) {
  return fail(errc::busy, "etcd_unreachable", std::move(why));
}

/// One POST under way; as long as it lives, `multi` carries it.
class transfer {
public:
  transfer(CURLM* multi, const std::string& url, std::string body, size_t bytes_max)
      : multi_{multi}
      , easy_{curl_easy_init()}
      , body_{std::move(body)}
      , bytes_max_{bytes_max} {
    if (!easy_)
      throw std::bad_alloc{};
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body_.c_str());
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L); // never waits for a resolver that hangs
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &transfer::take);
    curl_multi_add_handle(multi_, easy_);
  }
  ~transfer() {
    curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
  }
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;

  void bound(CURLoption option, std::chrono::milliseconds time) {
    curl_easy_setopt(easy_, option, static_cast<long>(time.count()));
  }
  [[nodiscard]] bool is(const CURL* easy) const { return easy == easy_; }
  [[nodiscard]] long status() const {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  std::string received;
  std::optional<CURLcode> ended;

private:
  static size_t take(char* data, size_t one, size_t size, void* self) {
    auto& to = *static_cast<transfer*>(self);
    if (one * size > to.bytes_max_ - to.received.size())
      return 0; // which ends the transfer
    to.received.append(data, one * size);
    return one * size;
  }

  CURLM* multi_;
  CURL* easy_;
  std::string body_;
  size_t bytes_max_;
};

/// What an answer means that came whole.
result<json> understood(const transfer& from) {
  auto answer = json::parse(from.received, nullptr, false);
  const auto status = std::to_string(from.status());
  if (!answer.is_object())
    return unreachable("HTTP status " + status + ", not an answer of etcd");
  if (from.status() == 200 && !answer.contains("error"))
    return answer;
  const auto message = answer.find("message");
  const bool told = message != answer.end() && message->is_string();
  auto text = "HTTP status " + status + (told ? ", " + message->get<std::string>() : "");
  if (from.status() < 400 || from.status() >= 500 || !answer.contains("code"))
    return unreachable(std::move(text)); // no leader, for one: another endpoint may have one
  return fail(answer["code"] == code_not_found ? errc::not_found : errc::conflict, "etcd_refused",
              std::move(text));
}

enum class news { none, events, end };

news meaning_of(std::string_view line) {
  const auto answer = json::parse(line, nullptr, false);
  if (!answer.is_object() || !answer.contains("result") || !answer["result"].is_object())
    return news::end;
  const auto& result = answer["result"];
  if (result.contains("canceled")) // compacted, for one; what is not so is left out
    return news::end;
  return result.contains("events") ? news::events : news::none;
}

} // namespace

struct etcd_gateway::parts {
  std::vector<std::string> endpoints;
  std::chrono::milliseconds timeout;
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi{curl_multi_init(),
                                                              &curl_multi_cleanup};
  size_t at = 0; // the endpoint that answered last
  std::unique_ptr<transfer> watched;
  std::atomic<bool> stopping = false;
  std::atomic<bool> woken = false;

  void perform(transfer* call) const {
    int running = 0;
    curl_multi_perform(multi.get(), &running);
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      for (auto* each : {call, watched.get()})
        if (each && each->is(message->easy_handle))
          each->ended = message->data.result;
    }
  }

  /// Not for longer than libcurl's own timers allow.
  void pause(clock::duration time) const {
    const auto bounded = std::clamp<clock::duration>(time, clock::duration::zero(), pause_max);
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(bounded);
    curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(rounded.count()), nullptr);
  }

  result<json> call_here(std::string_view path, const std::string& body) const {
    transfer one{multi.get(), endpoints[at] + std::string{path}, body, answer_bytes_max};
    one.bound(CURLOPT_TIMEOUT_MS, timeout);
    for (perform(&one); !one.ended; perform(&one)) {
      if (stopping)
        return unreachable("stopped");
      pause(pause_max);
    }
    if (*one.ended != CURLE_OK)
      return unreachable(*one.ended == CURLE_WRITE_ERROR ? "an answer of more than 16 MiB"
                                                         : curl_easy_strerror(*one.ended));
    return understood(one);
  }

  /// Drops what the watch told; true when that was news: events, or its end.
  bool take_news() {
    if (!watched)
      return false;
    auto told = news::none;
    auto& text = watched->received;
    size_t begin = 0;
    for (size_t end = 0; told != news::end && (end = text.find('\n', begin)) != text.npos;
         begin = end + 1)
      told = std::max(told, meaning_of(std::string_view{text}.substr(begin, end - begin)));
    text.erase(0, begin);
    if (told == news::end || watched->ended)
      watched.reset();
    return told != news::none || !watched;
  }
};

etcd_gateway::etcd_gateway(std::vector<std::string> endpoints, std::chrono::milliseconds timeout) {
  begin_curl();
  parts_ = std::make_unique<parts>();
  if (!parts_->multi)
    throw std::bad_alloc{};
  parts_->endpoints = std::move(endpoints);
  parts_->timeout = timeout;
}

etcd_gateway::~etcd_gateway() = default;

result<json> etcd_gateway::call(std::string_view path, const json& body) {
  auto& my = *parts_;
  const auto text = body.dump();
  std::string why;
  for (size_t tried = 0; tried < my.endpoints.size() && !my.stopping; ++tried) {
    auto answer = my.call_here(path, text);
    if (answer || answer.error().code != errc::busy)
      return answer;
    why += (why.empty() ? "" : "; ") + my.endpoints[my.at] + ": " + answer.error().text;
    my.at = (my.at + 1) % my.endpoints.size();
    my.watched.reset();
  }
  return unreachable(std::move(why));
}

void etcd_gateway::watch(const json& create_request) {
  auto& my = *parts_;
  my.watched.reset();
  my.watched =
      std::make_unique<transfer>(my.multi.get(), my.endpoints[my.at] + "/v3/watch",
                                 json{{"create_request", create_request}}.dump(), events_bytes_max);
  my.watched->bound(CURLOPT_CONNECTTIMEOUT_MS, my.timeout);
}

bool etcd_gateway::watching() const { return parts_->watched && !parts_->watched->ended; }

void etcd_gateway::wait(clock::time_point until) {
  auto& my = *parts_;
  while (!my.stopping && !my.woken.exchange(false)) {
    my.perform(nullptr);
    const auto now = clock::now();
    if (my.take_news() || now >= until)
      return;
    my.pause(until - now);
  }
}

void etcd_gateway::wake() {
  parts_->woken = true;
  curl_multi_wakeup(parts_->multi.get());
}

void etcd_gateway::stop() {
  parts_->stopping = true;
  wake();
}

} // namespace restante
