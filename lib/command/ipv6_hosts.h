// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 hosts: which one stands behind each number that other lists show.
///
/// Shape    Text has a line each, number and address with a blank between; JSON is an array of
///          objects.
/// Threads  Any.

#include "command/subject.h"

#include <string>
#include <vector>

namespace sluice::command {

std::string ipv6_hosts_text(const std::vector<Ipv6Host>& hosts);
std::string ipv6_hosts_json(const std::vector<Ipv6Host>& hosts);

}  // namespace sluice::command
