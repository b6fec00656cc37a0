#include "actors/log.hpp"

#include "schemas/text.hpp"

#include <spdlog/details/file_helper.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace restante {

namespace {

constexpr size_t value_bytes_max = 1024;

/// A JSON string of one line.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (char c : clean(text, value_bytes_max)) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + '"';
}

} // namespace

/// spdlog's own file sink keeps the file it has begun with.
class log_file_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit log_file_sink(std::string name) : name_{std::move(name)}, file_{opened()} {}

  bool reopen() {
    try {
      auto fresh = opened();
      const std::lock_guard lock{mutex_};
      file_.swap(fresh);
      return true;
    } catch (const spdlog::spdlog_ex&) {
      return false;
    }
  }

protected:
  void sink_it_(const spdlog::details::log_msg& what) override {
    spdlog::memory_buf_t line;
    formatter_->format(what, line);
    file_->write(line);
  }
  void flush_() override { file_->flush(); }

private:
  [[nodiscard]] std::unique_ptr<spdlog::details::file_helper> opened() const {
    auto out = std::make_unique<spdlog::details::file_helper>();
    out->open(name_);
    return out;
  }

  std::string name_;
  std::unique_ptr<spdlog::details::file_helper> file_;
};

logger::logger(const std::filesystem::path& file, std::string_view level) {
  spdlog::sink_ptr to;
  if (file.empty())
    to = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  else
    to = file_ = std::make_shared<log_file_sink>(file.string());
  sink_ = std::make_shared<spdlog::logger>("restante", std::move(to));
  sink_->set_level(spdlog::level::from_str(std::string{level}));
  sink_->flush_on(spdlog::level::info);
  sink_->set_pattern(R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                     spdlog::pattern_time_type::utc);
}

bool logger::reopen() const { return !file_ || file_->reopen(); }

void logger::write(int level, std::string_view what, fields with) const {
  auto as = static_cast<spdlog::level::level_enum>(level);
  if (!sink_ || !sink_->should_log(as))
    return;
  auto line = "\"what\":" + json_text(what);
  for (const auto& entry : with)
    line += "," + json_text(entry.name) + ":" + json_text(entry.value);
  sink_->log(as, spdlog::string_view_t{line.data(), line.size()});
}

void logger::debug(std::string_view what, fields with) const {
  write(spdlog::level::debug, what, with);
}
void logger::info(std::string_view what, fields with) const {
  write(spdlog::level::info, what, with);
}
void logger::warning(std::string_view what, fields with) const {
  write(spdlog::level::warn, what, with);
}
void logger::error(std::string_view what, fields with) const {
  write(spdlog::level::err, what, with);
}

} // namespace restante
