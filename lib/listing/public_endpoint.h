// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Public endpoint: what somebody outside saw of an inside host, as they tell it.
///
/// Shape    ADDRESS[:PORT][/PROTOCOL]; what is left out is any. An ICMP identifier is a port.
/// Errors   parse() refuses what is written otherwise, and a port of a protocol that has none, with
///          one sentence.

#include "base/result.h"
#include "net/tuple.h"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::listing {

struct PublicEndpoint {
    Be32 address;
    std::optional<uint16_t> port = {};
    std::optional<net::Protocol> protocol = {};

    static Result<PublicEndpoint> parse(std::string_view text);

    bool is_of(net::Protocol other) const { return !protocol || *protocol == other; }
    bool is_within(uint32_t first, uint32_t last) const {
        return !port || (first <= *port && *port <= last);
    }
};

/// As it was written.
std::string to_string(const PublicEndpoint& endpoint);

}  // namespace sluice::listing
