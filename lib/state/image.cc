// SPDX-License-Identifier: BSD-3-Clause
#include "state/image.h"

#include "conntrack/layout.h"
#include "nat64/numbers.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <vector>

namespace sluice::state {
namespace {

constexpr std::array<char, 8> kMagic{'s', 'l', 'u', 'i', 'c', 'e', '\x1a', '\n'};

/// Clocks are read one after the other, and a header is written in between.
constexpr int64_t kClockSlack = 1'000'000'000;
constexpr int64_t kLongestAbsence = int64_t{kLongestTimeout.milliseconds} * 1'000'000;

/// The place of what has none: beyond every table's records.
constexpr uint32_t kNowhere = uint32_t{1} << 28;

using flow::FlowRecord;
using flow::Life;

Reading mismatch(const std::string& why) {
    return {Reading::Worth::Mismatch, why};
}

bool is_live(const FlowRecord& record) {
    return record.life.load(std::memory_order_relaxed).life() == Life::Live;
}

/// Links by the new places of what they name.
void translate_links(FlowRecord& record, std::span<const uint32_t> places) {
    const auto place_of = [&](flow::HolderLink::Seen link) {
        const auto index = link.index();
        return index && *index < places.size() ? places[*index] : kNowhere;
    };
    const flow::HolderLink::Seen first = record.holder.see();
    if (!first.index())
        return;
    record.holder.set(place_of(first));
    if (!first.has_second())
        return;
    const flow::HolderLink::Seen second = record.second_holder.see();
    record.holder.add_second();
    record.second_holder.set(place_of(second));
}

/// To where a line begins.
constexpr size_t whole_lines(size_t bytes) {
    constexpr size_t kLine = 64;
    return (bytes + kLine - 1) / kLine * kLine;
}

size_t bytes_of_numbers(uint32_t bits) {
    return bits != 0 ? nat64::Numbers::bytes_needed(bits) : 0;
}

/// Behind the records, in a line of their own.
size_t numbers_begin(const Shape& shape) {
    return kHeaderBytes +
           whole_lines(flow::RecordMemory::bytes_needed(shape.capacity, shape.accounting != 0));
}

/// Behind the numbers, likewise.
size_t peers_begin(const Shape& shape) {
    return numbers_begin(shape) + whole_lines(bytes_of_numbers(shape.number_bits));
}

void copy_if_as_many(std::span<const std::byte> from, std::span<std::byte> to) {
    if (from.size() == to.size())
        std::ranges::copy(from, to.begin());
}

/// Records hold atomics and nothing that a copy of their bytes would not copy; nobody else is
/// there.
void copy(const FlowRecord& from, FlowRecord& to) {
    std::memcpy(static_cast<void*>(&to), static_cast<const void*>(&from), sizeof(FlowRecord));
}

}  // namespace

size_t image_bytes(const Shape& shape) {
    // Without peers just so long as it was before there were any.
    return shape.peer_bits == 0 ? numbers_begin(shape) + bytes_of_numbers(shape.number_bits)
                                : peers_begin(shape) + bytes_of_numbers(shape.peer_bits);
}

flow::RecordMemory Image::records() const {
    const Shape shape = header().shape();
    std::byte* const start = memory_.data() + kHeaderBytes;
    auto* const records = reinterpret_cast<FlowRecord*>(start);
    auto* const accounts =
        reinterpret_cast<flow::Account*>(start + shape.capacity * sizeof(FlowRecord));
    return {
        {records, shape.capacity},
        shape.accounting != 0 ? std::span(accounts, shape.capacity) : std::span<flow::Account>()};
}

std::span<std::byte> Image::numbers() const {
    const Shape shape = header().shape();
    if (shape.number_bits == 0)
        return {};
    return memory_.subspan(numbers_begin(shape), bytes_of_numbers(shape.number_bits));
}

std::span<std::byte> Image::peers() const {
    const Shape shape = header().shape();
    if (shape.peer_bits == 0)
        return {};
    return memory_.subspan(peers_begin(shape), bytes_of_numbers(shape.peer_bits));
}

Moment read_moment() {
    using std::chrono::steady_clock;
    Moment moment;
    moment.now = std::chrono::nanoseconds(steady_clock::now().time_since_epoch()).count();
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    file.get(moment.boot.data(), moment.boot.size());
    return moment;
}

void begin(Header& header, const Shape& shape, const Moment& moment) {
    header.image_layout = kImageLayout;
    header.record_layout = flow::kRecordLayout;
    header.tracker_layout = conntrack::kTrackerLayout;
    header.set_shape(shape);
    header.clock_start = moment.now;
    header.boot = moment.boot;
    header.last_seen.store(moment.now, std::memory_order_relaxed);
    header.phase.store(Phase::Running, std::memory_order_relaxed);
    // Release: without the magic, whoever finds this takes it for nothing.
    std::atomic_thread_fence(std::memory_order_release);
    header.magic = kMagic;
}

Reading read_image(const Header& header, size_t file_bytes, const Shape& wanted,
                   const Moment& moment) {
    using enum Reading::Worth;
    if (header.magic == decltype(header.magic){})
        return {Nothing};
    if (header.magic != kMagic)
        return {Foreign, "is no state of sluice, and is left as it is"};
    if (header.image_layout != kImageLayout || header.record_layout != flow::kRecordLayout ||
        header.tracker_layout != conntrack::kTrackerLayout)
        return mismatch("was written by a build with another layout of flows");
    const Shape shape = header.shape();
    if (shape.capacity == 0 || shape.accounting > 1 ||
        std::max(shape.number_bits, shape.peer_bits) > nat64::kMostNumberBits ||
        file_bytes < image_bytes(shape))
        return mismatch("is shorter than its header says");
    if (shape.block_size != wanted.block_size)
        return mismatch("was written with --port-block-size " + std::to_string(shape.block_size));
    if (header.boot != moment.boot)
        return {Over, "is of another boot"};
    const int64_t absence = moment.now - header.last_seen.load(std::memory_order_relaxed);
    if (absence < -kClockSlack || header.clock_start > moment.now)
        return {Over, "is by another clock"};
    if (absence > kLongestAbsence)
        return {Over, "is so old that all of it has ended"};
    return {shape == wanted ? Good : OtherShape};
}

uint64_t move_image(const Image& from, const Image& to) {
    copy_if_as_many(from.numbers(), to.numbers());
    copy_if_as_many(from.peers(), to.peers());
    const flow::RecordMemory source = from.records();
    const flow::RecordMemory target = to.records();
    std::vector<uint32_t> places(source.records.size(), kNowhere);
    std::vector<uint32_t> moved;
    uint64_t without_room = 0;
    // Holders first: where there is no room for all, those are left out on which nothing hangs.
    for (const bool are_flows : {false, true})
        for (uint32_t i = 0; i < source.records.size(); ++i) {
            const FlowRecord& record = source.records[i];
            if (!is_live(record) || (record.kind() == flow::Kind::Flow) != are_flows)
                continue;
            if (moved.size() == target.records.size()) {
                ++without_room;
                continue;
            }
            places[i] = static_cast<uint32_t>(moved.size());
            moved.push_back(i);
        }
    for (uint32_t place = 0; place < moved.size(); ++place) {
        copy(source.records[moved[place]], target.records[place]);
        translate_links(target.records[place], places);
        if (source.accounts.empty() || target.accounts.empty()) {
            for (flow::Tally& tally : target.records[place].tally)
                tally.restart();  // part of an account that is not there
            continue;
        }
        std::memcpy(static_cast<void*>(&target.accounts[place]),
                    static_cast<const void*>(&source.accounts[moved[place]]),
                    sizeof(flow::Account));
    }
    return without_room;
}

}  // namespace sluice::state
