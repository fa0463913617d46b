// The combiner's metrics, one row each.
#pragma once

#include <span>

#include "common/runtime/metrics.hpp"

namespace chorale::combiner {

std::span<const runtime::MetricRow> metric_table();

}  // namespace chorale::combiner
