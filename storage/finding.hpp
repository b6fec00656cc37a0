// What a check or a repair has found, and what becomes of it. A store of ten million messages that
// has lost its media has as many findings: of each kind the first are kept, the rest is counted.
//
// Owner: a report; filled by one thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

/// What a repair makes of something found.
enum class fate : uint8_t {
  seen,    // a file: what it costs shows in the rows
  rebuilt, // brought back
  lost,
  unused, // left out, and nobody misses it
};
[[nodiscard]] std::string_view to_string(fate what);

struct finding {
  fate becomes = fate::seen;
  std::string where;   // a file, or a family and what of it
  std::string what;    // what is wrong with it
  std::string profile; // the mailbox concerned, by its profile id; may be empty
  std::string message; // the message concerned, in hex; may be empty
  uint32_t uid = 0;    // its number
  uint64_t rows = 1;   // that are concerned, at least: behind damage nobody can count
};

class finding_list {
public:
  /// Findings of one fate in one file or family that are kept.
  static constexpr uint64_t kept_max = 1000;

  void add(finding each);

  /// How many there are, kept or not.
  [[nodiscard]] uint64_t all() const;
  [[nodiscard]] uint64_t all(fate what) const { return by_fate_[static_cast<size_t>(what)]; }
  /// Rows that are lost, at least.
  [[nodiscard]] uint64_t lost_rows() const { return lost_rows_; }

  // Those that are kept, in the order they came.
  [[nodiscard]] bool empty() const { return kept_.empty(); }
  [[nodiscard]] size_t size() const { return kept_.size(); }
  [[nodiscard]] auto begin() const { return kept_.begin(); }
  [[nodiscard]] auto end() const { return kept_.end(); }
  [[nodiscard]] const finding& operator[](size_t at) const { return kept_[at]; }

  struct rest {
    fate becomes = fate::seen;
    std::string where; // the file or family
    uint64_t findings = 0;
  };
  /// What is not kept.
  [[nodiscard]] std::vector<rest> more() const;

private:
  std::vector<finding> kept_;
  std::map<std::pair<std::string, fate>, uint64_t> by_kind_;
  std::array<uint64_t, 4> by_fate_{};
  uint64_t lost_rows_ = 0;
};

} // namespace restante
