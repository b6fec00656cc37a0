#include "benchmarks/floor.hpp"

#include "schemas/checksum.hpp"
#include "schemas/limits.hpp"
#include "schemas/wire_codec.hpp"
#include "storage/rocks_options.hpp"
#include "storage/rocks_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <zmq.hpp>

#include <array>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>

namespace restante::bench {

namespace {

constexpr uint64_t rows_per_deposit = 3;
/// Behind the table of segments and the root pointer, eight bytes each, in requests and replies.
constexpr size_t correlation_at = 16;
/// The engine's groups have the same bounds (schemas/limits.hpp).
constexpr size_t burst_max = limits::group_commits_max;
constexpr size_t burst_bytes_max = limits::group_bytes_max;

struct message {
  zmq::message_t client, envelope, media;
};

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
rocksdb::Slice slice(const zmq::message_t& frame) { return slice(frame.to_string_view()); }

std::array<char, 8> big_endian(uint64_t number) {
  std::array<char, 8> out;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(number >> (56 - 8 * i));
  return out;
}

/// An acknowledgement with every field set, as the engine's is.
std::string acknowledgement(uint64_t correlation) {
  answer::deposited what;
  what.message = *message_id::from(std::string(16, 'm'));
  what.uid = what.duration_ms = what.sequence = 1;
  return encode_reply({correlation, what}).envelope;
}

/// The place is fixed by the schema, which is not of this folder.
void check_correlation_place() {
  constexpr uint64_t mark = 0x0123456789ABCDEF;
  request asked;
  asked.correlation = mark;
  asked.request_id = "floor";
  asked.what = ask::of_mailbox{{subscriber_ref::by::profile, "floor"}, op::deposit{}};
  for (const auto& envelope : {encode_request(asked).envelope, acknowledgement(mark)})
    if (std::memcmp(envelope.data() + correlation_at, &mark, sizeof mark) != 0)
      throw std::runtime_error("the correlation has moved in the envelopes: correct the floor");
}

} // namespace

struct floor_server::running {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::router}; // of the thread, once that runs
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles; // messages, media, changes, default
  rocksdb::WriteBatch batch;                         // kept: its memory is the largest allocation
  std::vector<message> burst;
  std::string reply = acknowledgement(1);
  uint64_t sequence = 0;
  uint64_t before = 0; // rows of the database itself
  std::exception_ptr ended_by;
  std::thread thread;

  ~running() {
    stop();
    for (auto* handle : handles)
      db->DestroyColumnFamilyHandle(handle);
  }

  void bind(const site& where, const std::filesystem::path& home, const secret_key& key) {
    using namespace zmq::sockopt;
    socket.set(linger, 0);
    socket.set(sndhwm, 0); // as the engine's: a bound would drop answers
    if (where.curve) {
      socket.set(curve_server, true);
      socket.set(curve_secretkey, z85_of(key));
    }
    socket.bind(bind_address(where, home));
  }

  void open(const std::filesystem::path& directory) {
    auto cache = rocksdb::NewLRUCache(rocks_store::options{}.cache_bytes);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (auto in : {family::messages, family::media, family::changes})
      families.emplace_back(std::string{to_string(in)}, family_options(in, cache));
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options(family::meta, cache));
    auto how = database_options(directory);
    how.create_if_missing = true;
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(how, directory.string(), families, &handles, &opened));
    db.reset(opened);
    before = db->GetLatestSequenceNumber();
  }

  static void check(const rocksdb::Status& status) {
    if (!status.ok())
      throw std::runtime_error("the floor's database: " + status.ToString());
  }

  void start() {
    thread = std::thread{[this] {
      try {
        for (;;) {
          take_burst();
          store();
          answer();
        }
      } catch (const zmq::error_t& e) {
        if (e.num() != ETERM) // the way it is told to end
          ended_by = std::current_exception();
      } catch (...) {
        ended_by = std::current_exception();
      }
      socket.close();
    }};
  }

  void stop() {
    context.shutdown();
    if (thread.joinable())
      thread.join();
  }

  /// Waits for a message, then takes what is there.
  void take_burst() {
    burst.clear();
    size_t bytes = 0;
    auto flags = zmq::recv_flags::none;
    while (burst.size() < burst_max && bytes < burst_bytes_max) {
      message next;
      if (!socket.recv(next.client, flags))
        break;
      (void)socket.recv(next.envelope); // the rest of a message is there with its first frame
      if (next.envelope.more())
        (void)socket.recv(next.media);
      if (!next.envelope.more() || next.media.more() ||
          next.envelope.size() < correlation_at + sizeof(uint64_t))
        throw std::runtime_error("the floor takes deposits with one medium, nothing else");
      bytes += next.envelope.size() + next.media.size();
      burst.push_back(std::move(next));
      flags = zmq::recv_flags::dontwait;
    }
  }

  void store() {
    batch.Clear();
    for (const auto& entry : burst) {
      auto id = checksum(entry.envelope.to_string_view());
      auto number = big_endian(++sequence);
      check(batch.Put(handles[0], slice(id.view()), slice(entry.envelope)));
      check(batch.Put(handles[1], slice(id.view()), slice(entry.media)));
      check(batch.Put(handles[2], {number.data(), number.size()}, slice(id.view())));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    check(db->Write(options, &batch));
  }

  void answer() {
    for (auto& entry : burst) {
      std::memcpy(reply.data() + correlation_at,
                  static_cast<const char*>(entry.envelope.data()) + correlation_at,
                  sizeof(uint64_t));
      (void)socket.send(entry.client, zmq::send_flags::sndmore);
      (void)socket.send(zmq::buffer(reply), zmq::send_flags::none);
    }
  }
};

floor_server::floor_server(const site& where)
    : home_{where.directory}
    , running_{std::make_unique<running>()} {
  check_correlation_place();
  auto server_key = random_key();
  running_->open(home_.path() / "data");
  running_->bind(where, home_.path(), server_key);
  depositor_ = client_identity(where, running_->socket.get(zmq::sockopt::last_endpoint), server_key,
                               random_key());
  running_->start();
}

floor_server::~floor_server() = default;

uint64_t floor_server::finish() {
  running_->stop();
  if (running_->ended_by)
    std::rethrow_exception(running_->ended_by);
  return (running_->db->GetLatestSequenceNumber() - running_->before) / rows_per_deposit;
}

} // namespace restante::bench
