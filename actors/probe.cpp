#include "actors/probe.hpp"

namespace restante {

probe::probe() : registry_{std::make_shared<prometheus::Registry>()} {
  requests_ = &prometheus::BuildCounter()
                   .Name("restante_requests_total")
                   .Help("Requests that came in whole, over all bridges")
                   .Register(*registry_)
                   .Add({});
  replies_ = &prometheus::BuildCounter()
                  .Name("restante_replies_total")
                  .Help("Answers handed to sockets, over all bridges")
                  .Register(*registry_)
                  .Add({});
  in_flight_ = &prometheus::BuildGauge()
                    .Name("restante_requests_in_flight")
                    .Help("Requests accepted and not yet answered")
                    .Register(*registry_)
                    .Add({});
  refused_ = &prometheus::BuildCounter()
                  .Name("restante_refused_total")
                  .Help("Requests, frames, clients and replies refused or dropped, by reason")
                  .Register(*registry_);
  peer_messages_ = &prometheus::BuildCounter()
                        .Name("restante_peer_messages_total")
                        .Help("Messages between this node and others of its cluster")
                        .Register(*registry_);
  peer_bytes_ = &prometheus::BuildCounter()
                     .Name("restante_peer_bytes_total")
                     .Help("Bytes of messages between this node and others of its cluster")
                     .Register(*registry_);
}

void probe::peer_message(std::string_view kind, bool out, size_t bytes) {
  std::lock_guard lock{mutex_};
  auto& by_kind = out ? peer_out_ : peer_in_;
  auto at = by_kind.find(kind);
  if (at == by_kind.end()) {
    const prometheus::Labels labels{{"kind", std::string{kind}}, {"direction", out ? "out" : "in"}};
    at = by_kind
             .emplace(std::string{kind},
                      traffic{&peer_messages_->Add(labels), &peer_bytes_->Add(labels)})
             .first;
  }
  at->second.messages->Increment();
  at->second.bytes->Increment(static_cast<double>(bytes));
}

void probe::refused(std::string_view reason) {
  std::lock_guard lock{mutex_};
  auto at = by_reason_.find(reason);
  if (at == by_reason_.end())
    at = by_reason_.emplace(std::string{reason}, &refused_->Add({{"reason", std::string{reason}}}))
             .first;
  at->second->Increment();
}

double probe::refusals(std::string_view reason) const {
  std::lock_guard lock{mutex_};
  auto at = by_reason_.find(reason);
  return at == by_reason_.end() ? 0 : at->second->Value();
}

std::vector<std::pair<std::string, std::string>> probe::figures() const {
  auto text = [](double value) { return std::to_string(static_cast<uint64_t>(value)); };
  std::vector<std::pair<std::string, std::string>> out{
      {"requests_total", text(requests_->Value())},
      {"replies_total", text(replies_->Value())},
      {"requests_in_flight", text(in_flight_->Value())}};
  std::lock_guard lock{mutex_};
  for (const auto& [reason, counter] : by_reason_)
    out.emplace_back("refused." + reason, text(counter->Value()));
  for (const auto& [direction, by_kind] :
       {std::pair{"peer_in.", &peer_in_}, std::pair{"peer_out.", &peer_out_}})
    for (const auto& [kind, counted] : *by_kind) {
      out.emplace_back(direction + kind, text(counted.messages->Value()));
      out.emplace_back(direction + kind + ".bytes", text(counted.bytes->Value()));
    }
  return out;
}

} // namespace restante
