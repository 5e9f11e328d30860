// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads "etcd=http://192.0.2.1:2379,http://192.0.2.2:2379,name=a".
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/cluster.h"
#include "config/read.h"

#include <cstdint>

namespace sluice::config {

/// So many public addresses one cluster has at most: each is a key, which every gateway keeps in
/// mind.
inline constexpr uint64_t kMostOfCluster = 4096;

Result<Cluster> read_cluster(const Given& given);

/// What --cluster wants, and what does not go with it.
Status check_cluster(const Config& config);

}  // namespace sluice::config
