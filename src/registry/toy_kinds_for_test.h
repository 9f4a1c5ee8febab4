#pragma once
#include <array>
#include <span>

#include "registry/kind.h"

/// Kinds of no room, so that the registry is tested without knowing the real ones.
namespace naru::registry::toy {

struct Harbour {
  std::string name;
  std::uint32_t berths = 4;
  std::chrono::milliseconds wait{2'000};
  std::string map_file = {};
};

struct Leg {
  std::string harbour;
  std::uint64_t cargo = 1 << 10;
};

struct Route {
  std::string name;
  std::vector<std::string> aliases = {};
  std::vector<Leg> legs = {};
};

struct Company {
  bool open = true;
};

struct Harbours {
  std::map<std::string, Harbour> by_name;
};
struct Routes {
  std::map<std::string, Route> by_name;
};

inline const settings::Fields<Harbour>& harbour_fields() {
  using std::chrono::milliseconds;
  static const auto fields =
      settings::Fields<Harbour>{}
          .text("name", &Harbour::name, settings::dns_label, "What it is called.")
          .required("busan")
          .integer("berths", &Harbour::berths, 1, 100, "Ships it takes.")
          .duration("wait", &Harbour::wait, milliseconds(1), milliseconds(60'000), "For a berth.")
          .text("map_file", &Harbour::map_file, settings::any_text, "Its map.");
  return fields;
}

inline const settings::Fields<Leg>& leg_fields() {
  static const auto fields =
      settings::Fields<Leg>{}
          .text("harbour", &Leg::harbour, settings::dns_label, "Where it ends.")
          .required("busan")
          .bytes("cargo", &Leg::cargo, 1, 1ULL << 30, "What it carries.");
  return fields;
}

inline const settings::Fields<Route>& route_fields() {
  static const auto fields =
      settings::Fields<Route>{}
          .text("name", &Route::name, settings::model_name, "What it is called.")
          .required("east")
          .texts("aliases", &Route::aliases, settings::model_name, "Further names.")
          .objects("legs", &Route::legs, leg_fields(), "Its legs.");
  return fields;
}

inline const settings::Fields<Company>& company_fields() {
  static const auto fields =
      settings::Fields<Company>{}.boolean("open", &Company::open, "Whether it sails.");
  return fields;
}

inline void check_routes(Draft& draft) {
  for (const auto& route : draft.all<Route>()) {
    const Document& document = *route.document;
    for (std::size_t i = 0; i < route.spec.aliases.size(); ++i)
      draft.claim("route", route.spec.aliases[i], document, settings::join("aliases", i));
    for (std::size_t i = 0; i < route.spec.legs.size(); ++i) {
      const std::string& name = route.spec.legs[i].harbour;
      if (name.empty() || draft.has("harbour", name)) continue;
      draft.wrong(document, settings::join(settings::join("legs", i), "harbour"),
                  fmt::format("is {}, which is no harbour{}", settings::shown(name),
                              settings::did_you_mean(name, draft.names("harbour"))));
    }
  }
}

inline void compile_harbours(Draft& draft, Snapshot& snapshot) {
  auto harbours = std::make_shared<Harbours>();
  for (const auto& [document, spec, whole] : draft.all<Harbour>()) {
    if (!spec.map_file.empty()) draft.uses(document->whole_path(spec.map_file));
    if (spec.map_file == "lost.map") draft.wrong(*document, "map_file", "is lost; draw another");
    harbours->by_name.emplace(spec.name, spec);
  }
  snapshot.put<Harbours>(std::move(harbours));
}

inline void compile_routes(Draft& draft, Snapshot& snapshot) {
  auto routes = std::make_shared<Routes>();
  for (const auto& route : draft.all<Route>()) routes->by_name.emplace(route.spec.name, route.spec);
  snapshot.put<Routes>(std::move(routes));
}

inline void compile_company(Draft& draft, Snapshot& snapshot) {
  auto company = std::make_shared<Company>();
  for (const auto& declared : draft.all<Company>()) *company = declared.spec;
  snapshot.put<Company>(std::move(company));
}

/// `Harbour`; `Route`, whose legs name harbours; `Company`, of which there is one.
inline std::span<const Kind> kinds() {
  static const auto kAll = std::array{
      make_kind({.name = "Harbour",
                 .purpose = "A place where ships lie.",
                 .space = "harbour",
                 .compile = compile_harbours},
                harbour_fields()),
      make_kind({.name = "Route",
                 .purpose = "A way between harbours.",
                 .space = "route",
                 .check = check_routes,
                 .compile = compile_routes},
                route_fields()),
      make_kind(
          {.name = "Company", .purpose = "Who sails.", .once = true, .compile = compile_company},
          company_fields()),
  };
  return kAll;
}

}  // namespace naru::registry::toy
