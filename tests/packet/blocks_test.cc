// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Blocks of ports that inside hosts have to themselves: --port-block-size.

#include "catch.h"
#include "testbed.h"

#include <algorithm>
#include <map>
#include <set>

namespace blocks_test {

using namespace sluice;
using namespace sluice::test;
using nat::Filtering;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kPeer = "10.1.0.11";
constexpr auto kOther = "203.0.113.99";
constexpr uint16_t kSize = 16;

/// A pool of `addresses` with room for `blocks` blocks each, of which a host may have `per_host`.
TestbedOptions blocks(uint16_t blocks = 8, uint16_t per_host = 2, int addresses = 1,
                      std::optional<nat::Independence> independence = {}, unsigned workers = 1) {
    return {.workers = workers, .configure = [=](config::Config& config) {
                const Be32 last =
                    Be32::from_host(ip(kPublic).host() + static_cast<uint32_t>(addresses) - 1);
                config.inside.clear();
                config.pool.clear();
                config.snat = {{.inside = {ip("10.1.0.0"), 24},
                                .addresses = {{ip(kPublic), last}},
                                .ports = {1000, static_cast<uint16_t>(1024 + blocks * kSize - 1)},
                                .independence = independence}};
                config.holders.blocks = {kSize, per_host};
            }};
}

TestbedOptions with(TestbedOptions options, const std::function<void(config::Config&)>& more) {
    options.configure = [before = options.configure, more](config::Config& config) {
        before(config);
        more(config);
    };
    return options;
}

std::string host(int number) {
    return "10.1.0." + std::to_string(20 + number);
}

int block_of(uint16_t port) {
    return port / kSize;
}

/// Sends a datagram out; what left, if anything did.
std::optional<Seen> try_send(Testbed& bed, const std::string& from, uint16_t port,
                             const char* server = kServer) {
    const auto out = bed.from_inside(Frame().ipv4(from.c_str(), server).udp(port, 53));
    REQUIRE(out.size() <= 1);
    if (out.empty())
        return std::nullopt;
    CHECK(out[0].checksums_ok());
    return out[0];
}

uint16_t port_of(Testbed& bed, const std::string& from, uint16_t port,
                 const char* server = kServer) {
    const auto out = try_send(bed, from, port, server);
    REQUIRE(out);
    return out->source_port;
}

/// The server's answer to what has left from a public port.
void answer_from(Testbed& bed, uint16_t port, const char* server = kServer) {
    REQUIRE(bed.from_outside(Frame().ipv4(server, kPublic).udp(53, port)).size() == 1);
}

/// The notices about a host's blocks.
std::vector<std::string> log_of(const Testbed& bed, const std::string& host) {
    std::vector<std::string> result;
    std::ranges::copy_if(bed.notices, std::back_inserter(result),
                         [&](const std::string& notice) { return notice.starts_with(host + ' '); });
    return result;
}

}  // namespace

TEST_CASE("blocks: a host's ports come from its blocks, and from nowhere else",
          "[packet][blocks]") {
    Testbed bed(blocks(8, 2));
    std::map<int, std::string> holder;
    for (uint16_t flow = 0; flow < 20; ++flow)
        for (int number = 0; number < 4; ++number) {
            // 1024 to 1151 are the ports of all blocks: own ports too are kept in the host's alone.
            const uint16_t port =
                port_of(bed, host(number), static_cast<uint16_t>(1024 + 5 * flow));
            CHECK((port >= 1024 && port < 1024 + 8 * kSize));
            CHECK(holder.emplace(block_of(port), host(number)).first->second == host(number));
        }
    CHECK(holder.size() == 8);
    CHECK(bed.count(Count::HoldersMade) == 8);
}

TEST_CASE("blocks: a host keeps its own port where that is in a block of its own",
          "[packet][blocks]") {
    Testbed bed(blocks());
    const int block = block_of(port_of(bed, kHost, 40'000));
    for (uint16_t port = static_cast<uint16_t>(block * kSize); block_of(port) == block; ++port)
        CHECK(port_of(bed, kHost, port, kOther) == port);
    // Toward another server a changed port is kept, too.
    const uint16_t changed = port_of(bed, kHost, 40'001);
    CHECK(port_of(bed, kHost, 40'001, "203.0.113.98") == changed);
}

TEST_CASE("blocks: a block serves every server with all of its ports", "[packet][blocks]") {
    Testbed bed(blocks(8, 1));
    for (const char* server : {kServer, kOther}) {
        std::set<uint16_t> ports;
        for (uint16_t flow = 0; flow < kSize; ++flow)
            ports.insert(port_of(bed, kHost, static_cast<uint16_t>(40'000 + flow), server));
        CHECK(ports.size() == kSize);
        CHECK(block_of(*ports.begin()) == block_of(*ports.rbegin()));
    }
    CHECK(bed.count(Count::HoldersMade) == 1);
}

TEST_CASE("blocks: a host that has used up its blocks is refused by name, others are not",
          "[packet][blocks]") {
    Testbed bed(blocks(8, 2));
    for (uint16_t flow = 0; flow < 2 * kSize; ++flow)
        port_of(bed, kHost, static_cast<uint16_t>(40'000 + flow));
    CHECK_FALSE(try_send(bed, kHost, 41'000));
    CHECK(bed.dropped(Drop::HostBlocks) == 1);
    CHECK(try_send(bed, kHost, 41'000, kOther));
    CHECK(try_send(bed, kPeer, 41'000));
    CHECK(bed.take(Side::Inside).empty());
}

TEST_CASE("blocks: by choice a host that has used up its blocks is told", "[packet][blocks]") {
    Testbed bed(with(blocks(1, 2), [](config::Config& config) {
        config.on_exhaustion = config::OnExhaustion::Reject;
    }));
    for (uint16_t flow = 0; flow < kSize; ++flow)
        port_of(bed, kHost, static_cast<uint16_t>(40'000 + flow));
    CHECK_FALSE(try_send(bed, kHost, 41'000));  // the only block of all is its own
    CHECK(bed.dropped(Drop::BlocksExhausted) == 1);
    const auto told = bed.take(Side::Inside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].icmp_type == 3);
    CHECK(told[0].icmp_code == 13);
    bed.from_inside(Frame().ipv4(kPeer, kServer).tcp(40'000, 80, kSyn));
    const auto reset = bed.take(Side::Inside);
    REQUIRE(reset.size() == 1);
    CHECK((reset[0].tcp_flags & kRst) != 0);
}

TEST_CASE("blocks: each begins and ends with one line in the log, flows with none",
          "[packet][blocks]") {
    Testbed bed(blocks());
    const uint16_t first = static_cast<uint16_t>(block_of(port_of(bed, kHost, 40'000)) * kSize);
    for (uint16_t flow = 0; flow < 10; ++flow)
        port_of(bed, kHost, static_cast<uint16_t>(40'000 + flow), kOther);
    const std::string block =
        " 198.51.100.1:" + std::to_string(first) + '-' + std::to_string(first + kSize - 1) + ' ';
    bed.advance(Duration::seconds(2));
    REQUIRE(log_of(bed, kHost).size() == 1);
    CHECK(log_of(bed, kHost)[0].starts_with(kHost + std::string(" has") + block + "since 20"));
    bed.advance(Duration::seconds(28));
    CHECK(log_of(bed, kHost).size() == 1);

    bed.advance(Duration::seconds(10));  // the flows have ended
    CHECK(bed.flows() == 0);
    REQUIRE(log_of(bed, kHost).size() == 2);
    CHECK(log_of(bed, kHost)[1].starts_with(kHost + std::string(" had") + block + "from 20"));
    CHECK(log_of(bed, kHost)[1].find(" until 20") != std::string::npos);
    CHECK(bed.notices.size() == 2);
    CHECK(bed.count(Count::HoldersExpired) == 1);
}

TEST_CASE("blocks: what is given back is given to others, and not before", "[packet][blocks]") {
    Testbed bed(blocks(2, 1));
    port_of(bed, host(0), 40'000);
    port_of(bed, host(1), 40'000);
    CHECK_FALSE(try_send(bed, host(2), 40'000));
    CHECK(bed.dropped(Drop::BlocksExhausted) == 1);
    // A flow that has been answered is enough to keep a block.
    answer_from(bed, port_of(bed, host(0), 40'000));
    for (int i = 0; i < 10; ++i) {
        bed.advance(Duration::seconds(20));
        port_of(bed, host(0), 40'000);
    }
    const uint16_t kept = port_of(bed, host(0), 40'000);
    const uint16_t given = port_of(bed, host(2), 40'000);
    CHECK(block_of(given) != block_of(kept));
    CHECK(log_of(bed, host(0)).size() == 1);
    CHECK(log_of(bed, host(1)).size() == 2);
}

TEST_CASE("blocks: what nobody has answered is given to others when there are no more",
          "[packet][blocks]") {
    const bool is_mapped = GENERATE(false, true);
    const nat::Independence mapped{{{Protocol::Udp}}, pool::kAllPorts};
    Testbed bed(
        blocks(8, 1, 1, is_mapped ? std::optional<nat::Independence>(mapped) : std::nullopt));
    const uint16_t honest = port_of(bed, host(0), 40'000);
    answer_from(bed, honest);
    for (int forged = 1; forged < 8; ++forged)
        port_of(bed, host(forged), 40'000);
    // The first packet of one who comes finds none; he tries again, as TCP does.
    CHECK_FALSE(try_send(bed, host(10), 40'000));
    CHECK(bed.dropped(Drop::BlocksExhausted) == 1);
    bed.advance(Duration::seconds(10));
    const auto later = try_send(bed, host(10), 40'000);
    REQUIRE(later);
    // As many were taken back as were wanted, and the honest host's is none of them.
    CHECK(block_of(later->source_port) != block_of(honest));
    CHECK(port_of(bed, host(0), 40'000) == honest);
    CHECK(log_of(bed, host(0)).size() == 1);
    CHECK(bed.count(Count::HoldersExpired) == (is_mapped ? 2 : 1));
}

TEST_CASE("blocks: while one is being taken back its host has its others", "[packet][blocks]") {
    Testbed bed(blocks(2, 2));
    const uint16_t first = port_of(bed, host(0), 40'000);
    answer_from(bed, first);
    uint16_t last = first;
    uint16_t port = 40'001;
    for (; block_of(last) == block_of(first); ++port)  // until it has a second one
        last = port_of(bed, host(0), port);
    bed.advance(Duration{1900});
    CHECK_FALSE(try_send(bed, host(1), 40'000));
    for (uint16_t i = 0; i < 12; ++i) {
        bed.advance(Duration{100});
        CHECK(block_of(port_of(bed, host(0), 41'000 + i, "203.0.113.77")) == block_of(first));
    }
    bed.advance(Duration::seconds(4));
    CHECK(block_of(port_of(bed, host(1), 40'000)) == block_of(last));
}

TEST_CASE("blocks: one that is being taken back stays with who is answered after all",
          "[packet][blocks]") {
    Testbed bed(blocks(1, 1));
    const uint16_t port = port_of(bed, host(0), 40'000);
    CHECK_FALSE(try_send(bed, host(1), 40'000));
    bed.advance(Duration{1500});
    answer_from(bed, port);
    bed.advance(Duration::seconds(10));
    CHECK(port_of(bed, host(0), 40'000) == port);
    CHECK_FALSE(try_send(bed, host(1), 40'000));
}

TEST_CASE("blocks: a host goes to its next address when its own has no free block",
          "[packet][blocks]") {
    Testbed bed(blocks(4, 2, 2));
    std::map<std::string, std::set<int>> taken;  // by address
    uint64_t before = 0;
    for (int number = 0; number < 8; ++number) {
        const auto out = try_send(bed, host(number), 40'000);
        REQUIRE(out);
        CHECK(taken[out->source].insert(block_of(out->source_port)).second);
        const uint64_t changed = bed.count(Count::AddressChanged);
        if (changed != before)
            CHECK(
                std::ranges::any_of(taken, [](const auto& one) { return one.second.size() == 4; }));
        before = changed;
    }
    CHECK(taken.size() == 2);
    CHECK_FALSE(try_send(bed, host(8), 40'000));
    CHECK(bed.dropped(Drop::BlocksExhausted) == 1);
    bed.advance(Duration::seconds(2));
    CHECK(std::ranges::any_of(bed.notices, [](const std::string& notice) {
        return notice.starts_with("198.51.100.1 has no free block of ports: ");
    }));
}

TEST_CASE("blocks: a rule gives ports of its own pool, whatever blocks the host has",
          "[packet][blocks]") {
    Testbed bed(with(blocks(), [](config::Config& config) {
        config.snat.push_back({.inside = {ip("10.1.0.0"), 24},
                               .addresses = {{ip("198.51.100.20"), ip("198.51.100.20")}},
                               .toward = {.destination = {ip(kOther), 32}}});
    }));
    const auto public_of = [&](uint16_t port, const char* server) {
        const auto out = bed.from_inside(Frame().ipv4(kHost, server).udp(port, 53));
        return out.size() == 1 ? out[0].source : std::string();
    };
    CHECK(public_of(5000, kServer) == kPublic);
    CHECK(public_of(5000, kOther) == "198.51.100.20");
    CHECK(public_of(5001, kServer) == kPublic);
    CHECK(public_of(5001, kOther) == "198.51.100.20");
}

TEST_CASE("blocks: queries, TCP and UDP share them; what has no ports needs none",
          "[packet][blocks][icmp]") {
    Testbed bed(blocks());
    const int block = block_of(port_of(bed, kHost, 40'000));
    const auto ping = bed.from_inside(Frame().ipv4(kHost, kServer).echo_request(7));
    REQUIRE(ping.size() == 1);
    CHECK(block_of(ping[0].identifier) == block);
    const auto tcp = bed.from_inside(Frame().ipv4(kHost, kServer).tcp(80, 443, kSyn));
    REQUIRE(tcp.size() == 1);
    CHECK(block_of(tcp[0].source_port) == block);
    CHECK(bed.count(Count::HoldersMade) == 1);
    CHECK(bed.from_inside(Frame().ipv4(kPeer, kServer).protocol(47)).size() == 1);
    CHECK(bed.count(Count::HoldersMade) == 1);
}

TEST_CASE("blocks: the ports of forwards are in nobody's block", "[packet][blocks]") {
    Testbed bed(with(blocks(2, 1), [](config::Config& config) {
        config.forwards = {{Protocol::Tcp,
                            {ip(kPublic), Be16::from_host(1024 + 3)},
                            {ip(kPeer), Be16::from_host(80)}}};
    }));
    CHECK(block_of(port_of(bed, kHost, 1024 + 2)) == block_of(1024 + kSize));
    CHECK_FALSE(try_send(bed, host(1), 40'000));
    const auto in = bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(9, 1024 + 3, kSyn));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kPeer);
}

TEST_CASE("blocks: mappings take their ports from the host's blocks", "[packet][blocks]") {
    const nat::Independence some{
        {{Protocol::Udp, {3000, 3999}}}, {}, Filtering::EndpointIndependent};
    Testbed bed(blocks(8, 2, 1, some));
    std::set<uint16_t> mapped;
    for (uint16_t own = 3000; own < 3000 + kSize / 2; ++own) {
        const uint16_t port = port_of(bed, kHost, own);
        CHECK(port % kSize >= kSize / 2);
        CHECK(port_of(bed, kHost, own, kOther) == port);
        CHECK(mapped.insert(port).second);
        const auto in = bed.from_outside(Frame().ipv4("203.0.113.77", kPublic).udp(9, port));
        REQUIRE(in.size() == 1);
        CHECK(in[0].destination_port == own);
    }
    const int block = block_of(*mapped.begin());
    CHECK(block_of(*mapped.rbegin()) == block);
    // Other flows have the lower half, by their own port too.
    for (uint16_t port = static_cast<uint16_t>(block * kSize); block_of(port) == block; ++port)
        CHECK_FALSE(mapped.contains(port_of(bed, kHost, port)));
    // Full: the next mapping takes the next block, and then there is none.
    CHECK(block_of(port_of(bed, kHost, 3500)) != block);
    for (uint16_t own = 3501; own < 3500 + kSize / 2; ++own)
        port_of(bed, kHost, own);
    CHECK_FALSE(try_send(bed, kHost, 3600));
    CHECK(bed.dropped(Drop::HostBlocks) == 1);
}

TEST_CASE("blocks: a port that rests keeps its block from others", "[packet][blocks][rfc6888]") {
    const nat::Independence all{
        {{Protocol::Tcp}, {Protocol::Udp}, {Protocol::Icmp}}, {}, Filtering::EndpointIndependent};
    Testbed bed(blocks(1, 1, 1, all));
    port_of(bed, kHost, 40'000);
    bed.advance(Duration::seconds(415));
    CHECK_FALSE(try_send(bed, kPeer, 40'000));
    CHECK(log_of(bed, kHost).size() == 1);
    bed.advance(Duration::seconds(15));
    CHECK(try_send(bed, kPeer, 40'000));
    CHECK(log_of(bed, kHost).size() == 2);
}

TEST_CASE("blocks: workers that ask at once share a host's blocks", "[packet][blocks]") {
    Testbed bed(blocks(8, 2, 1, {}, 3));
    std::set<int> used;
    for (uint16_t flow = 0; flow < 2 * kSize; ++flow)
        used.insert(block_of(port_of(bed, kHost, static_cast<uint16_t>(40'000 + flow))));
    CHECK(used.size() == 2);
    CHECK(bed.count(Count::HoldersMade) == 2);
    for (int i = 0; i < 3; ++i)
        CHECK_FALSE(try_send(bed, kHost, static_cast<uint16_t>(41'000 + i)));
    CHECK(bed.dropped(Drop::HostBlocks) == 3);
}

TEST_CASE("blocks: a hairpinned flow keeps its block and the mapping that it goes to",
          "[packet][blocks][hairpin]") {
    const nat::Independence games{
        {{Protocol::Udp, {3000, 3999}}}, {}, Filtering::EndpointIndependent};
    Testbed bed(with(blocks(8, 2, 1, games), [](config::Config& config) {
        config.holders.port_hold = {};
        config.holders.mapping_timeout = Duration::seconds(10);
    }));
    const uint16_t mapped = port_of(bed, kHost, 3000);
    const auto meet = [&] {
        bed.from_inside(Frame().ipv4(kPeer, kPublic).udp(40'000, mapped));
        return bed.take(Side::Inside);
    };
    const auto in = meet();
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kPublic);
    CHECK(block_of(in[0].source_port) != block_of(mapped));
    for (int i = 0; i < 10; ++i) {
        bed.advance(Duration::seconds(20));
        REQUIRE(meet().size() == 1);
    }
    CHECK(meet()[0].source_port == in[0].source_port);
    CHECK(bed.count(Count::HoldersMade) == 3);  // a block each, and the mapping
    CHECK(log_of(bed, kPeer).size() == 1);
    CHECK(log_of(bed, kHost).size() == 1);
    bed.advance(Duration::seconds(60));
    CHECK(bed.flows() == 0);
    CHECK(log_of(bed, kPeer).size() == 2);
    CHECK(log_of(bed, kHost).size() == 2);
}

TEST_CASE("blocks: a new host gets one in a table that another's half-open flows fill",
          "[packet][blocks]") {
    auto options = blocks();
    options.flows = 64;
    Testbed bed(options);
    for (uint16_t flow = 0; flow < 200; ++flow)
        bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40'000, uint16_t(1000 + flow), kSyn));
    CHECK(bed.count(Count::EarlyDropped) + bed.dropped(Drop::TableFull) > 100);
    for (int number = 0; number < 3; ++number)
        CHECK(bed.from_inside(Frame().ipv4(host(number).c_str(), kServer).tcp(40'000, 80, kSyn))
                  .size() == 1);
}

}  // namespace blocks_test
