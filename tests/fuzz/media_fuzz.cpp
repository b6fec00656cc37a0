// The media probe: the file of a stranger, on every deposit. Input: the file.
#include "actors/media.hpp"
#include "schemas/limits.hpp"
#include "tests/fuzz/input.hpp"

using namespace restante;
using namespace restante::fuzz;

namespace {

bool still_image(media_type type) {
  return type == media_type::tiff || type == media_type::jpeg || type == media_type::png;
}

void check(media_type claimed, media_type found, std::string_view bytes) {
  const auto probed = probe_media(claimed, bytes);
  if (!probed) {
    promise(probed.error().code == errc::invalid_request, "refused media is no invalid request");
    promise(std::string_view{probed.error().reason}.starts_with("media_"), "an unknown reason");
    return;
  }
  promise(claimed == found && probed->type == claimed, "media is accepted as what it is not");
  promise(probed->duration.has_value() == !still_image(claimed), "only images have no duration");
  if (probed->duration)
    promise(probed->duration->count() >= 0 && *probed->duration < limits::duration_max,
            "a duration is out of bounds");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = view(data, size); // exact: libFuzzer's copy ends where its memory ends
  const auto found = sniff_media(bytes);
  for (auto claimed = 0; claimed <= static_cast<int>(media_type::mp4) + 1; ++claimed)
    check(static_cast<media_type>(claimed), found, bytes);
  return 0;
}
