// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Row filter: which rows of `top` an operator wants to see.
///
/// Shape    A word, as "fin" or "host_flows", is of reasons for drops, and leaves all else alone.
///          Anything else is of hosts and of the ends of flows: an address, a prefix, or what
///          stands in their text.
/// Errors   None: what is no address and no prefix is text.

#include "net/ipv6.h"
#include "net/prefix.h"

#include <optional>
#include <string>

namespace sluicectl {

class RowFilter {
public:
    RowFilter() = default;
    explicit RowFilter(std::string text);

    const std::string& text() const { return text_; }
    bool wants_reason(const std::string& reason) const;
    /// "10.1.0.10", "2001:db8::1", "203.0.113.10:80".
    bool wants_end(const std::string& end) const;

private:
    std::string text_;
    bool is_word_ = false;
    std::optional<sluice::net::Prefix> prefix_;
    std::optional<sluice::net::Ipv6Prefix> ipv6_;
};

}  // namespace sluicectl
