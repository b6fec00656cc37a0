#include "actors/handlers.hpp"
#include "bridges/sms_bridge.hpp"
#include "schemas/limits.hpp"

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

  void take(const gateway_frame& in) {
    if (auto* hello = std::get_if<sms::hello>(&in.what.what)) {
      self->send(options.notifier, gateway_credit{in.session, in.gateway, hello->credit},
                 gateway_sink_actor{self});
      return options.deliver(in.session, {in.what.correlation, sms::welcome{}}, true);
    }
    constexpr auto patience = limits::deadline_default;
    if (auto* text = std::get_if<sms::mobile_originated>(&in.what.what))
      expect(in, self->request(options.desk, patience, texted{in.gateway, *text}));
    else if (auto* done = std::get_if<sms::submitted>(&in.what.what))
      expect(in, self->request(options.notifier, patience,
                               submit_result{in.session, in.gateway, *done}));
    else if (auto* receipt = std::get_if<sms::delivery_receipt>(&in.what.what))
      expect(in, self->request(options.notifier, patience, receipt_result{in.gateway, *receipt}));
  }

  template <class Response>
  void expect(const gateway_frame& in, Response response) {
    auto session = in.session;
    auto correlation = in.what.correlation;
    response.then(
        [this, session, correlation](const answered& done) {
          if (auto* why = std::get_if<failure>(&done.what))
            options.deliver(session, {correlation, *why}, true);
          else
            options.deliver(session, {correlation, sms::accepted{}}, true);
        },
        [this, session, correlation](caf::error&) {
          options.deliver(session, {correlation, overdue()}, true);
        });
  }

  void gone(uint64_t session) {
    self->send(options.notifier, gateway_credit{session, nullptr, 0}, gateway_sink_actor{self});
  }
};

sms_gate_actor::behavior_type sms_gate(sms_gate_actor::stateful_pointer<sms_gate_state> self,
                                       sms_gate_options options) {
  self->state.options = std::move(options);
  install_handlers(self, [] {});
  return {
      [self](const gateway_frame& in) { self->state.take(in); },
      [self](const gateway_submit& what) {
        self->state.options.deliver(what.session, {0, what.what}, false);
      },
      [self](const gateway_gone& what) { self->state.gone(what.session); },
  };
}

} // namespace

sms_gate_actor spawn_sms_gate(caf::actor_system& system, sms_gate_options options) {
  return system.spawn(sms_gate, std::move(options));
}

} // namespace restante
