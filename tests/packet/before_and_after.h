// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What hosts do before and after another gateway has taken their flows over.

#include "catch.h"
#include "testbed.h"

#include <cstdint>

namespace sluice::test {

inline uint16_t send(Testbed& bed, const char* host, uint16_t port, const char* server = kServer) {
    const auto out = bed.from_inside(Frame().ipv4(host, server).udp(port, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].checksums_ok());
    return out[0].source_port;
}

inline bool answers(Testbed& bed, uint16_t external, const char* host, uint16_t port,
                    const char* server = kServer) {
    const auto in = bed.from_outside(Frame().ipv4(server, kPublic).udp(53, external));
    return in.size() == 1 && in[0].destination == host && in[0].destination_port == port &&
           in[0].checksums_ok();
}

inline void connect(Testbed& bed, uint16_t port) {
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(port, 80, kSyn).seq(99)).size() == 1);
    REQUIRE(bed.from_outside(
                   Frame().ipv4(kServer, kPublic).tcp(80, port, kSyn | kAck).seq(499).ack(100))
                .size() == 1);
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(port, 80, kAck).seq(100).ack(500))
                .size() == 1);
}

}  // namespace sluice::test
