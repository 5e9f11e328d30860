// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/taking.h"

#include "flow/publics.h"
#include "net/text.h"
#include "sync/tcp.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <poll.h>
#include <utility>

namespace sluice::cluster {
namespace {

using sync::Record;

/// Who walks over a large table finds nothing for long.
constexpr std::chrono::seconds kTellerSilence{6};
constexpr std::chrono::milliseconds kShakesHands{2000};
constexpr size_t kMostSaid = 64;         // gateways
constexpr int kRestTaking = 50;          // milliseconds
constexpr int kRestForCore = 2;          // while the control core takes what has come
constexpr size_t kMostToTake = 1 << 18;  // bytes a turn

/// By which public addresses the records of a message go; those of inside hosts are among them.
std::vector<Be32> publics(const sync::Incoming::Message& message) {
    std::vector<Be32> addresses;
    for (size_t i = 0; i < message.count<Record>(); ++i) {
        const Record record = message.entry<Record>(i);
        flow::all_publics(record.tuple, net::Sides::of_bits(record.sides), [&](Be32 address) {
            addresses.push_back(address);
            return true;
        });
    }
    std::ranges::sort(addresses);
    // Not std::ranges::unique(): see sync/introduction.cc.
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    return addresses;
}

}  // namespace

Result<std::unique_ptr<Taking>> Taking::start(TakingParams params) {
    std::unique_ptr<Taking> taking(new Taking(std::move(params)));
    if (Status status = taking->begin(); !status)
        return status.error();
    return taking;
}

Status Taking::begin() {
    listener_ = sync::listen_at(params_.listen);
    if (!listener_)
        return Error{"--cluster listen=" + net::to_string(params_.listen) + ": " +
                     std::strerror(errno)};
    return thread_.start("--cluster", params_.background, [this] { run(); });
}

Taking::~Taking() = default;

void Taking::run() {
    while (!is_stopped()) {
        pollfd polled{listener_.get(), POLLIN, 0};
        poll(&polled, 1, kRestTaking);
        net::Endpoint from;
        Descriptor come = sync::accept_at(listener_, from);
        if (!come)
            continue;
        try {
            Session session(params_.tls, std::move(come));
            serve(session, net::to_string(from.address));
        } catch (const std::bad_alloc&) {  // it tells again, or its flows end
        }
    }
}

void Taking::serve(Session& session, const std::string& from) {
    changes_.clear();
    while (!is_stopped()) {
        const bool waits_for_core = session.completed != 0 && !session.is_answered;
        pollfd polled{session.channel->descriptor(),
                      session.channel->events(params_.inbox.mailbox.has_room()), 0};
        poll(&polled, 1, waits_for_core ? kRestForCore : kRestTaking);
        const Status status = turn(session);
        if (session.channel == nullptr)
            return;
        if (status)
            continue;
        // An answered one has closed the connection, as it should; a stranger is not to fill the
        // log, nor one that tries the same again and again.
        if (!session.is_answered && session.channel->has_judged())
            say("--cluster: flows from " + from + ": " + status.error().message, from);
        return;
    }
}

void Taking::say(const std::string& sentence, const std::string& from) {
    if (said_.size() >= kMostSaid)
        said_.clear();
    if (std::exchange(said_[from], sentence) != sentence)
        params_.notice(sentence);
}

Status Taking::turn(Session& session) {
    sync::Channel& channel = *session.channel;
    const bool has_room = params_.inbox.mailbox.has_room();
    answer(session);
    if (Status status = channel.turn(has_room ? kMostToTake : 0); !status)
        return status;
    const auto now = Clock::now();
    const bool waits_for_core = session.completed != 0 && !session.is_answered;
    if (channel.received() != 0 || !has_room || waits_for_core)
        session.heard = now;
    if (now - session.heard > (channel.is_open() ? Clock::duration(kTellerSilence) : kShakesHands))
        return Error{"it has said nothing for too long"};
    for (;;) {
        const auto message = channel.incoming().take();
        if (!message)
            return message.error();
        if (!*message)
            break;
        if (Status status = hear(session, **message); !status)
            return status;
        if (session.channel == nullptr)
            return Done{};
    }
    if (changes_.empty())
        return Done{};
    params_.inbox.mailbox.put(changes_);
    if (session.completed != 0)
        session.completes = ++params_.inbox.completes;
    return Done{};
}

Status Taking::hear(Session& session, const sync::Incoming::Message& message) {
    if (session.completed != 0)
        return Error{"it goes on when all was told"};
    switch (message.type) {
        case sync::Type::Hello:
            session.channel->outgoing().add(params_.hello);
            session.instance = message.as<sync::Hello>().instance;
            return judge_form(message.as<sync::Hello>(), params_.hello);
        case sync::Type::Owned:
            return leave_to_keeper(session, message);
        case sync::Type::Records:
            params_.expect(publics(message));
            break;
        case sync::Type::Complete:
            session.completed = message.sequence;
            break;
        case sync::Type::Begin:
            break;
        default:
            return Error{"it says what nobody asked it for"};
    }
    if (!session.telling.owns_lock())
        session.telling = std::unique_lock(params_.inbox.telling);
    append(message, changes_);
    return Done{};
}

/// What has been told of the addresses is heard by that from here on.
Status Taking::leave_to_keeper(Session& session, const sync::Incoming::Message& message) {
    if (params_.keeper == nullptr || session.telling.owns_lock())
        return Error{"it says what nobody asked it for"};
    CopySource source{.instance = session.instance};
    for (size_t i = 0; i < message.count<sync::Owned>(); ++i)
        source.owned.push_back(message.entry<sync::Owned>(i));
    source.channel = std::move(session.channel);
    params_.keeper->keep(std::move(source));
    return Done{};
}

/// When the control core has taken all of it.
void Taking::answer(Session& session) {
    const bool is_taken = session.completed != 0 && params_.inbox.has_taken(session.completes);
    if (!is_taken || std::exchange(session.is_answered, true))
        return;
    session.telling.unlock();
    session.channel->outgoing().add(sync::State{.applied = session.completed});
}

}  // namespace sluice::cluster
