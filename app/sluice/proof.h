// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Proof: by what the two gateways of a pair know one another, and by what they do the same without
/// asking: by the key of --sync-key both; or by certificates the one, and by that key or the one of
/// --address-key the other.
///
/// Errors   One sentence that names the flag.

#include "base/result.h"
#include "config/config.h"
#include "sync/channel.h"

#include <string>
#include <vector>

namespace sluice::app {

/// Of a gateway that is one of two.
Result<sync::Proof> proof_of(const config::Config& config);

/// From which further ones follow: of numbers of IPv6 hosts, and of addresses.
Result<sync::Key> common_key(const config::Config& config);

/// Reads what the pair's thread will read: an error where that cannot be used, else a sentence for
/// each certificate that ends soon or has ended. Nothing of a gateway that is alone.
Result<std::vector<std::string>> check_proof(const config::Config& config);

}  // namespace sluice::app
