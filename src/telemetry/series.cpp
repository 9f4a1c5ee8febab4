#include "telemetry/series.h"

#include "base/check.h"
#include "base/text.h"

namespace naru::telemetry {
namespace {

constexpr std::size_t kMostValueBytes = 128;
constexpr std::string_view kOther = "other";
constexpr std::string_view kNone = "none";

prometheus::Family<prometheus::Counter>& make_family(prometheus::Registry& registry,
                                                     const MetricRow& row,
                                                     const prometheus::Counter* /*kind*/) {
  return prometheus::BuildCounter()
      .Name(std::string(row.name))
      .Help(std::string(row.help))
      .Register(registry);
}

prometheus::Family<prometheus::Histogram>& make_family(prometheus::Registry& registry,
                                                       const MetricRow& row,
                                                       const prometheus::Histogram* /*kind*/) {
  return prometheus::BuildHistogram()
      .Name(std::string(row.name))
      .Help(std::string(row.help))
      .Register(registry);
}

std::string shown(std::string_view value) {
  if (value.empty()) value = kNone;
  value = value.substr(0, kMostValueBytes);
  return std::string(value.substr(0, utf8_valid_bytes(value)));
}

}  // namespace

template <class T>
Series<T>::Series(prometheus::Registry& registry, Metric metric, SeriesBounds bounds)
    : row_(row(metric)),
      bounds_(bounds),
      family_(make_family(registry, row_, static_cast<const T*>(nullptr))),
      seen_(row_.labels.size()) {}

template <class T>
T& Series<T>::at(std::initializer_list<std::string_view> values) {
  return *known_.at(values, [&](bool& keep, std::size_t kept) { return add(values, keep, kept); });
}

template <class T>
T* Series<T>::add(std::initializer_list<std::string_view> values, bool& keep, std::size_t kept) {
  NARU_CHECK(values.size() == row_.labels.size(), "a series has one value for each label");
  const bool full = kept >= bounds_.series;
  prometheus::Labels labels;
  std::size_t i = 0;
  for (const std::string_view given : values) {
    std::string value = shown(given);
    const bool known = seen_[i].contains(value);
    if (full || (!known && seen_[i].size() >= bounds_.values)) {
      value = kOther;
      keep = false;  // else the values that were left out would fill memory here
    } else if (!known) {
      seen_[i].insert(value);
    }
    labels.emplace(std::string(row_.labels[i++]), std::move(value));
  }
  if constexpr (std::same_as<T, prometheus::Histogram>)
    return &family_.Add(
        labels, prometheus::Histogram::BucketBoundaries(row_.buckets.begin(), row_.buckets.end()));
  else
    return &family_.Add(labels);
}

template class Series<prometheus::Counter>;
template class Series<prometheus::Histogram>;

}  // namespace naru::telemetry
