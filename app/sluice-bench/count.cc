// SPDX-License-Identifier: BSD-3-Clause
#include "count.h"

#include "rig/bench.h"
#include "rig/life.h"
#include "rig/order.h"
#include "rig/scene.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bench {
namespace {

using net::Direction;
using net::Protocol;
using net::Side;

void limit_bursts(Rig& rig, unsigned burst) {
    for (const Side side : {Side::Inside, Side::Outside})
        rig.port(side).limit_burst(burst);
}

/// Somebody watches what none of the packets is.
Result<std::unique_ptr<observe::Watches::Reader>> watch(Rig& rig) {
    observe::Wish wish;
    wish.filter.source = net::Prefix{Be32::from_host(0xc0000201), 32};  // 192.0.2.1
    return rig.gateway().watches().open(wish);
}

/// Out and back by bursts, in random order.
Status send_known(Protocol protocol, const CountOptions& options) {
    Book book(protocol, k1K);
    auto rig = Rig::create({.flows = k1K,
                            .pages = options.pages,
                            .configure =
                                [&](config::Config& config) {
                                    config.tuning.udp = config.tuning.udp_stream =
                                        Duration::seconds(24 * 3600);
                                    config.accounting = options.kind.ends_with("-accounting");
                                },
                            .is_ipv6 = options.kind == "udp-nat64" || options.kind == "tcp-nat64"});
    if (!rig)
        return rig.error();
    Crew crew(*rig.value(), book);
    uint32_t lost = open_flows(crew, k1K);
    limit_bursts(*rig.value(), options.burst);
    Result<std::unique_ptr<observe::Watches::Reader>> reader{nullptr};
    if (options.kind == "udp-watched")
        reader = watch(*rig.value());
    if (!reader)
        return reader.error();
    Order order(Order::Kind::Random, k1K, 1);
    Lane& lane = crew.lanes().front();
    for (unsigned batch = 0; batch < options.batches; ++batch) {
        std::vector<Item> items(kBatch);
        for (size_t i = 0; i < items.size(); ++i)
            items[i] = {order.next(),
                        i / options.burst % 2 == 1 ? Direction::Reply : Direction::Original,
                        Kind::Data};
        lane.offer(items);
        lane.run_worker();
        lost += kBatch - lane.collect();
        rig.value()->attend();
    }
    if (lost != 0)
        return Error{std::to_string(lost) + " packets did not come out: " + rig.value()->drops()};
    return Done{};
}

Status send_lives(Life life, const CountOptions& options) {
    auto scene = Scene::create({.fresh = life == Life::UdpFirst ? Protocol::Udp : Protocol::Tcp,
                                .standing = k1K,
                                .room = k64K},
                               {.pages = options.pages});
    if (!scene)
        return scene.error();
    limit_bursts(scene.value()->rig(), options.burst);
    for (unsigned batch = 0; batch < options.batches; ++batch) {
        const std::vector<uint64_t> flows = scene.value()->next_flows();
        for (const Sending& packet : packets_of(life))
            scene.value()->send(scene.value()->lanes().front(), flows, packet.direction,
                                packet.kind);
        scene.value()->step();
    }
    if (const uint64_t lost = scene.value()->lost(); lost != 0)
        return Error{std::to_string(lost) +
                     " packets did not come out: " + scene.value()->rig().drops()};
    return Done{};
}

Status send(const CountOptions& options) {
    if (options.kind == "udp-open")
        return send_lives(Life::UdpFirst, options);
    if (options.kind == "tcp-lives")
        return send_lives(Life::TcpWhole, options);
    return send_known(options.kind.substr(0, 3) == "tcp" ? Protocol::Tcp : Protocol::Udp, options);
}

}  // namespace

int run_count(const CountOptions& options) {
    auto bench = Bench::start("count", {.pages = options.pages}, Rig::table_bytes(2 * k64K));
    if (!bench)
        return fail(bench.error());
    if (Status status = send(options); !status)
        return fail(status.error());
    std::printf("%u\n", options.batches * kBatch);
    return 0;
}

}  // namespace sluice::bench
