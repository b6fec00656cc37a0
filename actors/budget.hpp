// What is held of something bounded (requests under way, their bytes, media on their way out),
// counted at every level: a client's, its tenant's, everybody's.
//
// Invariants: a meter shows what its leases and those of the meters below it hold; a lease gives
// back exactly what it took, once, on whatever thread its owner ends. Meters may be used from any
// thread; `budget::of` from one. With `fits`, bounds are looked at before taking, so that several
// threads that take at once can pass them by what each of them takes; with `lease::within` one
// does. Owner: a bridge; leases live as long as what they stand for.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace restante {

class meter {
public:
  explicit meter(size_t most, std::shared_ptr<meter> whole = nullptr)
      : most_{most}
      , whole_{std::move(whole)} {}

  /// Whether `amount` more stays within `times` the bounds, here and at every level above.
  [[nodiscard]] bool fits(size_t amount, size_t times = 1) const {
    return held() + amount <= most_ * times && (!whole_ || whole_->fits(amount, times));
  }

  [[nodiscard]] size_t held() const { return held_.load(std::memory_order_acquire); }

  void take(size_t amount) {
    held_.fetch_add(amount, std::memory_order_relaxed);
    if (whole_)
      whole_->take(amount);
  }

  /// Takes `amount` unless a bound is passed already. So one taker at a time may pass it, and what
  /// is larger than a bound can be had alone.
  [[nodiscard]] bool admit(size_t amount) {
    if (held_.fetch_add(amount, std::memory_order_acq_rel) <= most_ &&
        (!whole_ || whole_->admit(amount)))
      return true;
    held_.fetch_sub(amount, std::memory_order_release);
    return false;
  }

  void give_back(size_t amount) {
    held_.fetch_sub(amount, std::memory_order_release);
    if (whole_)
      whole_->give_back(amount);
  }

private:
  std::atomic<size_t> held_{0};
  size_t most_;
  std::shared_ptr<meter> whole_;
};

/// An amount held of a meter until the lease ends.
class lease {
public:
  lease() = default;
  lease(std::shared_ptr<meter> of, size_t amount) : of_{std::move(of)}, amount_{amount} {
    of_->take(amount_);
  }
  /// Nothing where a bound is passed already (meter::admit).
  [[nodiscard]] static std::optional<lease> within(const std::shared_ptr<meter>& of,
                                                   size_t amount) {
    if (!of->admit(amount))
      return std::nullopt;
    lease out;
    out.of_ = of;
    out.amount_ = amount;
    return out;
  }
  lease(lease&& other) noexcept : of_{std::exchange(other.of_, nullptr)}, amount_{other.amount_} {}
  lease& operator=(lease&& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(amount_, other.amount_);
    return *this;
  }
  ~lease() {
    if (of_)
      of_->give_back(amount_);
  }

private:
  std::shared_ptr<meter> of_;
  size_t amount_ = 0;
};

/// A bound for all tenants together and one for each.
class budget {
public:
  budget(size_t most, size_t most_of_tenant)
      : all_{std::make_shared<meter>(most)}
      , most_of_tenant_{most_of_tenant} {}

  [[nodiscard]] const std::shared_ptr<meter>& of(const std::string& tenant) {
    auto& found = tenants_[tenant];
    if (!found)
      found = std::make_shared<meter>(most_of_tenant_, all_);
    return found;
  }

  [[nodiscard]] size_t held() const { return all_->held(); }

private:
  std::shared_ptr<meter> all_;
  size_t most_of_tenant_;
  std::unordered_map<std::string, std::shared_ptr<meter>> tenants_;
};

/// What a request holds of the budgets of the bridge it came by, for as long as anything of it is
/// alive.
struct request_share {
  request_share() = default;
  request_share(const request_share&) = delete;
  request_share& operator=(const request_share&) = delete;
  virtual ~request_share() = default;

  /// Where the media of its answer count, from before they are read until its client has them.
  std::shared_ptr<meter> replies;
};
using request_share_ptr = std::shared_ptr<const request_share>;

} // namespace restante
