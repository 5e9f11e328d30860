// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// OpenMetrics: the same metrics in the format that Prometheus prefers.
///
/// Shape    The library writes format 0.0.4 alone. OpenMetrics differs from what we write in it in
///          three ways: a counter's family has no _total in its name, the bounds of a histogram's
///          buckets are floats, and `# EOF` ends it.
/// Source   OpenMetrics 1.0 (https://openmetrics.io), "Text format"; RFC 9110 §12.5.1, of Accept.

#include <string>
#include <string_view>

namespace sluice::command {

inline constexpr const char* kOpenMetricsContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The header Accept names OpenMetrics, and nothing of the text format as better.
bool prefers_openmetrics(std::string_view accept);

/// Of a text in format 0.0.4.
std::string to_openmetrics(std::string_view text);

}  // namespace sluice::command
