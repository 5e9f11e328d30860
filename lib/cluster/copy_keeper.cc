// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/copy_keeper.h"

#include <algorithm>
#include <array>
#include <new>
#include <poll.h>
#include <utility>

namespace sluice::cluster {
namespace {

using sync::Change;
using sync::Owned;

/// Who tells says something once a second.
constexpr std::chrono::seconds kSourceSilence{6};
constexpr std::chrono::milliseconds kSaysTaken{200};
/// The address waits for its flows no longer.
constexpr std::chrono::seconds kPutsFor{5};
constexpr int kRestKeeping = 20;         // milliseconds
constexpr int kRestPutting = 2;          // while the control core takes what was put
constexpr size_t kMostToKeep = 1 << 18;  // bytes a turn
constexpr size_t kPutsAtOnce = 4096;     // changes
constexpr size_t kMostSources = 64;

Moment keeper_now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace

Result<std::unique_ptr<CopyKeeper>> CopyKeeper::start(CopyKeeperParams params) {
    std::unique_ptr<CopyKeeper> keeper(new CopyKeeper(std::move(params)));
    if (Status status = keeper->begin(); !status)
        return status.error();
    return keeper;
}

CopyKeeper::CopyKeeper(CopyKeeperParams params)
    : params_(std::move(params)), room_{.most = params_.most} {}

Status CopyKeeper::begin() {
    return thread_.start("--cluster", params_.background, [this] { run(); });
}

CopyKeeper::~CopyKeeper() = default;

void CopyKeeper::keep(CopySource source) {
    const std::lock_guard lock(mutex_);
    come_.push_back(std::move(source));
}

bool CopyKeeper::has(Be32 address, Revision revision) const {
    const std::lock_guard lock(mutex_);
    const auto found = whole_.find(address);
    return found != whole_.end() && found->second == revision;
}

void CopyKeeper::follow(std::vector<Owned> known) {
    const std::lock_guard lock(mutex_);
    known_ = std::move(known);
}

void CopyKeeper::fill(std::vector<Owned> wanted) {
    const std::lock_guard lock(mutex_);
    wanted_ = std::move(wanted);
}

void CopyKeeper::run() {
    while (!is_stopped()) {
        try {
            turn();
        } catch (const std::bad_alloc&) {  // they tell anew, when there is memory
            sessions_.clear();
        }
        wait();
    }
}

void CopyKeeper::turn() {
    admit();
    const Moment now = keeper_now();
    for (std::unique_ptr<Session>& session : sessions_)
        if (!turn(*session, now))
            session.reset();
    std::erase(sessions_, nullptr);
    forget_outdated();
    forget_untold(now);
    size_.store(room_.used, std::memory_order_relaxed);
    refused_.store(room_.refused, std::memory_order_relaxed);
    if (has_changed_)
        publish();
    fill_wanted();
}

void CopyKeeper::wait() const {
    std::array<pollfd, kMostSources> polled{};
    nfds_t count = 0;
    for (const auto& session : sessions_)
        polled[count++] = {session->source.channel->descriptor(),
                           session->source.channel->events(true), 0};
    poll(polled.data(), count, kRestKeeping);
}

/// Another connection of the same process takes the place of the one before.
void CopyKeeper::admit() {
    std::vector<CopySource> come;
    {
        const std::lock_guard lock(mutex_);
        std::swap(come, come_);
    }
    for (CopySource& source : come) {
        std::erase_if(sessions_, [&](const std::unique_ptr<Session>& session) {
            return session->source.instance == source.instance;
        });
        if (sessions_.size() < kMostSources)
            sessions_.push_back(std::make_unique<Session>(
                Session{.source = std::move(source), .heard = keeper_now()}));
    }
}

Status CopyKeeper::turn(Session& session, Moment now) {
    sync::Channel& channel = *session.source.channel;
    say(session, now);
    if (Status status = channel.turn(kMostToKeep); !status)
        return status;
    if (channel.received() != 0)
        session.heard = now;
    if (now - session.heard > kSourceSilence)
        return Error{"it has said nothing for too long"};
    return channel.incoming().take_each(
        [&](const sync::Incoming::Message& message) { return hear(session, message, now); });
}

Status CopyKeeper::hear(Session& session, const sync::Incoming::Message& message, Moment now) {
    session.applied = message.sequence;
    switch (message.type) {
        case sync::Type::Owned:
            for (size_t i = 0; i < message.count<Owned>(); ++i)
                session.source.owned.push_back(message.entry<Owned>(i));
            return Done{};
        case sync::Type::State:
            return Done{};
        case sync::Type::Begin:
            session.set = std::make_shared<CopySet>(session.source.owned, room_);
            return Done{};
        default:
            break;
    }
    if (session.set == nullptr)
        return Error{"it tells before it has begun"};
    session.set->hear(message, now);
    if (message.type == sync::Type::Complete) {
        // One that has found no room takes the place of none that has.
        Kept& kept = sets_[session.source.instance];
        if (kept.set == nullptr || session.set->is_whole())
            kept = {session.set, {}};
        has_changed_ = true;
    }
    return Done{};
}

/// Who tells wants to know when all of it is here.
void CopyKeeper::say(Session& session, Moment now) {
    const bool is_whole = session.set != nullptr && session.set->is_whole();
    if (is_whole == session.was_whole && now - session.said_at < kSaysTaken)
        return;
    session.was_whole = is_whole;
    session.said_at = now;
    session.source.channel->outgoing().add(
        sync::State{.has_flows = is_whole, .applied = session.applied});
}

void CopyKeeper::forget_outdated() {
    std::vector<Owned> known;
    {
        const std::lock_guard lock(mutex_);
        std::swap(known, known_);
    }
    for (auto each = sets_.begin(); !known.empty() && each != sets_.end();) {
        std::vector<Owned> newer;
        for (const Owned& owned : each->second.set->owned()) {
            const auto found = std::ranges::lower_bound(known, owned.address, {}, &Owned::address);
            if (found != known.end() && found->address == owned.address &&
                found->revision > owned.revision)
                newer.push_back(owned);
        }
        has_changed_ |= !newer.empty();
        each->second.set->forget(newer);
        each = each->second.set->owned().empty() ? sets_.erase(each) : std::next(each);
    }
}

/// Of a gateway that lives on, and tells another one or nobody, the flows have changed since. What
/// it tells now, and found no room for in part, is better than nothing then.
void CopyKeeper::forget_untold(Moment now) {
    const auto told_now = [this](uint64_t instance) {
        const auto session = std::ranges::find(
            sessions_, instance, [](const auto& each) { return each->source.instance; });
        return session != sessions_.end() ? (*session)->set : nullptr;
    };
    for (auto& [instance, kept] : sets_) {
        const std::shared_ptr<CopySet> told = told_now(instance);
        if (told == kept.set)
            kept.told_until.reset();
        else if (!kept.told_until)
            kept.told_until = now;
        if (!kept.told_until || now - *kept.told_until <= params_.outlives)
            continue;
        kept = {told != nullptr && told->is_told() ? told : nullptr, {}};
        has_changed_ = true;
    }
    std::erase_if(sets_, [](const auto& each) { return each.second.set == nullptr; });
}

/// What goes by addresses that this gateway has now is put into the flow table, if nobody else
/// tells just now; else in the next turn.
void CopyKeeper::fill_wanted() {
    std::vector<Owned> wanted;
    {
        const std::lock_guard lock(mutex_);
        wanted = wanted_;
    }
    if (wanted.empty())
        return;
    const std::unique_lock telling(params_.inbox.telling, std::try_to_lock);
    if (!telling.owns_lock())
        return;
    for (const auto& [instance, kept] : sets_) {
        const CopySet& set = *kept.set;
        std::vector<Owned> found;
        std::ranges::copy_if(wanted, std::back_inserter(found), [&](const Owned& owned) {
            return std::ranges::binary_search(set.owned(), owned);
        });
        if (!found.empty())
            put(kept.set->take(found, keeper_now()));
    }
    {
        const std::lock_guard lock(mutex_);
        wanted_.clear();
    }
    params_.filled(wanted);
    std::erase_if(sets_, [](const auto& each) { return each.second.set->owned().empty(); });
    publish();
}

/// Waits until the control core has taken all of it, or is too slow.
void CopyKeeper::put(const std::vector<Change>& changes) {
    Inbox& inbox = params_.inbox;
    const Moment by = keeper_now() + kPutsFor;
    const auto waits = [&] {
        poll(nullptr, 0, kRestPutting);
        return !is_stopped() && keeper_now() < by;
    };
    for (size_t done = 0; done < changes.size();) {
        if (!inbox.mailbox.has_room()) {
            if (waits())
                continue;
            room_.refused += changes.size() - done;
            return;
        }
        const size_t count = std::min(kPutsAtOnce, changes.size() - done);
        const auto first = changes.begin() + static_cast<ptrdiff_t>(done);
        std::vector<Change> some(first, first + static_cast<ptrdiff_t>(count));
        inbox.mailbox.put(some);
        done += count;
    }
    const uint32_t completes = ++inbox.completes;
    while (!inbox.has_taken(completes) && waits()) {
    }
}

void CopyKeeper::publish() {
    std::map<Be32, Revision> whole;
    for (const auto& [instance, kept] : sets_)
        for (const Owned& owned : kept.set->owned()) {
            Revision& revision = whole[owned.address];
            revision = std::max(revision, owned.revision);
        }
    has_changed_ = false;
    const std::lock_guard lock(mutex_);
    std::swap(whole_, whole);
}

}  // namespace sluice::cluster
