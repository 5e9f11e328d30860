// SPDX-License-Identifier: BSD-3-Clause
#include "rig/life.h"

#include "base/enum.h"

#include <iterator>

namespace sluice::bench {

const char* name_of(Life life) {
    constexpr const char* kNames[] = {"udp first packets", "tcp syn", "tcp lives"};
    return kNames[index(life)];
}

std::span<const Sending> packets_of(Life life) {
    using enum net::Direction;
    static constexpr Sending kWhole[] = {
        {Original, Kind::Open}, {Reply, Kind::Open},   {Original, Kind::Ack},
        {Original, Kind::Data}, {Reply, Kind::Data},   {Original, Kind::Finish},
        {Reply, Kind::Finish},  {Original, Kind::Ack},
    };
    return std::span(kWhole).first(life == Life::TcpWhole ? std::size(kWhole) : 1);
}

}  // namespace sluice::bench
