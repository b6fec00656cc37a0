#include "storage/mailbox_rows.hpp"

#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

namespace restante {

namespace {

constexpr size_t page_rows = 1024;

} // namespace

result<mailbox_state> load_mailbox(const kv_store& store, const mailbox_id& id) {
  mailbox_state out;
  out.id = id;
  auto profile = store.get(family::profiles, profile_key(id));
  if (!profile)
    return tl::unexpected<failure>{profile.error()};
  if (!*profile)
    return out;
  auto decoded = decode_profile((*profile)->view());
  if (!decoded)
    return tl::unexpected<failure>{decoded.error()};
  out.profile = std::move(*decoded);
  auto prefix = mailbox_prefix(id);
  std::string from;
  for (;;) {
    auto page = store.scan(family::messages, prefix, from, page_rows);
    if (!page)
      return tl::unexpected<failure>{page.error()};
    size_t bytes = 0;
    for (const auto& entry : *page) {
      bytes += entry.value.size();
      auto message = decode_message(entry.value);
      if (!message)
        return tl::unexpected<failure>{message.error()};
      auto key = message->id;
      out.messages.emplace(key, std::move(*message));
    }
    if (page->size() < page_rows && bytes < scan_page_bytes) // mostly the first page is the last
      return out;
    from = key_after(page->back().key);
  }
}

void append_state_rows(std::vector<row>& rows, const mailbox_state& delta,
                       const profile_state& after) {
  if (!delta.profile.empty())
    append_profile_row(rows, delta.id, after);
  for (const auto& [id, message] : delta.messages)
    rows.push_back(row::put(family::messages, message_key(delta.id, id), encode(message)));
}

void append_profile_row(std::vector<row>& rows, const mailbox_id& id, const profile_state& value) {
  rows.push_back(row::put(family::profiles, profile_key(id), encode(value)));
}

void append_removal_rows(std::vector<row>& rows, const mailbox_state& of) {
  for (const auto& [id, message] : of.messages)
    rows.push_back(row::remove(family::messages, message_key(of.id, id)));
}

void append_outbox_row(std::vector<row>& rows, const notification& told) {
  rows.push_back(row::put(family::outbox, outbox_key(static_cast<uint64_t>(told.due_at), told.id),
                          encode(told)));
}

} // namespace restante
