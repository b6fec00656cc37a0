// Nodes that look for each other in a real etcd: what each was told, and what it logged.
#pragma once

#include "cluster/etcd_members.hpp"
#include "cluster/etcd_membership.hpp"
#include "tests/cluster/etcd_process.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <mutex>

namespace restante::etcd_tests {

inline const std::string prefix = "/restante/";

/// Of lane 1: "paris-1" at port 5611, with a key of its own.
inline member sample_member(uint32_t lane) {
  return {.name = "paris-" + std::to_string(lane),
          .region = "eu1",
          .address = "tcp://10.0.0.1:" + std::to_string(5610 + lane),
          .public_key = std::string(32, static_cast<char>('0' + lane)),
          .lane = lane};
}

/// A node as far as etcd is concerned.
class etcd_node {
public:
  etcd_node(member self, std::vector<std::string> endpoints, std::chrono::seconds grace)
      : name_{self.name}
      , seen_{std::make_unique<etcd_membership>(
            etcd_membership_options{std::move(self), std::move(endpoints), prefix, grace,
                                    logger{log(), "debug"}, [this](auto now) { take(now); }})} {}

  etcd_membership* operator->() { return seen_.get(); }
  [[nodiscard]] std::filesystem::path log() const { return dir_.path() / "log"; }

  /// What it was told last; null at first.
  [[nodiscard]] std::shared_ptr<const membership> now() const {
    const std::lock_guard lock{mutex_};
    return told_.empty() ? nullptr : told_.back();
  }
  [[nodiscard]] size_t times_told() const {
    const std::lock_guard lock{mutex_};
    return told_.size();
  }
  /// "paris-1 paris-2(gone) paris-3(draining)".
  [[nodiscard]] std::string members() const {
    std::string out;
    const auto all = now();
    for (const auto& each : all ? all->members : std::vector<member>{})
      out += (out.empty() ? "" : " ") + each.name + (each.alive ? "" : "(gone)") +
             (each.draining ? "(draining)" : "");
    return out;
  }
  void expect(const std::string& wanted) const {
    BOOST_TEST(becomes([&] { return members() == wanted; }),
               name_ << " sees '" << members() << "', not '" << wanted << "'");
  }

  [[nodiscard]] size_t logged(const std::string& text) const {
    const auto all = etcd_process::text_of(log());
    size_t count = 0;
    for (size_t at = 0; (at = all.find(text, at)) != all.npos; at += text.size())
      ++count;
    return count;
  }
  void expect_logged(const std::string& text) const {
    BOOST_TEST(becomes([&] { return logged(text) > 0; }), text << " is not in the log of " << name_
                                                               << ":\n"
                                                               << etcd_process::text_of(log()));
  }

  /// It began and it ended, or began with the node; a busy machine may have had more than the test
  /// made.
  void expect_each_outage_logged_once() const {
    const auto all = etcd_process::text_of(log());
    constexpr std::string_view lost = "\"etcd_unreachable\"", found = "\"etcd_reached\"";
    bool away = false;
    for (size_t at = 0; (at = all.find("\"etcd_", at)) != all.npos; ++at) {
      const auto rest = std::string_view{all}.substr(at);
      BOOST_TEST(!(away && rest.starts_with(lost)), all);
      away = rest.starts_with(lost) || (away && !rest.starts_with(found));
    }
    BOOST_TEST(logged("etcd_unreachable") > 0U);
  }

private:
  void take(std::shared_ptr<const membership> now) {
    const std::lock_guard lock{mutex_};
    told_.push_back(std::move(now));
  }

  std::string name_;
  temp_dir dir_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const membership>> told_;
  std::unique_ptr<etcd_membership> seen_; // goes first: it tells
};

struct etcd_fixture {
  etcd_process etcd;
  /// Short, so that gone is soon; not so short that a machine that is busy looks like one that is
  /// gone.
  std::chrono::seconds grace{3};

  [[nodiscard]] etcd_node node(member self) const {
    return {std::move(self), {etcd.endpoint()}, grace};
  }
  [[nodiscard]] etcd_node node(uint32_t lane) const { return node(sample_member(lane)); }

  /// Somebody else's write, which stays.
  void write(const std::string& key, const std::string& value) const {
    etcd_gateway gateway{{etcd.endpoint()}, 2s};
    const auto seen = etcd_read(gateway, prefix, key);
    BOOST_REQUIRE(seen.has_value());
    const auto before = seen->entry ? seen->entry->modified : 0;
    const std::array all{etcd_entry{key, value, 0, 0, before}};
    const auto put = etcd_put(gateway, all, 0);
    BOOST_REQUIRE(put.has_value() && *put);
  }
};

} // namespace restante::etcd_tests
