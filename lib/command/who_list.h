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
#include "nat64/naming.h"

#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::command {

struct WhoQuery {
    listing::PublicEndpoint endpoint;
    std::optional<std::time_t> at = {};  ///< Only who has had it since then at least.
};

/// Reads public=ADDRESS[:PORT][/PROTOCOL], and at=SECONDS since 1970.
Result<WhoQuery> read_who_query(const listing::Query& query);

/// Takes out who has it for a shorter time than since `at`.
void keep_since(std::vector<listing::Hold>& holds, std::time_t at, std::time_t now);

/// What the lists must know.
struct WhoWords {
    std::time_t now = 0;  ///< The time of day to which ages are.
    nat64::Naming naming = {};
};

std::string who_table(const listing::PublicEndpoint& endpoint, std::span<const listing::Hold> holds,
                      const WhoWords& words);
std::string who_json(const listing::PublicEndpoint& endpoint, std::span<const listing::Hold> holds,
                     const WhoWords& words);

}  // namespace sluice::command
