// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --cluster listen=: flows of a gateway that is gone go on at the one that has copies of them. The
/// test plays etcd; the two speak by TCP.

#include "catch.h"
#include "cluster/copy_keeper.h"
#include "cluster/copy_teller.h"
#include "cluster/inbox.h"
#include "cluster/taking.h"
#include "conntrack/status.h"
#include "free_port.h"
#include "member_of_two.h"
#include "testbed.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <netinet/in.h>
#include <vector>

namespace copies_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kCopied = kFirstOfTwo;
constexpr auto kOther = kSecondOfTwo;
constexpr std::chrono::seconds kPatience{20};

void strictly(config::Config& config) {
    config.tuning.tcp_loose = false;
}

/// The first tells the second what goes by its address.
struct Two {
    Two() : before(0, strictly), after(1, strictly) {
        sync::Key key{};
        key.fill(7);
        auto created = sync::Tls::create(key);
        REQUIRE(created.ok());
        tls = std::move(*created);
        auto kept = cluster::CopyKeeper::start(
            {.inbox = after.inbox, .most = 1000, .filled = [this](const std::vector<sync::Owned>&) {
                 is_filled = true;
             }});
        REQUIRE(kept.ok());
        keeper = std::move(*kept);
        auto listening = cluster::Taking::start({place,
                                                 *tls,
                                                 hello,
                                                 after.inbox,
                                                 [](const std::vector<Be32>&) {},
                                                 [](const std::string&) {},
                                                 {},
                                                 keeper.get()});
        REQUIRE(listening.ok());
        taking = std::move(*listening);
        auto telling = cluster::CopyTeller::start(
            {before.bed.gateway().table(), [now = before.bed.now()] { return now; }, *tls, hello,
             place.address, [](Be32) { return false; }, conntrack::kAssured, before.holdings,
             [](const std::string&) {}});
        REQUIRE(telling.ok());
        teller = std::move(*telling);
        teller->aim({{"after", 1, place, {kOwned}}});
    }
    /// So many records have come.
    bool has_copies(size_t count) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (std::chrono::steady_clock::now() < end) {
            before.bed.run();
            if (keeper->has(kOwned.address, kOwned.revision) && keeper->size() == count)
                return true;
        }
        return false;
    }
    /// The first is gone, and the second gets its address.
    void succeed() {
        teller.reset();
        after.holdings.leave_to_other(0, false);
        after.bed.advance(Duration{300});
        keeper->fill({kOwned});
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (!is_filled && std::chrono::steady_clock::now() < end)
            after.bed.run();
        REQUIRE(is_filled);
        after.holdings.hold(0, true);
        after.bed.advance(Duration{300});
    }
    bool connect(uint16_t port) {
        Testbed& bed = before.bed;
        return bed.from_inside(Frame().ipv4(kHost, kServer).tcp(port, 80, kSyn).seq(99)).size() ==
                   1 &&
               bed.from_outside(
                      Frame().ipv4(kServer, kCopied).tcp(80, port, kSyn | kAck).seq(499).ack(100))
                       .size() == 1 &&
               bed.from_inside(Frame().ipv4(kHost, kServer).tcp(port, 80, kAck).seq(100).ack(500))
                       .size() == 1;
    }

    const sync::Owned kOwned{.address = ip(kCopied), .revision = 5};
    const net::Endpoint place{Be32::from_host(INADDR_LOOPBACK), free_port(INADDR_LOOPBACK)};
    sync::Hello hello;
    std::unique_ptr<sync::Tls> tls;
    MemberOfTwo before;
    MemberOfTwo after;
    std::atomic<bool> is_filled = false;
    std::unique_ptr<cluster::CopyKeeper> keeper;
    std::unique_ptr<cluster::Taking> taking;
    std::unique_ptr<cluster::CopyTeller> teller;
};

}  // namespace

TEST_CASE("copies: a connection goes on where its gateway is gone", "[copies]") {
    Two two;
    REQUIRE(two.connect(5000));
    REQUIRE(two.has_copies(1));
    CHECK(two.after.bed.flows() == 0);
    two.succeed();
    Testbed& bed = two.after.bed;
    CHECK(bed.count(Count::FlowsTakenOver) == 1);
    CHECK(bed.count(Count::SyncRefused) == 0);
    const auto out =
        bed.from_inside(Frame().ipv4(kHost, kServer).tcp(5000, 80, kAck).seq(900).ack(900));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kCopied);
    CHECK(out[0].source_port == 5000);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kCopied).tcp(80, 5000, kAck).seq(900).ack(901))
              .size() == 1);
    CHECK(bed.count(Count::FlowsOpened) == 0);
}

TEST_CASE("copies: what has ended, or was not established, does not come back", "[copies]") {
    Two two;
    REQUIRE(two.connect(5000));
    REQUIRE(two.connect(6000));
    REQUIRE(two.before.bed.from_inside(Frame().ipv4(kHost, kServer).tcp(7000, 80, kSyn).seq(9))
                .size() == 1);
    REQUIRE(two.has_copies(2));
    REQUIRE(two.before.bed
                .from_outside(
                    Frame().ipv4(kServer, kCopied).tcp(80, 6000, kRst | kAck).seq(500).ack(100))
                .size() == 1);
    two.before.bed.advance(Duration::seconds(20));
    REQUIRE(two.has_copies(1));
    two.succeed();
    CHECK(two.after.bed.flows() == 1);
    CHECK(two.after.bed
              .from_inside(Frame().ipv4(kHost, kServer).tcp(6000, 80, kAck).seq(900).ack(900))
              .empty());
}

TEST_CASE("copies: what a connection says waits while its address is nobody's", "[copies]") {
    MemberOfTwo member(1, strictly);
    member.holdings.leave_to_other(0, false);
    member.bed.advance(Duration{300});
    // By which of them it is seen, if both are held.
    MemberOfTwo both(1, strictly);
    both.holdings.leave_to_other(0, false);
    both.holdings.hold(0, true);
    both.bed.advance(Duration{300});
    unsigned waiting = 0;
    for (int i = 20; i < 40; ++i) {
        const std::string host = "10.1.0." + std::to_string(i);
        const Frame first = Frame().ipv4(host.c_str(), kServer).tcp(5000, 80, kSyn).seq(9);
        const auto seen = both.bed.from_inside(first);
        REQUIRE(seen.size() == 1);
        if (seen[0].source != kCopied)
            continue;
        ++waiting;
        CHECK(
            member.bed
                .from_inside(Frame().ipv4(host.c_str(), kServer).tcp(6000, 80, kAck).seq(9).ack(9))
                .empty());
        CHECK(member.bed.dropped(Drop::NotHeld) == waiting);
        CHECK(member.bed.from_inside(first).size() == 1);  // a new one has another address
    }
    CHECK(waiting > 0);
}

}  // namespace copies_test
