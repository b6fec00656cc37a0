// tenant add, list, revoke.
#include "cluster/cli_session.hpp"
#include "cluster/cli_terminal.hpp"
#include "cluster/cli_words.hpp"
#include "cluster/identity_file.hpp"
#include "cluster/new_tenant.hpp"

#include <iostream>

namespace restante {

namespace {

struct add_options {
  std::string name;
  std::string role = "mvno";
  std::string region;
  std::string language;
  std::vector<std::string> serves;
  std::string short_code;
  std::string out;
  std::string public_key;
};

void print_added(const cli_session& session, const add_options& from, const identity& who,
                 const std::string& file) {
  if (session.json)
    return print_json(std::cout, {{"name", who.tenant},
                                  {"role", from.role},
                                  {"file", file},
                                  {"endpoint", who.endpoint},
                                  {"server_key", who.server_key},
                                  {"public_key", who.public_key}});
  std::vector<std::pair<std::string, std::string>> facts{{"tenant", who.tenant},
                                                         {"role", from.role},
                                                         {"endpoint", who.endpoint},
                                                         {"server key", who.server_key},
                                                         {"public key", who.public_key}};
  if (!file.empty()) {
    facts.emplace_back("key file", file);
    facts.emplace_back("try",
                       session.program + " --as " + file +
                           (role_of(from.role) == role::sms_gateway ? " sms-console" : " ping"));
  }
  print_facts(std::cout, facts);
}

result<void> add(cli_session& session, const add_options& from) {
  auto config = session.read();
  if (!config)
    return tl::unexpected{config.error()};
  auto who = fresh_identity(*config, from.name, role_of(from.role));
  if (!who)
    return tl::unexpected{who.error()};
  std::filesystem::path file;
  if (from.public_key.empty()) {
    // The name is checked by the node; here it must only not lead out of the directory.
    if (from.out.empty() && (from.name.empty() || from.name.find('/') != std::string::npos))
      return usage("a tenant's name is made of a-z, 0-9 and '-'");
    file =
        from.out.empty() ? config->keys / (from.name + ".toml") : std::filesystem::path{from.out};
    if (auto ok = write_identity(file, *who); !ok)
      return ok;
  } else if (from_z85(from.public_key)) {
    who->public_key = from.public_key;
  } else {
    return usage("--public-key wants a CURVE public key in 40 characters of Z85");
  }
  tenant_record tenant{from.name,
                       role_of(from.role),
                       *from_z85(who->public_key),
                       from.region,
                       from.language,
                       from.serves,
                       from.short_code,
                       false};
  auto done = session.expect<answer::done>(ask::tenant_add{std::move(tenant)});
  if (!done) {
    // After silence the key may be registered all the same: then the file is needed.
    std::error_code ignored;
    if (done.error().code != errc::outcome_unknown && !file.empty())
      std::filesystem::remove(file, ignored);
    return tl::unexpected{done.error()};
  }
  print_added(session, from, *who, file.string());
  return {};
}

result<void> list(cli_session& session) {
  auto got = session.expect<answer::tenants>(ask::tenant_list{});
  if (!got)
    return tl::unexpected{got.error()};
  if (session.json) {
    auto all = json_value::array();
    for (const auto& tenant : got->all)
      all.push_back(to_json(tenant));
    print_json(std::cout, {{"tenants", all}});
    return {};
  }
  text_table table{{"NAME", "ROLE", "REGION", "LANGUAGE", "SHORT CODE", "SERVES", "STATE", "KEY"}};
  for (const auto& tenant : got->all) {
    std::string serves;
    for (const auto& name : tenant.serves)
      serves.append(serves.empty() ? "" : ",").append(name);
    table.add({shown(tenant.name), std::string{to_string(tenant.is)}, shown(tenant.region),
               shown(tenant.language), shown(tenant.short_code), shown(serves),
               tenant.revoked ? "revoked" : "active", to_z85(tenant.public_key)});
  }
  table.print(std::cout);
  return {};
}

result<void> revoke(cli_session& session, const std::string& name, bool yes) {
  if (!yes) {
    auto sure = confirm("Revoke " + name +
                        "? Its key is never accepted again; what it asks on open connections is "
                        "denied.");
    if (!sure)
      return tl::unexpected{sure.error()};
    if (!*sure)
      return fail(errc::invalid_request, "not_confirmed", "nothing was changed");
  }
  auto done = session.expect<answer::done>(ask::tenant_revoke{name});
  if (!done)
    return tl::unexpected{done.error()};
  if (session.json)
    print_json(std::cout, {{"name", name}, {"changed", done->changed}});
  else
    std::cout << name << (done->changed ? " is revoked\n" : " was revoked already\n");
  return {};
}

} // namespace

void add_tenant_verbs(CLI::App& app, cli_session& session) {
  auto& tenant = *app.add_subcommand("tenant", "Carriers, applications and gateways, and their keys"
                                               " (the operator's)");
  tenant.require_subcommand(1);
  auto from = std::make_shared<add_options>();
  auto& add_one = add_verb(tenant, session, "add", "Make a key pair for a client and register it",
                           "restante tenant add acme --role mvno --region US --short-code 5050",
                           [&session, from] { return add(session, *from); });
  add_one.add_option("NAME", from->name, "a-z, 0-9 and '-'")->required();
  add_one.add_option("--role", from->role, "What the key is for")
      ->required()
      ->check(CLI::IsMember(role_names()));
  add_one.add_option("--region", from->region, "ISO 3166, such as US: reads national numbers");
  add_one.add_option("--language", from->language, "Of its subscribers, such as en or fr-CA");
  add_one
      .add_option("--serves", from->serves, "For applications and gateways: tenants, with commas")
      ->delimiter(',');
  add_one.add_option("--short-code", from->short_code, "The number its subscribers text to");
  auto* out = add_one.add_option("--out", from->out,
                                 "The identity file to make (default: NAME.toml in the keys "
                                 "directory)");
  add_one
      .add_option("--public-key", from->public_key,
                  "The client's own public key (Z85); then no file is made")
      ->excludes(out);

  add_verb(tenant, session, "list", "All tenants, revoked ones too", "restante tenant list",
           [&session] { return list(session); });

  auto name = std::make_shared<std::string>();
  auto yes = std::make_shared<bool>(false);
  auto& revoke_one = add_verb(tenant, session, "revoke", "End a key, on open connections too",
                              "restante tenant revoke acme --yes",
                              [&session, name, yes] { return revoke(session, *name, *yes); });
  revoke_one.add_option("NAME", *name, "The tenant")->required();
  revoke_one.add_flag("--yes", *yes, "Do not ask");
}

} // namespace restante
