// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/timeouts.h"

#include "conntrack/status.h"

namespace sluice::conntrack {
namespace {

template <TcpState State>
Duration& tcp(Tuning& tuning) {
    return tuning.tcp[State];
}

template <SctpState State>
Duration& sctp(Tuning& tuning) {
    return tuning.sctp[State];
}

template <Duration Tuning::*Field>
Duration& field(Tuning& tuning) {
    return tuning.*Field;
}

constexpr std::array<NamedTimeout, kTimeoutCount> kTimeouts{{
    {"tcp-syn-sent", tcp<TcpState::SynSent>},
    {"tcp-syn-recv", tcp<TcpState::SynRecv>},
    {"tcp-established", tcp<TcpState::Established>},
    {"tcp-fin-wait", tcp<TcpState::FinWait>},
    {"tcp-close-wait", tcp<TcpState::CloseWait>},
    {"tcp-last-ack", tcp<TcpState::LastAck>},
    {"tcp-time-wait", tcp<TcpState::TimeWait>},
    {"tcp-close", tcp<TcpState::Close>},
    {"tcp-max-retrans", field<&Tuning::tcp_max_retrans_timeout>},
    {"tcp-unacknowledged", field<&Tuning::tcp_unacknowledged>},
    {"udp", field<&Tuning::udp>},
    {"udp-stream", field<&Tuning::udp_stream>},
    {"udplite", field<&Tuning::udp_lite>},
    {"udplite-stream", field<&Tuning::udp_lite_stream>},
    {"icmp", field<&Tuning::icmp>},
    {"sctp-closed", sctp<SctpState::Closed>},
    {"sctp-cookie-wait", sctp<SctpState::CookieWait>},
    {"sctp-cookie-echoed", sctp<SctpState::CookieEchoed>},
    {"sctp-established", sctp<SctpState::Established>},
    {"sctp-shutdown-sent", sctp<SctpState::ShutdownSent>},
    {"sctp-shutdown-recd", sctp<SctpState::ShutdownRecd>},
    {"sctp-shutdown-ack-sent", sctp<SctpState::ShutdownAckSent>},
    {"gre", field<&Tuning::gre>},
    {"gre-stream", field<&Tuning::gre_stream>},
    {"generic", field<&Tuning::generic>},
}};

/// Assured is what a stream of datagrams is.
const Duration& timeout_in(const Tuning& tuning, net::Protocol protocol, ProtocolState state,
                           bool is_assured) {
    switch (protocol) {
        case net::Protocol::Tcp:
            return tuning.tcp[state.tcp()];
        case net::Protocol::Udp:
            return is_assured ? tuning.udp_stream : tuning.udp;
        case net::Protocol::UdpLite:
            return is_assured ? tuning.udp_lite_stream : tuning.udp_lite;
        case net::Protocol::Icmp:
            return tuning.icmp;
        case net::Protocol::Sctp:
            return tuning.sctp[state.sctp()];
        case net::Protocol::Gre:
            return is_assured ? tuning.gre_stream : tuning.gre;
    }
    return tuning.generic;
}

}  // namespace

std::optional<size_t> timeout_of(net::Protocol protocol, ProtocolState state, uint8_t status) {
    Tuning tuning;
    const Duration& wanted = timeout_in(tuning, protocol, state, (status & kAssured) != 0);
    for (size_t i = 0; i < kTimeouts.size(); ++i)
        if (&kTimeouts[i].of(tuning) == &wanted)
            return i;
    return std::nullopt;
}

std::span<const NamedTimeout, kTimeoutCount> timeouts() {
    return kTimeouts;
}

bool may_cap(size_t cap, size_t timeout) {
    const auto is_cap = [](size_t place) {
        const std::string_view name = kTimeouts[place].name;
        return name == "tcp-max-retrans" || name == "tcp-unacknowledged";
    };
    return is_cap(cap) && !is_cap(timeout) && kTimeouts[timeout].name.starts_with("tcp-");
}

std::optional<size_t> timeout_place(std::string_view name) {
    for (size_t i = 0; i < kTimeouts.size(); ++i)
        if (kTimeouts[i].name == name)
            return i;
    return std::nullopt;
}

Tuning with_own(Tuning tuning, const OwnTimeouts& own) {
    for (size_t i = 0; i < own.size(); ++i)
        if (own[i] != Duration{})
            kTimeouts[i].of(tuning) = own[i];
    return tuning;
}

}  // namespace sluice::conntrack
