#include "driver/deployment.h"

namespace naru::driver {

using settings::Fields;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

const Fields<DeploymentSpec>& deployment_fields() {
  static const auto fields =
      Fields<DeploymentSpec>{}
          .text("name", &DeploymentSpec::name, settings::dns_label,
                "Name of the deployment: targets, metrics and the ledger use it. Upstreams and "
                "deployments share one set of names.")
          .required("smollm2-135m")
          .word("engine", &DeploymentSpec::engine, {"llama-server"}, "What computes.")
          .text("engine_path", &DeploymentSpec::engine_path, settings::any_text,
                "The engine's binary. Left out: $NARU_ENGINE, else the one beside naru.")
          .text("weights", &DeploymentSpec::weights, settings::some_text,
                "GGUF file of the model; '$NAME' at its start is that environment variable. A "
                "relative path begins at the folder of its document. naru checks the file's header "
                "before an engine opens it.")
          .required("/srv/models/model.gguf")
          .integer("context", &DeploymentSpec::context, 128, 4'194'304,
                   "Tokens of prompt and answer together that one call may have. Memory grows with "
                   "context times parallel.")
          .integer("parallel", &DeploymentSpec::parallel, 1, 256,
                   "Calls computed at once; further ones wait in the engine's queue.")
          .integer("threads", &DeploymentSpec::threads, 0, 1'024,
                   "Threads that compute; 0: one a core. More than there are cores is slower.")
          .integer(
              "prompt_cache_mib", &DeploymentSpec::prompt_cache_mib, 0, 1'048'576,
              "Mebibytes of memory for prompts kept for later calls that begin alike; 0: none.")
          .boolean("embeddings", &DeploymentSpec::embeddings,
                   "Whether it serves embeddings too, with mean pooling.")
          .choice(
              "start", &DeploymentSpec::start,
              {{"eager", Start::Eager}, {"on_demand", Start::OnDemand}},
              "eager loads the model at start; on_demand at the first call, which waits for it.")
          .duration("idle_unload", &DeploymentSpec::idle_unload, 0s, 168h,
                    "Time without a call after which the engine is stopped and its memory freed; "
                    "0s: never. The next call starts it again and waits.")
          .duration("load_timeout", &DeploymentSpec::load_timeout, 1s, 1h,
                    "Loading without any progress for so long counts as failed, and the engine is "
                    "started anew.")
          .duration("drain", &DeploymentSpec::drain, 0s, 1h,
                    "Time for running calls to end before the engine is stopped; what is left then "
                    "is cut.");
  return fields;
}

}  // namespace naru::driver
