#include "mock/page.h"

#include "base/settings/reference.h"
#include "mock/script.h"

namespace naru::mock {

std::string reference_page() {
  return R"(# naru mock

Made from the tables beside the types (`src/mock/plan.cpp`, `script.cpp`) by `naru mock --reference`;
edit those, not this page.

`naru mock` is a provider on request, for tests, demos and CI: it speaks as api.openai.com and
api.anthropic.com do, and misbehaves as it is told. Same seed, same requests, same bytes.

| it answers | |
|---|---|
| OpenAI | `POST /v1/chat/completions`, `/v1/completions`, `/v1/responses`, `/v1/responses/input_tokens`, `/v1/embeddings`; `GET /v1/models`, `/v1/models/NAME` |
| Anthropic | `POST /v1/messages`, `/v1/messages/count_tokens`; `GET /v1/models`, `/v1/models/NAME` with `anthropic-version` |
| itself | `GET /mock/journal`: each request with the bytes of its head and its body (as base64 too), when it came and when it was over; `DELETE` forgets them |

It is told what to do in three ways, the later over the earlier: the first rule of a script
(`--script FILE`) that fits the request; what stands behind `?` in the model's name; the header
`x-mock`. The last two take the rows below `answers[].answer` by their own name, values
percent-encoded:

    answers:
    - model: busy*
      times: 2
      answer: {refuse: tokens, retry_in: 1500ms}
    - answer: {first: 300ms, tail: 10, spacing: 20ms, jitter: 5ms}

    {"model": "gpt?ending=half_close&after=3", …}
    x-mock: chunks=600&spacing=100ms&cut_within=character

A wait given by a range is a wait and its `jitter`: `first: 50ms, jitter: 1950ms` is evenly from 50 ms
to 2 s. A body that is cut, stalls or drips is sent chunked, since its length would be a lie.

## Rows of a script

)" + settings::write_reference(Script::describe());
}

}  // namespace naru::mock
