// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/route6.h"

#include "nat64/kept.h"
#include "nat64/transport.h"

#include <rte_mbuf.h>

#include <cstring>

namespace sluice::nat64 {

using net::Side;
using stats::Drop;

std::optional<Drop> Route6::outward(const Headers& headers, bool is_error, Tick now,
                                    Ipv4Ends& ends) const {
    if (addresses_.is_own(headers.destination, Side::Outside))
        return Drop::ToGateway;
    if (!addresses_.may_be_peer(headers.destination))
        return Drop::Ipv6Destination;
    const auto source = addresses_.source(headers.source, now);
    if (!source)
        return Drop::Ipv6HostsFull;
    const auto peer =
        is_error ? addresses_.peer(headers.destination) : addresses_.peer(headers.destination, now);
    if (!peer)
        return is_error ? Drop::IcmpErrorUnknown : Drop::Ipv6PeersFull;
    ends.source = *source;
    ends.destination = *peer;
    ends.stays_ipv6 = true;
    return std::nullopt;
}

/// Nobody gets a number by what comes from outside, so that who scans takes none.
std::optional<Drop> Route6::inward(const Headers& headers, bool is_error, Ipv4Ends& ends) const {
    if (addresses_.is_own(headers.destination))
        return Drop::ToGateway;
    const auto host = addresses_.host(headers.destination);
    const auto peer = addresses_.peer(headers.source);
    if (!host || (!peer && !is_error))
        return is_error ? Drop::IcmpErrorUnknown : Drop::NoMapping;
    ends.source = peer.value_or(addresses_.router());
    ends.destination = *host;
    ends.stays_ipv6 = true;
    return std::nullopt;
}

bool Route6::may_leave(Be32 source, Be32 destination) const {
    if (!addresses_.is_peer(destination))
        return false;
    if (source == addresses_.own_number(Side::Outside))
        return true;
    const auto host = addresses_.is_peer(source) ? std::nullopt : addresses_.to_ipv6(source);
    return host && addresses_.is_number(source) && addresses_.is_routed(*host);
}

void Route6::keep(rte_mbuf* mbuf, const Headers& headers, bool is_error, const Ipv4Ends& ends) {
    Kept& kept = kept_of(mbuf);
    kept = {ends.source, ends.destination, {}, headers.identification, headers.source, {}};
    std::memcpy(&kept.first_word, rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, kEtherBytes),
                sizeof kept.first_word);
    const auto transport = transport_of(mbuf, headers);
    if (is_error && transport.size() >= kIcmpBytes)
        kept.error = read_head(transport.data());
}

}  // namespace sluice::nat64
