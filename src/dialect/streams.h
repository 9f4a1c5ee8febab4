#pragma once
#include "dialect/translate.h"

/// The two ways of a stream; `make_answer_stream` chooses.
namespace naru::dialect {

/// Same dialect: each event's bytes go on, with only the spans changed that must differ.
std::unique_ptr<AnswerStream> make_same_stream(const Ends& ends, WriterOptions options);
/// Different dialects: the upstream's reader, canonical events, the client's writer.
std::unique_ptr<AnswerStream> make_cross_stream(const Ends& ends, WriterOptions options);

/// A call that nobody could answer: without a name or an id. Such an answer breaks its protocol.
std::optional<Fault> find_nameless(const chat::Part& part);

/// Counts the text, reasoning or arguments of a part.
void tally_part(const chat::Part& part, chat::Tally& tally);

}  // namespace naru::dialect
