#include "bridges/peer_bridge.hpp"

#include "bridges/curve_keys.hpp"

namespace restante {

peer_bridge::peer_bridge(const options& how)
    : options_{how}
    , intake_{loop_, *options_.figures, options_.log}
    , listener_{loop_,        options_.listen, options_.secret_key, *options_.figures,
                options_.log, intake_} {}

std::function<void(peer_outbound)> peer_bridge::delivery() {
  return [this](peer_outbound out) { loop_.post([this, out = std::move(out)] { send(out); }); };
}

void peer_bridge::start(std::function<void(peer_event_batch)> to) {
  intake_.start(std::move(to));
  loop_.every(std::chrono::milliseconds{250}, [this] {
    listener_.tick();
    for (const auto& [peer, link] : links_)
      link->tick(peer_link::clock::now());
  });
  loop_.start();
}

void peer_bridge::set_members(std::shared_ptr<const membership> now) {
  loop_.post([this, now = std::move(now)] { take(*now); });
}

void peer_bridge::send(const peer_outbound& out) {
  if (!out.ours)
    return listener_.send(out.peer, out.what);
  if (auto at = links_.find(out.peer); at != links_.end())
    return at->second->send(out.what);
  options_.figures->refused("peer_unsent");
}

void peer_bridge::take(const membership& now) {
  listener_.set_members(now);
  std::erase_if(links_, [&](const auto& each) {
    const auto* still = each.first == now.self ? nullptr : now.find(each.first);
    const bool ends = still == nullptr || !each.second->leads_to(*still);
    if (ends)
      each.second->end();
    return ends;
  });
  for (const auto& each : now.members)
    if (each.name != now.self && !links_.contains(each.name))
      links_.emplace(each.name,
                     std::make_unique<peer_link>(loop_, each, options_.secret_key,
                                                 *options_.figures, options_.log, intake_));
}

} // namespace restante
