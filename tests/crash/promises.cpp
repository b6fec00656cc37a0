#include "tests/crash/promises.hpp"

#include <iostream>
#include <sstream>
#include <stdexcept>

namespace restante::crash {

namespace {

constexpr size_t told_max = 40; // differences in words; the counts go on

std::string named(uint64_t number) { return "deposit " + std::to_string(number); }

} // namespace

void differences::note(const char* kind, const std::string& subject, const std::string& why) {
  size_t before = 0;
  for (const auto& [other, subjects] : found_)
    before += subjects.size();
  if (found_[kind].insert(subject).second && before < told_max)
    std::cerr << "crash_checker: " << kind << ": " << subject << ": " << why << "\n";
}

size_t differences::count(const char* kind) const {
  auto at = found_.find(kind);
  return at == found_.end() ? 0 : at->second.size();
}

promises::promises(const std::string& journal, differences& found)
    : journal_{journal}
    , found_{found} {
  if (!journal_)
    throw std::runtime_error(journal + " can't be read");
}

uint64_t promises::read() {
  ++reading_;
  journal_.clear(); // of the end it had come to
  std::string text;
  while (std::getline(journal_, text)) {
    begun_ += text;
    if (journal_.eof())
      break;
    line(begun_);
    begun_.clear();
  }
  return reading_;
}

void promises::line(const std::string& text) {
  std::istringstream words{text};
  std::string verb, word;
  uint64_t number = 0;
  words >> verb;
  if (verb == "end") {
    ended_ = true;
    return;
  }
  if (verb == "mailbox") {
    words >> word;
    mailboxes_.push_back(word);
    by_profile_[word];
    return;
  }
  words >> number;
  if (!words)
    throw std::runtime_error("no line of a journal: " + text);
  if (verb == "send") {
    promise sent;
    words >> sent.profile >> sent.size >> sent.digest;
    by_profile_[sent.profile].deposits.push_back(number);
    all_[number] = std::move(sent);
  } else if (verb == "ack") {
    uint32_t uid = 0;
    words >> word >> uid;
    acknowledged(number, word, uid);
  } else if (verb == "delete") {
    words >> word;
    all_.at(number).deletion_asked_in = reading_;
    all_.at(number).purge = word == "purge";
  } else if (verb == "deleted") {
    all_.at(number).deleted_in = reading_;
    ++deletions_;
  } else if (verb == "refused") {
    words >> word;
    found_.note("refused", named(number), word);
  } else if (verb != "again") {
    throw std::runtime_error("no line of a journal: " + text);
  }
  touched_.insert(number);
}

void promises::acknowledged(uint64_t number, const std::string& message, uint32_t uid) {
  auto raw = from_hex(message);
  auto id = raw ? message_id::from(*raw) : std::nullopt;
  if (!id)
    throw std::runtime_error("no message id in a journal: " + message);
  auto& promised = all_.at(number);
  if (promised.acknowledged_in == 0) {
    promised.message = *id;
    promised.uid = uid;
    promised.acknowledged_in = reading_;
    acknowledged_.push_back(number);
  } else if (promised.message != *id || promised.uid != uid) {
    found_.note("duplicated", named(number),
                "acknowledged as number " + std::to_string(promised.uid) + " and as " +
                    std::to_string(uid));
  }
  told(promised.profile, number, *id, uid);
}

void promises::told(const std::string& profile, uint64_t deposit, const message_id& message,
                    uint32_t uid) {
  auto& box = by_profile_[profile];
  if (auto other = box.numbers.emplace(uid, message).first->second; other != message)
    found_.note("duplicated", named(deposit),
                "number " + std::to_string(uid) + " has stood for another message of its mailbox");
  auto [deposit_before, uid_before] =
      box.messages.emplace(message, std::pair{deposit, uid}).first->second;
  if (deposit_before != deposit)
    found_.note("duplicated", named(deposit), "has the message id of " + named(deposit_before));
  else if (uid_before != uid)
    found_.note("duplicated", named(deposit),
                "was number " + std::to_string(uid_before) + ", is " + std::to_string(uid));
}

const promise* promises::find(uint64_t number) const {
  auto at = all_.find(number);
  return at == all_.end() ? nullptr : &at->second;
}

const std::vector<uint64_t>& promises::deposits_into(const std::string& profile) const {
  return by_profile_.at(profile).deposits;
}

std::set<uint64_t> promises::take_touched() { return std::exchange(touched_, {}); }

std::set<std::string> promises::take_new_mailboxes() {
  std::set<std::string> out(mailboxes_.begin() + static_cast<ptrdiff_t>(mailboxes_taken_),
                            mailboxes_.end());
  mailboxes_taken_ = mailboxes_.size();
  return out;
}

} // namespace restante::crash
