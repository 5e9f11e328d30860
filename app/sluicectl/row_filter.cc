// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/row_filter.h"

#include "net/text.h"

#include <algorithm>
#include <utility>

namespace sluicectl {
namespace {

using sluice::net::kHostLength;

bool is_of_word(char c) {
    return ('a' <= c && c <= 'z') || c == '_';
}

/// Without a port.
std::string address_of(const std::string& end) {
    return std::ranges::count(end, ':') == 1 ? end.substr(0, end.find(':')) : end;
}

}  // namespace

RowFilter::RowFilter(std::string text)
    : text_(std::move(text)), is_word_(std::ranges::all_of(text_, is_of_word)) {
    prefix_ = sluice::net::parse_prefix(text_);
    if (const auto address = sluice::net::parse_address(text_))
        prefix_ = sluice::net::Prefix{*address, kHostLength};
    ipv6_ = sluice::net::parse_ipv6_prefix(text_);
}

bool RowFilter::wants_reason(const std::string& reason) const {
    return !is_word_ || reason.find(text_) != std::string::npos;
}

bool RowFilter::wants_end(const std::string& end) const {
    if (is_word_)
        return true;
    if (prefix_) {
        const auto address = sluice::net::parse_address(address_of(end));
        return address && prefix_->contains(*address);
    }
    if (ipv6_) {
        const auto address = sluice::net::parse_ipv6_address(end);
        return address && ipv6_->contains(*address);
    }
    return end.find(text_) != std::string::npos;
}

}  // namespace sluicectl
