// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Header options: those of an IPv4 or of a TCP header, one after the other. Both have the same
/// form: a kind alone for the two that fill up, else kind, length of all of it, and what it says.
///
/// Errors   What does not end within the header ends the walk, and is_broken() says so.
/// Source   RFC 791 §3.1, RFC 9293 §3.1.

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::net {

/// `Byte` is uint8_t where options are to be changed, else const uint8_t.
template <typename Byte>
class HeaderOptions {
public:
    static constexpr size_t kHeadBytes = 2;  ///< Kind and length.

    /// All that is behind the fixed part of the header.
    explicit HeaderOptions(std::span<Byte> options) : rest_(options) {}

    /// The next one that says something, from its kind on, with kHeadBytes at least; empty behind
    /// the last.
    std::span<Byte> next() {
        while (!rest_.empty() && rest_[0] == kNoOperation)
            rest_ = rest_.subspan(1);
        if (rest_.empty() || rest_[0] == kEndOfList)
            return {};
        if (rest_.size() < kHeadBytes || rest_[1] < kHeadBytes || rest_[1] > rest_.size()) {
            is_broken_ = true;
            return {};
        }
        const std::span<Byte> option = rest_.first(rest_[1]);
        rest_ = rest_.subspan(option.size());
        return option;
    }

    /// Behind the last: something is there whose length cannot be.
    bool is_broken() const { return is_broken_; }

private:
    static constexpr uint8_t kEndOfList = 0;
    static constexpr uint8_t kNoOperation = 1;

    std::span<Byte> rest_;
    bool is_broken_ = false;
};

}  // namespace sluice::net
