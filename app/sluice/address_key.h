// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The key by which inside hosts are given their public addresses (pool/address_pool.h), and which
/// outlives the process, so that they keep them over a restart.
///
/// Shape    The operator's --address-key; else that of the file beside the control socket, which is
///          drawn and written at the first start. What lies in /run is gone after a reboot.
/// Errors   A file that holds no key, or that others than its user may read or write, is neither
///          used nor overwritten.

#include "base/result.h"
#include "pool/address_key.h"

#include <functional>
#include <string>
#include <string_view>

namespace sluice {

/// The file of the gateway whose control socket is at `socket`.
std::string address_key_file(const std::string& socket);

/// The key in the file, or a new one that is in it now. Where nothing can be written, `warn` is
/// told, and the key is good for this start alone.
Result<pool::AddressKey> keep_address_key(const std::string& file,
                                          const std::function<void(std::string_view)>& warn);

}  // namespace sluice
