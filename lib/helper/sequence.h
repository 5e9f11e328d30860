// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Correction: what a stream's sequence numbers become once a part of it has been rewritten, and
/// what the receiver's acknowledgments of them were.
///
/// Shape    One for each direction of a helped TCP flow. It knows the last part that was rewritten,
///          and how many bytes more the receiver has had before it, and behind it; so what is sent
///          again from before that part, and what follows it, are both right.
/// Units    Numbers in the sender's count, as it wrote them, in host order, unless a function says
///          otherwise.
/// Threads  Plain values; only the flow's owner looks.
/// Source   As nf_ct_seqadj of Linux, which knows where the segment with the last rewritten part
///          began. Where the part itself lies tells more: a segment that is sent again may begin
///          elsewhere. Nor does the count run over here: forget_before().

#include <cstdint>

namespace sluice::helper {

class Correction {
public:
    /// Nothing differs: neither before nor behind.
    bool is_none() const { return before_ == 0 && after_ == 0; }

    /// The bytes [begin, end) have been replaced, by so many more. What has been replaced already
    /// is known, and changes nothing.
    void rewrite(uint32_t begin, uint32_t end, int32_t growth);
    /// This part is the last that was rewritten.
    bool is_of(uint32_t begin, uint32_t end) const {
        return is_rewritten_ && begin == begin_ && end == end_;
    }
    /// It lies before that, or in it: the receiver has had it.
    bool is_past(uint32_t begin) const;
    /// A segment has been sent so far behind the last rewritten part that nothing before it can
    /// come again: from then on the count may run over.
    void forget_before(uint32_t seq);

    /// In the receiver's count.
    uint32_t sent(uint32_t seq) const;
    /// From the receiver's count. Of a part of what was rewritten nothing is acknowledged.
    uint32_t acknowledged(uint32_t ack) const;

private:
    uint32_t begin_ = 0;
    uint32_t end_ = 0;
    int32_t before_ = 0;
    int32_t after_ = 0;
    bool is_rewritten_ = false;
};

}  // namespace sluice::helper
