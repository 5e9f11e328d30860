// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Interleaver: runs what would run on several threads on one, and changes from one to another
/// where a choice says so, before any atomic operation.
///
/// Shape    What it runs is compiled for the thread sanitizer, which calls a function in place of
///          each atomic operation; those functions are here, in place of the sanitizer's. So the
///          code is the gateway's own, and the same choices bring the same order of operations.
///          A mutex that another holds lets the others go on.
/// Units    Of 256 operations so many let another go on, on the average: `rate`.
/// Threads  One. It shows orders of operations, each of which all see alike; what a weak memory
///          does besides is for the thread sanitizer and for the argument in the headers.
/// Errors   None: what it runs must not throw.
/// Memory   A stack of 1 MB for each part, kept from run to run.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace sluice::test {

class Interleaver {
public:
    using Draw = std::function<uint32_t()>;

    /// Refers to `draw`, which says which goes on.
    Interleaver(const Draw& draw, unsigned rate) : draw_(draw), rate_(rate) {}
    Interleaver(const Interleaver&) = delete;
    Interleaver& operator=(const Interleaver&) = delete;

    /// Runs all of them to their ends.
    void run(std::span<const std::function<void()>> parts);
    /// How often one has gone on in another's place.
    uint64_t changes() const { return changes_; }

private:
    const Draw& draw_;
    std::vector<std::unique_ptr<std::byte[]>> stacks_;  // of the parts, by their numbers
    unsigned rate_;
    uint64_t changes_ = 0;

    friend struct Fibers;
};

}  // namespace sluice::test
