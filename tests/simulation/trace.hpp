// What happened in one history, in order: a hash of all of it, by which two runs are compared, and
// the lines themselves when somebody wants to read them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace restante::simulation {

/// Milliseconds since a history's beginning; the same for all nodes, whatever their clocks say.
using moment = int64_t;

class trace {
public:
  explicit trace(bool keep) : keep_{keep} {}

  void add(moment at, std::string_view what) {
    char time[32];
    std::snprintf(time, sizeof time, "%10.3f  ", static_cast<double>(at) / 1000);
    take(time);
    take(what);
    take("\n");
    ++lines_;
    if (keep_)
      kept_.push_back(time + std::string{what});
  }

  [[nodiscard]] uint64_t hash() const { return hash_; }
  [[nodiscard]] uint64_t lines() const { return lines_; }
  [[nodiscard]] const std::vector<std::string>& kept() const { return kept_; }

private:
  void take(std::string_view bytes) { // FNV-1a
    for (auto byte : bytes)
      hash_ = (hash_ ^ static_cast<uint8_t>(byte)) * 1'099'511'628'211u;
  }

  bool keep_;
  uint64_t hash_ = 14'695'981'039'346'656'037u;
  uint64_t lines_ = 0;
  std::vector<std::string> kept_;
};

} // namespace restante::simulation
