#include "cluster/identity_file.hpp"

#include "cluster/config_reader.hpp"
#include "schemas/ids.hpp"
#include "schemas/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace restante {

namespace {

constexpr mode_t others = S_IRWXG | S_IRWXO;

std::string shown(const std::filesystem::path& file) {
  return clean(file.string(), limits::envelope_bytes_max);
}

result<void> check_mode(const std::filesystem::path& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0 || (about.st_mode & others) == 0)
    return {}; // what cannot be looked at, the reader refuses with a better reason
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", about.st_mode & 07777U);
  return tl::unexpected{config_failure(
      file, {}, "identity_exposed",
      std::string{"expected a file only its owner can read, found mode "} + mode +
          ": run chmod 600 " + shown(file) + ", and think of the key in it as known to others")};
}

/// Logs what is wrong between the values.
void check(const identity& who, table_reader& in, problem_log& problems) {
  const bool tcp = who.endpoint.starts_with("tcp://");
  if (in.has("endpoint") && !tcp && !who.endpoint.starts_with("ipc://"))
    in.refuse("endpoint", "identity_malformed",
              "expected an endpoint such as \"tcp://127.0.0.1:5601\" or \"ipc://...\"");
  struct named {
    const char* key;
    const std::string& value;
  };
  const named keys[] = {{"server_key", who.server_key},
                        {"public_key", who.public_key},
                        {"secret_key", who.secret_key}};
  const bool any = in.has("server_key") || in.has("public_key") || in.has("secret_key");
  bool sound = any;
  for (const auto& [key, value] : keys) {
    if (any)
      in.require(key, "the key in 40 characters of Z85");
    const bool key_sound = from_z85(value).has_value();
    if (in.has(key) && !key_sound)
      in.refuse(key, "identity_malformed", "expected a CURVE key in 40 characters of Z85");
    sound = sound && key_sound;
  }
  if (!sound)
    return;
  const auto raw = from_z85(who.secret_key);
  std::array<uint8_t, 32> bytes{};
  std::copy(raw->begin(), raw->end(), bytes.begin());
  if (to_z85(curve_public(secret_key{bytes})) != who.public_key)
    problems.wrong(in.position("public_key"), "identity_malformed",
                   "expected the public key of secret_key, found another: take both from one pair");
}

std::string in_toml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string text_of(const identity& who) {
  std::string out = "# Who holds this file is this tenant: keep it secret. Use it with\n"
                    "#   restante --as FILE ...\n";
  const auto line = [&](const char* key, const std::string& value) {
    out.append(key).append(" = ").append(in_toml(value)).append("\n");
  };
  line("tenant", who.tenant);
  line("endpoint", who.endpoint);
  if (who.server_key.empty())
    return out;
  line("server_key", who.server_key);
  line("public_key", who.public_key);
  line("secret_key", who.secret_key);
  return out;
}

/// Of a key as `restanted init` prints it, too.
std::string in_z85(std::string key) {
  const auto raw = key.size() == 64 ? from_hex(key) : std::nullopt;
  return raw ? to_z85(*raw) : key;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    text.remove_prefix(static_cast<size_t>(done));
  }
  return ::fsync(fd) == 0;
}

/// A name is on disk only when its directory is.
bool sync_directory(const std::filesystem::path& dir) {
  const int fd = ::open(dir.empty() ? "." : dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return false;
  const bool done = ::fsync(fd) == 0;
  ::close(fd);
  return done;
}

} // namespace

result<identity> read_identity(const std::filesystem::path& file) {
  if (auto ok = check_mode(file); !ok)
    return tl::unexpected{ok.error()};
  const auto text = read_config_text(file);
  if (!text)
    return tl::unexpected{text.error()};
  toml::table table;
  try {
    table = toml::parse(std::string_view{*text});
  } catch (const toml::parse_error& error) {
    // The parser's description may quote the line, and the line may be the secret key.
    return tl::unexpected{config_failure(file, position_of(error.source()), "config_syntax",
                                         "expected TOML such as tenant = \"acme\"")};
  }
  problem_log problems;
  table_reader in{"an identity file", &table, problems};
  identity who;
  who.tenant = in.text("tenant").value_or("");
  who.endpoint = in.text("endpoint").value_or("");
  who.server_key = in_z85(in.text("server_key").value_or(""));
  who.public_key = in.text("public_key").value_or("");
  who.secret_key = in.text("secret_key").value_or("");
  in.require("tenant", "the name of the tenant");
  in.require("endpoint", "the address to connect to, such as \"tcp://127.0.0.1:5601\"");
  check(who, in, problems);
  in.refuse_unknown_keys();
  if (const auto& problem = problems.first())
    return tl::unexpected{config_failure(file, problem->at, problem->reason, problem->text)};
  return who;
}

result<void> write_identity(const std::filesystem::path& file, const identity& who) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 && errno == EEXIST)
    return fail(errc::conflict, "identity_exists",
                shown(file) + " exists and is not overwritten: move it away, or name another file");
  const auto unwritable = [&](int error) {
    return fail(errc::invalid_request, "identity_unwritable",
                shown(file) + " can't be written: " + std::generic_category().message(error));
  };
  if (fd < 0)
    return unwritable(errno);
  const bool written = write_all(fd, text_of(who));
  const int error = errno;
  const bool closed = ::close(fd) == 0;
  if (written && closed && sync_directory(file.parent_path()))
    return {};
  ::unlink(file.c_str());
  return unwritable(error);
}

} // namespace restante
