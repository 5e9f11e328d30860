// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/agent.h"

#include "cluster/copy_plan.h"
#include "net/text.h"

#include <algorithm>
#include <csignal>
#include <new>
#include <sys/random.h>
#include <system_error>
#include <utility>

namespace sluice::cluster {
namespace {

constexpr std::chrono::milliseconds kRest{20};
/// Until the next attempt to be told, where etcd does not answer.
constexpr std::chrono::milliseconds kListensAgain{100};
/// Addresses come one by one, and are said together.
constexpr std::chrono::milliseconds kSaysLate{500};
/// What goes by an address comes before the address does, which has that time to come.
constexpr std::chrono::seconds kExpects{10};
/// Who is to have copies of what is looked at so often.
constexpr std::chrono::milliseconds kCopiesEach{200};
constexpr size_t kMostNamed = 8;
constexpr size_t kLongestName = 63;
constexpr std::string_view kNameChars =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

Moment now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

Speaker speaker(const AgentParams& params) {
    return {params.prefix, params.name,
            std::chrono::duration_cast<std::chrono::seconds>(params.timing.ttl)};
}

/// "198.51.100.1, 198.51.100.2 and 7 more".
std::string names(const std::vector<Be32>& addresses) {
    std::string text;
    const size_t named = std::min(addresses.size(), kMostNamed);
    for (size_t i = 0; i < named; ++i)
        text += (i == 0 ? "" : ", ") + net::to_string(addresses[i]);
    if (named < addresses.size())
        text += " and " + std::to_string(addresses.size() - named) + " more";
    return text;
}

Status check(const AgentParams& params) {
    const std::string& name = params.name;
    if (name.empty() || name.size() > kLongestName ||
        name.find_first_not_of(kNameChars) != std::string::npos)
        return Error{"--cluster name=" + name +
                     ": a name has up to 63 letters, digits, \".\", \"_\" and \"-\""};
    for (const std::string& url : params.urls)
        if (!url.starts_with("http://"))
            return Error{"--cluster etcd=" + url +
                         ": a server of etcd is given as http://HOST:PORT"};
    return Done{};
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::start(AgentParams params) {
    if (Status status = check(params); !status)
        return status.error();
    std::unique_ptr<Agent> agent(new Agent(std::move(params)));
    if (Status status = agent->begin(); !status)
        return status.error();
    return agent;
}

Agent::Agent(AgentParams params)
    : params_(std::move(params)),
      ownership_params_{.name = params_.name,
                        .addresses = params_.holdings.addresses(),
                        .timing = params_.timing,
                        .inside = params_.inside},
      asked_(params_.urls, speaker(params_)),
      watched_(params_.urls, speaker(params_)),
      expected_until_(params_.holdings.addresses().size(), Moment::min()) {}

Status Agent::begin() {
    uint64_t& instance = ownership_params_.instance;
    if (getrandom(&instance, sizeof instance, 0) != sizeof instance)
        return Error{"--cluster: the kernel gives no random numbers"};
    if (params_.moving)
        ownership_params_.takes_at = params_.moving->takes_at;
    ownership_params_.has_copies = [this](const Owner& owner) {
        return keeper_ != nullptr && keeper_->has(owner.address, owner.revision);
    };
    ownership_.emplace(ownership_params_);
    if (Status status = begin_moving(); !status)
        return status;
    const auto run = [this](sync::OwnThread& thread, void (Agent::*turn)()) {
        return thread.start("--cluster", params_.background, [this, turn] { (this->*turn)(); });
    };
    if (Status status = run(asking_, &Agent::ask); !status)
        return status;
    if (Status status = run(listening_, &Agent::listen); !status)
        return status;
    return params_.moving ? run(telling_, &Agent::tell) : Done{};
}

/// Who takes is there before anybody hears where.
Status Agent::begin_moving() {
    if (!params_.moving)
        return Done{};
    Moving& moving = *params_.moving;
    moving.hello.instance = ownership_params_.instance;
    auto tls = sync::Tls::create(moving.key);
    if (!tls)
        return tls.error();
    tls_ = std::move(*tls);
    giving_.emplace(GivingParams{moving.table, moving.now, *tls_, moving.hello,
                                 moving.takes_at.address, moving.is_number});
    if (Status status = begin_copying(); !status)
        return status;
    auto taking = Taking::start({moving.takes_at, *tls_, moving.hello, moving.inbox,
                                 [this](const std::vector<Be32>& addresses) { expect(addresses); },
                                 params_.notice, params_.background, keeper_.get()});
    if (!taking)
        return taking.error();
    taking_ = std::move(*taking);
    return Done{};
}

/// Of addresses that stay where they are. There is room for what is told anew beside what was told
/// before; what is told no more may be of one that has died for as long as its lease may yet live,
/// and until it is known that this gateway has its addresses.
Status Agent::begin_copying() {
    const Moving& moving = *params_.moving;
    auto keeper = CopyKeeper::start(
        {moving.inbox, size_t{2} * moving.table.capacity(), 3 * params_.timing.ttl,
         [this](const std::vector<sync::Owned>& filled) { be_filled(filled); },
         params_.background});
    if (!keeper)
        return keeper.error();
    keeper_ = std::move(*keeper);
    auto teller = CopyTeller::start(
        {moving.table, moving.now, *tls_, moving.hello, moving.takes_at.address, moving.is_number,
         moving.copied_status, params_.holdings, params_.notice, params_.background});
    if (!teller)
        return teller.error();
    copy_teller_ = std::move(*teller);
    return Done{};
}

Agent::~Agent() {
    leave();
    if (keeper_ != nullptr)
        keeper_->ask_to_stop();  // who takes may wait for what it puts
    taking_.reset();
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
    }
    changed_.notify_all();
    asked_.stop();
    watched_.stop();
    if (giving_)
        giving_->stop();
    for (sync::OwnThread* thread : {&asking_, &listening_, &telling_})
        thread->stop();
    // Nobody else asks them any more, and what they ask is there still.
    copy_teller_.reset();
    keeper_.reset();
}

void Agent::leave() {
    std::unique_lock lock(mutex_);
    if (!asking_.is_started() || !ownership_)
        return;
    leaves_ = true;
    const Moment by = now() + kLeaves;
    ownership_->leave(by);
    changed_.notify_all();
    // A request that has no answer ends soon after.
    changed_.wait_for(lock, kLeaves + std::chrono::seconds(1),
                      [&] { return !ownership_ || ownership_->has_left(); });
}

/// Something of the Ownership, and what comes of it; false when it is over.
template <typename Step>
bool Agent::step(Step step) {
    const std::lock_guard lock(mutex_);
    if (is_stopped_)
        return false;
    try {
        if (!ownership_)
            ownership_.emplace(ownership_params_);
        step(*ownership_);
        publish(now());
        if (ownership_->has_left())
            changed_.notify_all();
    } catch (const std::bad_alloc&) {
        begin_anew();
    }
    return true;
}

/// What it knew may be half of it. The lease ends by itself.
void Agent::begin_anew() {
    for (size_t i = 0; i < params_.holdings.addresses().size(); ++i) {
        params_.holdings.hold(i, false);
        params_.holdings.leave_to_other(i, false);
        params_.holdings.be_owned_at(i, std::nullopt);
    }
    published_.reset();
    params_.holdings.extend(Moment::min());
    ownership_.reset();
}

void Agent::ask() {
    std::optional<Request> request;
    while (step([&](Ownership& ownership) {
        request.reset();
        request = ownership.next(now());
    })) {
        if (!request) {
            std::unique_lock lock(mutex_);
            if (!is_stopped_)
                changed_.wait_for(lock, kRest);
            continue;
        }
        Answer answer;
        try {
            answer = asked_.ask(*request);
        } catch (const std::bad_alloc&) {  // as if none had come
        }
        step([&](Ownership& ownership) { ownership.answer(answer, now()); });
    }
}

void Agent::listen() {
    std::optional<Revision> from;
    while (step([&](Ownership& ownership) { from = ownership.heard().news_from(); })) {
        if (from)
            watch(*from);
        std::unique_lock lock(mutex_);
        if (!is_stopped_)
            changed_.wait_for(lock, kListensAgain);
    }
}

/// Whoever is to have addresses of this gateway's next is told what goes by them.
void Agent::tell() {
    std::optional<Move> move;
    while (step([&](Ownership& ownership) {
        move.reset();
        move = ownership.to_tell(now());
    })) {
        if (!move) {
            std::unique_lock lock(mutex_);
            if (!is_stopped_)
                changed_.wait_for(lock, kRest);
            continue;
        }
        try {
            give(*move);
        } catch (const std::bad_alloc&) {  // as if they could not be told
        }
        step([&](Ownership& ownership) { ownership.told(*move); });
    }
}

void Agent::give(const Move& move) {
    std::vector<Be32> addresses;
    for (const size_t index : move.indexes)
        addresses.push_back(params_.holdings.addresses()[index]);
    const Status status = giving_->give(addresses, move.to, move.instance, Giving::Moment(move.by));
    if (!status)
        params_.notice("--cluster: flows by " + names(addresses) + " end, for " + move.name +
                       " has not taken them: " + status.error().message);
}

/// What has come stays, for as long as a hand-over may take; unless the address comes, too.
void Agent::expect(const std::vector<Be32>& addresses) {
    const auto& all = params_.holdings.addresses();
    step([&](Ownership& ownership) {
        for (const Be32 address : addresses) {
            const auto place = std::ranges::lower_bound(all, address);
            const size_t index = static_cast<size_t>(place - all.begin());
            if (place != all.end() && *place == address && !ownership.has(index))
                expected_until_[index] = now() + kExpects;
        }
    });
}

void Agent::watch(Revision from) {
    try {
        watched_.watch(from, [this](const Told& told) { return hear(told); });
    } catch (const std::bad_alloc&) {  // it is asked for again
    }
}

/// False when it is over.
bool Agent::hear(const Told& told) {
    return step([&told](Ownership& ownership) {
        for (const News& news : told.news)
            ownership.hear(news, now());
        if (told.is_late)
            ownership.miss();
    });
}

/// Lets workers know. What is gone they see before the moment is moved on, and what has come
/// afterwards.
void Agent::publish(Moment now) {
    pool::Holdings& holdings = params_.holdings;
    const auto& addresses = holdings.addresses();
    for (const bool is_held : {false, true}) {
        for (size_t i = 0; i < addresses.size(); ++i) {
            if (ownership_->has(i) != is_held || holdings.is_held(i) == is_held)
                continue;
            holdings.hold(i, is_held);
            expected_until_[i] = Moment::min();
            (is_held ? gained_ : lost_).push_back(addresses[i]);
            say_at_ = now + kSaysLate;
        }
        holdings.extend(ownership_->use_until());
    }
    for (size_t i = 0; i < addresses.size(); ++i)
        if (const bool is_others = has_other(i) && now >= expected_until_[i];
            holdings.is_others(i) != is_others)
            holdings.leave_to_other(i, is_others);
    publish_owners();
    copy(now);
    say_changes(now);
}

/// What others keep of this gateway's flows, and it of theirs.
void Agent::copy(Moment now) {
    if (copy_teller_ == nullptr)
        return;
    keeper_->fill(to_fill(*ownership_, params_.name));
    if (now < copy_at_)
        return;
    copy_at_ = now + kCopiesEach;
    copy_teller_->aim(copy_goals(*ownership_));
    keeper_->follow(known_owners(*ownership_));
}

/// Copies are in the flow table, and workers may use the addresses.
void Agent::be_filled(const std::vector<sync::Owned>& filled) {
    const auto& all = params_.holdings.addresses();
    step([&](Ownership& ownership) {
        for (const sync::Owned& owned : filled)
            if (const auto place = std::ranges::lower_bound(all, owned.address);
                place != all.end() && *place == owned.address)
                ownership.succession().filled(
                    {static_cast<size_t>(place - all.begin()), owned.revision});
    });
}

/// Members come before who is reached by them, and go after.
void Agent::publish_owners() {
    const Heard& heard = ownership_->heard();
    if (published_ == heard.changes())
        return;
    pool::Holdings& holdings = params_.holdings;
    std::vector<uint64_t> macs;
    for (const auto& [name, member] : heard.members())
        if (name != params_.name && member.inside.is_said()) {
            macs.push_back(net::mac_bits(member.inside.mac));
            holdings.add_member(macs.back());
        }
    for (size_t i = 0; i < heard.addresses().size(); ++i)
        if (const auto reached = reached_at(i); holdings.owner_at(i) != reached)
            holdings.be_owned_at(i, reached);
    holdings.keep_members(macs);
    published_ = heard.changes();
}

/// Where another gateway that has the address of that index is; nothing where none has it, or
/// could be told from a host by its MAC.
std::optional<Be32> Agent::reached_at(size_t index) const {
    if (!has_other(index))
        return std::nullopt;
    const auto& members = ownership_->heard().members();
    const auto member = members.find(ownership_->heard().owner(index)->name);
    if (member == members.end())
        return std::nullopt;
    const Inside& inside = member->second.inside;
    const bool is_reached =
        inside.is_said() && params_.holdings.is_member(net::mac_bits(inside.mac));
    return is_reached ? std::optional(inside.address) : std::nullopt;
}

/// What an earlier process of this name has comes back when its lease is over.
bool Agent::has_other(size_t index) const {
    const Owner* owner = ownership_->heard().owner(index);
    return owner != nullptr && owner->name != params_.name;
}

void Agent::say_changes(Moment now) {
    const bool is_valid = now < ownership_->use_until();
    if (std::exchange(was_valid_, is_valid) != is_valid && !leaves_)
        params_.notice(is_valid
                           ? "--cluster: etcd confirms this gateway's lease"
                           : "--cluster: no write to etcd was confirmed in time: this gateway uses "
                             "none of its public addresses until one is");
    const auto rival_since = ownership_->rival_since();
    const bool has_rival = rival_since && now - *rival_since > 2 * params_.timing.ttl;
    if (!std::exchange(has_named_rival_, has_rival) && has_rival)
        params_.notice("--cluster name=" + params_.name +
                       ": another gateway has this name, so this one gets no address");
    if (now < say_at_)
        return;
    if (!lost_.empty())
        params_.notice("--cluster: this gateway has given up " + names(lost_));
    if (!gained_.empty())
        params_.notice("--cluster: this gateway has taken " + names(gained_));
    lost_.clear();
    gained_.clear();
}

View Agent::view() const {
    const std::lock_guard lock(mutex_);
    View view{.name = params_.name, .is_copying = params_.moving.has_value()};
    if (!ownership_)
        return view;
    const Heard& heard = ownership_->heard();
    if (ownership_->use_until() != Moment::min())
        view.left = ownership_->use_until() - now();
    for (const auto& [name, member] : heard.members())
        view.members.push_back(member);
    for (size_t i = 0; i < heard.addresses().size(); ++i) {
        const Owner* owner = heard.owner(i);
        view.addresses.push_back({heard.addresses()[i], owner != nullptr ? owner->name : "",
                                  ownership_->has(i) && view.left > Moment{}});
    }
    if (copy_teller_ == nullptr)
        return view;
    const auto copied = copy_teller_->copied();
    for (View::Address& each : view.addresses)
        if (const auto found = copied.find(each.address); each.is_held && found != copied.end())
            each.copy_at = found->second;
    view.copies = keeper_->size();
    view.copies_refused = keeper_->refused();
    return view;
}

}  // namespace sluice::cluster
