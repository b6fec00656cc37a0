#include "actors/name_learner.hpp"

#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

namespace restante {

namespace {

failure unanswered() {
  return {errc::outcome_unknown, "directory_interrupted", "the names may or may not be stored"};
}

} // namespace

caf::result<answered> name_learner::learn(const learn_names& what) {
  for (const auto& name : what.names)
    if (claiming_.contains(name))
      return answered{failure{errc::busy, "name_claimed",
                              "somebody is being registered under this name: retry shortly"}};
  claiming_.insert(what.names.begin(), what.names.end());
  auto reply = self_->make_response_promise<answered>();
  get_request rows;
  for (const auto& name : what.names)
    rows.rows.push_back({family::aliases, alias_key(name)});
  self_->request(options_.reader, limits::load_timeout, std::move(rows))
      .then([this, what, reply](const get_reply& got) { write(what, reply, got); },
            [this, what, reply](caf::error&) { end(what, reply, unanswered()); });
  return reply;
}

void name_learner::write(const learn_names& what, const promise& reply, const get_reply& got) {
  if (!got.values)
    return end(what, reply, got.values.error());
  auto commit = std::make_shared<commit_request>();
  size_t next = 0;
  for (const auto& name : what.names) {
    const auto& row = (*got.values)[next++];
    auto there = row ? decode_alias_target(row->view()) : result<alias_target>{};
    if (!there)
      return end(what, reply, there.error());
    if (row && there->mailbox != what.mailbox)
      options_.log.error("name_of_two_subscribers",
                         {{"kept", to_string(there->mailbox)}, {"other", to_string(what.mailbox)}});
    if (!row)
      commit->rows.push_back(row::put(family::aliases, alias_key(name),
                                      encode(alias_target{what.mailbox, what.owner, what.region})));
  }
  if (commit->rows.empty())
    return end(what, reply, answer::done{false});
  commit->urgency = commit_class::essential;
  self_->request(options_.writer, limits::commit_timeout, std::move(commit))
      .then(
          [this, what, reply](const commit_reply& done) {
            end(what, reply,
                done.sequence ? outcome{answer::done{true}} : outcome{done.sequence.error()});
          },
          [this, what, reply](caf::error&) { end(what, reply, unanswered()); });
}

void name_learner::end(const learn_names& what, promise reply, outcome done) {
  for (const auto& name : what.names)
    claiming_.erase(name);
  answer_with(std::move(reply), std::move(done));
  released_();
}

} // namespace restante
