// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Random operations on a gateway with forwards, a one-to-one address, independent and dependent
/// endpoints side by side. After each the flow table is read as a whole: every port of a mapping or
/// forward has one holder, and flows without a mapping keep out of all of them. That no private
/// source leaves and no packet is lost the testbed sees to.

#include "catch.h"
#include "operations.h"
#include "testbed.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

namespace mappings_model_test {

using namespace sluice;
using namespace sluice::test;
using net::Direction;
using net::Endpoint;
using net::Protocol;
using net::Side;
using stats::Count;

namespace {

constexpr uint32_t kFlows = 64;  // fewer than there could be, so that the table is full at times
constexpr auto kSecond = "198.51.100.2";
constexpr auto kOwn = "198.51.100.30";
constexpr uint16_t kForwarded = 40'001;  // one that hosts have themselves
const std::vector<const char*> kHosts{"10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"};
const std::vector<const char*> kServers{"203.0.113.10", "203.0.113.11"};
const std::vector<const char*> kPublics{kPublic, kSecond, kOwn};

/// A way to set the gateway up.
struct Setup {
    unsigned workers;
    nat::Filtering filtering;
    std::vector<nat::ProtocolPorts> inside;  ///< That are mapped independently.
    pool::PortRange external;
};

std::vector<Setup> setups() {
    using enum nat::Filtering;
    const pool::PortRange few{50'000, 50'007};  // fewer than hosts and ports
    return {{1, EndpointIndependent, {{Protocol::Udp, {40'000, 40'001}}}, few},
            {2, AddressDependent, {{Protocol::Udp}, {Protocol::Tcp}}, {1, 65'535}},
            {3, EndpointDependent, {{Protocol::Udp}}, few},
            {2, EndpointIndependent, {{Protocol::Tcp}, {Protocol::Icmp}}, {32'768, 65'535}}};
}

TestbedOptions options(const Setup& setup) {
    return {.workers = setup.workers, .flows = kFlows, .configure = [=](config::Config& config) {
                config.inside.clear();
                config.pool.clear();
                config.snat = {{.inside = {ip("10.1.0.0"), 24},
                                .addresses = {{ip(kPublic), ip(kSecond)}},
                                .independence = nat::Independence{setup.inside, setup.external,
                                                                  setup.filtering}}};
                config.forwards = {{Protocol::Udp,
                                    {ip(kPublic), Be16::from_host(kForwarded)},
                                    {ip(kHosts[0]), Be16::from_host(53)}}};
                config.one_to_one = {{ip(kOwn), ip(kHosts[1])}};
                config.holders = {.mapping_timeout = Duration::seconds(40),
                                  .port_hold = Duration::seconds(10)};
                config.tuning.udp = Duration::seconds(10);
                config.tuning.udp_stream = Duration::seconds(20);
                config.tuning.icmp = Duration::seconds(10);
                config.tuning.tcp_unacknowledged = Duration::seconds(20);
            }};
}

class Model {
public:
    Model(const Setup& setup, uint64_t seed) : setup_(setup), bed_(options(setup)), random_(seed) {}

    void run(int operations) {
        for (int i = 0; i < operations; ++i) {
            step();
            check_table();
        }
        CHECK(bed_.count(Count::FlowsOpened) > static_cast<uint64_t>(operations) / 50);
        CHECK(bed_.count(Count::HoldersMade) > 10);
        CHECK(bed_.count(Count::HoldersExpired) > 5);
        CHECK(bed_.count(Count::FlowsInward) > 10);
        CHECK(bed_.count(Count::FlowsHairpinned) > 5);
    }

private:
    template <typename T>
    const T& any(const std::vector<T>& of) {
        return of[random_() % of.size()];
    }
    /// Now and then of the classes below.
    uint16_t any_port() {
        const auto odd = static_cast<uint16_t>(random_() % 2);
        const auto draw = random_() % 16;
        return static_cast<uint16_t>((draw == 0 ? 100 : draw == 1 ? 700 : 40'000) + odd);
    }

    void step() {
        const auto draw = random_() % 32;
        if (draw == 0)
            return bed_.tick(Duration{static_cast<int32_t>(random_() % 8000)});
        if (draw == 1)
            return delete_one();
        if (draw < 16)
            return send(Side::Inside, any(kHosts), draw % 4 == 0 ? any(kPublics) : any(kServers));
        send(Side::Outside, any(kServers), any(kPublics));
    }

    /// To a port that is often somebody's: of a flow or mapping that there is.
    void send(Side from, const char* source, const char* destination) {
        Frame frame = Frame().ipv4(source, destination).payload(8);
        const uint16_t port = random_() % 2 == 0 ? any_port() : held_port();
        switch (random_() % 4) {
            case 0:
                frame.tcp(any_port(), port, random_() % 8 == 0 ? kRst : kAck);
                break;
            case 1:
                frame.echo_request(any_port());
                break;
            default:
                frame.udp(random_() % 8 == 0 ? 53 : any_port(), port);
        }
        if (from == Side::Inside)
            bed_.from_inside(frame);
        else
            bed_.from_outside(frame);
        bed_.take(Side::Inside);
        bed_.take(Side::Outside);
    }

    uint16_t held_port() {
        const auto& record = table().record(static_cast<uint32_t>(random_() % kFlows));
        return record.key(Direction::Reply).destination_port.host();
    }

    /// As an operator may, and as the flow table does when room is wanted.
    void delete_one() {
        flow::Member member(table());
        const auto index = static_cast<uint32_t>(random_() % kFlows);
        member.kill(index, table().record(index).life.load());
    }

    using Key = std::tuple<Protocol, Be32, Be16>;

    void check_table() {
        std::map<Key, Endpoint> holders;
        uint32_t flows = 0;
        table().for_each_live(0, table().capacity(), [&](uint32_t, flow::FlowRecord& record) {
            ++flows;
            if (record.kind() == flow::Kind::Flow)
                return check_flow(record, holders);
            const net::Tuple& inside = record.key(Direction::Original);
            const net::Tuple& outside = record.key(Direction::Reply);
            REQUIRE(is_mapped(inside.protocol, inside.source_port));
            const uint16_t port = outside.destination_port.host();
            REQUIRE(setup_.external.contains(port));
            check_kinship(inside.protocol, inside.source_port.host(), port);
            check_home(inside.source, outside.destination);
            check_holder(holders, outside.protocol, {outside.destination, outside.destination_port},
                         {inside.source, inside.source_port});
        });
        REQUIRE(flows == bed_.flows());
    }

    /// RFC 4787 REQ-3a and REQ-4, and the classes of Linux: a port keeps its class and its parity,
    /// where there are enough. An identifier is of none.
    void check_kinship(Protocol protocol, uint16_t inside, uint16_t outside) const {
        constexpr unsigned kEnough = 60'000;
        if (setup_.external.size() < kEnough)
            return;
        const auto class_of = [](uint16_t port) { return port < 512 ? 0 : port < 1024 ? 1 : 2; };
        REQUIRE((protocol == Protocol::Icmp || class_of(outside) == class_of(inside)));
        REQUIRE(outside % 2 == inside % 2);
    }
    /// RFC 4787 REQ-2: all mappings of a host are at one address, where ports do not run out.
    void check_home(Be32 inside, Be32 outside) {
        constexpr unsigned kEnough = 30'000;
        if (setup_.external.size() >= kEnough &&
            homes_.emplace(inside, outside).first->second != outside)
            FAIL("a host is at two addresses");
    }

    /// Of the ends of a flow that are inside: who is seen outside as what.
    void check_flow(const flow::FlowRecord& record, std::map<Key, Endpoint>& holders) {
        const net::Tuple& original = record.key(Direction::Original);
        const net::Tuple& reply = record.key(Direction::Reply);
        if (record.sides.enter(Direction::Original) == Side::Inside)
            check_end(original.protocol, {original.source, original.source_port},
                      {reply.destination, reply.destination_port}, holders);
        if (record.sides.leave(Direction::Original) == Side::Inside)
            check_end(original.protocol, {reply.source, reply.source_port},
                      {original.destination, original.destination_port}, holders);
    }

    void check_end(Protocol protocol, Endpoint inside, Endpoint outside,
                   std::map<Key, Endpoint>& holders) {
        const bool is_forward = protocol == Protocol::Udp && outside.address == ip(kPublic) &&
                                outside.port.host() == kForwarded;
        REQUIRE(is_forward == (protocol == Protocol::Udp && inside.address == ip(kHosts[0]) &&
                               inside.port.host() == 53));
        if (is_forward)
            return;
        REQUIRE((outside.address == ip(kOwn)) == (inside.address == ip(kHosts[1])));
        if (outside.address == ip(kOwn)) {
            REQUIRE(outside.port == inside.port);
            return;
        }
        const bool is_mapped = this->is_mapped(protocol, inside.port);
        const bool is_reserved =
            is_of_mappings(protocol) && setup_.external.contains(outside.port.host());
        REQUIRE(is_mapped == is_reserved);
        if (is_mapped)
            check_holder(holders, protocol, outside, inside);
    }

    bool is_mapped(Protocol protocol, Be16 port) const {
        return std::any_of(setup_.inside.begin(), setup_.inside.end(),
                           [&](const auto& ports) { return ports.contain(protocol, port.host()); });
    }
    bool is_of_mappings(Protocol protocol) const {
        return std::any_of(setup_.inside.begin(), setup_.inside.end(),
                           [&](const auto& ports) { return ports.protocol == protocol; });
    }

    static void check_holder(std::map<Key, Endpoint>& holders, Protocol protocol, Endpoint outside,
                             Endpoint inside) {
        const Key key{protocol, outside.address, outside.port};
        REQUIRE(holders.emplace(key, inside).first->second == inside);
    }

    flow::FlowTable& table() { return bed_.gateway().table(); }

    Setup setup_;
    Testbed bed_;
    std::mt19937_64 random_;
    std::map<Be32, Be32> homes_;
};

}  // namespace

TEST_CASE("gateway: every port of a mapping or forward has one holder", "[model]") {
    const std::vector<Setup> all = setups();
    const size_t which = GENERATE(range(size_t{0}, size_t{4}));
    CAPTURE(which);
    // However slow the build: in fewer too few holders expire.
    constexpr int kLeast = 15'000;
    Model(all[which], 17 + which).run(std::max(model_operations() / 4, kLeast));
}

}  // namespace mappings_model_test
