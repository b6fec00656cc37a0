// The node's counters, for Prometheus and `restante status`. Safe from any thread. Owned by main;
// bridges and actors get a reference.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

class probe {
public:
  probe();

  /// A request that came in whole, and an answer that went out.
  void request() { requests_->Increment(); }
  void reply() { replies_->Increment(); }
  /// Something refused, by the reason in its failure; also frames, clients and replies dropped.
  void refused(std::string_view reason);
  void in_flight(double now) { in_flight_->Set(now); }

  /// A message from (`out`: to) another node, by its kind.
  void peer_message(std::string_view kind, bool out, size_t bytes);

  /// How often `reason` was counted.
  [[nodiscard]] double refusals(std::string_view reason) const;

  /// Name and value of every figure, for `restante status`.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> figures() const;

  [[nodiscard]] std::shared_ptr<prometheus::Registry> registry() const { return registry_; }

private:
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Counter* requests_;
  prometheus::Counter* replies_;
  prometheus::Gauge* in_flight_;
  prometheus::Family<prometheus::Counter>* refused_;
  struct traffic {
    prometheus::Counter* messages;
    prometheus::Counter* bytes;
  };
  prometheus::Family<prometheus::Counter>* peer_messages_;
  prometheus::Family<prometheus::Counter>* peer_bytes_;
  mutable std::mutex mutex_;
  std::map<std::string, prometheus::Counter*, std::less<>> by_reason_; // guarded by mutex_
  std::map<std::string, traffic, std::less<>> peer_in_, peer_out_;     // guarded by mutex_
};

} // namespace restante
