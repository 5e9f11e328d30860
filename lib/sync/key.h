// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Key: the secret that both gateways of a pair have, and by which each knows the other.
///
/// Shape    A file of 64 hexadecimal digits, as `openssl rand -hex 32` prints them.
/// Errors   One sentence that names the file; a key that others may read is refused.
/// Memory   The key as long as it is used; nothing of it or of its digits afterwards.

#include "base/result.h"
#include "base/sip_hash.h"
#include "base/wiped.h"

#include <array>
#include <cstdint>
#include <string>

namespace sluice::sync {

using Key = Wiped<std::array<uint8_t, 32>>;

Result<Key> read_key(const std::string& file);

/// For a pair that has certificates and no such file: what must be the same in both, over all their
/// connections, follows from the address key that they have in common.
Key key_by(const SipKey& address_key);

/// 128 bits for the choice of hosts' public addresses, from which nobody learns the key: both
/// gateways give the same host the same address.
std::array<uint64_t, 2> address_key_of(const Key& key);
/// Likewise, for the numbers of IPv6 hosts.
std::array<uint64_t, 2> number_key_of(const Key& key);
/// Likewise, for those of IPv6 hosts outside.
std::array<uint64_t, 2> outside_number_key_of(const Key& key);

}  // namespace sluice::sync
