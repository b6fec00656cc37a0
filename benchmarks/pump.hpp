// The two ways in which every benchmark makes its load: a fixed number of requests open at a time,
// which tells what a server can do, or a fixed number sent a second, which tells how long one waits
// at a load it can bear.
#pragma once

#include "benchmarks/progress.hpp"
#include "bridges/client.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace restante::bench {

/// A server that is silent for so long has failed.
inline constexpr milliseconds patience{30'000};

/// Calls `make(number)`, which posts a request, for 0..total-1, keeps at most `window` of them
/// open, and hands each answer to `take`. Throws std::runtime_error when the server does not
/// answer.
template <class Make, class Take>
void pump(client& to, size_t total, size_t window, const char* doing, Make make, Take take) {
  progress told{doing, total};
  size_t sent = 0;
  for (size_t done = 0; done < total; told.reached(++done)) {
    while (sent < total && sent - done < window)
      make(sent++);
    auto got = to.receive(patience);
    if (!got || !*got)
      throw std::runtime_error(std::string{doing} + ": the server does not answer");
    take(**got);
  }
}

/// Calls `make(number, due)` when each request is due, evenly `rate` a second, whatever is answered
/// meanwhile. The client looks for answers when it sends and every 0.1 ms.
template <class Make, class Take>
void pace(client& to, size_t total, size_t rate, const char* doing, Make make, Take take) {
  using clock = std::chrono::steady_clock;
  constexpr auto look = std::chrono::microseconds{100};
  progress told{doing, total};
  auto began = clock::now(), heard = began;
  auto due = [&](size_t number) {
    const std::chrono::duration<double> after{static_cast<double>(number) /
                                              static_cast<double>(rate)};
    return began + std::chrono::duration_cast<clock::duration>(after);
  };
  size_t sent = 0, done = 0;
  while (done < total) {
    const auto answers_due = clock::now() + look;
    for (; sent < total && due(sent) <= clock::now() && clock::now() < answers_due; ++sent)
      make(sent, due(sent));
    while (auto got = to.receive(milliseconds{0})) {
      if (!*got)
        throw std::runtime_error(std::string{doing} + ": the server's answer can't be read");
      take(**got);
      heard = clock::now();
      told.reached(++done);
    }
    auto now = clock::now();
    if (now - heard > patience)
      throw std::runtime_error(std::string{doing} + ": the server does not answer");
    std::this_thread::sleep_until(sent < total ? std::min(due(sent), now + look) : now + look);
  }
}

} // namespace restante::bench
