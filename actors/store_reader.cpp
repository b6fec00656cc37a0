#include "actors/store_reader.hpp"

#include "actors/handlers.hpp"
#include "storage/mailbox_rows.hpp"

#include <set>

namespace restante {

namespace {

constexpr size_t told_max = 1000; // a dying disk is not to fill the memory

/// The operator hears of each damaged place once, in the store's words; who asked, that it is so.
class teller {
public:
  explicit teller(logger log) : log_{std::move(log)} {}

  template <class Value>
  result<Value> told(result<Value> read) {
    if (read || read.error().code != errc::storage_failure)
      return read;
    auto& why = read.error();
    if (told_.size() < told_max && told_.insert(why.text).second)
      log_.error(why.reason, {{"text", why.text}});
    why.text = "what is stored can't be read: the operator has been told";
    return read;
  }

private:
  logger log_;
  std::set<std::string> told_;
};

get_reply get(const kv_store& store, const get_request& what) {
  std::vector<std::optional<chunk>> values;
  values.reserve(what.rows.size());
  for (const auto& name : what.rows) {
    auto value = store.get(name.in, name.key);
    if (!value)
      return {tl::unexpected<failure>{value.error()}};
    values.push_back(std::move(*value));
  }
  return {std::move(values)};
}

page_reply page(const kv_store& store, const page_request& what) {
  if (what.limit != 0)
    return {store.scan(what.in, what.prefix, what.from, what.limit)};
  auto newest = store.last(what.in);
  if (!newest)
    return {tl::unexpected<failure>{newest.error()}};
  std::vector<key_value> out;
  if (*newest)
    out.push_back(std::move(**newest));
  return {std::move(out)};
}

store_reader_actor::behavior_type store_reader(store_reader_actor::pointer self,
                                               const std::shared_ptr<const kv_store>& store,
                                               const logger& log) {
  install_handlers(self, [] {});
  auto desk = std::make_shared<teller>(log);
  return {
      [store, desk](const load_request& what) {
        return load_reply{desk->told(load_mailbox(*store, what.id))};
      },
      [store, desk](const get_request& what) {
        return get_reply{desk->told(get(*store, what).values)};
      },
      [store, desk](const page_request& what) {
        return page_reply{desk->told(page(*store, what).page)};
      },
  };
}

} // namespace

store_reader_actor spawn_store_reader(caf::actor_system& system,
                                      std::shared_ptr<const kv_store> store, bool detached,
                                      logger log) {
  if (detached)
    return system.spawn<caf::detached>(store_reader, std::move(store), std::move(log));
  return system.spawn(store_reader, std::move(store), std::move(log));
}

} // namespace restante
