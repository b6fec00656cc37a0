#include "actors/handlers.hpp"
#include "bridges/sms_bridge.hpp"
#include "schemas/limits.hpp"

#include <unordered_map>

namespace restante {

namespace {

failure overdue() {
  return {errc::outcome_unknown, "deadline_passed", "no answer in time: send it again"};
}

struct sms_gate_state {
  static inline constexpr const char* name = "sms-gate";
  explicit sms_gate_state(sms_gate_actor::pointer s) : self{s} {}

  sms_gate_actor::pointer self;
  sms_gate_options options;
  std::unordered_map<uint64_t, gateway_answer> open; // what each hears when no answer comes
  uint64_t last_key = 0;

  void take(const gateway_frame& in) {
    if (auto* hello = std::get_if<sms::hello>(&in.what.what)) {
      self->send(options.notifier, gateway_credit{in.session, in.gateway, hello->credit},
                 gateway_sink_actor{self});
      return options.deliver({in.session, {in.what.correlation, sms::welcome{}}, in.held});
    }
    constexpr auto patience = limits::deadline_default;
    if (auto* text = std::get_if<sms::mobile_originated>(&in.what.what))
      expect(in, self->request(options.desk, patience, texted{in.gateway, *text}));
    else if (auto* moved = std::get_if<sms::location_update>(&in.what.what))
      expect(in, self->request(options.desk, patience, located{in.gateway, *moved}));
    else if (auto* done = std::get_if<sms::submitted>(&in.what.what))
      expect(in, self->request(options.notifier, patience,
                               submit_result{in.session, in.gateway, *done}));
    else if (auto* receipt = std::get_if<sms::delivery_receipt>(&in.what.what))
      expect(in, self->request(options.notifier, patience, receipt_result{in.gateway, *receipt}));
  }

  template <class Response>
  void expect(const gateway_frame& in, Response response) {
    auto key = ++last_key;
    open[key] = {in.session, {in.what.correlation, overdue()}, in.held};
    response.then([this, key](const answered& done) { close(key, &done.what); },
                  [this, key](caf::error&) { close(key, nullptr); });
  }

  void close(uint64_t key, const outcome* what) {
    auto found = open.extract(key);
    if (!found)
      return;
    auto& out = found.mapped();
    if (what != nullptr) {
      if (auto* why = std::get_if<failure>(what))
        out.what.what = *why;
      else
        out.what.what = sms::accepted{};
    }
    options.deliver(std::move(out));
  }

  /// The gate ends with frames open: their outcome is unknown, and the gateways are told so.
  void abandon() {
    for (auto& [key, out] : std::exchange(open, {}))
      options.deliver(std::move(out));
  }

  void gone(uint64_t session) {
    self->send(options.notifier, gateway_credit{session, nullptr, 0}, gateway_sink_actor{self});
  }
};

sms_gate_actor::behavior_type sms_gate(sms_gate_actor::stateful_pointer<sms_gate_state> self,
                                       sms_gate_options options) {
  self->state.options = std::move(options);
  install_handlers(self, [self] { self->state.abandon(); });
  return {
      [self](const gateway_frame& in) { self->state.take(in); },
      [self](const gateway_submit& what) {
        self->state.options.deliver({what.session, {0, what.what}});
      },
      [self](const gateway_gone& what) { self->state.gone(what.session); },
  };
}

} // namespace

sms_gate_actor spawn_sms_gate(caf::actor_system& system, sms_gate_options options) {
  return system.spawn(sms_gate, std::move(options));
}

} // namespace restante
