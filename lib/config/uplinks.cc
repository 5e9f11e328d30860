// SPDX-License-Identifier: BSD-3-Clause
#include "config/uplinks.h"

#include "config/lines.h"
#include "config/mappings.h"
#include "config/ports.h"
#include "config/read_rules.h"
#include "net/text.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::config {
namespace {

using std::string;
using std::string_view;

constexpr string_view kOnLink = " onlink";

/// There are as many as the flag that has been given more often.
Wan& wan_in_place(Config& config, size_t index) {
    config.wans.resize(std::max(config.wans.size(), index + 1));
    return config.wans[index];
}

/// Reads one word, and puts what it says to its place.
using ReadWord = std::function<Status(const Given& word, Wan& wan)>;

Status read_each(const Given& given, Config& config, const ReadWord& read) {
    for (size_t i = 0; i < given.words.size(); ++i) {
        const std::vector<string> word{given.words[i]};
        if (Status status = read({given.flag, word}, wan_in_place(config, i)); !status)
            return status;
    }
    return Done{};
}

Status read_gateway(const Given& word, Wan& wan) {
    string text = word.words[0];
    wan.gateway_is_on_link = text.ends_with(kOnLink);
    if (wan.gateway_is_on_link)
        text.resize(text.size() - kOnLink.size());
    const std::vector<string> address{text};
    const Result<Be32> gateway = read_address({word.flag, address});
    if (!gateway)
        return gateway.error();
    wan.gateway = *gateway;
    return Done{};
}

/// What --wan, --wan-address and --gateway of one place have to say to one another.
Status check_place(const Wan& wan) {
    if (wan.at.port.empty())
        return wan.own == net::Prefix{}
                   ? wrong("gateway", gateway_text(wan), "there is no --wan in its place")
                   : wrong("wan-address", to_string(wan.own), "there is no --wan in its place");
    if (wan.own == net::Prefix{})
        return wrong("wan", to_string(wan), "there is no --wan-address in its place");
    if (wan.gateway == Be32{})
        return wrong("wan", to_string(wan), "there is no --gateway in its place");
    return Done{};
}

Status check_weights(const Config& config) {
    if (config.uplink_weights.empty() || config.uplink_weights.size() == config.wans.size())
        return Done{};
    string text;
    for (const uint8_t weight : config.uplink_weights)
        text += (text.empty() ? "" : ",") + std::to_string(weight);
    return wrong(
        "uplink-weights", text,
        "there are " + std::to_string(config.wans.size()) + " --wan; as many weights are wanted");
}

const Wan* wan_by(const Config& config, Be32 gateway) {
    const auto found = std::find_if(config.wans.begin(), config.wans.end(),
                                    [&](const Wan& wan) { return wan.gateway == gateway; });
    return found == config.wans.end() ? nullptr : &*found;
}

Status check_routes_from(const Config& config) {
    const auto& all = config.routes_from;
    for (auto route = all.begin(); route != all.end(); ++route) {
        if (route->zone != 0)
            return wrong("route-from", to_string(*route), "zones are of what is inside");
        if (wan_by(config, route->via) == nullptr)
            return wrong("route-from", to_string(*route), "it is via no --gateway");
        if (const Wan* wan = wan_of(config, route->prefix.address);
            wan != nullptr && route->prefix.length >= wan->own.length && wan->gateway != route->via)
            return wrong(
                "route-from", to_string(*route),
                "its addresses are on the subnet of another --wan-address, " + to_string(wan->own));
        if (std::any_of(all.begin(), route,
                        [&](const StaticRoute& other) { return other.prefix == route->prefix; }))
            return wrong("route-from", to_string(*route), "there is another for this prefix");
    }
    return Done{};
}

/// Public addresses that a flag names.
struct Named {
    string_view flag;
    string text;
    AddressRange range;
};

std::vector<Named> public_addresses(const Config& config) {
    std::vector<Named> all;
    for (const AddressRange& range : config.pool)
        all.push_back({"pool", to_string(range), range});
    for (const SnatRule& rule : config.snat)
        for (const AddressRange& range : rule.addresses)
            all.push_back({"snat", to_string(rule), range});
    for (const pool::Forward& forward : config.forwards)
        all.push_back({"forward",
                       config::to_string(forward),
                       {forward.external.address, forward.external.address}});
    for (const pool::OneToOne& pair : config.one_to_one)
        all.push_back({"one-to-one", config::to_string(pair), pair.externals()});
    return all;
}

}  // namespace

Status read_wans(const Given& given, Config& config) {
    return read_each(given, config, [](const Given& word, Wan& wan) -> Status {
        if (word.words[0].find(kZoneKey) != string::npos)
            return wrong(word.flag, word.words[0], "zones are of what is inside");
        string text = word.words[0];
        const Result<string> twin = take_twin_key(word.flag, text);
        if (!twin)
            return twin.error();
        const Result<Attachment> at = read_attachment(word.flag, text);
        if (!at)
            return at.error();
        wan.at = *at;
        wan.twin = *twin;
        return Done{};
    });
}

Status read_wan_addresses(const Given& given, Config& config) {
    return read_each(given, config, [](const Given& word, Wan& wan) -> Status {
        const Result<net::Prefix> own = read_interface_address(word);
        if (!own)
            return own.error();
        wan.own = *own;
        return Done{};
    });
}

Status read_gateways(const Given& given, Config& config) {
    return read_each(given, config, read_gateway);
}

string gateway_text(const Wan& wan) {
    return net::to_string(wan.gateway) + (wan.gateway_is_on_link ? string(kOnLink) : string());
}

Result<std::vector<uint8_t>> read_weights(const Given& given) {
    std::vector<uint8_t> weights;
    for (const string& item : items_of(given)) {
        uint8_t weight = 0;
        const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), weight);
        if (error != std::errc{} || end != item.data() + item.size() || weight == 0)
            return wrong(given.flag, item, "weights from 1 to 255 are wanted, as 3,1");
        weights.push_back(weight);
    }
    return weights;
}

Result<UplinkChoice> read_uplink_choice(const Given& given) {
    const Result<string> word = read_word(given);
    if (!word)
        return word.error();
    if (*word != "flow" && *word != "host")
        return wrong(given.flag, *word, "flow or host is wanted");
    return *word == "flow" ? UplinkChoice::Flow : UplinkChoice::Host;
}

uint8_t weight_of(const Config& config, size_t place) {
    return config.uplink_weights.empty() ? uint8_t{1} : config.uplink_weights[place];
}

std::vector<link::Belonging> belongings(const Config& config) {
    const auto id_of = [&](const Wan& wan) {
        return static_cast<link::UplinkId>(&wan - config.wans.data());
    };
    std::vector<link::Belonging> all;
    for (const StaticRoute& route : config.routes_from)
        all.push_back({route.prefix, id_of(*wan_by(config, route.via))});
    for (const Wan& wan : config.wans)
        all.push_back({wan.own.network(), id_of(wan)});
    return all;
}

Status check_wans(const Config& config) {
    const std::vector<Wan>& wans = config.wans;
    if (wans.size() > link::kMostUplinks)
        return wrong("wan", to_string(wans.back()), "there can be 16 outside interfaces");
    for (auto wan = wans.begin(); wan != wans.end(); ++wan) {
        if (Status status = check_place(*wan); !status)
            return status;
        if (std::any_of(wans.begin(), wan, [&](const Wan& other) { return other.at == wan->at; }))
            return wrong("wan", to_string(*wan), "it is there already");
        if (std::any_of(wans.begin(), wan,
                        [&](const Wan& other) { return other.gateway == wan->gateway; }))
            return wrong("gateway", gateway_text(*wan),
                         "it is there already; each uplink has a gateway of its own");
    }
    return check_weights(config);
}

Status check_uplinks(const Config& config) {
    if (Status status = check_routes_from(config); !status)
        return status;
    if (config.wans.size() == 1)
        return Done{};
    std::vector<AddressRange> owned;
    for (const link::Belonging& belonging : belongings(config))
        owned.push_back({belonging.prefix.network().address, belonging.prefix.broadcast()});
    owned = policy::merged(std::move(owned));
    for (const Named& named : public_addresses(config)) {
        const bool is_owned =
            std::any_of(owned.begin(), owned.end(), [&](const AddressRange& range) {
                return range.first <= named.range.first && named.range.last <= range.last;
            });
        if (!is_owned)
            return wrong(named.flag, named.text,
                         "it has addresses that are on the subnet of no --wan-address; "
                         "--route-from \"PREFIX via GATEWAY\" says whose they are");
    }
    return Done{};
}

}  // namespace sluice::config
