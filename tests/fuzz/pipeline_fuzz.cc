// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Feeds a whole gateway, on both wires, with a million frames that no sender should send. The
/// testbed checks the account and the leak after every burst.

#include "catch.h"
#include "wire.h"

#include <functional>

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr int kFrames = 1'000'000;
constexpr int kBurst = 50;

}  // namespace

TEST_CASE("pipeline: a million mutated frames neither crash it, nor leak, nor are lost", "[fuzz]") {
    Random random(1);
    const Draw draw = std::ref(random);
    TestbedOptions options;
    options.workers = 2;
    options.rx_queues = 1;
    options.flows = 200;  // so few that the table is full at times
    const auto verify = GENERATE(config::VerifyChecksum::Always, config::VerifyChecksum::Never);
    options.configure = [verify](config::Config& config) {
        config.verify_checksum = verify;
        config.tuning.tcp[conntrack::TcpState::Established] = Duration::seconds(60);
    };
    Testbed bed(options);
    for (int done = 0; done < kFrames / 2; done += kBurst)
        send_burst(bed, draw, kBurst);
    CHECK(bed.count(stats::Count::Transmitted) > kFrames / 100);  // it was not all refused at once
    CHECK(bed.count(stats::Count::FlowsOpened) > 1000);
}
