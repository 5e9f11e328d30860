// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Store model: what of etcd a cluster needs, in memory, and what it does to keys and leases.
///
/// Shape    One linearizable store. A lease lives for its TTL from its last renewal, by the clock
///          of who calls, and takes its keys along in one revision.

#include "cluster/store.h"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace sluice::cluster::testing {

class StoreModel {
public:
    explicit StoreModel(Moment ttl) : ttl_(ttl) {}

    Answer ask(const Request& request, Moment now) {
        return std::visit([&](const auto& each) { return take(each, now); }, request);
    }
    void end_leases(Moment now) {
        for (auto lease = leases_.begin(); lease != leases_.end();) {
            const bool is_over = lease->second <= now;
            const Lease id = lease->first;
            lease = is_over ? leases_.erase(lease) : std::next(lease);
            if (is_over)
                end_keys(id);
        }
    }
    const std::vector<News>& history() const { return history_; }
    const std::map<std::string, Member>& members() const { return members_; }
    const std::map<Be32, Owner>& owners() const { return owners_; }

private:
    static Answer done(Revision revision) {
        return {
            .kind = Answer::Kind::Done, .lease = 0, .revision = revision, .found = {}, .read = {}};
    }
    static Answer refused() {
        Answer answer;
        answer.kind = Answer::Kind::Refused;
        return answer;
    }

    Answer take(const Grant&, Moment now) {
        Answer answer = done(revision_);
        answer.lease = ++last_lease_;
        leases_[answer.lease] = now + ttl_;
        return answer;
    }
    Answer take(const KeepAlive& request, Moment now) {
        const auto lease = leases_.find(request.lease);
        if (lease == leases_.end())
            return refused();
        lease->second = now + ttl_;
        return done(revision_);
    }
    Answer take(const PutMember& request, Moment) {
        Member member = request.member;
        const auto there = members_.find(member.name);
        if ((there == members_.end() ? 0 : there->second.revision) != member.revision) {
            Answer answer = refused();
            if (there != members_.end())
                answer.found = there->second;
            return answer;
        }
        if (!leases_.contains(member.lease))
            return refused();
        member.revision = ++revision_;
        members_[member.name] = member;
        history_.push_back({.revision = revision_, .members = {member}});
        return done(revision_);
    }
    Answer take(const PutOwners& request, Moment) {
        const auto by = members_.find(request.by);
        bool is_good = by != members_.end() && by->second.revision == request.guard;
        for (const Owner& owner : request.owners) {
            const auto there = owners_.find(owner.address);
            const Revision revision = there == owners_.end() ? 0 : there->second.revision;
            is_good = is_good && revision == owner.revision && leases_.contains(owner.lease);
        }
        if (!is_good)
            return refused();
        News news{.revision = ++revision_};
        for (Owner owner : request.owners) {
            owner.revision = revision_;
            owners_[owner.address] = owner;
            news.owners.push_back(owner);
        }
        history_.push_back(news);
        return done(revision_);
    }
    Answer take(const Read&, Moment) {
        Answer answer = done(revision_);
        answer.read.revision = revision_;
        for (const auto& [name, member] : members_)
            answer.read.members.push_back(member);
        for (const auto& [address, owner] : owners_)
            answer.read.owners.push_back(owner);
        return answer;
    }
    Answer take(const Revoke& request, Moment) {
        if (leases_.erase(request.lease) == 0)
            return refused();
        end_keys(request.lease);
        return done(revision_);
    }

    void end_keys(Lease lease) {
        News news{.revision = revision_ + 1};
        std::erase_if(members_, [&](const auto& each) {
            const bool ends = each.second.lease == lease;
            if (ends)
                news.gone.push_back(each.first);
            return ends;
        });
        std::erase_if(owners_, [&](const auto& each) {
            const bool ends = each.second.lease == lease;
            if (ends)
                news.free.push_back(each.first);
            return ends;
        });
        if (news.gone.empty() && news.free.empty())
            return;
        ++revision_;
        history_.push_back(news);
    }

    Moment ttl_;
    Revision revision_ = 1;
    Lease last_lease_ = 0;
    std::map<Lease, Moment> leases_;  // when each ends
    std::map<std::string, Member> members_;
    std::map<Be32, Owner> owners_;
    std::vector<News> history_;
};

}  // namespace sluice::cluster::testing
