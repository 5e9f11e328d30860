// SPDX-License-Identifier: BSD-3-Clause
#include "collectors.h"

namespace datagram_delivery_test {

using namespace sluice;
using namespace sluice::flowlog;
using namespace sluice::flowlog::testing;

namespace {

constexpr unsigned kSession = 256;
constexpr unsigned kLosses = 258;

struct UdpSender : Sender {
    explicit UdpSender(Place& place) : Sender(place.target()), place(place) { turn(); }

    /// What the collector has got since the last call. On the loopback it is there at once.
    void collect() { reader.read_all(receive(place.get())); }

    Place& place;
    ExportReader reader;
};

}  // namespace

TEST_CASE("datagram delivery: templates come first, and records are counted by sequence numbers",
          "[flowlog]") {
    Place place(SOCK_DGRAM);
    UdpSender sender(place);
    sender.put(3);
    sender.put(5);
    sender.put(1);
    sender.collect();
    CHECK(sender.reader.messages == 4);
    CHECK(sender.reader.of(kSession).size() == 9);
    CHECK(sender.reader.sequence == 8);
    CHECK(sender.account.sent() == 8);
    sender.turn(100);
    CHECK(sender.account.sent() == 9);
    CHECK(sender.account.lost() == 0);
    CHECK(sender.notices.empty());
}

TEST_CASE("datagram delivery: templates come again after a minute, and after many messages",
          "[flowlog]") {
    Place place(SOCK_DGRAM);
    UdpSender sender(place);
    sender.collect();
    CHECK(sender.reader.templates == 4);
    sender.turn(59'000);
    sender.collect();
    CHECK(sender.reader.templates == 4);
    sender.turn(1000);
    sender.collect();
    CHECK(sender.reader.templates == 8);
    for (int i = 0; i < 4096; ++i) {
        sender.put(1);
        sender.collect();
    }
    CHECK(sender.reader.templates == 8);
    sender.put(1);
    sender.collect();
    CHECK(sender.reader.templates == 12);
    CHECK(sender.reader.sequence == 4096);
}

TEST_CASE(
    "datagram delivery: what a collector that is away refuses is counted, and told to the next",
    "[flowlog]") {
    Place place(SOCK_DGRAM);
    UdpSender sender(place);
    sender.put(2);
    sender.collect();
    place.leave();
    sender.put(3);  // on its way before anybody knows
    sender.put(4);
    sender.turn();
    sender.put(5);
    CHECK(sender.account.lost() == 12);
    CHECK(sender.notices.size() == 1);
    sender.turn(1000);  // asks whether somebody is there
    sender.turn();
    CHECK(sender.account.has_untold());

    place.come_back();
    sender.reader = {};
    sender.put(7);
    sender.turn(1000);
    sender.collect();
    CHECK(sender.account.lost() == 12);
    CHECK(sender.account.sent() == 9);
    CHECK(sender.reader.of(kSession).size() == 7);
    const auto losses = sender.reader.of(kLosses);
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].at(166) == 12);
    CHECK(losses[0].at(152) <= losses[0].at(153));
    CHECK_FALSE(sender.account.has_untold());
    sender.turn(1000);
    REQUIRE(sender.notices.size() == 2);
    CHECK(sender.notices[1].find("12 records have been lost") != std::string::npos);
}

TEST_CASE("datagram delivery: sequence numbers have a gap where records were lost", "[flowlog]") {
    Place place(SOCK_DGRAM);
    UdpSender sender(place);
    place.leave();
    sender.put(3);
    sender.put(4);
    place.come_back();
    sender.put(1);
    sender.collect();
    CHECK(sender.reader.of(kSession).size() == 1);
    CHECK(sender.reader.sequence == 7);
}

TEST_CASE("datagram delivery: the last that was refused is counted though nothing follows",
          "[flowlog]") {
    Place place(SOCK_DGRAM);
    UdpSender sender(place);
    place.leave();
    sender.put(6);
    sender.turn();
    CHECK(sender.account.lost() == 6);
}

TEST_CASE("datagram delivery: losses that were told to nobody are told again", "[flowlog]") {
    Place place(SOCK_DGRAM);
    UdpSender sender(place);
    sender.account.lose(9, {100, 200});
    place.leave();
    sender.turn(1000);
    sender.turn();
    place.come_back();
    sender.turn(1000);
    sender.turn(1000);
    sender.collect();
    const auto losses = sender.reader.of(kLosses);
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].at(166) == 9);
    CHECK(losses[0].at(152) == 100);
    CHECK(losses[0].at(153) == 200);
}

TEST_CASE("datagram delivery: what there is no memory to say templates for is lost, and counted",
          "[flowlog]") {
    Place place(SOCK_DGRAM);
    UdpSender sender(place);
    sender.collect();
    sender.turn(60'000);  // they are due again, and have been sent
    sender.now += 60'000;
    // Due once more, and not sent.
    CHECK_FALSE(sender.turn_without_memory());
    sender.put_without_memory(5);
    CHECK(sender.account.lost() == 5);
    sender.put(2);
    sender.turn(100);
    CHECK(sender.account.sent() == 2);
    sender.collect();
    CHECK(sender.reader.of(kSession).size() == 2);
    CHECK(sender.reader.of(kLosses)[0].at(166) == 5);
    CHECK(sender.reader.sequence == 7);  // those that are lost have theirs
}

}  // namespace datagram_delivery_test
