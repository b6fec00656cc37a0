#include "cluster/store_keys.hpp"

#include "storage/keys.hpp"

namespace restante {

namespace {

std::string fingerprint(const secret_key& key) {
  constexpr std::string_view purpose[] = {"restante fingerprint of a key"};
  return std::string{keyed_digest(key, purpose).view()};
}

} // namespace

result<void> check_keys_of(kv_store& store, const node_keys& keys) {
  const auto identity = fingerprint(keys.identity), pepper = fingerprint(keys.pepper);
  auto row = store.get(family::meta, meta_key("keys"));
  if (!row)
    return tl::unexpected<failure>{row.error()};
  if (!*row) {
    restante::row made[] = {row::put(family::meta, meta_key("keys"), identity + pepper)};
    return store.commit(made);
  }
  const auto known = (*row)->view();
  if (known == identity + pepper)
    return {};
  const bool identity_fits = known.starts_with(identity), pepper_fits = known.ends_with(pepper);
  const std::string others = identity_fits && !pepper_fits   ? "pepper.key is"
                             : pepper_fits && !identity_fits ? "identity.key is"
                                                             : "identity.key and pepper.key are";
  return fail(errc::conflict, "keys_of_another_node",
              others + " not what these data were made with: restore the keys from the same backup "
                       "as the data");
}

} // namespace restante
