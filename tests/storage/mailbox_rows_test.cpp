#include "storage/mailbox_rows.hpp"
#include "storage/memory_store.hpp"

#include <boost/test/unit_test.hpp>

namespace restante {

namespace {

/// A mailbox with so many messages, each with a caller of so many bytes.
mailbox_state filled(size_t messages, size_t caller_bytes) {
  mailbox_state out;
  out.id.bytes.fill(7);
  out.profile.tenant = "acme";
  for (size_t i = 0; i < messages; ++i) {
    message_record one;
    one.id.bytes[0] = static_cast<uint8_t>(i >> 8);
    one.id.bytes[1] = static_cast<uint8_t>(i);
    one.uid = static_cast<uint32_t>(i + 1);
    one.caller.assign(caller_bytes, 'c');
    out.messages.emplace(one.id, std::move(one));
  }
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(mailbox_rows)

BOOST_AUTO_TEST_CASE(a_mailbox_of_any_size_is_loaded_whole) {
  // Pages end after 1,024 rows, or after scan_page_bytes before that.
  for (auto [messages, caller_bytes] : {std::pair<size_t, size_t>{0, 1},
                                        {1, 1},
                                        {1'023, 1},
                                        {1'024, 1},
                                        {1'025, 1},
                                        {2'500, 1},
                                        {2'500, 1'100}}) {
    auto whole = filled(messages, caller_bytes);
    memory_store store;
    std::vector<row> rows;
    append_state_rows(rows, whole, whole.profile);
    BOOST_REQUIRE(store.commit(kv_store::group{rows}));
    auto loaded = load_mailbox(store, whole.id);
    BOOST_REQUIRE(loaded);
    BOOST_TEST((*loaded == whole), messages << " messages");
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace restante
