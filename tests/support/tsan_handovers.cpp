// Tells ThreadSanitizer where Debian's CAF and ZeroMQ hand memory from one thread to another. Both
// do it with atomics that it cannot see, because they are not instrumented; without this it takes
// the sender's last write and the receiver's first read of every message for a race.
//
// Linked into every program with actors, in the preset `tsan` only. The linker prefers a program's
// own functions to those of a shared library, also for calls from within the library: so these
// here are called in place of CAF's, do what CAF 0.17.6 does, and name the order it establishes.
//
// Invariants: nothing is ordered here that CAF or ZeroMQ does not order itself - a message before
// its handling, an actor's handling of a message before its handling of the next, the users of a
// counted object before its end. Races in the engine's own state stay visible, those of two actors
// that share something too; a suppression could not tell them from false alarms, as all code of
// actors runs below frames of CAF.
#include <caf/all.hpp>
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <zmq.h>

#include <cstdio>
#include <cstdlib>

namespace {

/// The library's own function behind one of those here.
template <class Function>
Function* next(const char* mangled) {
  auto* found = dlsym(RTLD_NEXT, mangled);
  if (found == nullptr) {
    std::fprintf(stderr, "tsan_handovers: there is no %s: another version of CAF?\n", mangled);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

} // namespace

namespace caf {

// --- an actor: its thread changes, but only between two messages ---------------------------------

void scheduled_actor::launch(execution_unit* unit, bool lazy, bool hide) {
  static auto* real = next<void(scheduled_actor*, execution_unit*, bool, bool)>(
      "_ZN3caf15scheduled_actor6launchEPNS_14execution_unitEbb");
  __tsan_release(this);
  real(this, unit, lazy, hide);
}

bool scheduled_actor::activate(execution_unit* unit) { // begins every turn of an actor
  static auto* real = next<bool(scheduled_actor*, execution_unit*)>(
      "_ZN3caf15scheduled_actor8activateEPNS_14execution_unitE");
  __tsan_acquire(this);
  auto alive = real(this, unit);
  __tsan_release(this);
  return alive;
}

// --- a message: from who sends it to the actor that handles it, or ends without having done so ---

void scheduled_actor::enqueue(mailbox_element_ptr what, execution_unit* unit) {
  static auto* real = next<void(scheduled_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8"
      "disposerEEPNS_14execution_unitE");
  __tsan_release(static_cast<memory_managed*>(what.get()));
  real(this, std::move(what), unit);
}

scheduled_actor::activation_result scheduled_actor::reactivate(mailbox_element& what) {
  static auto* real = next<activation_result(scheduled_actor*, mailbox_element&)>(
      "_ZN3caf15scheduled_actor10reactivateERNS_15mailbox_elementE");
  __tsan_acquire(static_cast<memory_managed*>(&what));
  auto done = real(this, what);
  __tsan_release(this);
  return done;
}

// The same for those that wait for messages, as the engine does when it stops its actors.

void blocking_actor::enqueue(mailbox_element_ptr what, execution_unit* unit) {
  static auto* real = next<void(blocking_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf14blocking_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8"
      "disposerEEPNS_14execution_unitE");
  __tsan_release(static_cast<memory_managed*>(what.get()));
  real(this, std::move(what), unit);
}

intrusive::task_result blocking_actor::mailbox_visitor::operator()(mailbox_element& what) {
  static auto* real = next<intrusive::task_result(mailbox_visitor*, mailbox_element&)>(
      "_ZN3caf14blocking_actor15mailbox_visitorclERNS_15mailbox_elementE");
  __tsan_acquire(static_cast<memory_managed*>(&what));
  return real(this, what);
}

void memory_managed::request_deletion(bool) const noexcept {
  __tsan_acquire(const_cast<memory_managed*>(this));
  delete this;
}

// --- counted objects: messages and actors end after their last user. As in CAF, but instrumented -

void ref_counted::deref() const noexcept {
  if (unique())
    request_deletion(false);
  else if (rc_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    request_deletion(true);
}

void intrusive_ptr_release_weak(actor_control_block* block) {
  if (block->weak_refs == 1 || block->weak_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
    block->block_dtor(block);
}

void intrusive_ptr_release(actor_control_block* block) {
  if (block->strong_refs.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  block->data_dtor(block->get());
  intrusive_ptr_release_weak(block);
}

} // namespace caf

// --- bytes lent to ZeroMQ: from who sends them to its own thread, which gives them back ----------

namespace {

struct lent_bytes {
  zmq_free_fn* give_back;
  void* hint;
};

void given_back(void* data, void* hint) {
  auto* lent = static_cast<lent_bytes*>(hint);
  __tsan_acquire(lent);
  lent->give_back(data, lent->hint);
  delete lent;
}

} // namespace

extern "C" int zmq_msg_init_data(zmq_msg_t* message, void* data, size_t size,
                                 zmq_free_fn* give_back, void* hint) {
  static auto* real =
      next<int(zmq_msg_t*, void*, size_t, zmq_free_fn*, void*)>("zmq_msg_init_data");
  if (give_back == nullptr)
    return real(message, data, size, nullptr, hint);
  auto* lent = new lent_bytes{give_back, hint};
  __tsan_release(lent);
  auto failed = real(message, data, size, given_back, lent);
  if (failed != 0)
    delete lent; // nothing was taken over, nothing will be given back
  return failed;
}
