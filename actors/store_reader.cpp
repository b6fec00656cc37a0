#include "actors/store_reader.hpp"

#include "actors/handlers.hpp"
#include "storage/mailbox_rows.hpp"

namespace restante {

namespace {

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
                                               const std::shared_ptr<damage_teller>& desk) {
  install_handlers(self, [] {});
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
                                      std::shared_ptr<damage_teller> teller) {
  if (!teller)
    teller = std::make_shared<damage_teller>(logger{});
  if (detached)
    return system.spawn<caf::detached>(store_reader, std::move(store), std::move(teller));
  return system.spawn(store_reader, std::move(store), std::move(teller));
}

} // namespace restante
