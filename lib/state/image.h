// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Image: the flows of a process as they lie in a file, for the next one.
///
/// Shape    A header on a page of its own, the records of the flow table, their accounts where
///          there are any, and the numbers of IPv6 hosts inside and outside where these are served.
///          A record's meaning is docs/flow-table.md's ("A record in another process"); the ticks
///          in it are those of the header's clock. All zeros is an image in the making, and worth
///          as much as none.
/// Threads  One writes the header: the control core's. The rest is the flow table's.

#include "flow/flow_record.h"
#include "flow/record_memory.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>

namespace sluice::state {

/// The number of the header, of where the rest is, and of what accounts are. Whoever changes that
/// gives it the next.
inline constexpr uint32_t kImageLayout = 2;

/// What both processes must have in common, or be told of.
struct Shape {
    uint32_t capacity = 0;     ///< Records.
    uint32_t accounting = 0;   ///< 1: with accounts.
    uint32_t block_size = 0;   ///< Ports of a block; 0: there are none.
    uint32_t number_bits = 0;  ///< 2^so many IPv6 hosts have a number; 0: there are none.
    uint32_t peer_bits = 0;    ///< Likewise of those outside.

    constexpr bool operator==(const Shape&) const = default;
};

enum class Phase : uint32_t {
    Running = 1,  ///< So it is found after a crash.
    Stopped,      ///< In order.
};

using BootId = std::array<char, 40>;

struct Header {
    std::array<char, 8> magic{};  ///< kMagic; written last.
    uint32_t image_layout = 0;
    uint32_t record_layout = 0;
    uint32_t tracker_layout = 0;
    uint32_t capacity = 0;  // of the shape
    uint32_t accounting = 0;
    uint32_t block_size = 0;
    int64_t clock_start = 0;            ///< Tick 0, in nanoseconds of the system's monotonic clock.
    BootId boot{};                      ///< That clock is of one boot.
    std::atomic<int64_t> last_seen{0};  ///< When the process last turned, by that clock.
    std::atomic<Phase> phase{};
    uint32_t number_bits = 0;  ///< Of the shape; builds that kept no numbers have left 0.
    uint32_t peer_bits = 0;    ///< Likewise.

    Shape shape() const { return {capacity, accounting, block_size, number_bits, peer_bits}; }
    void set_shape(const Shape& shape) {
        std::tie(capacity, accounting, block_size, number_bits, peer_bits) = std::tie(
            shape.capacity, shape.accounting, shape.block_size, shape.number_bits, shape.peer_bits);
    }
};
inline constexpr size_t kHeaderBytes = 4096;
static_assert(sizeof(Header) <= kHeaderBytes && kHeaderBytes % alignof(flow::FlowRecord) == 0);

/// Bytes of a whole image.
size_t image_bytes(const Shape& shape);

/// An image in memory that is long enough for it.
class Image {
public:
    explicit Image(std::span<std::byte> memory) : memory_(memory) {}

    Header& header() const { return *reinterpret_cast<Header*>(memory_.data()); }
    /// As the header's shape says.
    flow::RecordMemory records() const;
    /// For nat64::Numbers; empty where there are none.
    std::span<std::byte> numbers() const;
    /// Of IPv6 hosts outside.
    std::span<std::byte> peers() const;

private:
    std::span<std::byte> memory_;
};

/// When an image is read.
struct Moment {
    int64_t now = 0;  ///< Nanoseconds of the system's monotonic clock.
    BootId boot{};
};
Moment read_moment();

/// Makes the header of an image whose memory is zeroed. Its clock begins now.
void begin(Header& header, const Shape& shape, const Moment& moment);

/// What is found at the beginning of a file.
struct Reading {
    enum class Worth : uint8_t {
        Nothing,     ///< Empty, or in the making.
        Good,        ///< To be adopted where it is.
        OtherShape,  ///< To be moved first: another number of records, or other accounts.
        Over,        ///< All of it has ended by now: another boot, or long ago.
        Mismatch,    ///< Of another build or another size of blocks.
        Foreign,     ///< No image at all: somebody else's file.
    };
    Worth worth = Worth::Nothing;
    std::string why = {};  ///< Of the last three: "is of another boot".
};
Reading read_image(const Header& header, size_t file_bytes, const Shape& wanted,
                   const Moment& moment);

/// Copies the numbers of one image into another, where that has as many, and the live records to
/// its first ones. The other is zeroed but for its header; what they hang on is found by its new
/// place. Returns how many had no room. What hangs on one of these is left without it, and is
/// refused when it is adopted.
uint64_t move_image(const Image& from, const Image& to);

}  // namespace sluice::state
