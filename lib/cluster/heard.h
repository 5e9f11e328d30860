// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Heard: what a gateway has heard of a cluster's keys, and when: who the members are, whose each
/// address is, and from when on one that is nobody's is used by nobody.
///
/// Shape    An owner uses an address for less than a TTL from his last write (Timing::use_for()),
///          by his own clock; so one that has become nobody's is unused a TTL after the last write
///          of his that was heard of, by this gateway's. Where one may have been missed, a TTL from
///          now.
/// Units    Moments of one monotonic clock.
/// Threads  One at a time.

#include "cluster/store.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cluster {

struct HeardParams {
    std::string name;  ///< This gateway's.
    uint64_t instance = 0;
    std::vector<Be32> addresses;  ///< Ascending, and none twice.
    Moment ttl{};
};

class Heard {
public:
    /// Of an address that is nobody's.
    struct Free {
        Moment from{};          ///< Nobody uses it any more.
        Moment heard_at{};      ///< That it is nobody's was heard.
        bool was_ours = false;  ///< This process had it last.
        bool is_sure = false;   ///< Nobody has had it since last_owner().
    };

    explicit Heard(HeardParams params);

    /// From which revision on news are to come; nothing while all is still to be read.
    std::optional<Revision> news_from() const;
    /// News up to there are known.
    Revision seen() const { return seen_; }
    /// All keys.
    void read(const News& all, Moment now);
    /// In order, and none left out. False for what was known before.
    bool hear(const News& news, Moment now);
    /// Some were left out.
    void miss() { has_read_ = false; }

    /// This gateway has written it itself.
    void note(const Owner& owner);
    /// What all keys say of that address, before the news do.
    void note_place(size_t index, const News& all, Moment now);

    /// Another number whenever an owner may be another than before, or elsewhere.
    uint64_t changes() const { return changes_; }
    const std::map<std::string, Member>& members() const { return members_; }
    const std::vector<Be32>& addresses() const { return params_.addresses; }
    /// Null where it is nobody's, or nothing is known of it.
    const Owner* owner(size_t index) const;
    /// Who had it last, as far as is known; as long as nobody else has it.
    const Owner* last_owner(size_t index) const;
    /// Null where it is somebody's.
    const Free* free(size_t index) const;

private:
    struct Place {
        std::optional<Owner> owner = {};  // or who it was
        Revision changed = 0;             // when its key was written or deleted last
        std::optional<Free> free = {};
    };

    void take_member(const Member& member, Moment now);
    void take_free(Place& place, Revision revision, bool was_missed, Moment now);
    Moment last_write(const std::string& name, Moment now) const;
    Place* place_of(Be32 address);

    HeardParams params_;
    std::vector<Place> places_;  // by address
    std::map<std::string, Member> members_;
    std::map<std::string, Moment> written_;  // by member: when a write of its was heard of last
    bool has_read_ = false;
    Revision seen_ = 0;
    uint64_t changes_ = 0;
};

}  // namespace sluice::cluster
