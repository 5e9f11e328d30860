// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Random packets through gateways of which each goes on with what a crash of the one before has
/// left: at any moment of a sequence, and with records that are torn or overwritten by chance. What
/// was sound and had time left is there again, no key has two holders and, after a crash, no
/// endpoint; and the testbed sees to it that nothing leaves with an inside address.

#include "catch.h"
#include "operations.h"
#include "table_check.h"
#include "testbed.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace restart_model_test {

using namespace sluice;
using namespace sluice::test;
using flow::FlowRecord;
using flow::Kind;
using flow::Life;
using net::Direction;
using net::Protocol;
using net::Side;
using stats::Count;

namespace {

constexpr uint16_t kBlock = 32;
constexpr uint16_t kLast = 1024 + 6 * kBlock - 1;

/// Endpoint-independent mappings for some ports, blocks of ports or none, hairpins.
TestbedOptions options(unsigned workers, uint16_t block_size, nat::Filtering filtering,
                       config::OnReload without_ground = config::OnReload::Keep) {
    return {.workers = workers, .flows = 128, .configure = [=](config::Config& config) {
                // With blocks they have a part of each of these.
                const pool::PortRange mapped =
                    block_size != 0 ? pool::PortRange{} : pool::PortRange{1024 + 4 * kBlock, kLast};
                config.inside.clear();
                config.pool.clear();
                config.snat = {{.inside = {ip("10.1.0.0"), 24},
                                .addresses = {{ip(kPublic), ip("198.51.100.2")}},
                                .ports = {1024, kLast},
                                .independence = nat::Independence{
                                    {{Protocol::Udp, {3000, 3009}}}, mapped, filtering}}};
                config.on_reload = without_ground;
                config.holders = {.mapping_timeout = Duration::seconds(20),
                                  .port_hold = Duration::seconds(10),
                                  .blocks = {block_size, 2}};
                config.tuning.udp = Duration::seconds(15);
                config.tuning.icmp = Duration::seconds(15);
                config.tuning.tcp_unacknowledged = Duration::seconds(30);
            }};
}

/// A record by its keys, and when its time is over.
using Entry = std::tuple<uint8_t, uint32_t, uint32_t, uint16_t, uint16_t, uint8_t, uint32_t,
                         uint32_t, uint16_t, uint16_t>;

Entry entry_of(const FlowRecord& record) {
    const auto& [original, reply] = record.tuple;
    return {static_cast<uint8_t>(record.kind()),
            original.source.raw,
            original.destination.raw,
            original.source_port.raw,
            original.destination_port.raw,
            static_cast<uint8_t>(original.protocol),
            reply.source.raw,
            reply.destination.raw,
            reply.source_port.raw,
            reply.destination_port.raw};
}

bool is_live(const FlowRecord& record) {
    return record.life.load().life() == Life::Live;
}

class Model {
public:
    Model(const TestbedOptions& options, uint64_t seed, bool is_damaged)
        : options_(options), is_damaged_(is_damaged), random_(seed) {
        check_.show(ip(kPublic));
        check_.show(ip("198.51.100.2"));
        options_.estate = &estate_;
        bed_ = std::make_unique<Testbed>(options_);
    }

    void run(int restarts) {
        for (int i = 0; i < restarts; ++i) {
            const uint64_t steps = draw(60);
            for (uint64_t step = 0; step < steps; ++step)
                this->step();
            crash();
        }
        CHECK(adopted_ > static_cast<uint64_t>(restarts));
        if (is_damaged_)
            return;  // any time may be left to what is there now
        bed_->advance(Duration::seconds(200));
        CHECK(bed_->flows() == 0);  // every count of what hangs on something has come down
    }

private:
    uint64_t draw(uint64_t below) { return random_() % below; }

    void step() {
        if (draw(50) == 0)
            return bed_->tick(Duration{static_cast<int32_t>(draw(6000))});
        const Drawn packet = any_packet(random_, 6 * kBlock);
        packet.is_inward ? bed_->from_outside(packet.frame) : bed_->from_inside(packet.frame);
        bed_->take(Side::Inside);
        bed_->take(Side::Outside);
    }

    void crash() {
        Estate left = estate_;
        options_.start = bed_->now() + Duration{static_cast<int32_t>(draw(12'000))};
        options_.secret += 1;
        bed_.reset();
        estate_ = std::move(left);
        if (is_damaged_)
            damage();
        const std::set<Entry> expected = survivors();
        bed_ = std::make_unique<Testbed>(options_);
        adopted_ += bed_->count(Count::FlowsAdopted);
        check_found();
        if (is_damaged_)
            return;
        REQUIRE(present() == expected);
        REQUIRE(check_.fault(bed_->gateway().table(), bed_->now()) == "");
    }

    /// The flows that have time left, in what a crash between two packets leaves. Of holders those
    /// on which flows hang; which others stay is a matter of when they were looked at last.
    std::set<Entry> survivors() {
        std::set<Entry> entries;
        for (const FlowRecord& record : estate_.records())
            if (is_live(record) && record.kind() == Kind::Flow &&
                record.deadline.load().is_after(options_.start))
                entries.insert(entry_of(record));
        return entries;
    }

    std::set<Entry> present() {
        std::set<Entry> entries;
        flow::FlowTable& table = bed_->gateway().table();
        table.for_each_live(0, table.capacity(), [&](uint32_t, const FlowRecord& record) {
            if (record.kind() == Kind::Flow)
                entries.insert(entry_of(record));
        });
        return entries;
    }

    /// Each record that stays is found by both its keys, and is whole in its links.
    void check_found() {
        flow::FlowTable& table = bed_->gateway().table();
        std::vector<uint32_t> dependents(table.capacity());
        uint64_t keys = 0;
        table.for_each_live(0, table.capacity(), [&](uint32_t index, const FlowRecord& record) {
            if (!record.deadline.load().is_after(bed_->now()))
                return;
            for (const Direction way : {Direction::Original, Direction::Reply})
                REQUIRE(table.find(record.key(way), bed_->now()) == flow::FlowRef(index, way));
            record.for_each_holder([&](uint32_t holder) {
                REQUIRE(is_live(table.record(holder)));
                ++dependents[holder];
            });
            REQUIRE(record.owner < options_.workers);
        });
        table.for_each_live(0, table.capacity(), [&](uint32_t index, FlowRecord& record) {
            keys += 2;
            if (record.kind() != Kind::Flow)
                REQUIRE(record.holding().dependents.load() == dependents[index]);
        });
        REQUIRE(table.used_slots() == keys);
        REQUIRE(table.size() * 2 == keys);
    }

    /// Records as a process may leave them that is killed in the middle of a store, and as none
    /// would.
    void damage() {
        const auto records = estate_.records();
        for (uint64_t count = draw(12); count > 0; --count) {
            FlowRecord& record = records[draw(records.size())];
            auto* bytes = reinterpret_cast<std::byte*>(&record);
            const FlowRecord& other = records[draw(records.size())];
            const auto* others = reinterpret_cast<const std::byte*>(&other);
            const size_t first = draw(sizeof(FlowRecord));
            const size_t length = 1 + draw(sizeof(FlowRecord) - first);
            switch (draw(5)) {
                case 0:
                    record.life.store(record.life.load().with(static_cast<Life>(draw(4))));
                    break;
                case 1:
                    bytes[first] = static_cast<std::byte>(draw(256));
                    break;
                case 2:
                    std::memcpy(bytes + first, others + first, length);
                    break;
                case 3:
                    std::memset(bytes + first, 0, length);
                    break;
                default:
                    for (size_t i = first; i < first + length; ++i)
                        bytes[i] = static_cast<std::byte>(draw(256));
            }
        }
    }

    TestbedOptions options_;
    bool is_damaged_;
    std::mt19937_64 random_;
    TableCheck check_;
    Estate estate_;
    std::unique_ptr<Testbed> bed_;
    uint64_t adopted_ = 0;
};

int restarts() {
    return std::max(150, model_operations() / 1200);
}

}  // namespace

TEST_CASE("gateway: after a crash it has what it had", "[model][restart]") {
    Model(options(1, 0, nat::Filtering::EndpointDependent), 1, false).run(restarts());
    Model(options(2, kBlock, nat::Filtering::AddressDependent), 2, false).run(restarts());
    Model(options(2, 0, nat::Filtering::EndpointIndependent), 3, false).run(restarts());
}

TEST_CASE("gateway: whatever it finds in its state, it goes on in order", "[model][restart]") {
    // Damage may give a flow any public address: kept, it would leave as from one of an old pool.
    constexpr auto kEnd = config::OnReload::End;
    Model(options(1, 0, nat::Filtering::EndpointDependent, kEnd), 4, true).run(restarts());
    Model(options(2, kBlock, nat::Filtering::AddressDependent, kEnd), 5, true).run(restarts());
    Model(options(2, 0, nat::Filtering::EndpointIndependent, kEnd), 6, true).run(restarts());
}

}  // namespace restart_model_test
