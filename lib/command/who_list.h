// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Who list: which inside hosts have a public endpoint, as text and JSON.
///
/// Shape    10 000 rows at most, then how many more there are.
/// Errors   A query that cannot be read is refused with one sentence.

#include "base/result.h"
#include "listing/flow_filter.h"
#include "listing/holds.h"

#include <ctime>
#include <span>
#include <string>

namespace sluice::command {

/// Reads public=ADDRESS[:PORT][/PROTOCOL].
Result<listing::PublicEndpoint> read_who_query(const listing::Query& query);

/// `now` is the time of day to which ages are.
std::string who_table(const listing::PublicEndpoint& endpoint, std::span<const listing::Hold> holds,
                      std::time_t now);
std::string who_json(const listing::PublicEndpoint& endpoint, std::span<const listing::Hold> holds,
                     std::time_t now);

}  // namespace sluice::command
