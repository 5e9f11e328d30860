// SPDX-License-Identifier: BSD-3-Clause
#include "observe/watches.h"

#include "catch.h"
#include "ipv6_addresses.h"

#include <array>
#include <cstdint>
#include <utility>

namespace watches_test {

using namespace sluice;
using namespace sluice::observe;
using stats::Drop;
using test::v6;

namespace {

Be32 host(unsigned number) {
    return Be32::from_host(0x0a010000 + number);
}

PacketEntry entry_from(Be32 source, bool has_flow) {
    PacketEntry entry;
    entry.has_tuple = true;
    entry.tuple.source = host(200);
    entry.tuple.destination = host(201);
    (has_flow ? entry.flow[0] : entry.tuple).source = source;
    entry.has_flow = has_flow;
    return entry;
}

void tell(Watch& watch, unsigned thread, int64_t time) {
    PacketEntry* const entry = watch.rings[thread].reserve(0);
    REQUIRE(entry != nullptr);
    entry->time = time;
    watch.rings[thread].publish();
}

}  // namespace

TEST_CASE("wish: a filter asks for the flow's tuple, or for either end of the packet's",
          "[observe]") {
    Wish wish;
    CHECK(wish.matches({}));
    wish.filter.source = net::Prefix{host(1), 32};
    CHECK_FALSE(wish.matches({}));
    CHECK(wish.matches(entry_from(host(1), true)));
    CHECK(wish.matches(entry_from(host(1), false)));
    CHECK_FALSE(wish.matches(entry_from(host(2), true)));
    PacketEntry turned = entry_from(host(2), false);
    CHECK_FALSE(wish.matches(turned));
    turned.tuple.destination = host(1);
    CHECK(wish.matches(turned));
}

TEST_CASE("wish: a packet that is IPv6 is matched by either of its addresses", "[observe][nptv6]") {
    Wish wish;
    wish.filter.source6 = net::parse_ipv6_prefix("2001:db8:1::/64");
    PacketEntry entry;
    entry.is_ipv6 = true;
    entry.ipv6 = {v6("2001:db8:1::10"), v6("2001:db8:cafe::10")};
    CHECK(wish.matches(entry));
    std::swap(entry.ipv6.source, entry.ipv6.destination);
    CHECK(wish.matches(entry));
    entry.ipv6.destination = entry.ipv6.source;
    CHECK_FALSE(wish.matches(entry));
}

TEST_CASE("wish: only packets that came by its interfaces are wanted, where it names any",
          "[observe]") {
    Wish wish;
    wish.from = {1, 3};
    PacketEntry entry;
    CHECK_FALSE(wish.matches(entry));  // nobody knows by which
    entry.from = 3;
    CHECK(wish.matches(entry));
    entry.from = 2;
    CHECK_FALSE(wish.matches(entry));
}

TEST_CASE("wish: drops are wanted by whoever wants what comes in, or that reason", "[observe]") {
    CHECK(Wish{.which = Which::Coming}.wants_drop(Drop::Filtered));
    CHECK(Wish{.which = Which::Dropped}.wants_drop(Drop::Filtered));
    CHECK_FALSE(Wish{.which = Which::Leaving}.wants_drop(Drop::Filtered));
    const Wish one{.which = Which::Dropped, .reason = Drop::Filtered};
    CHECK(one.wants_drop(Drop::Filtered));
    CHECK_FALSE(one.wants_drop(Drop::TxFull));
}

TEST_CASE("watch: of packets that pass it wants those that its whole filter means", "[observe]") {
    std::array<flow::FlowRecord, 4> records{};
    for (unsigned i = 0; i < records.size(); ++i) {
        net::Tuple& original = records[i].tuple[0];
        original.source = host(i < 2 ? 1 : 2);
        original.destination_port = Be16::from_host(i % 2 == 0 ? 80 : 53);
        original.protocol = net::Protocol::Udp;
        records[i].tuple[1] = original.reversed();
    }
    const auto wanted = [&records](const Wish& wish) {
        const Watch watch(wish, 1);
        unsigned wanted = 0;
        for (unsigned i = 0; i < records.size(); ++i)
            wanted |= unsigned{watch.wants(records[i])} << i;
        return wanted;
    };
    Wish wish;
    CHECK(wanted(wish) == 0b1111);
    wish.filter.source = net::Prefix{host(1), 32};
    CHECK(wanted(wish) == 0b0011);
    wish.filter.destination_port = uint16_t{53};  // with no protocol the mask alone does not tell
    CHECK(wanted(wish) == 0b0010);
    wish.filter.source.reset();
    CHECK(wanted(wish) == 0b1010);
    wish.filter.destination_port.reset();
    wish.filter.zone = uint16_t{3};
    CHECK(wanted(wish) == 0);
    records[2].tuple[1].zone = 3;
    CHECK(wanted(wish) == 0b0100);
    wish.which = Which::Dropped;
    wish.reason = Drop::NoMapping;  // none of those that pass ends so
    CHECK(wanted(wish) == 0);
    wish.reason = Drop::TxFull;
    CHECK(wanted(wish) == 0b0100);
}

TEST_CASE("watches: a reader sees what all threads tell, in the order of time", "[observe]") {
    Grace grace(2);
    Watches watches(grace, 2);
    auto reader = watches.open({});
    REQUIRE(reader);
    Watch* const watch = watches.at(0);
    REQUIRE(watch != nullptr);
    tell(*watch, 0, 10);
    tell(*watch, 0, 30);
    tell(*watch, 1, 20);
    std::vector<int64_t> times;
    CHECK(reader.value()->read([&](const PacketEntry& entry) { times.push_back(entry.time); }) ==
          3);
    CHECK(times == std::vector<int64_t>{10, 20, 30});
    CHECK(reader.value()->lost() == 0);
}

TEST_CASE("watches: a place is taken while its reader lives, and then free", "[observe]") {
    Grace grace(1);
    Watches watches(grace, 1);
    auto first = watches.open({});
    auto second = watches.open({});
    REQUIRE((first && second));
    const auto third = watches.open({});
    REQUIRE_FALSE(third);
    CHECK(third.error().message.starts_with("2 captures or traces are running"));
    second.value().reset();
    CHECK(watches.at(1) == nullptr);
    CHECK(watches.open({}));
}

TEST_CASE("watches: what a thread may still use is kept, and nobody can pile it up", "[observe]") {
    Grace grace(1);
    grace.join(0);
    Watches watches(grace, 1);
    { const auto first = watches.open({}); }
    { const auto second = watches.open({}); }
    CHECK_FALSE(watches.open({}));  // the thread has not turned since
    grace.quiescent(0);
    CHECK(watches.open({}));
    grace.leave(0);
}

}  // namespace watches_test
