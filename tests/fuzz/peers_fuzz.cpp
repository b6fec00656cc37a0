// What the nodes of a cluster send to each other.
//
// Input: a byte whose bit 7 says that the rest is one segment; the number of frames behind the
// envelope and the size of each, a byte each; then the envelope.
#include "schemas/limits.hpp"
#include "schemas/text.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/stretch.hpp"
#include "tests/schemas/peer_same.hpp"

using namespace restante;
using namespace restante::fuzz;

namespace {

std::vector<chunk> take_frames(std::string_view& input) {
  std::vector<chunk> out;
  for (auto count = take_byte(input) % (limits::frames_max + 2); count > 0; --count)
    out.emplace_back(std::string(take_byte(input), 'm'));
  return out;
}

size_t bytes_in(const std::vector<chunk>& frames) {
  size_t out = 0;
  for (const auto& each : frames)
    out += each.size();
  return out;
}

/// Checks bounds, and counts the bytes of the frames that the values came from.
struct bounds_of_message {
  size_t bytes_behind = 0;

  void operator()(const peer::hello& v) {
    promise(!v.cluster.zero(), "an id is all zero");
    promise(v.version_min >= 1 && v.version_min <= v.version_max, "versions are no range");
    name(v.node);
    promise(!v.region.empty() && v.region.size() <= 16 && printable(v.region), "a wrong region");
    number(v.newest);
    promise(v.now >= 0 && v.now <= 4'102'444'800'000, "a clock is beyond its century");
  }
  void operator()(const peer::welcome& v) {
    name(v.node);
    number(v.seen_newest);
  }
  void operator()(const peer::alive& v) { number(v.newest); }
  void operator()(const peer::piece& v) {
    promise(!v.mailbox.zero(), "an id is all zero");
    row(v.row);
    bytes_behind += v.row.bytes.size();
    const auto size = v.row.bytes.size();
    promise(size > 0 && size <= limits::piece_bytes_max, "a piece has a wrong size");
    promise(v.offset <= v.row.size && size <= v.row.size - v.offset, "a piece is beyond its media");
  }
  void operator()(const peer::batch& v) {
    number(v.number);
    number(v.behind);
    promise(v.entries.size() <= limits::batch_entries_max, "a batch has too many entries");
    size_t rows = 0;
    for (const auto& each : v.entries) {
      promise(!each.change.empty(), "an entry has no change");
      rows += each.media.size();
      for (const auto& media : each.media) {
        row(media);
        promise(media.bytes.size() == (media.in_pieces ? 0 : media.size), "media have two sizes");
        bytes_behind += media.bytes.size();
      }
    }
    promise(rows <= limits::batch_media_max, "a batch has too many media");
  }
  void operator()(const peer::applied& v) { number(v.number); }
  void operator()(const peer::stopped& v) {
    number(v.number);
    (*this)(v.why);
  }
  void operator()(const peer::forward& v) {
    promise(v.correlation != 0, "a request that is passed on has no correlation");
    promise(!v.tenant.empty() && v.tenant.size() <= limits::name_bytes_max && printable(v.tenant),
            "a wrong tenant");
    promise(v.deadline >= milliseconds{0} && v.deadline <= limits::deadline_max,
            "a deadline is out of bounds");
    passed_on(v.what);
  }
  void operator()(const peer::answer& v) {
    promise(v.correlation != 0, "an answer has no correlation");
    passed_on(v.what);
  }
  void operator()(const peer::compare& v) {
    number(v.number);
    promise(v.mailboxes.size() <= limits::compared_at_once, "too many are compared");
    for (const auto& [mailbox, state] : v.mailboxes)
      promise(!mailbox.zero(), "an id is all zero");
  }
  void operator()(const peer::differ& v) {
    number(v.number);
    for (const auto* list : {&v.mailboxes, &v.leaving}) {
      promise(list->size() <= limits::compared_at_once, "too many differ");
      for (const auto& mailbox : *list)
        promise(!mailbox.zero(), "an id is all zero");
    }
  }
  void operator()(const failure& v) {
    promise(v.text.size() < 600 && printable(v.text), "an explanation is no line of a log");
  }

private:
  static void name(const std::string& v) {
    promise(!v.empty() && v.size() <= limits::name_bytes_max && printable(v), "a wrong name");
  }
  static void number(uint64_t v) { promise(v <= uint64_t{1} << 62, "a number is out of range"); }
  static void row(const peer::media_row& v) {
    promise(!v.message || !v.message->zero(), "an id is all zero");
    promise(v.part < (v.message ? limits::parts_max : 3), "a media row is of no part");
    promise(v.size > 0 && v.size <= limits::media_bytes_max, "media have a wrong size");
  }
  void passed_on(const frames& v) {
    promise(!v.envelope.empty(), "what is passed on has no envelope");
    promise(v.media.size() <= limits::parts_max, "what is passed on has too many media");
    bytes_behind += bytes_in(v.media);
  }
};

/// An explanation grows by its reason whenever it is passed on, until it is cut.
void replace_explanation(peer::message& what, const char* by) {
  if (auto* why = std::get_if<failure>(&what))
    why->text = by;
  if (auto* stopped = std::get_if<peer::stopped>(&what))
    stopped->why.text = by;
}

} // namespace

/// Called by libFuzzer in place of its own mutations.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t size_max,
                                          unsigned seed) {
  auto rest = view(data, size);
  take_byte(rest);
  take_frames(rest);
  return mutate(data, size, size_max, size - rest.size(), seed);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto input = view(data, size);
  const auto how = take_byte(input);
  auto behind = take_frames(input);
  const auto frames = behind.size();
  const auto given = bytes_in(behind);
  const auto bytes = envelope(input, (how & 0x80) != 0);
  auto first = peer::decode(bytes.view(), std::move(behind));
  if (!first) {
    promise(!first.error().text.empty(), "a refusal does not say why");
    return 0;
  }
  bounds_of_message bounds;
  std::visit(bounds, *first);
  promise(bounds.bytes_behind == given, "bytes of media appeared or got lost");
  auto again = peer::encode(*first);
  promise(bytes_in(again.media) == given, "bytes of media appeared or got lost");
  // The media of a batch are put into frames anew.
  promise(std::holds_alternative<peer::batch>(*first) || again.media.size() == frames,
          "frames appeared or got lost");
  auto second = peer::decode(again.envelope, again.media);
  promise(second.has_value(), "a message does not survive its way");
  replace_explanation(*first, "");
  replace_explanation(*second, " [refused_by_peer]");
  promise(peer_tests::same(*first, *second), "a message changes on its way");
  return 0;
}
