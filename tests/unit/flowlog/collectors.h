// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Collectors on the loopback, that come and go on a port of their own.

#include "catch.h"
#include "export_reader.h"
#include "flowlog/account.h"
#include "flowlog/delivery.h"
#include "flowlog/ipfix.h"
#include "flowlog/socket.h"
#include "happenings.h"
#include "testing/no_memory.h"

#include <array>
#include <chrono>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <thread>
#include <vector>

namespace sluice::flowlog::testing {

inline constexpr Be32 kLoopback = Be32::from_host(0x7f000001);

/// A socket that is bound, so that its port is nobody else's while the collector is away.
class Place {
public:
    explicit Place(int type) : is_tcp_(type == SOCK_STREAM) { bind(0); }

    config::FlowLogTarget target() const {
        const auto transport = is_tcp_ ? config::Transport::Tcp : config::Transport::Udp;
        return {config::LogForm::Ipfix, {transport, kLoopback, port_}, "--ipfix"};
    }
    int get() const { return socket_.get(); }
    /// Nobody is there from now on.
    void leave() { socket_.close(); }
    void come_back() { bind(port_.raw); }

private:
    void bind(uint16_t port) {
        socket_ = Socket(is_tcp_ ? SOCK_STREAM : SOCK_DGRAM);
        REQUIRE(socket_);
        socket_.set(SOL_SOCKET, SO_REUSEADDR, 1);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = kLoopback.raw;
        address.sin_port = port;
        socklen_t size = sizeof(address);
        auto* place = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(socket_.get(), place, size) == 0);
        REQUIRE(getsockname(socket_.get(), place, &size) == 0);
        port_ = Be16{address.sin_port};
        if (is_tcp_)
            REQUIRE(::listen(socket_.get(), 8) == 0);
    }

    bool is_tcp_;
    Be16 port_;
    Socket socket_;
};

/// What has come in so far; `wait` for the first of it.
inline std::string receive(int descriptor, std::chrono::milliseconds wait = {}) {
    pollfd readable{descriptor, POLLIN, 0};
    poll(&readable, 1, static_cast<int>(wait.count()));
    std::string bytes;
    std::array<char, 65536> piece;
    for (ssize_t count = 0;
         (count = recv(descriptor, piece.data(), piece.size(), MSG_DONTWAIT)) > 0;)
        bytes.append(piece.data(), static_cast<size_t>(count));
    return bytes;
}

inline constexpr int64_t kStep = 20;  // milliseconds, where a test waits
inline constexpr size_t kMostWaitingBytes = 100'000;

/// A delivery of IPFIX, its account and what it says, in a time of the test's own.
struct Sender {
    explicit Sender(const config::FlowLogTarget& target)
        : delivery((target.collector.transport == config::Transport::Tcp ? deliver_by_tcp
                                                                         : deliver_by_datagrams)(
              {target, ipfix, account, [this](const std::string& text) { notices.push_back(text); },
               kMostWaitingBytes})) {}

    void turn(int64_t milliseconds = 1) { delivery->turn(now += milliseconds); }
    /// A message with `count` sessions.
    void put(unsigned count) {
        const std::vector entries(count, session(flow::Event::Opened));
        std::vector<Message> messages;
        ipfix.encode(entries, listing::TimeOfDay(), messages);
        REQUIRE(messages.size() == 1);
        delivery->put(std::move(messages[0]));
    }
    /// False where some was wanted.
    bool turn_without_memory() {
        const test::NoMemory none;
        return if_memory_allows([this] { turn(0); });
    }
    /// So many messages of one session each, for none of which there is memory.
    void put_without_memory(unsigned count) {
        const std::vector entries(1, session(flow::Event::Opened));
        std::vector<Message> messages;
        for (unsigned i = 0; i < count; ++i)
            ipfix.encode(entries, listing::TimeOfDay(), messages);
        const test::NoMemory none;
        for (Message& message : messages)
            delivery->put(std::move(message));
    }
    /// Turns until something is so.
    template <typename Condition>
    void turn_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!condition()) {
            REQUIRE(std::chrono::steady_clock::now() < end);
            turn(kStep);
            std::this_thread::yield();
        }
    }

    Ipfix ipfix{{.most_bytes = 60000}};
    Account account;
    std::vector<std::string> notices;
    std::unique_ptr<Delivery> delivery;
    int64_t now = 1'000'000;
};

}  // namespace sluice::flowlog::testing
