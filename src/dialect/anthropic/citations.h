#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"

/// Sources that a text names. Those of the web have an address in every dialect; those of documents
/// and search results are known to this one alone and travel as their JSON.
namespace naru::dialect::anthropic_wire {

chat::Citation read_citation(json::ValueView citation);
/// Of a text block; a member that is no list of objects holds none.
std::vector<chat::Citation> read_citations(json::ValueView block);
/// Whether `citation` came in a form that this dialect writes, so that it can go back.
bool is_own_citation(const chat::Citation& citation);
/// Whether a client of this dialect can be shown `citation`: it has an address, or is its own.
bool can_show_citation(const chat::Citation& citation);
/// One that can be shown.
void write_citation(json::Writer& out, const chat::Citation& citation);

}  // namespace naru::dialect::anthropic_wire
