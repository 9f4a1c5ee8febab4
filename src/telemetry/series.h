#pragma once
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <initializer_list>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "telemetry/metric_table.h"

/// Metrics by their labels, for the sources of this room alone: prometheus-cpp stays within it.
namespace naru::telemetry {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

/// A small value for each combination of texts, made once and then found under a shared lock.
template <class Value>
class Keyed {
 public:
  /// `make(keep, kept)` gives the value, under the lock, knowing how many are kept; with `keep` set
  /// to false it is asked again each time.
  template <class Make>
  Value at(std::initializer_list<std::string_view> texts, const Make& make) {
    thread_local std::string joined;
    joined.clear();
    for (const std::string_view text : texts) joined.append(text).push_back('\x1F');
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = values_.find(std::string_view(joined)); found != values_.end())
        return found->second;
    }
    std::string key = joined;  // `make` may come through here too
    const std::unique_lock lock(mutex_);
    bool keep = true;
    const Value value = make(keep, values_.size());
    if (keep) values_.emplace(std::move(key), value);
    return value;
  }

 private:
  std::shared_mutex mutex_;
  std::unordered_map<std::string, Value, TextHash, std::equal_to<>> values_;
};

struct SeriesBounds {
  std::size_t values;  ///< of one label
  std::size_t series;  ///< of the metric
};

/// One metric of the table with all its label values, which are bounded: a client can choose none
/// of them freely and still fill memory.
template <class T>
class Series {
 public:
  Series(prometheus::Registry& registry, Metric metric, SeriesBounds bounds);
  /// The metric for these label values, in the table's order; an empty one is shown as `none`.
  /// Lifetime: this object's.
  T& at(std::initializer_list<std::string_view> values);

 private:
  T* add(std::initializer_list<std::string_view> values, bool& keep, std::size_t kept);

  const MetricRow& row_;
  const SeriesBounds bounds_;
  prometheus::Family<T>& family_;
  Keyed<T*> known_;
  std::vector<std::set<std::string, std::less<>>> seen_;  // by label; under the lock of `known_`
};

extern template class Series<prometheus::Counter>;
extern template class Series<prometheus::Histogram>;

}  // namespace naru::telemetry
