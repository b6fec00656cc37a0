#include "benchmarks/progress.hpp"

#include <csignal>
#include <cstdio>
#include <stdexcept>

namespace restante::bench {

namespace {

using clock = std::chrono::steady_clock;
volatile std::sig_atomic_t interrupted = 0;

} // namespace

void heed_interrupts() {
  struct sigaction mark {};
  mark.sa_handler = [](int) { interrupted = 1; };
  sigaction(SIGINT, &mark, nullptr);
  sigaction(SIGTERM, &mark, nullptr);
}

void end_if_interrupted() {
  if (interrupted != 0)
    throw std::runtime_error("interrupted");
}

progress::progress(const char* doing, size_t total)
    : doing_{doing}
    , total_{total}
    , began_{clock::now()}
    , told_{began_} {}

progress::~progress() {
  say();
  std::fputc('\n', stderr);
}

void progress::reached(size_t done) {
  end_if_interrupted();
  done_ = done;
  if (clock::now() - told_ < std::chrono::seconds{1})
    return;
  told_ = clock::now();
  say();
}

void progress::say() const {
  double spent = std::chrono::duration<double>(clock::now() - began_).count();
  std::fprintf(stderr, "\r%s %zu of %zu", doing_, done_, total_);
  if (done_ > 0 && done_ < total_)
    std::fprintf(stderr, ", %.0f s left   ",
                 spent * static_cast<double>(total_ - done_) / static_cast<double>(done_));
  else
    std::fprintf(stderr, ", %.1f s      ", spent);
}

} // namespace restante::bench
