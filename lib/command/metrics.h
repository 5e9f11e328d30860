// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Metrics: counters and gauges for Prometheus, in its text format.
///
/// Shape    Sums over all threads under their plain names; what tells workers apart under
///          sluice_worker_*, so that no sum counts a packet twice.
/// Source   https://prometheus.io/docs/practices/naming and the text format 0.0.4.

#include "command/subject.h"

#include <string>

namespace sluice::command {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const Subject& subject);

}  // namespace sluice::command
