// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/ownership.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::cluster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kJoinAgain{1000};
constexpr milliseconds kRenewAgain{250};
constexpr milliseconds kReadAgain{200};
/// Writes of an address: one that was refused, one that had no answer, one that gives it away.
constexpr milliseconds kTakeAgain{250};
constexpr milliseconds kUnansweredAgain{2000};
constexpr milliseconds kMoveAgain{1000};
/// Who is not the first for a free address leaves it so long to each that comes before; and all
/// leave it so long to who had it and is there again, for he has its flows.
constexpr milliseconds kRankStep{250};
constexpr milliseconds kTakesLate{2000};
constexpr int64_t kMovesAtOnce = 32;
/// What goes by an address is told in that time, or not at all: meanwhile nobody uses it.
constexpr std::chrono::seconds kTellsFor{5};

}  // namespace

Ownership::Ownership(const OwnershipParams& params)
    : params_(params),
      heard_({params.name, params.instance, params.addresses, params.timing.ttl}),
      places_(params.addresses.size()),
      succession_(params.addresses.size(), params.has_copies) {}

std::optional<Request> Ownership::next(Moment now) {
    sent_ = now;
    succession_.turn(now);
    request_ = choose(now);
    return request_;
}

std::optional<Request> Ownership::choose(Moment now) {
    if (has_left_)
        return std::nullopt;
    if (lease_ == 0)
        return now < again_ ? std::nullopt : std::optional<Request>(Grant{});
    const bool is_late = leaves_ && now >= leave_by_;
    if (!is_late && (!is_member_ || now >= renew_at_))
        return renew();
    count_shares();
    if (is_late || (leaves_ && is_done())) {
        use_until_ = Moment::min();
        return Revoke{lease_};
    }
    const bool settles = std::ranges::find(places_, Step::Settling, &Place::step) != places_.end();
    if (!heard_.news_from() || settles)
        return now < again_ ? std::nullopt : std::optional<Request>(Read{});
    return now < use_until_ ? move_or_take(now) : std::nullopt;
}

/// A leader of the store that is none any more answers keep-alives, so they prove nothing: the
/// write does.
Request Ownership::renew() const {
    if (is_member_ && !is_kept_)
        return KeepAlive{lease_};
    return PutMember{{params_.name, params_.instance, leaves_, lease_,
                      is_member_ ? revision_ : Revision{0}, params_.inside, params_.takes_at}};
}

/// It has no address left, or there is nobody who could have them.
bool Ownership::is_done() const {
    if (heard_.news_from() && shares_.members().empty())
        return true;
    for (size_t i = 0; i < places_.size(); ++i)
        if (is_ours(i))
            return false;
    return true;
}

/// It takes only when it has the news of its own last renewal, and so those of all that was before.
std::optional<Request> Ownership::move_or_take(Moment now) {
    begin_moves(now);
    requested_.clear();
    for (size_t i = 0; i < places_.size() && requested_.size() < batch_; ++i)
        if (Place& place = places_[i]; place.step == Step::Stopped && now >= place.seen_at &&
                                       (place.is_told || now >= place.written_at)) {
            place.again = now + kMoveAgain;
            requested_.push_back(i);
        }
    const bool may_take = !leaves_ && requested_.empty() && heard_.seen() >= revision_;
    for (size_t i = 0; may_take && i < places_.size() && requested_.size() < batch_; ++i)
        if (heard_.free(i) != nullptr && now >= taken_from(i))
            take(i, now);
    return requested_.empty() ? std::nullopt : std::optional(put_owners());
}

/// Stops to use addresses that others are to have; uses those again that nobody, another, or
/// another process is to have by now.
void Ownership::begin_moves(Moment now) {
    int64_t moving =
        std::ranges::count_if(places_, [](const Place& place) { return place.step != Step::No; });
    for (size_t i = 0; i < places_.size() && (moving < kMovesAtOnce || leaves_); ++i) {
        Place& place = places_[i];
        if (!has(i) || now < place.again)
            continue;
        const std::string* first = shares_.first(i);
        if (first == nullptr || *first == params_.name)
            continue;
        place.step = Step::Stopped;
        succession_.stop(i);
        const Member& next = heard_.members().at(*first);
        place.to = next.name;
        place.process = next.instance;
        place.is_told = !next.takes_at || !params_.takes_at;  // who takes none tells none
        place.seen_at = now + params_.timing.margin;
        place.written_at = place.seen_at + kTellsFor;
        ++moving;
    }
    // The same process is to have it as when it stopped.
    const auto is_as_stopped = [this](size_t i, const Place& place) {
        const std::string* first = shares_.first(i);
        return first != nullptr && *first == place.to &&
               heard_.members().at(*first).instance == place.process;
    };
    for (size_t i = 0; i < places_.size(); ++i)
        if (places_[i].step == Step::Stopped && !is_as_stopped(i, places_[i]))
            places_[i].step = Step::No;
}

/// All that one of them is to have.
std::optional<Move> Ownership::to_tell(Moment now) const {
    Move move;
    for (size_t i = 0; i < places_.size(); ++i) {
        const Place& place = places_[i];
        if (place.step != Step::Stopped || place.is_told || now < place.seen_at ||
            now >= place.written_at || (!move.indexes.empty() && place.to != move.name))
            continue;
        const auto member = heard_.members().find(place.to);
        if (member == heard_.members().end() || !member->second.takes_at)
            continue;
        if (move.indexes.empty())
            move = {{}, place.to, place.process, *member->second.takes_at, now, place.written_at};
        move.indexes.push_back(i);
        move.by = std::min(move.by, place.written_at);
    }
    if (move.indexes.empty())
        return std::nullopt;
    // Who does not answer takes no more than his part of the time.
    std::set<std::string_view> names;
    for (const Place& place : places_)
        if (place.step == Step::Stopped && !place.is_told && now < place.written_at)
            names.insert(place.to);
    move.by = now + (move.by - now) / static_cast<int64_t>(names.size());
    return move;
}

/// One that was used again meanwhile, and stopped again, has flows that were not told.
void Ownership::told(const Move& move) {
    for (const size_t index : move.indexes) {
        Place& place = places_[index];
        place.is_told |= place.to == move.name && place.seen_at <= move.asked;
    }
}

void Ownership::take(size_t index, Moment now) {
    const auto self = heard_.members().find(params_.name);
    if (self == heard_.members().end() || self->second.lease != lease_)
        return;
    places_[index].again = now + kTakeAgain;
    succession_.attempt(index, heard_, now);
    requested_.push_back(index);
}

/// From when on this gateway may take a free address. Where all have lost their leases, as when the
/// store was away, who comes back first leaves the others time for theirs.
Moment Ownership::taken_from(size_t index) const {
    const Heard::Free& free = *heard_.free(index);
    Moment from = std::max(free.from, places_[index].again);
    if (free.was_ours)
        return from;
    from = std::max(from, joined_at_ + kTakesLate);
    if (const Owner* last = heard_.last_owner(index)) {
        const auto member = heard_.members().find(last->name);
        if (member != heard_.members().end() && member->second.instance == last->instance)
            from = std::max(from, free.heard_at + kTakesLate);
    }
    const size_t rank = shares_.rank(index, params_.name).value_or(shares_.members().size());
    return std::max(from, free.from + static_cast<int64_t>(rank) * kRankStep);
}

Request Ownership::put_owners() const {
    PutOwners request{.by = params_.name, .guard = revision_};
    for (const size_t index : requested_) {
        const bool is_move = places_[index].step == Step::Stopped;
        const Member& owner = heard_.members().at(is_move ? *shares_.first(index) : params_.name);
        const Owner* before = heard_.owner(index);
        request.owners.push_back({heard_.addresses()[index], owner.name, owner.instance,
                                  owner.lease, before != nullptr ? before->revision : Revision{0}});
    }
    return request;
}

void Ownership::answer(const Answer& answer, Moment now) {
    if (!request_)
        return;
    const Request request = *std::exchange(request_, std::nullopt);
    std::visit(
        [&]<typename T>(const T& each) {
            if constexpr (std::is_same_v<T, KeepAlive>)
                is_kept_ = true;  // whether the lease is over, the write tells
            else if constexpr (std::is_same_v<T, Revoke>)
                lose_lease(now);
            else
                answered(each, answer, now);
        },
        request);
}

void Ownership::answered(const Grant&, const Answer& answer, Moment now) {
    const bool is_done = answer.kind == Answer::Kind::Done;
    again_ = is_done ? now : now + kJoinAgain;
    lease_ = is_done ? answer.lease : Lease{0};
}

void Ownership::answered(const PutMember& request, const Answer& answer, Moment now) {
    if (request.member.lease != lease_)
        return;  // the news of its end came before
    const bool was_member = is_member_;
    const bool is_refused = answer.kind == Answer::Kind::Refused;
    if (answer.kind == Answer::Kind::Done) {
        confirm(answer.revision, now);
    } else if (is_refused && answer.found && answer.found->lease == lease_) {
        // An earlier one, whose answer was lost, came true.
        be_member(answer.found->revision, now);
        renew_at_ = now;
    } else if (was_member && !is_refused) {
        renew_at_ = sent_ + kRenewAgain;
        is_kept_ = false;
    } else {
        // It is over; or an earlier process of this name has its key still, or another gateway.
        lose_lease(now);
        if (!was_member && answer.found && !rival_since_)
            rival_since_ = now;
        again_ = was_member ? now : now + kJoinAgain;
    }
}

void Ownership::be_member(Revision revision, Moment now) {
    revision_ = std::max(revision_, revision);
    rival_since_.reset();
    if (!std::exchange(is_member_, true))
        joined_at_ = now;
}

/// The key was written after it was sent, so it counts from there. What was written before and was
/// not answered compares the key as it was: it has come true by now, or will not.
void Ownership::confirm(Revision revision, Moment now) {
    be_member(revision, now);
    is_kept_ = false;
    renew_at_ = sent_ + params_.timing.renew_every;
    use_until_ = std::max(use_until_, sent_ + params_.timing.use_for());
    for (Place& place : places_)
        if (place.step == Step::Uncertain && place.guard < revision_)
            place.step = Step::Settling;
}

/// Flows are kept: if nobody has taken their address they go on.
void Ownership::lose_lease(Moment now) {
    lease_ = 0;
    revision_ = 0;
    is_member_ = is_kept_ = false;
    use_until_ = Moment::min();
    again_ = now;
    for (size_t i = 0; i < places_.size(); ++i) {
        places_[i].step = Step::No;
        succession_.forget(i);
    }
    has_left_ = leaves_;
}

/// Of several that were refused one may have been the cause: they are asked for again in fewer.
void Ownership::answered(const PutOwners& request, const Answer& answer, Moment now) {
    const size_t count = requested_.size();
    if (answer.kind == Answer::Kind::Done)
        batch_ = std::min(2 * batch_, kLargestBatch);
    else if (answer.kind == Answer::Kind::Refused)
        batch_ = std::max(count / 2, size_t{1});
    for (size_t i = 0; i < count; ++i) {
        Place& place = places_[requested_[i]];
        const bool is_move = place.step == Step::Stopped;
        if (answer.kind == Answer::Kind::Done) {
            Owner owner = request.owners[i];
            owner.revision = answer.revision;
            heard_.note(owner);
            place.step = Step::No;
        } else if (answer.kind == Answer::Kind::Refused && count > 1) {
            place.again = is_move ? place.again : now;
        } else if (answer.kind == Answer::Kind::Refused) {
            place.step = Step::No;  // it stays where it is
        } else if (is_move) {
            place.step = Step::Uncertain;
            place.guard = request.guard;
        } else {
            place.again = now + kUnansweredAgain;
        }
    }
}

void Ownership::answered(const Read&, const Answer& answer, Moment now) {
    again_ = now + kReadAgain;
    if (answer.kind != Answer::Kind::Done)
        return;
    again_ = now;
    for (size_t i = 0; i < places_.size(); ++i)
        if (places_[i].step == Step::Settling) {
            heard_.note_place(i, answer.read, now);
            places_[i].step = Step::No;
        }
    if (!heard_.news_from())
        heard_.read(answer.read, now);
}

void Ownership::hear(const News& news, Moment now) {
    if (!heard_.hear(news, now))
        return;
    const auto& members = heard_.members();
    const auto self = members.find(params_.name);
    if (is_member_ && self != members.end() && self->second.lease == lease_)
        revision_ = std::max(revision_, self->second.revision);
    const bool is_gone = std::ranges::find(news.gone, params_.name) != news.gone.end();
    if (is_member_ && is_gone && news.revision > revision_)
        lose_lease(now);
    for (size_t i = 0; i < places_.size(); ++i) {
        if (is_ours(i))
            continue;
        places_[i].step = Step::No;
        if (heard_.owner(i) != nullptr)
            succession_.forget(i);
    }
}

void Ownership::leave(Moment by) {
    if (std::exchange(leaves_, true))
        return;
    leave_by_ = by;
    renew_at_ = Moment::min();  // the others are told
    has_left_ = lease_ == 0;
}

bool Ownership::is_ours(size_t index) const {
    const Owner* owner = heard_.owner(index);
    return lease_ != 0 && owner != nullptr && owner->lease == lease_ && owner->name == params_.name;
}

/// Who leaves is to have none.
void Ownership::count_shares() {
    std::vector<std::string> staying;
    for (const auto& [name, member] : heard_.members())
        if (!member.leaves && !(leaves_ && name == params_.name))
            staying.push_back(name);
    if (staying == shares_.members())
        return;
    succession_.count(params_.addresses, staying, params_.name);
    shares_ = Shares(params_.addresses, std::move(staying));
}

}  // namespace sluice::cluster
