// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Replies that arrive at their flow's worker, because its port was chosen so. The wires spread
/// packets by DPDK's own Toeplitz hash.

#include "catch.h"
#include "testbed.h"

#include <string>

namespace steering_test {

using namespace sluice;
using namespace sluice::test;
using config::SteerReplies;
using net::Side;
using stats::Count;

namespace {

constexpr unsigned kWorkers = 4;
constexpr unsigned kFlows = 200;
constexpr unsigned kReplies = 3;

io::Rss rss() {
    io::Rss rss;
    for (size_t i = 0; i < rss.key.size(); ++i)
        rss.key[i] = static_cast<uint8_t>(i * 151 + 7 ^ i << 3);
    for (unsigned i = 0; i < 128; ++i)
        rss.queues.push_back(static_cast<uint16_t>(i % kWorkers));
    return rss;
}

TestbedOptions spread(SteerReplies steer) {
    TestbedOptions options{.workers = kWorkers};
    options.rss = rss();
    options.configure = [=](config::Config& config) { config.steer_replies = steer; };
    return options;
}

/// Flows of many hosts from one port to one server, so that all but one have their ports changed;
/// with `own`, each from a port of its own. Returns handoffs for each reply.
double handoffs_per_reply(Testbed& bed, bool own) {
    for (unsigned i = 0; i < kFlows; ++i) {
        const std::string host = "10.1.0." + std::to_string(2 + i);
        const auto port = static_cast<uint16_t>(own ? 5000 + i : 5000);
        const auto out = bed.from_inside(Frame().ipv4(host.c_str(), kServer).udp(port, 53));
        REQUIRE(out.size() == 1);
        const Frame reply = Frame().ipv4(kServer, kPublic).udp(53, out[0].source_port);
        for (unsigned n = 0; n < kReplies; ++n)
            REQUIRE(bed.from_outside(reply).size() == 1);
    }
    return static_cast<double>(bed.count(Count::Handoff)) / (kFlows * kReplies);
}

}  // namespace

TEST_CASE("steering: replies to every changed port arrive at the flow's worker", "[packet]") {
    Testbed steered(spread(SteerReplies::Changed));
    // The one flow that kept its port may be elsewhere.
    CHECK(handoffs_per_reply(steered, false) <= 1.0 / kFlows);
    CHECK(steered.count(Count::PortChanged) == kFlows - 1);

    Testbed not_steered(spread(SteerReplies::Never));
    const double handoffs = handoffs_per_reply(not_steered, false);
    CHECK(handoffs > 0.6);  // three of four
    CHECK(handoffs < 0.9);
}

TEST_CASE("steering: a host's own port is given up for it by choice only", "[packet]") {
    Testbed changed(spread(SteerReplies::Changed));
    CHECK(handoffs_per_reply(changed, true) > 0.6);
    CHECK(changed.count(Count::PortChanged) == 0);

    Testbed always(spread(SteerReplies::Always));
    CHECK(handoffs_per_reply(always, true) == 0);
    CHECK(always.count(Count::PortChanged) > kFlows / 2);
}

TEST_CASE("steering: it chooses among the ports of a host's block, too", "[packet][blocks]") {
    TestbedOptions options = spread(SteerReplies::Changed);
    options.configure = [](config::Config& config) { config.holders.blocks = {256, 1}; };
    Testbed bed(options);
    CHECK(handoffs_per_reply(bed, false) <= 1.0 / kFlows);
    CHECK(bed.count(Count::HoldersMade) == kFlows);
}

}  // namespace steering_test
