#include "tests/simulation/history.hpp"

#include "tests/simulation/clients.hpp"
#include "tests/simulation/weather.hpp"

#include <algorithm>

namespace restante::simulation {

namespace {

struct shape {
  std::vector<std::string> regions; // of each node
  size_t replicas;
};

const std::vector<shape>& shapes() {
  static const std::vector<shape> all{
      {{"eu1", "us1", "ap1"}, 1},        {{"eu1", "eu1"}, 2},
      {{"eu1", "eu1", "us1"}, 2},        {{"eu1", "eu1", "eu1"}, 2},
      {{"eu1", "eu1", "us1", "us1"}, 2}, {{"eu1", "eu1", "us1", "ap1"}, 2},
  };
  return all;
}

constexpr moment look_every = 3'000;
constexpr moment rest_at_most = 180'000; // from healing on
constexpr size_t calm_one_in = 12;
/// What the policy allows, in numbers of its own (schemas/limits.hpp, pin_failures_lock).
constexpr size_t pins_allowed = 10;

class life {
public:
  life(uint64_t seed, trace& log)
      : draw_{seed}
      , calm_{draw_.one_in(calm_one_in)}
      , shape_{draw_.pick(shapes())}
      , lasts_{20'000 + static_cast<moment>(draw_.below(60'000))}
      , all_{shape_.regions, shape_.replicas, next_seed(), log}
      , clients_{all_, checker_, next_seed(), calm_}
      , weather_{all_, next_seed(), calm_}
      , steady_{everybody_holds() && !weather_.has(weather::disagreement)} {
    clients_.copies_stay = steady_;
    all_.on_rest = [this] { clients_.listen(); };
    all_.on_end = [this](size_t node) { clients_.hang_up(node); };
  }

  std::string plan() {
    std::string out;
    for (const auto& region : shape_.regions)
      out += region + " ";
    return out + "with " + std::to_string(shape_.replicas) + " copies: " + weather_.describe();
  }

  void run() {
    all_.run_until(3000); // they meet
    clients_.register_all(3);
    hashes_before_ = hashes();
    all_.run_until(all_.now() + 3000);
    weather_.begin(all_.now() + lasts_);
    clients_.begin(all_.now() + lasts_);
    for (const auto end = all_.now() + lasts_; all_.now() < end;) {
      all_.run_until(std::min(end, all_.now() + look_every));
      look();
    }
    weather_.clear();
    rest();
    look();
    for (size_t box = 0; box < clients_.boxes().size(); ++box)
      checker_.settled(box, copies_of(box, true), holders_of(box));
    checker_.all_told(calm_);
    checker_.pins_tried(hashes() - hashes_before_, pins_allowed);
    if (clients_.open() != 0)
      throw broken_promise{std::to_string(clients_.open()) + " requests were never answered"};
  }

  /// What the nodes say of themselves, into the trace: for who looks for the reason.
  void tell_figures() {
    for (size_t node = 0; node < all_.size(); ++node) {
      auto& at = all_[node];
      if (!at.running())
        continue;
      auto asked = at.ask(at.forwarder(), node_status_request{});
      at.work();
      auto* done = asked.answers() == 1 ? std::get_if<answer::status>(&asked.what()) : nullptr;
      std::string out = at.name() + ":";
      if (done != nullptr)
        for (const auto& [name, value] : done->figures)
          if (name.starts_with("peer.") || name.starts_with("cluster."))
            out += " " + name + "=" + value;
      all_.say(out);
    }
  }

  cluster& all() { return all_; }
  const promises& checker() const { return checker_; }

private:
  bool everybody_holds() const {
    return std::all_of(shape_.regions.begin(), shape_.regions.end(), [&](const auto& region) {
      return static_cast<size_t>(std::count(shape_.regions.begin(), shape_.regions.end(),
                                            region)) <= shape_.replicas;
    });
  }

  uint64_t next_seed() { return draw_.below(UINT64_MAX); }

  size_t hashes() {
    size_t sum = 0;
    for (size_t node = 0; node < all_.size(); ++node)
      sum += all_[node].hashes();
    return sum;
  }

  std::map<std::string, seen_copy> copies_of(size_t box, bool with_media) {
    std::map<std::string, seen_copy> out;
    const auto& id = clients_.boxes()[box];
    for (size_t node = 0; node < all_.size(); ++node) {
      auto seen = look_at(*all_[node].store, id, with_media);
      seen.given_up = all_[node].given_up(id);
      out.emplace(all_[node].name(), std::move(seen));
    }
    return out;
  }

  void look() {
    for (size_t box = 0; box < clients_.boxes().size(); ++box) {
      const auto copies = copies_of(box, false);
      std::vector<const seen_copy*> everywhere;
      for (const auto& [node, copy] : copies) {
        checker_.look(node, box, copy);
        everywhere.push_back(&copy);
      }
      checker_.look_for_lost(box, everywhere);
      if (steady_)
        look_at_positions(box, copies);
    }
  }

  /// What one at home takes for being on another's disk is there, at every moment.
  void look_at_positions(size_t box, const std::map<std::string, seen_copy>& copies) {
    for (size_t from = 0; from < all_.size(); ++from)
      for (size_t to = 0; to < all_.size(); ++to) {
        const auto& peer = all_[to];
        const auto& there = copies.at(peer.name());
        if (from != to && peer.where.region == clients_.home(box) && there.exists)
          checker_.shipped(all_[from].name(), peer.name(), there,
                           shipped_to(*all_[from].store, peer.name(), peer.where.incarnation,
                                      clients_.boxes()[box]));
      }
  }

  /// Who is to hold it when all see all: those at home, and where its subscriber is.
  std::set<std::string> holders_of(size_t box) {
    const placement places{std::make_shared<const membership>(all_[0].all_members()),
                           shape_.replicas};
    const auto partition = partition_of(clients_.boxes()[box]);
    std::set<std::string> out;
    auto add = [&](const std::string& region) {
      for (const auto* each : places.holders(region, partition))
        out.insert(each->name);
    };
    add(clients_.home(box));
    for (const auto& [node, copy] : copies_of(box, false))
      if (out.contains(node) && !copy.location.empty())
        add(copy.location);
    return out;
  }

  /// Until everything is as it is to be, or there was time enough.
  void rest() {
    const auto end = all_.now() + rest_at_most;
    while (all_.now() < end) {
      all_.run_until(all_.now() + 5000);
      try {
        for (size_t box = 0; box < clients_.boxes().size(); ++box)
          checker_.settled(box, copies_of(box, true), holders_of(box));
        checker_.all_told(false);
        if (clients_.open() == 0)
          return;
      } catch (const broken_promise&) { // not yet
      }
    }
  }

  random_source draw_;
  bool calm_;
  shape shape_;
  moment lasts_;
  promises checker_;
  cluster all_;
  clients clients_;
  weather weather_;
  bool steady_; // who holds a mailbox at home is the same for all, whomever they take for gone
  size_t hashes_before_ = 0;
};

} // namespace

history live_through(uint64_t seed, bool keep_trace) {
  history out;
  out.seed = seed;
  trace log{keep_trace};
  life one{seed, log};
  out.plan = one.plan();
  try {
    one.run();
  } catch (const std::exception& why) {
    out.broken = why.what();
    one.all().say("BROKEN: " + *out.broken);
    if (dynamic_cast<const broken_promise*>(&why) != nullptr)
      one.tell_figures();
  }
  out.hash = log.hash();
  out.lines = log.lines();
  out.lasted = one.all().now();
  out.acknowledged = one.checker().acknowledged();
  out.messages = one.all().net().carried();
  out.trace = log.kept();
  return out;
}

} // namespace restante::simulation
