#include "benchmarks/filled_node.hpp"

#include "benchmarks/mailboxes.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

namespace restante::bench {

namespace {

constexpr size_t filling_window = 256;

operation of_mailbox(const std::string& profile, mailbox_op what) {
  return ask::of_mailbox{{subscriber_ref::by::profile, profile}, std::move(what)};
}

} // namespace

filled_node::filled_node(size_t mailboxes, size_t size, const std::filesystem::path& under)
    : node_{under}
    , media_{size}
    , size_{size} {
  auto to = node_.connect();
  profiles_ = make_mailboxes(to, mailboxes);
  std::shuffle(profiles_.begin(), profiles_.end(), std::mt19937_64{mailboxes});
  if (deposits(mailboxes, filling_window, "first messages").refused != 0)
    throw std::runtime_error("the node refuses deposits into mailboxes just made");
}

load_figures filled_node::ask_all(load_shape how,
                                  const std::function<operation(size_t number)>& what) {
  how.bytes_each = size_;
  how.server = node_.process();
  auto to = node_.connect();
  return measure(to, how, what);
}

load_figures filled_node::deposits(size_t count, size_t window, const char* doing) {
  auto out = ask_all({doing, count, window}, [&](size_t number) {
    return media_.deposit_into(
        {subscriber_ref::by::profile, profiles_[(next_ + number) % profiles_.size()]}, number);
  });
  next_ = (next_ + count) % profiles_.size();
  return out;
}

load_figures filled_node::deposits_again(size_t count, size_t window, const char* doing) {
  next_ = (next_ + profiles_.size() - count % profiles_.size()) % profiles_.size();
  return deposits(count, window, doing);
}

load_figures filled_node::retrievals(size_t window, const char* doing) {
  return ask_all({doing, profiles_.size(), window}, [&](size_t number) {
    op::retrieve what;
    what.message.uid = 1;
    what.delivered_to = "web page";
    return of_mailbox(profiles_[number], std::move(what));
  });
}

void filled_node::load(size_t from, size_t to) {
  auto done = ask_all({"mailboxes loaded", to - from}, [&](size_t number) {
    return of_mailbox(profiles_[from + number], op::describe{});
  });
  if (done.refused != 0)
    throw std::runtime_error("the node refuses to look at mailboxes");
}

} // namespace restante::bench
