// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/copy_teller.h"

#include "base/serial.h"
#include "sync/tcp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <poll.h>
#include <utility>

namespace sluice::cluster {
namespace {

using sync::Owned;

constexpr std::chrono::seconds kConnectsAgain{1};
/// Who takes copies says so five times a second.
constexpr std::chrono::seconds kTakerSilence{6};
constexpr std::chrono::seconds kSaysThere{1};
constexpr size_t kMostToTell = 1 << 20;  // bytes that wait for the other
constexpr size_t kLeastHeard = 1 << 12;  // bytes a turn: it says little
constexpr int kRestFollowing = 2;        // milliseconds; a journal's ring holds what 16 bring
constexpr int kRestIdle = 20;
constexpr size_t kMostPolled = 64;

}  // namespace

Result<std::unique_ptr<CopyTeller>> CopyTeller::start(CopyTellerParams params) {
    std::unique_ptr<CopyTeller> teller(new CopyTeller(std::move(params)));
    if (Status status = teller->begin(); !status)
        return status.error();
    return teller;
}

Status CopyTeller::begin() {
    return thread_.start("--cluster", params_.background, [this] { run(); });
}

CopyTeller::~CopyTeller() = default;

void CopyTeller::aim(std::vector<CopyGoal> goals) {
    const std::lock_guard lock(mutex_);
    aimed_ = std::move(goals);
}

std::map<Be32, std::string> CopyTeller::copied() const {
    const std::lock_guard lock(mutex_);
    return copied_;
}

void CopyTeller::run() {
    while (!thread_.is_asked_to_stop()) {
        try {
            turn();
        } catch (const std::bad_alloc&) {  // all is told anew, when there is memory
            places_.clear();
        }
        wait();
    }
}

void CopyTeller::turn() {
    {
        const std::lock_guard lock(mutex_);
        if (aimed_)
            goals_ = *std::exchange(aimed_, std::nullopt);
    }
    const size_t gone = std::erase_if(places_, [&](const auto& each) {
        return std::ranges::find(goals_, each.first, &CopyGoal::name) == goals_.end();
    });
    for (const CopyGoal& goal : goals_) {
        Place& place = places_[goal.name];
        if (place.session != nullptr && place.session->goal != goal)
            place.session.reset();
        if (place.session == nullptr)
            connect(place, goal);
        if (place.session == nullptr)
            continue;
        if (const Status status = turn(*place.session); !status)
            miss(place, goal, status.error().message);
        else if (place.session->is_whole)
            place.is_missed = false;
    }
    bool has_changed = gone != 0;
    for (auto& [name, place] : places_) {
        const bool is_whole = place.session != nullptr && place.session->is_whole;
        has_changed |= std::exchange(place.was_whole, is_whole) != is_whole;
    }
    if (has_changed)
        publish();
}

void CopyTeller::wait() const {
    std::array<pollfd, kMostPolled> polled{};
    nfds_t count = 0;
    for (const auto& [name, place] : places_)
        if (place.session != nullptr && count < polled.size())
            polled[count++] = {place.session->channel.descriptor(),
                               place.session->channel.events(true), 0};
    poll(polled.data(), count, count != 0 ? kRestFollowing : kRestIdle);
}

void CopyTeller::connect(Place& place, const CopyGoal& goal) {
    const auto now = Clock::now();
    if (now < place.again)
        return;
    place.again = now + kConnectsAgain;
    Descriptor socket = sync::connect_to(goal.to, params_.own);
    if (!socket)
        return miss(place, goal, std::strerror(errno));
    place.session.reset(new Session{
        .goal = goal, .channel{params_.tls, std::move(socket), sync::Channel::End::Client}});
}

/// Sends and hears what can be now.
Status CopyTeller::turn(Session& session) const {
    sync::Channel& channel = session.channel;
    const auto now = Clock::now();
    if (channel.is_open()) {
        if (!session.teller)
            begin_telling(session);
        session.teller->turn(channel.outgoing(), kMostToTell);
        if (now - session.said > kSaysThere) {
            session.said = now;
            channel.outgoing().add(sync::State{});
        }
    }
    if (Status status = channel.turn(kLeastHeard); !status)
        return status;
    if (channel.received() != 0)
        session.heard = now;
    if (now - session.heard > kTakerSilence)
        return Error{"it has said nothing for too long"};
    if (Status status = channel.incoming().take_each(
            [&](const sync::Incoming::Message& message) { return hear(session, message); });
        !status)
        return status;
    session.is_whole = session.teller && session.teller->is_whole() &&
                       session.state.has_flows != 0 &&
                       !is_before(session.state.applied, session.teller->completed());
    return Done{};
}

void CopyTeller::begin_telling(Session& session) const {
    sync::Outgoing& out = session.channel.outgoing();
    out.add(params_.hello);
    std::vector<Be32> addresses;
    for (const Owned& owned : session.goal.owned) {
        out.add(owned);
        addresses.push_back(owned.address);
    }
    const auto is_theirs = [this, addresses](const std::array<net::Tuple, 2>& tuple) {
        const auto goes_by = [&](const net::Tuple& each) {
            return std::ranges::binary_search(addresses, each.destination) &&
                   params_.holdings.is_ours(each.destination);
        };
        return std::ranges::any_of(tuple, goes_by) &&
               std::ranges::none_of(tuple, [this](const net::Tuple& each) {
                   return params_.is_number(each.source);
               });
    };
    sync::TellerParams params{params_.table, params_.now, params_.wanted_status,
                              [] { return true; }};
    params.is_theirs = is_theirs;
    session.teller.emplace(std::move(params));
}

Status CopyTeller::hear(Session& session, const sync::Incoming::Message& message) const {
    if (message.type == sync::Type::Hello)
        return judge_form(message.as<sync::Hello>(), params_.hello);
    if (message.type != sync::Type::State)
        return Error{"it tells of flows without having been asked"};
    session.state = message.as<sync::State>();
    return Done{};
}

/// It is tried again; the log says so once.
void CopyTeller::miss(Place& place, const CopyGoal& goal, const std::string& why) const {
    place.session.reset();
    if (!std::exchange(place.is_missed, true))
        params_.notice("--cluster: " + goal.name +
                       " has no copies of this gateway's flows: " + why);
}

void CopyTeller::publish() {
    std::map<Be32, std::string> copied;
    for (const auto& [name, place] : places_)
        if (place.session != nullptr && place.session->is_whole)
            for (const Owned& owned : place.session->goal.owned)
                copied[owned.address] = name;
    const std::lock_guard lock(mutex_);
    std::swap(copied_, copied);
}

}  // namespace sluice::cluster
