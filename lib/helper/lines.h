// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Lines: where the lines of a stream begin, so that what stands in the middle of one is not taken
/// for a command.
///
/// Shape    The sequence numbers behind the last two line ends that went by: a segment that is sent
///          again begins behind the one before. The first bytes of a stream begin a line.
/// Units    Host order; as the sender counts.
/// Threads  Plain values; only the flow's owner looks.
/// Source   seq_aft_nl of nf_conntrack_ftp of Linux, which knows the same two.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::helper {

class Lines {
public:
    /// Where in `text`, which is sent from `seq` on, the first line begins that is known to.
    std::optional<size_t> first_in(std::string_view text, uint32_t seq) const;
    /// It has been sent: where its last line ends, another begins.
    void pass(std::string_view text, uint32_t seq);

private:
    std::array<uint32_t, 2> starts_{};  // the later one first
    uint8_t known_ = 0;                 // of these
    bool has_begun_ = false;
};

}  // namespace sluice::helper
