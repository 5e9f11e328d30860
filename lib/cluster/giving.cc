// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/giving.h"

#include "flow/publics.h"
#include "flow/reading.h"
#include "sync/copying.h"
#include "sync/tcp.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <poll.h>
#include <utility>

namespace sluice::cluster {
namespace {

using flow::FlowRecord;
using flow::Kind;
using flow::Life;
using sync::Record;

constexpr size_t kMostToSend = 1 << 20;  // bytes that wait for the other
constexpr size_t kMostToHear = 1 << 12;  // bytes a turn: it says little
constexpr int kRestGiving = 20;          // milliseconds

bool goes_by(const Record& record, const std::vector<Be32>& addresses) {
    return flow::any_public(record.tuple, net::Sides::of_bits(record.sides), [&](Be32 address) {
        return std::ranges::binary_search(addresses, address);
    });
}

}  // namespace

Status Giving::give(const std::vector<Be32>& addresses, const net::Endpoint& to, uint64_t instance,
                    Moment by) {
    Descriptor socket = sync::connect_to(to, params_.own);
    if (!socket)
        return Error{std::strerror(errno)};
    Session session{.channel{params_.tls, std::move(socket), sync::Channel::End::Client},
                    .by = by,
                    .instance = instance};
    while (!session.channel.is_open())
        if (Status status = exchange(session, kRestGiving); !status)
            return status;
    session.channel.outgoing().add(params_.hello);
    if (Status status = tell(session, addresses); !status)
        return status;
    const uint32_t last = session.channel.outgoing().sequence();
    while (session.applied != last)
        if (Status status = exchange(session, kRestGiving); !status)
            return status;
    return Done{};
}

/// Sends, and takes what has come; waits for so many milliseconds where there is nothing to do.
Status Giving::exchange(Session& session, int rest) const {
    if (is_stopped_.load(std::memory_order_relaxed))
        return Error{"this gateway ends"};
    if (std::chrono::steady_clock::now() > session.by)
        return Error{"it has not taken them in time"};
    pollfd polled{session.channel.descriptor(), session.channel.events(true), 0};
    poll(&polled, 1, rest);
    if (Status status = session.channel.turn(kMostToHear); !status)
        return status;
    return session.channel.incoming().take_each(
        [&](const sync::Incoming::Message& message) { return hear(session, message); });
}

Status Giving::hear(Session& session, const sync::Incoming::Message& message) const {
    if (message.type == sync::Type::Hello)
        return judge(message.as<sync::Hello>(), session.instance);
    if (message.type != sync::Type::State)
        return Error{"it tells of flows without having been asked"};
    session.applied = message.as<sync::State>().applied;
    return Done{};
}

Status Giving::judge(const sync::Hello& hello, uint64_t instance) const {
    if (hello.instance != instance)
        return Error{"it is another process than the one that is to have them"};
    return judge_form(hello, params_.hello);
}

Status Giving::tell(Session& session, const std::vector<Be32>& addresses) {
    sync::Outgoing& out = session.channel.outgoing();
    out.begin();
    for (const Kind kind : sync::kTellingOrder)
        for (uint32_t first = 0; first < params_.table.capacity(); first += sync::kReadingSlice) {
            for (const Record& record : read(first, kind, addresses)) {
                out.add(record);
                ++told_;
            }
            if (Status status = exchange(session, 0); !status)
                return status;
            while (out.size() > kMostToSend)
                if (Status status = exchange(session, kRestGiving); !status)
                    return status;
        }
    out.complete();
    return Done{};
}

/// Those of a slice.
std::vector<Record> Giving::read(uint32_t first, Kind kind,
                                 const std::vector<Be32>& addresses) const {
    flow::FlowTable& table = params_.table;
    const uint32_t end = std::min(first + sync::kReadingSlice, table.capacity());
    auto records = flow::read_records(table, [&] {
        std::vector<Record> copies;
        const Tick now = params_.now();
        for (uint32_t index = first; index < end; ++index) {
            FlowRecord& record = table.record(index);
            // relaxed: copy() looks for sure.
            if (record.life.load(std::memory_order_relaxed).life() != Life::Live ||
                record.kind() != kind)
                continue;
            if (const auto copied = sync::copy(record, index, now);
                copied && goes_by(*copied, addresses))
                copies.push_back(*copied);
        }
        return copies;
    });
    std::erase_if(records, [&](const Record& record) {
        return (kind == Kind::Flow && !goes_on_elsewhere(record)) ||
               std::ranges::any_of(record.tuple, [&](const net::Tuple& tuple) {
                   return params_.is_number(tuple.source);
               });
    });
    return records;
}

}  // namespace sluice::cluster
