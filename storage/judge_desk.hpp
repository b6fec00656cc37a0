// What every part of a judgement needs: the view, the words, the rows that are handed on; and the
// families whose rows stand for themselves. Part of row_judge; nothing else includes this.
#pragma once

#include "storage/keys.hpp"
#include "storage/row_judge.hpp"

#include <set>

namespace restante {

class judge_desk {
public:
  judge_desk(store_view& view, const judging& how);

  void found(fate becomes, std::string where, std::string what, std::string whose = {});
  void keep(family in, std::string_view key, std::string value);
  /// One row was read.
  void count(family in);

  /// Goes over a family only to see where it cannot be read.
  [[nodiscard]] std::vector<key_gap> gaps_of(family in);
  void tell_gaps(family in, const std::vector<key_gap>& gaps, fate becomes,
                 const std::string& what);
  /// Numbers that should be there, but for those the last repair has told of.
  void missing(const char* family, uint64_t first, uint64_t last, uint64_t known,
               const char* meaning);

  /// When tables are missing: of a store with mailboxes, whether a numbered family has any row.
  void ask_for(const char* family, uint64_t last, uint64_t known_up_to, const char* meaning);

  /// How many numbers of a family may have been given out behind the last that can be read, whose
  /// key this is. `cut`: what stands behind it can't be read.
  [[nodiscard]] uint64_t may_follow(family in, const std::optional<std::string>& last,
                                    bool cut) const;

  // Families whose rows nothing refers to.
  void records();
  void outbox();
  void archive();
  void accounts();
  /// Behind the change log, whose newest stamp and last number it needs.
  void meta(uint64_t newest_hlc);

  store_view& view;
  judged done;
  numbering_floor known;                      // what the last repair left
  std::set<std::string, std::less<>> tenants; // of mailboxes; `meta` strikes out those it knows
  uint64_t changes_behind = 0;                // may have followed the last

private:
  template <class Right>
  void plain(family in, const std::string& what, Right right);
  void meta_row(std::string_view name, std::string_view value);
  void tenant_row(std::string_view name, std::string_view value);
  void cursor_row(std::string_view name, std::string_view value);
  void tell_behind(const char* family, uint64_t last, uint64_t behind, bool sure);

  const judging& how_;
  uint64_t hlc_ = 0;
  uint64_t records_behind_ = 0;
};

/// A profile id, or the mailbox id in hex while its region is not known.
[[nodiscard]] std::string profile_text(const std::string& region, const mailbox_id& id);

} // namespace restante
