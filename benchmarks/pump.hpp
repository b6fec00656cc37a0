// Keeps a fixed number of requests open at a server: the way every benchmark makes its load.
#pragma once

#include "bridges/client.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace restante::bench {

/// A server that is silent for so long has failed.
inline constexpr milliseconds patience{30'000};

/// Calls `make(number)`, which posts a request, for 0..total-1, keeps at most `window` of them
/// open, and hands each answer to `take`. Tells progress on standard error, once a second. Throws
/// std::runtime_error when the server does not answer.
template <class Make, class Take>
void pump(client& to, size_t total, size_t window, const char* doing, Make make, Take take) {
  using clock = std::chrono::steady_clock;
  size_t sent = 0, done = 0;
  auto told = clock::now();
  while (done < total) {
    while (sent < total && sent - done < window)
      make(sent++);
    auto got = to.receive(patience);
    if (!got || !*got)
      throw std::runtime_error(std::string{doing} + ": the server does not answer");
    take(**got);
    ++done;
    if (clock::now() - told >= std::chrono::seconds{1}) {
      told = clock::now();
      std::fprintf(stderr, "\r%s %zu of %zu ", doing, done, total);
    }
  }
  std::fprintf(stderr, "\r%s %zu of %zu \n", doing, done, total);
}

} // namespace restante::bench
