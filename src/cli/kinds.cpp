#include "cli/kinds.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "driver/deployment.h"
#include "gateway/listen/settings.h"
#include "gateway/route/model.h"
#include "net/tls.h"
#include "provider/upstream.h"

namespace naru::cli {
namespace {

using registry::Document;
using registry::Draft;
using registry::Kind;
using registry::Snapshot;
using settings::join;
using settings::shown;

constexpr std::string_view kPlaces = "upstream";  // what targets name: upstreams and deployments
constexpr std::string_view kModels = "model";

// Upstream

void compile_upstreams(Draft& draft, Snapshot& snapshot) {
  provider::Upstreams::Map by_name;
  for (const auto& [document, declared, whole] : draft.all<provider::UpstreamSpec>()) {
    if (!whole) continue;
    provider::UpstreamSpec spec = declared;
    spec.ca_file = document->whole_path(spec.ca_file);
    spec.credential.file = document->whole_path(spec.credential.file);
    for (const std::string& file : {spec.ca_file, spec.credential.file})
      if (!file.empty()) draft.uses(file);
    std::vector<Problem> problems;
    auto upstream = provider::make_upstream(std::move(spec), problems);
    draft.wrong(*document, problems);
    if (upstream != nullptr) by_name.emplace(declared.name, std::move(upstream));
  }
  snapshot.put(std::make_shared<const provider::Upstreams>(std::move(by_name)));
}

// Model

void check_models(Draft& draft) {
  for (const auto& [document, spec, whole] : draft.all<gateway::ModelSpec>()) {
    for (std::size_t i = 0; i < spec.aliases.size(); ++i)
      draft.claim(kModels, spec.aliases[i], *document, join("aliases", i));
    for (std::size_t i = 0; i < spec.targets.size(); ++i) {
      const std::string& name = spec.targets[i].upstream;
      if (name.empty() || draft.has(kPlaces, name)) continue;
      draft.wrong(*document, join(join("targets", i), "upstream"),
                  fmt::format("is {}, which no Upstream or Deployment is called{}", shown(name),
                              settings::did_you_mean(name, draft.names(kPlaces))));
    }
  }
}

void compile_models(Draft& draft, Snapshot& snapshot) {
  std::vector<std::shared_ptr<const gateway::ModelSpec>> models;
  for (const auto& declared : draft.all<gateway::ModelSpec>()) {
    gateway::ModelSpec spec = declared.spec;
    // Asked by an alias, the upstream still hears the name it knows.
    for (gateway::TargetSpec& target : spec.targets)
      if (target.model.empty() && !gateway::is_pattern(spec.name)) target.model = spec.name;
    models.push_back(std::make_shared<const gateway::ModelSpec>(std::move(spec)));
  }
  snapshot.put(std::make_shared<const gateway::Models>(std::move(models)));
}

// Deployment

/// A file a deployment names: `$NAME` at its start is that variable, a relative path begins at the
/// document. Empty, and a problem, if it cannot be used so (`mode` as access(2) takes it).
std::string find_file(Draft& draft, const Document& document, const char* path,
                      const std::string& text, int mode) {
  std::string file = text;
  if (text.starts_with('$')) {
    const std::size_t end = std::min(text.find('/'), text.size());
    const std::string name = text.substr(1, end - 1);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      draft.wrong(document, path,
                  fmt::format("is {}, but {} is not set; export it before naru starts", shown(text),
                              name.empty() ? "no variable" : name));
      return {};
    }
    file = value + text.substr(end);
  }
  file = document.whole_path(file);
  if (::access(file.c_str(), mode) == 0) return file;
  draft.wrong(document, path,
              fmt::format("is {}, which is no file naru may {}", shown(file),
                          mode == X_OK ? "run" : "read"));
  return {};
}

void compile_deployments(Draft& draft, Snapshot& snapshot) {
  auto deployments = std::make_shared<driver::Deployments>();
  for (const auto& [document, declared, whole] : draft.all<driver::DeploymentSpec>()) {
    if (!whole) continue;
    auto spec = std::make_shared<driver::DeploymentSpec>(declared);
    spec->weights = find_file(draft, *document, "weights", spec->weights, R_OK);
    if (!spec->engine_path.empty())
      spec->engine_path = find_file(draft, *document, "engine_path", spec->engine_path, X_OK);
    deployments->by_name.emplace(spec->name, std::move(spec));
  }
  snapshot.put<driver::Deployments>(std::move(deployments));
}

// Gateway

enum class Certificates : std::uint8_t { Try, Leave };

void check_tls(Draft& draft, const Document& document, const char* path, gateway::TlsFiles& files,
               Certificates certificates) {
  if (files.certificate.empty() || files.key.empty()) return;
  files.certificate = document.whole_path(files.certificate);
  files.key = document.whole_path(files.key);
  draft.uses(files.certificate);
  draft.uses(files.key);
  if (certificates == Certificates::Leave) return;
  const auto loaded = net::TlsServer::load(files.certificate, files.key);
  if (!loaded) draft.wrong(document, path, "cannot be used: " + loaded.error().detail);
}

void compile_gateway(Draft& draft, Snapshot& snapshot, Certificates certificates) {
  auto settings = std::make_shared<gateway::GatewaySettings>();
  for (const auto& [document, declared, whole] : draft.all<gateway::GatewaySettings>()) {
    *settings = declared;
    check_tls(draft, *document, "data.tls", settings->data.tls, certificates);
    check_tls(draft, *document, "admin.tls", settings->admin.tls, certificates);
    settings->log.file = document->whole_path(settings->log.file);
  }
  snapshot.put<gateway::GatewaySettings>(std::move(settings));
}

auto make_kinds(Certificates certificates) {
  return std::array{
      registry::make_kind({.name = "Upstream",
                           .purpose = "A provider account, or any server that speaks as one, to "
                                      "which calls can be sent.",
                           .space = kPlaces,
                           .compile = compile_upstreams},
                          provider::upstream_fields()),
      registry::make_kind({.name = "Deployment",
                           .purpose = "An open model that naru runs on this machine.",
                           .space = kPlaces,
                           .compile = compile_deployments},
                          driver::deployment_fields()),
      registry::make_kind({.name = "Model",
                           .purpose = "A name clients ask for, and where their calls go.",
                           .space = kModels,
                           .check = check_models,
                           .compile = compile_models},
                          gateway::model_fields()),
      registry::make_kind({.name = "Gateway",
                           .purpose = "Listeners, limits and log of the process itself.",
                           .once = true,
                           .compile =
                               [certificates](Draft& draft, Snapshot& snapshot) {
                                 compile_gateway(draft, snapshot, certificates);
                               }},
                          gateway::gateway_fields()),
  };
}

}  // namespace

std::span<const Kind> all_kinds() {
  static const auto kAll = make_kinds(Certificates::Try);
  return kAll;
}

std::span<const Kind> kinds_to_reload() {
  static const auto kAll = make_kinds(Certificates::Leave);
  return kAll;
}

std::string settings_page() {
  return R"(# Settings

Made from the tables beside the types (`src/**/*_fields.cpp`) by `naru check --reference`; edit
those, not this page.

A configuration is one or more YAML files, or folders of them, each with one or more documents
parted by `---`. Every document has a `kind`, and its settings stand beside that. What is left out
has its default. `naru check FILE…` tells all that is wrong at once, with line, column and what to
do; `naru serve` takes up a changed file by itself, as a whole or not at all.

- Durations carry a unit (`250ms`, `2s`, `5m`, `1h`), sizes too (`512B`, `64KiB`, `32MiB`, `2GiB`).
- Names of upstreams and deployments are lower-case letters, digits and hyphens, and differ from
  each other; names, aliases and patterns of models differ from each other.
- A relative path begins at the folder of its document.
- Secrets stand in environment variables or files that documents name, never in documents.
- Anchors, aliases, merge keys, tags and repeated keys are refused: a document says what it shows.
- A file has at most 1 MiB and 10,000 documents.

Annotated examples are in [examples/](../examples).
)" + registry::settings_reference(all_kinds());
}

}  // namespace naru::cli
