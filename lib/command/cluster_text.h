// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Cluster text: which gateway of a cluster has which public address, as this one knows it.

#include "command/subject.h"

#include <string>

namespace sluice::command {

/// How many of the addresses that gateway has.
size_t count_of(const ClusterReport& cluster, const std::string& owner);

/// "this gateway is a; its lease is good for 4.7 s", a line for each gateway, and one for each
/// address.
std::string cluster_text(const ClusterReport& cluster);
/// {"name":"a","lease_seconds":4.7,"members":[{"name":"a","leaves":false,"inside":"10.0.0.1",
/// "addresses":1}],"addresses":[{"address":"198.51.100.1","owner":"a","held":true}]}; an owner is
/// null where the address is nobody's, and so is what a gateway does not say.
std::string cluster_json(const ClusterReport& cluster);

}  // namespace sluice::command
