// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Route6: IPv6 hosts inside that talk to IPv6 hosts outside with their own addresses, tracked.
///
/// Shape    They are those of --lan6 and behind its routers (config/ipv6.h), and what is said of
///          the link outside is said as for --nptv6 (config/nptv6.h). To rules they are hosts whose
///          flows to --ipv6-peers are not translated.
/// Errors   As read.h.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

#include <string>
#include <vector>

namespace sluice::config {

/// Prefixes, any number of times; whom their hosts talk to is said by give_peers().
Result<std::vector<policy::Match>> read_route6(const Given& given);
Result<net::Prefix> read_ipv6_peers(const Given& given);

/// Says of each prefix whom its hosts talk to, as hosts of that zone.
void give_peers(Config& config, uint16_t zone);

/// As it is written: the prefix alone.
std::vector<std::string> written_route6(const Config& config);

Status check_route6(const Config& config);

}  // namespace sluice::config
