// Who is connected to an endpoint: clients by their routing id (ZeroMQ's name of a connection) and
// by session (the engine's number of it).
//
// Invariants: a session number is never used for two clients; a routing id that another key takes
// over is another session; a tenant that fills its share, or the endpoint's, pushes out clients of
// whoever has most, the longest silent first, and never one with a request under way. ZeroMQ does
// not tell when a client left, so this is what bounds the table.
// Owner: a router, on its loop's thread.
#pragma once

#include "actors/budget.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace restante {

struct client_entry {
  uint64_t session = 0;
  std::string routing_id;
  std::string user_id; // as the ZAP handler made it; empty without CURVE
  std::shared_ptr<meter> unread;
  /// Shared by the client's requests under way.
  std::shared_ptr<const char> present = std::make_shared<const char>();
  std::list<uint64_t>* order = nullptr; // its tenant's clients, the longest silent first
  std::list<uint64_t>::iterator place;  // in it
};

class client_table {
public:
  struct bounds {
    size_t clients;
    size_t tenant_clients;
  };

  client_table(std::atomic<uint64_t>& next_session, bounds most)
      : next_session_{next_session}
      , most_{most} {}

  /// The client of a connection, made when it is new, moved to the end of its tenant's order. Null
  /// when the table is full of clients with requests under way.
  client_entry* meet(const std::string& routing_id, const std::string& user_id,
                     const std::shared_ptr<meter>& tenant_unread, size_t unread_max);

  [[nodiscard]] client_entry* find(uint64_t session);
  [[nodiscard]] const client_entry* find(uint64_t session) const;
  static void touch(client_entry& who);
  void forget(uint64_t session);
  [[nodiscard]] size_t size() const { return by_session_.size(); }

private:
  using order = std::list<uint64_t>;

  bool make_room(order& from);
  order& largest();

  std::atomic<uint64_t>& next_session_;
  bounds most_;
  std::unordered_map<std::string, uint64_t> by_routing_id_;
  std::unordered_map<uint64_t, client_entry> by_session_;
  std::unordered_map<std::string, order> by_tenant_;
};

} // namespace restante
