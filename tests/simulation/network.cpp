#include "tests/simulation/network.hpp"

#include <algorithm>
#include <stdexcept>

namespace restante::simulation {

network::network(std::vector<std::string> names, random_source draw, trace& log, ear hear)
    : names_{std::move(names)}
    , draw_{std::move(draw)}
    , trace_{log}
    , hear_{std::move(hear)}
    , connections_(names_.size() * names_.size())
    , paths_(names_.size(), std::vector<path>(names_.size()))
    , knows_(names_.size(), std::vector<bool>(names_.size(), true))
    , there_(names_.size(), true) {
  for (size_t from = 0; from < names_.size(); ++from)
    for (size_t to = 0; to < names_.size(); ++to) {
      of(from, to).from = from;
      of(from, to).to = to;
      of(from, to).try_at = from == to ? never : static_cast<moment>(draw_.below(300));
      paths_[from][to].latency = 1 + static_cast<moment>(draw_.below(40));
    }
}

// --- sending
// --------------------------------------------------------------------------------------

moment network::arrival(const std::deque<packet>& behind, size_t from, size_t to, moment now) {
  const auto& by = paths_[from][to];
  moment takes = by.latency + by.slower + static_cast<moment>(draw_.below(10));
  if (draw_.one_in(100))
    takes += static_cast<moment>(draw_.below(1000)); // sent again by TCP
  return std::max(now + takes, behind.empty() ? 0 : behind.back().arrives);
}

void network::send(size_t from, peer_outbound what, moment now) {
  auto at = std::find(names_.begin(), names_.end(), what.peer);
  if (at == names_.end() || !there_[from])
    return;
  auto to = static_cast<size_t>(at - names_.begin());
  packet out{0, peer::encode(what.what)};
  if (what.ours) {
    auto& by = of(from, to);
    if (by.up) {
      out.arrives = arrival(by.out, from, to, now);
      by.out.push_back(std::move(out));
    } else if (draw_.one_in(2)) { // before it is heard that the connection is down
      by.early.push_back(std::move(out));
    }
    return;
  }
  auto& by = of(to, from);
  if (!by.up || !by.heard_there || by.severed)
    return;
  out.arrives = arrival(by.back, from, to, now);
  by.back.push_back(std::move(out));
}

// --- connections
// ----------------------------------------------------------------------------------

void network::try_connect(connection& what, moment now) {
  const auto from = what.from, to = what.to;
  if (!there_[to] || paths_[from][to].cut || paths_[to][from].cut || !knows_[from][to] ||
      !knows_[to][from]) {
    what.try_at = now + 500 + static_cast<moment>(draw_.below(500));
    return;
  }
  what.up = true;
  what.severed = what.heard_there = false;
  what.ends = never;
  trace_.add(now, names_[from] + " => " + names_[to] + " connected");
  for (auto& each : std::exchange(what.early, {})) {
    each.arrives = arrival(what.out, from, to, now);
    what.out.push_back(std::move(each));
  }
  hear_(from, peer_connection{names_[to], true, true});
}

void network::end(connection& what, moment now, const char* why) {
  if (!what.up)
    return;
  trace_.add(now, names_[what.from] + " => " + names_[what.to] + " ended: " + why);
  what.up = what.heard_there = what.severed = false;
  what.out.clear();
  what.back.clear();
  what.ends = never;
  what.try_at = now + 100 + static_cast<moment>(draw_.below(400));
  if (there_[what.from])
    hear_(what.from, peer_connection{names_[what.to], true, false});
}

void network::cut(size_t from, size_t to, moment now) {
  paths_[from][to].cut = true;
  // Mostly noticed after a while; a connection nobody writes to may stay for long.
  auto patience = [this] {
    return static_cast<moment>(draw_.one_in(4) ? 60'000 : 500 + draw_.below(8000));
  };
  for (auto* each : {&of(from, to), &of(to, from)})
    if (each->up && each->ends == never)
      each->ends = now + patience();
}

void network::reset(size_t from, size_t to, moment now) { end(of(from, to), now, "reset"); }

void network::leave(size_t who, bool silently, moment now) {
  there_[who] = false;
  for (size_t other = 0; other < names_.size(); ++other) {
    if (other == who)
      continue;
    auto& made = of(who, other);
    made.up = made.heard_there = false;
    made.ends = made.try_at = never;
    made.out.clear();
    made.back.clear();
    made.early.clear();
    auto& got = of(other, who);
    got.out.clear(); // what it had sent and was under way still comes
    got.severed = got.up;
    if (got.up)
      got.ends = now + static_cast<moment>(silently ? 1000 + draw_.below(8000) : draw_.below(60));
  }
}

void network::enter(size_t who, moment now) {
  there_[who] = true;
  for (size_t other = 0; other < names_.size(); ++other)
    if (other != who)
      of(who, other).try_at = now + static_cast<moment>(draw_.below(200));
}

void network::know(size_t at, size_t who, bool known, moment now) {
  knows_[at][who] = known;
  if (known)
    return;
  end(of(at, who), now, "no longer a member");
  end(of(who, at), now, "refused");
}

// --- time
// -----------------------------------------------------------------------------------------

moment network::due_out(const connection& what) const {
  return what.up && !what.severed && !what.out.empty() && !paths_[what.from][what.to].cut
             ? what.out.front().arrives
             : never;
}

moment network::due_back(const connection& what) const {
  return what.up && !what.back.empty() && !paths_[what.to][what.from].cut
             ? what.back.front().arrives
             : never;
}

moment network::due(const connection& what) const {
  if (!what.up)
    return there_[what.from] ? what.try_at : never;
  return std::min({what.ends, due_out(what), due_back(what)});
}

moment network::next() const {
  moment out = never;
  for (const auto& each : connections_)
    out = std::min(out, due(each));
  return out;
}

void network::run(moment now) {
  while (deliver_first(now)) {
  }
}

bool network::deliver_first(moment now) {
  auto first = std::min_element(connections_.begin(), connections_.end(),
                                [&](auto& a, auto& b) { return due(a) < due(b); });
  auto& each = *first;
  if (due(each) > now)
    return false;
  if (!each.up) {
    try_connect(each, now);
  } else if (each.ends <= now) {
    const bool heals =
        !each.severed && !paths_[each.from][each.to].cut && !paths_[each.to][each.from].cut;
    if (heals)
      each.ends = never; // the cut was over before anybody gave up
    else
      end(each, now, "silence");
  } else {
    deliver(each, due_back(each) <= due_out(each), now);
  }
  return true;
}

void network::deliver(connection& by, bool back, moment now) {
  auto& queue = back ? by.back : by.out;
  auto what = std::move(queue.front());
  queue.pop_front();
  const auto from = back ? by.to : by.from, to = back ? by.from : by.to;
  size_t size = what.bytes.envelope.size();
  for (const auto& media : what.bytes.media)
    size += media.size();
  auto read = peer::decode(what.bytes.envelope, what.bytes.media);
  if (!read)
    throw std::runtime_error("a frame that a node sent can't be read: " + read.error().text);
  trace_.add(now, "  " + names_[from] + " -> " + names_[to] + " " +
                      std::string{peer::name_of(*read)} + " " + std::to_string(size));
  ++carried_;
  if (!back && !by.heard_there) {
    by.heard_there = true;
    hear_(to, peer_connection{names_[from], false, true});
  }
  hear_(to, peer_inbound{names_[from], back, std::move(*read)});
}

} // namespace restante::simulation
