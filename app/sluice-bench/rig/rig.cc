// SPDX-License-Identifier: BSD-3-Clause
#include "rig/rig.h"

#include "net/text.h"
#include "rig/ipv6.h"

#include <rte_errno.h>
#include <rte_mempool.h>

#include <algorithm>
#include <string>

namespace sluice::bench {
namespace {

using net::Side;

constexpr Ring kOwn{.mbufs = 16383};  // the gateway's
constexpr unsigned kCacheSize = 512;
constexpr unsigned kTurnsToFind = 64;
constexpr Duration kFindStep{100};

constexpr std::array<net::MacAddress, 2> kGatewayMac{{{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}}};
constexpr std::array<net::MacAddress, 2> kRouterMac{{{2, 0, 0, 0, 1, 1}, {2, 0, 0, 0, 1, 2}}};

const Be32 kInsideRouter = Be32::from_host(0xc0a80002);   // 192.168.0.2
const Be32 kOutsideRouter = Be32::from_host(0xc63364fe);  // 198.51.100.254
constexpr uint32_t kFirstPublic = 0xc6336410;             // 198.51.100.16

config::Config config_of(const RigParams& params) {
    config::Config config;
    config.lans = {{{"inside"}, {Be32::from_host(0xc0a80001), 24}}};
    config.wans = {{{"outside"}, {Be32::from_host(0xc6336401), 24}, kOutsideRouter}};
    const net::Prefix inside{Be32::from_host(0x0a000000), 8};
    config.inside = {inside};
    config.routes = {{inside, kInsideRouter}};
    config.pool = {
        {Be32::from_host(kFirstPublic), Be32::from_host(kFirstPublic + params.addresses - 1)}};
    config.workers = params.workers;
    config.flows = params.flows;
    config.no_huge = params.pages == PageKind::Ordinary;
    config.burst = worker::kBurstSize;  // the ports give fewer where fewer are wanted
    params.configure(config);
    return config;
}

}  // namespace

void Rig::FreePool::operator()(rte_mempool* pool) const {
    rte_mempool_free(pool);
}

Rig::Pool Rig::make_pool(const char* name, const Ring& ring) {
    static unsigned made = 0;  // EAL wants each to have a name of its own
    const std::string own = std::string(name) + std::to_string(++made);
    const auto room = static_cast<uint16_t>(ring.frame_bytes + RTE_PKTMBUF_HEADROOM);
    return Pool(rte_pktmbuf_pool_create(own.c_str(), ring.mbufs, kCacheSize,
                                        link::kNoteBytes + kTagBytes, room, SOCKET_ID_ANY));
}

size_t Rig::eal_bytes(const Ring& ring) {
    const auto bytes_of = [](const Ring& mbufs) {
        return mbufs.mbufs * (sizeof(rte_mbuf) + link::kNoteBytes + kTagBytes + mbufs.frame_bytes +
                              RTE_PKTMBUF_HEADROOM + 128);
    };
    return bytes_of(ring) + bytes_of(kOwn) + (size_t{32} << 20);
}

size_t Rig::table_bytes(uint32_t flows) {
    constexpr size_t kPage = size_t{2} << 20;
    const size_t bytes =
        flow::FlowTable::bytes_needed(flows, true) + nat::KeptEndpoints::bytes_needed(flows);
    return (bytes + kPage - 1) / kPage * kPage;
}

Result<std::unique_ptr<Rig>> Rig::create(const RigParams& params) {
    std::unique_ptr<Rig> rig(new Rig);
    rig->packets_ = make_pool("bench", params.ring);
    rig->own_packets_ = make_pool("gateway", kOwn);
    if (!rig->packets_ || !rig->own_packets_)
        return Error{std::string("no memory for packets: ") + rte_strerror(rte_errno)};
    gateway::Ground ground;
    for (const Side side : {Side::Inside, Side::Outside}) {
        auto& port = rig->ports_[index(side)];
        port = std::make_unique<synthetic::SyntheticPort>(
            synthetic::SyntheticPort::Params{.mac = kGatewayMac[index(side)],
                                             .queues = static_cast<uint16_t>(params.workers),
                                             .capacity = params.ring.waiting});
        ground.ports.push_back(port.get());
    }
    ground.packets = rig->own_packets_.get();
    ground.secret = {0x5bd1e995, 0x27d4eb2f, 0x165667b1, 0x9e3779b9};
    ground.inheritance = params.inheritance;
    config::Config config = config_of(params);
    rig->is_ipv6_ = params.is_ipv6;
    if (params.is_ipv6)
        if (Status status = serve_ipv6(config, kRouterMac[index(Side::Inside)]); !status)
            return status.error();
    auto gateway = gateway::Gateway::create(config, ground);
    if (!gateway)
        return gateway.error();
    rig->gateway_ = std::move(gateway).value();
    rig->gateway_->control().start(rig->now());
    if (Status status = rig->find_routers(); !status)
        return status.error();
    return rig;
}

Rig::~Rig() {
    if (gateway_)
        gateway_->drain();
}

Addressing Rig::addressing(Side side) const {
    return {kRouterMac[index(side)], kGatewayMac[index(side)]};
}

/// All that has been sent there.
void Rig::take_own(Side side, uint16_t queue) {
    const auto sent = port(side).sent(queue);
    const std::vector<rte_mbuf*> frames(sent.begin(), sent.end());
    if (port(side).is_drained(queue))
        port(side).clear(queue);
    for (rte_mbuf* mbuf : frames)
        take_own(side, queue, mbuf);
}

Status Rig::find_routers() {
    for (unsigned turn = 0; turn < kTurnsToFind; ++turn) {
        skip(kFindStep);
        attend();
        for (uint16_t queue = 0; queue < workers(); ++queue) {
            gateway_->worker(queue).turn(now());
            take_own(Side::Inside, queue);
            take_own(Side::Outside, queue);
        }
    }
    return gateway_->snapshot().count[stats::Count::ArpReceived] >= 2
               ? Status{Done{}}
               : Status{Error{"the gateway does not find its routers"}};
}

std::string Rig::drops() const {
    const stats::Snapshot snapshot = gateway_->snapshot();
    std::string text;
    for (size_t i = 0; i < stats::kDropCount; ++i) {
        const auto reason = static_cast<stats::Drop>(i);
        if (snapshot.drop[reason] != 0)
            text += (text.empty() ? "" : ", ") + std::to_string(snapshot.drop[reason]) + ' ' +
                    std::string(stats::drop_name(reason));
    }
    return text;
}

void Rig::take_own(Side side, uint16_t queue, rte_mbuf* mbuf) {
    auto* frame = rte_pktmbuf_mtod(mbuf, uint8_t*);
    const auto arp = net::read_arp({frame, rte_pktmbuf_data_len(mbuf)});
    const bool is_ours = arp && arp->operation == net::Arp::Operation::Request &&
                         arp->target == (side == Side::Inside ? kInsideRouter : kOutsideRouter);
    if (!is_ours) {
        rte_pktmbuf_free(mbuf);
        return;
    }
    mbuf->data_len = net::write_arp({frame, net::kArpFrameBytes}, arp->sender_mac,
                                    {net::Arp::Operation::Reply, kRouterMac[index(side)],
                                     arp->target, arp->sender_mac, arp->sender});
    mbuf->pkt_len = mbuf->data_len;
    if (!port(side).offer(queue, {&mbuf, 1}))
        rte_pktmbuf_free(mbuf);
}

}  // namespace sluice::bench
