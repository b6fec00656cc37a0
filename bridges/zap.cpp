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

zap_handler::zap_handler(socket_loop& loop, std::shared_ptr<const tenant_registry> tenants,
                         probe& figures)
    : tenants_{std::move(tenants)}
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
  tenant_ptr who;
  if (in.size() >= 9 && in[7].to_string_view() == "CURVE") {
    who = tenants_->find_by_key(in[8].to_string_view());
    if (who && !has_role(*who, in[4].to_string_view()))
      who = nullptr;
  }
  if (!who)
    probe_.refused("key_unknown");
  auto user_id =
      who ? who->name + "/" + to_hex(std::string_view{who->public_key}.substr(0, 8)) : "";
  auto text = [](std::string_view from) { return zmq::message_t{from.data(), from.size()}; };
  std::vector<zmq::message_t> out;
  out.push_back(std::move(in[0]));
  out.emplace_back();
  out.push_back(text("1.0"));
  out.push_back(std::move(in[3]));
  out.push_back(text(who ? "200" : "400"));
  out.push_back(text(who ? "OK" : "this key opens nothing here"));
  out.push_back(text(user_id));
  out.emplace_back();
  (void)zmq::send_multipart(*socket_, out);
}

} // namespace restante
