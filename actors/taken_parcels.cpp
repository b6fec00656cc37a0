#include "actors/taken_parcels.hpp"

#include "actors/merge.hpp"
#include "schemas/checksum.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"

#include <algorithm>

namespace restante {

namespace {

bool same(const peer::media_row& a, const peer::media_row& b) {
  return a.message == b.message && a.part == b.part && a.size == b.size;
}

/// Only names: the settings themselves are for those who hold the mailbox.
bool only_names(const change& what) {
  auto rest = what.delta.profile;
  rest.aliases.clear();
  return what.what == cause::seeded && what.delta.messages.empty() && rest.empty() &&
         !what.delta.profile.aliases.empty();
}

bool is_greeting_of(const mailbox_state& described, const op::absorb::media& row) {
  return row.part < greeting_kinds &&
         described.profile.greetings[row.part].value.content == checksum(row.bytes.view());
}

/// What a later change of the batch has replaced. That each is what its own change describes was
/// seen before.
void leave_out_replaced_greetings(op::absorb& what) {
  std::erase_if(what.rows, [&](const op::absorb::media& row) {
    return !row.message && !is_greeting_of(what.delta, row);
  });
}

} // namespace

result<void> piece_collector::add(const peer::piece& what) {
  auto refuse = [this](const char* reason, const char* text) {
    clear();
    return fail(errc::invalid_request, reason, text);
  };
  if (what.offset == 0) {
    if (bytes_ + what.row.size > (limits::parts_max + greeting_kinds) * limits::media_bytes_max)
      return refuse("pieces_too_many", "more media in pieces than a message and greetings have");
    if (!all_.empty() && all_.back().bytes.size() != all_.back().row.size)
      return refuse("pieces_disordered", "pieces of another media before this one was whole");
    bytes_ += what.row.size;
    all_.push_back({what.mailbox, what.row, {}});
  }
  if (all_.empty() || all_.back().mailbox != what.mailbox || !same(all_.back().row, what.row) ||
      all_.back().bytes.size() != what.offset ||
      what.offset + what.row.bytes.size() > what.row.size || what.row.bytes.empty())
    return refuse("pieces_disordered", "a piece does not follow the one before");
  all_.back().bytes += what.row.bytes.view();
  return {};
}

std::optional<chunk> piece_collector::take(const mailbox_id& mailbox, const peer::media_row& row) {
  auto at = std::find_if(all_.begin(), all_.end(), [&](const open& each) {
    return each.mailbox == mailbox && same(each.row, row) && each.bytes.size() == row.size;
  });
  if (at == all_.end())
    return std::nullopt;
  bytes_ -= at->row.size;
  chunk out{std::move(at->bytes)};
  all_.erase(at);
  return out;
}

void piece_collector::clear() {
  all_.clear();
  bytes_ = 0;
}

result<taken_parcels> sort(const peer::batch& what, piece_collector& pieces) {
  taken_parcels out;
  for (const auto& entry : what.entries) {
    auto read = decode_change(entry.change);
    if (!read)
      return fail(errc::invalid_request, "change_unreadable",
                  "a change that was shipped can't be read: " + read.error().text);
    const auto& profile = read->delta.profile;
    if (!profile.aliases.empty())
      out.learnt.push_back({read->mailbox, read->owner, read->region, profile.aliases});
    if (only_names(*read))
      continue;
    auto& box = out.mailboxes[read->mailbox];
    if (read->what != cause::seeded)
      box.changed_in.push_back({read->region, read->location, read->left});
    box.moved = box.moved || read->what == cause::located || !profile.location.at.unset();
    box.what.delta.id = read->mailbox;
    merge(box.what.delta, read->delta);
    for (const auto& row : entry.media) {
      auto bytes = row.in_pieces ? pieces.take(read->mailbox, row) : std::optional{row.bytes};
      if (!bytes)
        return fail(errc::invalid_request, "pieces_missing",
                    "media that should have come in pieces did not");
      box.what.rows.push_back({row.message, row.part, std::move(*bytes)});
      if (!row.message && !is_greeting_of(read->delta, box.what.rows.back()))
        return fail(errc::invalid_request, "media_mismatch",
                    "a greeting that came with a change is not the one it describes");
    }
  }
  for (auto& [id, box] : out.mailboxes)
    leave_out_replaced_greetings(box.what);
  return out;
}

} // namespace restante
