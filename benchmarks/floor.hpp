// The floor: the least program that does a durable deposit with the parts the engine is made of. It
// says what a machine has to give, and so what the engine's own work costs.
//
// One thread: takes what its ROUTER socket has, puts a media, a header and a change row for each
// deposit into one RocksDB batch, writes it with one sync, answers. The database is set up as the
// store's (storage/rocks_options.hpp), so tuning that moves both. Keys are spread like those of
// mailboxes, by a checksum of the envelope; the header is the envelope as it came, the change
// names it.
//
// It decodes nothing: it reads the correlation at the place the schema gives it and answers with
// one encoded reply in which only the correlation changes. The real client sends, and accepts that
// answer, so its cost is the same on both sides; the engine's codecs are part of what is measured,
// and making them faster does not move the floor.
//
// What it leaves out: who asks, whether the media are sound, whether the deposit is a repeat, the
// mailbox, notification, charging record, feed; everything but durability. With CURVE it lets in
// any key.
#pragma once

#include "benchmarks/site.hpp"

#include <cstdint>
#include <memory>

namespace restante::bench {

class floor_server {
public:
  /// Starts it. Throws std::runtime_error or zmq::error_t.
  explicit floor_server(const site& where);
  ~floor_server();
  floor_server(const floor_server&) = delete;
  floor_server& operator=(const floor_server&) = delete;

  /// What a client needs to reach it.
  [[nodiscard]] const identity& depositor() const { return depositor_; }

  /// Ends it, once; the number of deposits in its store. Throws what ended it early.
  [[nodiscard]] uint64_t finish();

private:
  struct running;

  scratch home_; // goes last: the database is in it
  std::unique_ptr<running> running_;
  identity depositor_;
};

} // namespace restante::bench
