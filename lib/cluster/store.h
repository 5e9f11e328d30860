// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Store: what a gateway of a cluster asks of etcd, what that answers, and what it tells by itself.
///
/// Shape    Two kinds of keys, each under a lease: a member's own, and an address's, which names
///          its owner. A lease that ends takes its keys with it.
/// Units    A Moment is nanoseconds of the clock of who names it, from an arbitrary start.
/// Threads  Plain values.
/// Source   docs/scale-out.md; etcd's API v3: https://etcd.io/docs/v3.4/dev-guide/api_reference_v3

#include "base/big_endian.h"
#include "net/mac.h"
#include "net/tuple.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice::cluster {

using Moment = std::chrono::nanoseconds;
using Lease = int64_t;     ///< 0: none.
using Revision = int64_t;  ///< Of the store, or of a key: when it was written. 0: it is not there.

/// Where others of the cluster reach a gateway, and from where it sends to them: by its first
/// inside interface.
struct Inside {
    Be32 address{};  ///< 0: it does not say, as one of an older version does not.
    net::MacAddress mac{};

    bool is_said() const { return address != Be32{}; }
    bool operator==(const Inside&) const = default;
};

/// A gateway, as its key has it.
struct Member {
    std::string name;
    uint64_t instance = 0;  ///< Drawn at each start.
    bool leaves = false;    ///< It is to have no address any more.
    Lease lease = 0;
    Revision revision = 0;
    Inside inside = {};
    std::optional<net::Endpoint> takes_at{};  ///< There it is told flows before it gets addresses.

    bool operator==(const Member&) const = default;
};

/// Who has an address, as its key has it.
struct Owner {
    Be32 address;
    std::string name;
    uint64_t instance = 0;
    Lease lease = 0;
    Revision revision = 0;

    bool operator==(const Owner&) const = default;
};

/// All keys at one revision; or what has changed in one, and then what is gone, too.
struct News {
    Revision revision = 0;
    std::vector<Member> members = {};
    std::vector<Owner> owners = {};
    std::vector<std::string> gone = {};  ///< Members.
    std::vector<Be32> free = {};         ///< Addresses that are nobody's.

    bool operator==(const News&) const = default;
};

/// A lease.
struct Grant {};
struct KeepAlive {
    Lease lease = 0;
};
/// Writes the gateway's own key, if it has the revision that `member` says.
struct PutMember {
    Member member;
};
/// Writes the keys of addresses, all or none: if each has the revision that it says here, and `by`,
/// whose own key has `guard`, has not renewed that since.
struct PutOwners {
    std::vector<Owner> owners = {};
    std::string by = {};
    Revision guard = 0;
};
/// All keys.
struct Read {};
struct Revoke {
    Lease lease = 0;
};
using Request = std::variant<Grant, KeepAlive, PutMember, PutOwners, Read, Revoke>;

struct Answer {
    enum class Kind : uint8_t {
        None,  ///< It may have come true, or may still.
        Refused,
        Done,
    };
    Kind kind = Kind::None;
    Lease lease = 0;        ///< Of Grant.
    Revision revision = 0;  ///< Of what was written.
    /// Of a PutMember that was refused: what is there.
    std::optional<Member> found = {};
    News read = {};  ///< Of Read.
};

}  // namespace sluice::cluster
