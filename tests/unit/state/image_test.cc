// SPDX-License-Identifier: BSD-3-Clause
#include "state/image.h"

#include "catch.h"
#include "nat64/numbers.h"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

namespace image_test {

using namespace sluice;
using namespace sluice::state;
using flow::FlowRecord;
using flow::Kind;
using flow::Life;
using Worth = Reading::Worth;

namespace {

constexpr Shape kShape{4, 1, 0};

/// An image of a few records in memory of its own.
class Memory {
public:
    explicit Memory(const Shape& shape) : lines_((image_bytes(shape) + 63) / 64) {
        begin(image().header(), shape, read_moment());
    }
    Image image() { return Image(std::as_writable_bytes(std::span(lines_))); }
    FlowRecord& record(size_t index) { return image().records().records[index]; }

    /// A live record of a kind, with a port by which it is known again.
    FlowRecord& make(size_t index, Kind kind, uint16_t port) {
        FlowRecord& made = record(index);
        for (net::Tuple& tuple : made.tuple) {
            tuple.kind = static_cast<uint8_t>(kind);
            tuple.source_port = Be16::from_host(port);
        }
        made.life.store(flow::LifeWord{}.with(Life::Live));
        return made;
    }

private:
    struct alignas(64) Line {
        std::array<std::byte, 64> bytes{};
    };
    std::vector<Line> lines_;
};

uint16_t port_of(const FlowRecord& record) {
    return record.tuple[0].source_port.host();
}

}  // namespace

TEST_CASE("image: the same build, shape and boot can go on with it", "[state]") {
    Memory memory(kShape);
    const Moment moment = read_moment();
    const Reading reading =
        read_image(memory.image().header(), image_bytes(kShape), kShape, moment);
    CHECK(reading.worth == Worth::Good);
    CHECK(memory.image().header().clock_start <= moment.now);
    CHECK(memory.image().records().records.size() == 4);
    CHECK(memory.image().records().accounts.size() == 4);
}

TEST_CASE("image: what it is worth otherwise, and why", "[state]") {
    Memory memory(kShape);
    Header& header = memory.image().header();
    Moment moment = read_moment();
    size_t bytes = image_bytes(kShape);
    Shape wanted = kShape;
    const auto worth = [&](Worth expected, const std::string& why) {
        const Reading reading = read_image(header, bytes, wanted, moment);
        CHECK(reading.worth == expected);
        CHECK(reading.why == why);
    };
    SECTION("nothing in it, or nothing finished") {
        header.magic = {};
        worth(Worth::Nothing, "");
    }
    SECTION("somebody else's file") {
        header.magic[0] = '#';
        worth(Worth::Foreign, "is no state of sluice, and is left as it is");
    }
    SECTION("another layout") {
        header.record_layout = GENERATE(0, 77);
        worth(Worth::Mismatch, "was written by a build with another layout of flows");
    }
    SECTION("another layout of the trackers or of the image") {
        (GENERATE(true, false) ? header.tracker_layout : header.image_layout) += 1;
        worth(Worth::Mismatch, "was written by a build with another layout of flows");
    }
    SECTION("cut short") {
        bytes -= 1;
        worth(Worth::Mismatch, "is shorter than its header says");
    }
    SECTION("a header that lies") {
        header.capacity = ~uint32_t{0};
        worth(Worth::Mismatch, "is shorter than its header says");
    }
    SECTION("more numbers of IPv6 hosts than there can be") {
        (GENERATE(true, false) ? header.number_bits : header.peer_bits) = 21;
        bytes = size_t{1} << 40;
        worth(Worth::Mismatch, "is shorter than its header says");
    }
    SECTION("numbers of IPv6 hosts that it has not") {
        (GENERATE(true, false) ? header.number_bits : header.peer_bits) = 8;
        worth(Worth::Mismatch, "is shorter than its header says");
    }
    SECTION("IPv6 hosts that it knows nothing of") {
        (GENERATE(true, false) ? wanted.number_bits : wanted.peer_bits) = 8;
        worth(Worth::OtherShape, "");
    }
    SECTION("other blocks of ports") {
        wanted.block_size = 64;
        worth(Worth::Mismatch, "was written with --port-block-size 0");
    }
    SECTION("room for other flows, or other accounts") {
        wanted = GENERATE(Shape{8, 1, 0}, Shape{2, 1, 0}, Shape{4, 0, 0});
        worth(Worth::OtherShape, "");
    }
    SECTION("another boot") {
        moment.boot[0] = '!';
        worth(Worth::Over, "is of another boot");
    }
    SECTION("another clock") {
        header.last_seen.store(moment.now + 5'000'000'000);
        worth(Worth::Over, "is by another clock");
    }
    SECTION("so long ago that ticks cannot tell") {
        moment.now += int64_t{21} * 24 * 3600 * 1'000'000'000;
        worth(Worth::Over, "is so old that all of it has ended");
    }
}

TEST_CASE("image: numbers of IPv6 hosts move where there are as many", "[state]") {
    Memory from({5, 1, 0, 8});
    const std::span<std::byte> numbers = from.image().numbers();
    REQUIRE(numbers.size() == nat64::Numbers::bytes_needed(8));
    CHECK(reinterpret_cast<uintptr_t>(numbers.data()) % 64 == 0);
    const auto& last = from.image().records().accounts.back();
    CHECK(static_cast<const void*>(numbers.data()) >= static_cast<const void*>(&last + 1));
    std::ranges::fill(numbers, std::byte{7});
    Memory as_many({8, 0, 0, 8});
    REQUIRE(move_image(from.image(), as_many.image()) == 0);
    CHECK(std::ranges::equal(as_many.image().numbers(), numbers));
    Memory more({8, 0, 0, 9});
    REQUIRE(move_image(from.image(), more.image()) == 0);
    CHECK(std::ranges::count(more.image().numbers(), std::byte{}) ==
          static_cast<ptrdiff_t>(more.image().numbers().size()));
    Memory none({8, 0, 0});
    REQUIRE(move_image(from.image(), none.image()) == 0);
    CHECK(none.image().numbers().empty());
}

TEST_CASE("image: hosts outside have numbers of their own, which move by themselves", "[state]") {
    Memory from({5, 1, 0, 8, 9});
    const std::span<std::byte> peers = from.image().peers();
    REQUIRE(peers.size() == nat64::Numbers::bytes_needed(9));
    CHECK(reinterpret_cast<uintptr_t>(peers.data()) % 64 == 0);
    const std::span<std::byte> numbers = from.image().numbers();
    CHECK(peers.data() >= numbers.data() + numbers.size());
    std::ranges::fill(numbers, std::byte{7});
    std::ranges::fill(peers, std::byte{8});
    Memory as_many({8, 0, 0, 7, 9});
    REQUIRE(move_image(from.image(), as_many.image()) == 0);
    CHECK(std::ranges::equal(as_many.image().peers(), peers));
    CHECK(std::ranges::count(as_many.image().numbers(), std::byte{7}) == 0);
    Memory alone({8, 0, 0, 0, 9});
    REQUIRE(move_image(from.image(), alone.image()) == 0);
    CHECK(std::ranges::equal(alone.image().peers(), peers));
    Memory none({8, 0, 0, 8});
    REQUIRE(move_image(from.image(), none.image()) == 0);
    CHECK(none.image().peers().empty());
    CHECK(std::ranges::equal(none.image().numbers(), numbers));
}

TEST_CASE("image: records move with their accounts, and find what they hang on", "[state]") {
    Memory from({5, 1, 0});
    from.make(0, Kind::Flow, 10).hang_on(3, Kind::Mapping);
    from.record(0).hang_on(4, Kind::Block);
    from.make(2, Kind::Flow, 12);
    from.make(3, Kind::Mapping, 13).hang_on(4, Kind::Block);
    from.make(4, Kind::Block, 14);
    const auto accounts_of = [](const Image& image) {
        return flow::Accounts(image.records().records, image.records().accounts);
    };
    flow::Accounts accounts = accounts_of(from.image());
    for (int i = 0; i < 1000; ++i)
        accounts.add({2, net::Direction::Original}, {1, 99});

    Memory to({8, 1, 0});
    REQUIRE(move_image(from.image(), to.image()) == 0);
    CHECK(port_of(to.record(0)) == 13);
    CHECK(port_of(to.record(1)) == 14);
    CHECK(port_of(to.record(2)) == 10);
    CHECK(port_of(to.record(3)) == 12);
    CHECK(to.record(4).life.load().life() == Life::Free);
    CHECK(accounts_of(to.image()).read(3) == flow::BothTraffic{{{1000, 99'000}, {}}});

    flow::HolderLink first;
    first.set(0);
    first.add_second();
    CHECK(to.record(2).holder.see().bits == first.see().bits);
    CHECK(to.record(2).second_holder.see().index() == std::optional<uint32_t>(1));
    CHECK(to.record(0).holder.see().index() == std::optional<uint32_t>(1));
    CHECK(to.record(3).holder.see().bits == 0);
    CHECK(to.record(2).is_looked_into());
    CHECK_FALSE(to.record(0).is_looked_into());  // it hangs on a block
}

TEST_CASE("image: accounts that did not move leave nothing in the records", "[state]") {
    Memory from({1, 1, 0});
    from.make(0, Kind::Flow, 10).look_into();
    flow::Accounts(from.image().records().records, from.image().records().accounts)
        .add({0, net::Direction::Reply}, {7, 700});
    Memory without({1, 0, 0});
    REQUIRE(move_image(from.image(), without.image()) == 0);
    CHECK(without.record(0).is_looked_into());
    Memory again({1, 1, 0});
    REQUIRE(move_image(without.image(), again.image()) == 0);
    const flow::RecordMemory memory = again.image().records();
    CHECK(flow::Accounts(memory.records, memory.accounts).read(0) == flow::BothTraffic{});
}

TEST_CASE("image: where there is no room for all, flows are left out before holders", "[state]") {
    Memory from({4, 0, 0});
    from.make(0, Kind::Flow, 10).hang_on(2, Kind::Mapping);
    from.make(1, Kind::Flow, 11);
    from.make(2, Kind::Mapping, 12);
    Memory to({2, 0, 0});
    CHECK(move_image(from.image(), to.image()) == 1);
    CHECK(port_of(to.record(0)) == 12);
    CHECK(port_of(to.record(1)) == 10);
}

TEST_CASE("image: a link that led nowhere leads nowhere after a move", "[state]") {
    Memory from({2, 0, 0});
    from.make(0, Kind::Flow, 10).hang_on(1, Kind::Mapping);  // which is free
    from.make(1, Kind::Flow, 11).hang_on(70'000, Kind::Mapping);
    from.record(1).life.store({});
    Memory to({8, 0, 0});
    REQUIRE(move_image(from.image(), to.image()) == 0);
    CHECK(to.record(0).holder.see().index().value() >= 8);
}

}  // namespace image_test
