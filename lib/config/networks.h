// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Networks: those of a configuration, to be asked about single addresses.
///
/// Memory   Refers to the Config.
/// Cost     A binary search for each question, whatever the number of rules.

#include "config/config.h"
#include "config/read_match.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

class Networks {
public:
    explicit Networks(const Config& config);

    /// A network of inside hosts, and the flag and value that named it.
    struct Served {
        std::string_view flag;
        net::Prefix prefix;
        policy::Toward toward = {};
        std::optional<uint16_t> zone = {};            ///< Nothing: of every zone.
        std::optional<net::Ipv6Prefix> prefix6 = {};  ///< As policy::Match has it.
        const SnatRule* rule = nullptr;               ///< Of --snat.

        /// The packets that it serves.
        std::string text() const { return to_string(policy::Match{prefix, toward, zone, prefix6}); }
        /// As it is written behind its flag.
        std::string value() const;
    };
    /// In the order of the flags, and as written behind each.
    const std::vector<Served>& served() const { return served_; }

    /// Why no flow can be given an address of `range`, as what the range does: "contains …"; empty
    /// where one can.
    std::string why_not_public(const AddressRange& range) const;
    /// True for a network of a zone that one of a rule's contains.
    bool are_served(const net::Prefix& prefix, uint16_t zone) const;
    /// Likewise where a rule serves some of its addresses, in that zone or, without one, in any.
    bool is_any_served(const net::Prefix& prefix, std::optional<uint16_t> zone) const;
    /// What flows are given of these addresses, as one run of pools' addresses; nothing for none.
    std::optional<AddressRange> pool_in(const AddressRange& range) const;

private:
    /// Some networks, to be searched.
    class Index {
    public:
        void add(const Served& served) { by_first_.push_back(&served); }
        void compile();
        /// One whose addresses are some of the range's; null where there is none.
        const Served* overlapping(const AddressRange& range) const;

    private:
        std::vector<const Served*> by_first_;    // ascending by first address
        std::vector<const Served*> reaches_on_;  // of those up to it, the one with the highest last
    };
    /// Those that a zone has to itself; null where there are none.
    const Index* own_of(uint16_t zone) const;

    const Config& config_;
    std::vector<Served> served_;
    Index all_;
    Index common_;                       // of every zone
    std::map<uint16_t, Index> of_zone_;  // of that one alone
    std::vector<AddressRange> public_;   // of all pools: ascending, apart
};

}  // namespace sluice::config
