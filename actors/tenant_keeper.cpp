#include "actors/tenant_keeper.hpp"

#include "actors/handlers.hpp"
#include "schemas/limits.hpp"
#include "schemas/stored_codec.hpp"
#include "storage/keys.hpp"

#include <tuple>

namespace restante {

namespace {

failure interrupted() {
  return {errc::outcome_unknown, "directory_interrupted",
          "it may or may not have been done: retry with the same request id"};
}

/// Changed on two sides of a cut, a revocation wins; otherwise any order will do that is everywhere
/// the same.
bool later(const tenant_record& one, const tenant_record& other) {
  return std::tuple{one.version, one.revoked, encode(one)} >
         std::tuple{other.version, other.revoked, encode(other)};
}

} // namespace

caf::result<answered> tenant_keeper::add(const tenant_record& what) {
  const auto there = options_.tenants->find(what.name);
  const bool told = what.version != 0;
  if (told && there && !later(what, *there))
    return answered{answer::done{false}};
  auto fresh = what;
  if (!told)
    fresh.version = there ? there->version : 0;
  if (there && *there == fresh)
    return answered{answer::done{false}};
  if (!told && there && !there->revoked)
    return answered{failure{errc::conflict, "tenant_exists",
                            "a tenant of that name exists: revoke it first to give it a new key"}};
  if (auto ok = check_tenant(fresh, *options_.tenants); !ok)
    return answered{ok.error()};
  if (!told)
    ++fresh.version;
  return put(std::move(fresh));
}

caf::result<answered> tenant_keeper::revoke(const std::string& name) {
  auto there = options_.tenants->find(name);
  if (!there || there->is == role::operator_)
    return answered{failure{errc::not_found, "tenant_not_found", "no such tenant: list them"}};
  if (there->revoked)
    return answered{answer::done{false}};
  auto revoked = *there;
  revoked.revoked = true;
  ++revoked.version;
  return put(std::move(revoked));
}

caf::result<answered> tenant_keeper::put(tenant_record what) {
  if (writing_.contains(what.name) || writing_.contains(what.public_key))
    return answered{failure{errc::busy, "tenant_changing",
                            "a change of this tenant or key is being written: retry shortly"}};
  writing_.insert({what.name, what.public_key});
  auto reply = self_->make_response_promise<answered>();
  auto commit = std::make_shared<commit_request>();
  commit->rows.push_back(row::put(family::meta, meta_key("tenant/" + what.name), encode(what)));
  commit->urgency = commit_class::essential;
  auto ended = [this, reply, what](outcome done) mutable {
    writing_.erase(what.name);
    writing_.erase(what.public_key);
    answer_with(reply, std::move(done));
  };
  self_->request(options_.writer, limits::commit_timeout, std::move(commit))
      .then(
          [this, ended, what](const commit_reply& done) mutable {
            if (!done.sequence)
              return ended(done.sequence.error());
            options_.tenants->put(what);
            options_.log.info(what.revoked ? "tenant_revoked" : "tenant_added",
                              {{"tenant", what.name}, {"role", std::string{to_string(what.is)}}});
            ended(answer::done{true});
          },
          [ended](caf::error&) mutable { ended(interrupted()); });
  return reply;
}

} // namespace restante
