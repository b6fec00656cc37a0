#include "bridges/zap.hpp"

#include "schemas/ids.hpp"

#include <zmq_addon.hpp>

namespace restante {

namespace {

bool has_role(const tenant_record& who, std::string_view domain) {
  if (domain == zap_domain_sms)
    return who.is == role::sms_gateway;
  return domain == zap_domain_mvno && (who.is == role::mvno || who.is == role::application);
}

} // namespace

key_naming names_of_tenants(std::shared_ptr<const tenant_registry> tenants) {
  return [tenants = std::move(tenants)](std::string_view domain, std::string_view key) {
    auto who = tenants->find_by_key(key);
    return who && has_role(*who, domain) ? who->name + "/" + to_hex(key.substr(0, 8)) : "";
  };
}

zap_handler::zap_handler(socket_loop& loop, key_naming name, probe& figures)
    : name_{std::move(name)}
    , probe_{figures}
    , socket_{std::make_shared<zmq::socket_t>(loop.context(), zmq::socket_type::router)} {
  socket_->set(zmq::sockopt::linger, 0);
  socket_->bind("inproc://zeromq.zap.01");
  loop.watch(socket_, [this] { answer_one(); });
}

// Request: [routing id][empty][version][request id][domain][address][identity][mechanism][key]
// Reply:   [routing id][empty][version][request id][status][text][user id][metadata]
void zap_handler::answer_one() {
  std::vector<zmq::message_t> in;
  if (!zmq::recv_multipart(*socket_, std::back_inserter(in), zmq::recv_flags::dontwait))
    return;
  if (in.size() < 8)
    return;
  std::string user_id;
  if (in.size() >= 9 && in[7].to_string_view() == "CURVE")
    user_id = name_(in[4].to_string_view(), in[8].to_string_view());
  const bool known = !user_id.empty();
  if (!known)
    probe_.refused("key_unknown");
  auto text = [](std::string_view from) { return zmq::message_t{from.data(), from.size()}; };
  std::vector<zmq::message_t> out;
  out.push_back(std::move(in[0]));
  out.emplace_back();
  out.push_back(text("1.0"));
  out.push_back(std::move(in[3]));
  out.push_back(text(known ? "200" : "400"));
  out.push_back(text(known ? "OK" : "this key opens nothing here"));
  out.push_back(text(user_id));
  out.emplace_back();
  (void)zmq::send_multipart(*socket_, out);
}

} // namespace restante
