// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Random packets through a gateway whose inside hosts have their ports in blocks: every port is of
/// a block of the host that uses it, every block has one holder, and the log tells of each.

#include "catch.h"
#include "operations.h"
#include "testbed.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace blocks_model_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr uint16_t kSize = 16;
constexpr uint16_t kForwarded = 1024 + 5;

/// Two addresses with three blocks each, one of which has a forward's port: too few for all hosts.
TestbedOptions options(unsigned workers, uint16_t per_host) {
    return {
        .workers = workers, .flows = 128, .configure = [=](config::Config& config) {
            config.inside.clear();
            config.pool.clear();
            config.snat = {
                {.inside = {ip("10.1.0.0"), 24},
                 .addresses = {{ip(kPublic), ip("198.51.100.2")}},
                 .ports = {1024, 1024 + 3 * kSize - 1},
                 .independence = nat::Independence{
                     {{Protocol::Udp, {3000, 3009}}}, {}, nat::Filtering::EndpointIndependent}}};
            config.forwards = {{Protocol::Tcp,
                                {ip(kPublic), Be16::from_host(kForwarded)},
                                {ip("10.1.0.10"), Be16::from_host(80)}}};
            config.holders = {.mapping_timeout = Duration::seconds(20),
                              .port_hold = Duration::seconds(10),
                              .blocks = {kSize, per_host}};
            config.tuning.udp = Duration::seconds(5);
            config.tuning.udp_stream = Duration::seconds(10);
            config.tuning.icmp = Duration::seconds(5);
            config.tuning.tcp_unacknowledged = Duration::seconds(10);
            config.tuning.tcp[conntrack::TcpState::Established] = Duration::seconds(20);
        }};
}

class Model {
public:
    Model(unsigned workers, uint16_t per_host)
        : per_host_(per_host), bed_(options(workers, per_host)), random_(23 + workers) {}

    void run(int operations) {
        for (int i = 0; i < operations; ++i) {
            step();
            check();
        }
        CHECK(bed_.count(Count::FlowsOpened) > static_cast<uint64_t>(operations) / 50);
        CHECK(bed_.dropped(Drop::BlocksExhausted) > 0);
        CHECK((per_host_ > 1 || bed_.dropped(Drop::HostBlocks) > 0));
        bed_.advance(Duration::seconds(200));
        CHECK(bed_.flows() == 0);
        std::map<std::string, int> open;  // "host block", by the log
        uint64_t begun = 0;
        for (const std::string& notice : bed_.notices) {
            const bool begins = notice.find(" has 198.") != std::string::npos;
            if (!begins && notice.find(" had 198.") == std::string::npos)
                continue;
            std::string holder = notice.substr(0, notice.find(' ', notice.find("198.")));
            holder.replace(holder.find(" ha"), 4, " ");
            begun += begins ? 1 : 0;
            open[holder] += begins ? 1 : -1;
            CHECK((open[holder] == 0 || open[holder] == 1));
        }
        CHECK(begun > 10);
        for (const auto& [holder, count] : open)
            CHECK(count == 0);
    }

private:
    uint64_t draw(uint64_t below) { return random_() % below; }

    void step() {
        if (draw(1000) == 0)
            return bed_.advance(Duration::seconds(40));
        if (draw(64) == 0)
            return bed_.tick(Duration{static_cast<int32_t>(draw(6000))});
        const Drawn packet = any_packet(random_, 3 * kSize);
        packet.is_inward ? bed_.from_outside(packet.frame) : bed_.from_inside(packet.frame);
        bed_.take(Side::Inside);
        bed_.take(Side::Outside);
    }

    using Place = std::pair<Be32, int>;  // address and number of a block
    static Place place(Be32 address, Be16 port) { return {address, port.host() / kSize}; }

    void check() {
        flow::FlowTable& table = bed_.gateway().table();
        std::map<Place, Be32> holder;
        std::map<Be32, int> count;
        table.for_each_live(0, table.capacity(), [&](uint32_t, const flow::FlowRecord& record) {
            if (record.kind() != flow::Kind::Block)
                return;
            const net::Tuple& outside = record.key(Direction::Reply);
            const Be32 host = record.key(Direction::Original).source;
            const Place block = place(outside.destination, outside.destination_port);
            REQUIRE(holder.emplace(block, host).second);
            REQUIRE(block != place(ip(kPublic), Be16::from_host(kForwarded)));
            REQUIRE(++count[host] <= per_host_);
        });
        table.for_each_live(0, table.capacity(), [&](uint32_t, const flow::FlowRecord& record) {
            const bool is_outward = record.sides.enter(Direction::Original) == Side::Inside;
            if (record.kind() == flow::Kind::Mapping ||
                (record.kind() == flow::Kind::Flow && is_outward))
                check_use(record, holder);
        });
    }

    void check_use(const flow::FlowRecord& record, const std::map<Place, Be32>& holder) {
        const net::Tuple& inside = record.key(Direction::Original);
        const net::Tuple& outside = record.key(Direction::Reply);
        const bool is_forward = inside.protocol == Protocol::Tcp &&
                                inside.source == ip("10.1.0.10") && inside.source_port.host() == 80;
        if (is_forward)
            return;
        const auto found = holder.find(place(outside.destination, outside.destination_port));
        REQUIRE(found != holder.end());
        REQUIRE(found->second == inside.source);
        const bool is_mapped = inside.protocol == Protocol::Udp &&
                               inside.source_port.host() >= 3000 &&
                               inside.source_port.host() <= 3009;
        if (inside.protocol == Protocol::Udp)
            REQUIRE((outside.destination_port.host() % kSize >= kSize / 2) == is_mapped);
    }

    int per_host_;
    Testbed bed_;
    std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("gateway: every port is of a block of the host that uses it", "[model][blocks]") {
    Model(1, 1).run(std::max(8000, model_operations() / 20));
    Model(2, 2).run(std::max(8000, model_operations() / 20));
}

}  // namespace blocks_model_test
