#include "bridges/client_table.hpp"

#include <algorithm>

namespace restante {

client_entry* client_table::meet(const std::string& routing_id, const std::string& user_id,
                                 const std::shared_ptr<meter>& tenant_unread, size_t unread_max) {
  auto at = by_routing_id_.find(routing_id);
  if (at != by_routing_id_.end()) {
    auto& there = by_session_.at(at->second);
    if (there.user_id == user_id) {
      touch(there);
      return &there;
    }
    forget(at->second);
  }
  auto& own = by_tenant_[user_id.substr(0, user_id.find('/'))];
  if (own.size() >= most_.tenant_clients && !make_room(own))
    return nullptr;
  if (by_session_.size() >= most_.clients && !make_room(largest()))
    return nullptr;
  auto session = next_session_.fetch_add(1);
  by_routing_id_[routing_id] = session;
  auto& made = by_session_[session];
  made.session = session;
  made.routing_id = routing_id;
  made.user_id = user_id;
  made.unread = std::make_shared<meter>(unread_max, tenant_unread);
  made.order = &own;
  made.place = own.insert(own.end(), session);
  return &made;
}

client_entry* client_table::find(uint64_t session) {
  auto at = by_session_.find(session);
  return at == by_session_.end() ? nullptr : &at->second;
}

const client_entry* client_table::find(uint64_t session) const {
  auto at = by_session_.find(session);
  return at == by_session_.end() ? nullptr : &at->second;
}

void client_table::touch(client_entry& who) {
  who.order->splice(who.order->end(), *who.order, who.place);
}

void client_table::forget(uint64_t session) {
  auto at = by_session_.find(session);
  if (at == by_session_.end())
    return;
  auto route = by_routing_id_.find(at->second.routing_id);
  if (route != by_routing_id_.end() && route->second == session)
    by_routing_id_.erase(route);
  at->second.order->erase(at->second.place);
  by_session_.erase(at);
}

/// Forgets the longest silent of these clients that has nothing under way. Those passed over have,
/// so they are in use: they go to the end, and no client is looked at often.
bool client_table::make_room(order& from) {
  for (size_t left = from.size(); left > 0; --left) {
    auto session = from.front();
    auto& who = by_session_.at(session);
    if (who.present.use_count() == 1) {
      forget(session);
      return true;
    }
    touch(who);
  }
  return false;
}

client_table::order& client_table::largest() {
  return std::max_element(
             by_tenant_.begin(), by_tenant_.end(),
             [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); })
      ->second;
}

} // namespace restante
