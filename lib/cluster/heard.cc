// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/heard.h"

#include <algorithm>
#include <utility>

namespace sluice::cluster {

Heard::Heard(HeardParams params) : params_(std::move(params)), places_(params_.addresses.size()) {}

std::optional<Revision> Heard::news_from() const {
    return has_read_ ? std::optional(seen_ + 1) : std::nullopt;
}

/// What was missed is not known: whoever is gone may have written just now.
void Heard::read(const News& all, Moment now) {
    has_read_ = true;
    ++changes_;
    seen_ = std::max(seen_, all.revision);
    members_.clear();
    for (auto& [name, moment] : written_)
        moment = now;
    for (const Member& member : all.members)
        take_member(member, now);
    std::vector<bool> is_there(places_.size());
    for (const Owner& owner : all.owners)
        if (const Place* place = place_of(owner.address)) {
            is_there[static_cast<size_t>(place - places_.data())] = true;
            note(owner);
        }
    for (size_t i = 0; i < places_.size(); ++i)
        if (!is_there[i])
            take_free(places_[i], all.revision, true, now);
}

bool Heard::hear(const News& news, Moment now) {
    if (!has_read_ || news.revision <= seen_)
        return false;
    seen_ = news.revision;
    for (const Member& member : news.members)
        take_member(member, now);
    for (const Owner& owner : news.owners)
        note(owner);
    for (const Be32 address : news.free)
        if (Place* place = place_of(address))
            take_free(*place, news.revision, false, now);
    for (const std::string& name : news.gone)
        changes_ += members_.erase(name);
    return true;
}

void Heard::take_member(const Member& member, Moment now) {
    Member& known = members_[member.name];
    if (known.inside != member.inside)
        ++changes_;
    known = member;
    written_[member.name] = now;
}

void Heard::note(const Owner& owner) {
    Place* place = place_of(owner.address);
    if (place == nullptr || owner.revision < place->changed)
        return;
    ++changes_;
    place->changed = owner.revision;
    place->owner = owner;
    place->free.reset();
}

void Heard::note_place(size_t index, const News& all, Moment now) {
    const Be32 address = params_.addresses[index];
    const auto found = std::ranges::find(all.owners, address, &Owner::address);
    if (found != all.owners.end())
        note(*found);
    else
        take_free(places_[index], all.revision, true, now);
}

/// Who had it stays in mind: he may want it back.
void Heard::take_free(Place& place, Revision revision, bool was_missed, Moment now) {
    if (revision < place.changed)
        return;
    ++changes_;
    place.changed = revision;
    const Moment heard_at = place.free ? place.free->heard_at : now;
    if (was_missed || !place.owner) {
        place.free = Free{now + params_.ttl, heard_at, false, false};
    } else if (!place.free) {
        const Owner& last = *place.owner;
        const bool was_ours = last.name == params_.name && last.instance == params_.instance;
        // Since then nobody else has had what this process had.
        place.free =
            Free{was_ours ? now : last_write(last.name, now) + params_.ttl, now, was_ours, true};
    }
}

Moment Heard::last_write(const std::string& name, Moment now) const {
    const auto found = written_.find(name);
    return found == written_.end() ? now : found->second;
}

const Owner* Heard::owner(size_t index) const {
    return places_[index].free ? nullptr : last_owner(index);
}

const Owner* Heard::last_owner(size_t index) const {
    const auto& owner = places_[index].owner;
    return owner ? &*owner : nullptr;
}

const Heard::Free* Heard::free(size_t index) const {
    const auto& free = places_[index].free;
    return free ? &*free : nullptr;
}

Heard::Place* Heard::place_of(Be32 address) {
    const auto& addresses = params_.addresses;
    const auto found = std::ranges::lower_bound(addresses, address);
    if (found == addresses.end() || *found != address)
        return nullptr;
    return &places_[static_cast<size_t>(found - addresses.begin())];
}

}  // namespace sluice::cluster
