// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Top lists: which inside hosts use the most, and where public ports run short, as text and JSON.
///
/// Errors   A query that cannot be read is refused with one sentence.

#include "base/result.h"
#include "command/subject.h"
#include "listing/flow_filter.h"
#include "listing/flow_list.h"

#include <string>

namespace sluice::command {

/// Reads top=N (20 by default) and by=flows|ports|rate.
Result<std::string> hosts_list(const Subject& subject, listing::Query query,
                               listing::Format format);

/// Reads top=N.
Result<std::string> ports_list(const Subject& subject, listing::Query query,
                               listing::Format format);

}  // namespace sluice::command
