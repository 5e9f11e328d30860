// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Messages: what two gateways of a pair say to one another, as it stands on the wire.
///
/// Shape    A header of 12 bytes, and then what the type says. docs/sync.md has each offset. Each
///          end numbers its messages from 1, so that none is left out unnoticed.
/// Units    Little-endian; addresses and ports of a tuple in network order. Milliseconds.
/// Errors   Whatever comes, take() returns a message that has the form of its type, nothing, or a
///          sentence. What a record says is not looked at here: who takes it over judges it as one
///          that was found in memory (flow/adoption.h).

#include "base/result.h"
#include "net/ipv6.h"
#include "net/tuple.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace sluice::sync {

inline constexpr uint32_t kMagic = 0x636e7973;  ///< "sync".
inline constexpr uint16_t kVersion = 2;
inline constexpr size_t kMostPayload = 65536;

enum class Type : uint8_t {
    Hello = 1,  ///< The first of each end.
    State,      ///< Who the sender is now: after the Hello, and at least five times a second.
    Begin,      ///< All that the sender has comes now; what it had told before may be void.
    Records,    ///< Records that are there, or have changed.
    Ends,       ///< Records that have ended.
    Complete,   ///< All that the sender had at Begin has been told, and does not count if it was
                ///< not.
    Hosts,      ///< Which IPv6 hosts are meant by the numbers in the records that follow.
    /// In a cluster: copies follow of what goes by these addresses of the sender's, who goes on to
    /// use them.
    Owned,
};

struct Header {
    uint32_t bytes = 0;  ///< Of what follows.
    Type type{};
    std::array<uint8_t, 3> unused{};
    uint32_t sequence = 0;
};

struct Hello {
    uint32_t magic = kMagic;
    uint16_t version = kVersion;
    uint8_t priority = 0;
    uint8_t unused = 0;
    uint32_t record_layout = 0;   ///< flow::kRecordLayout.
    uint32_t tracker_layout = 0;  ///< conntrack::kTrackerLayout.
    uint32_t block_size = 0;      ///< Ports in a block; 0 without blocks.
    uint32_t ipv6_plan = 0;  ///< A fingerprint of how IPv6 hosts get numbers; 0: there are none.
    uint64_t instance = 0;   ///< Drawn at each start: no two are the same.

    bool operator==(const Hello&) const = default;
};

/// Whether two that say so of themselves understand one another's records.
Status judge_form(const Hello& hello, const Hello& own);

struct State {
    uint8_t is_active = 0;
    uint8_t is_fresh = 0;    ///< Nobody else has its flows, and it has nobody else's.
    uint8_t is_ready = 0;    ///< It stands by, and wants to be told.
    uint8_t has_flows = 0;   ///< That it may go on with: its own, or all of the other's.
    uint32_t applied = 0;    ///< The number of the last message that it has taken.
    uint8_t takes_back = 0;  ///< It has just started, and forwards when it has the other's flows.
    std::array<uint8_t, 3> unused{};
    uint32_t policy = 0;  ///< A fingerprint of what decides which flows it can take over.

    bool operator==(const State&) const = default;
};

/// A flow, a mapping, a contact or a block of ports (flow/flow_record.h).
struct Record {
    std::array<net::Tuple, 2> tuple;  ///< Indexed by net::Direction.
    uint32_t index = 0;               ///< Of the sender's record, and its use.
    uint32_t generation = 0;
    uint32_t holder = 0;  ///< What it hangs on: an index of the sender's and 1, or 0.
    uint32_t second_holder = 0;
    int32_t left = 0;  ///< Until its deadline.
    uint32_t age = 0;
    int64_t note = 0;  ///< Of a holder.
    uint8_t owner = 0;
    uint8_t state = 0;
    uint8_t status = 0;
    uint8_t sides = 0;  ///< net::Sides.
    std::array<std::byte, 52> tracker{};
    std::array<std::byte, 8> unused{};
};

struct End {
    uint32_t index = 0;
    uint32_t generation = 0;

    bool operator==(const End&) const = default;
};

/// An IPv6 host, inside or outside, which records have by a number. Of which of the two it is, its
/// number says, for both networks of numbers are the same at both gateways (Hello::ipv6_plan).
struct Host {
    Be32 number;
    net::Ipv6Address address;

    bool operator==(const Host&) const = default;
};

/// A public address, since its owner got it.
struct Owned {
    Be32 address;
    uint32_t unused = 0;
    int64_t revision = 0;  ///< Of the address's key, which names the owner.

    auto operator<=>(const Owned&) const = default;
};

static_assert(sizeof(Header) == 12 && sizeof(Hello) == 32 && sizeof(State) == 16);
static_assert(sizeof(Record) == 128 && offsetof(Record, tracker) == 68 && sizeof(End) == 8);
static_assert(sizeof(Host) == 20 && sizeof(Owned) == 16);
static_assert(std::is_trivially_copyable_v<Record> && std::is_trivially_copyable_v<Hello>);

/// Messages on their way out, as one run of bytes.
class Outgoing {
public:
    void add(const Hello& hello) { append(Type::Hello, &hello, sizeof hello); }
    void add(const State& state) { append(Type::State, &state, sizeof state); }
    void begin() { append(Type::Begin, nullptr, 0); }
    void complete() { append(Type::Complete, nullptr, 0); }
    /// Records that follow one another share a message; so do ends, hosts, and addresses.
    void add(const Record& record) { extend(Type::Records, &record, sizeof record); }
    void add(const End& end) { extend(Type::Ends, &end, sizeof end); }
    void add(const Host& host) { extend(Type::Hosts, &host, sizeof host); }
    void add(const Owned& owned) { extend(Type::Owned, &owned, sizeof owned); }

    /// The number of the last message.
    uint32_t sequence() const { return sequence_; }
    std::span<const std::byte> bytes() const { return std::span(bytes_).subspan(sent_); }
    /// What is there is being sent, and stays as it is.
    void seal() { open_ = {}; }
    /// The first of bytes() have been sent.
    void sent(size_t count);
    size_t size() const { return bytes_.size() - sent_; }

private:
    void append(Type type, const void* payload, size_t count);
    void extend(Type type, const void* entry, size_t count);

    std::vector<std::byte> bytes_;
    size_t sent_ = 0;
    size_t last_ = 0;  // where the last message begins
    Header open_;      // the last message, while it may be extended
    uint32_t sequence_ = 0;
};

/// Bytes as they arrive, cut into messages.
class Incoming {
public:
    struct Message {
        Type type{};
        uint32_t sequence = 0;
        std::span<const std::byte> payload;  ///< Until the next call.

        template <typename T>
        T as() const;
        /// How many entries there are of Records, Ends, Hosts or Owned.
        template <typename T>
        size_t count() const {
            return payload.size() / sizeof(T);
        }
        template <typename T>
        T entry(size_t i) const;
    };

    void add(std::span<const std::byte> bytes);
    /// The next whole message; nothing while there is none.
    Result<std::optional<Message>> take();
    /// hear(message) for each of them, while it is content.
    template <typename Hear>
    Status take_each(Hear hear) {
        for (;;) {
            const auto message = take();
            if (!message)
                return message.error();
            if (!*message)
                return Done{};
            if (Status status = hear(**message); !status)
                return status;
        }
    }

private:
    std::vector<std::byte> bytes_;
    size_t taken_ = 0;
    uint32_t sequence_ = 0;
};

}  // namespace sluice::sync
